#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/text/analyzer.h"
#include "services/catalog/search/postings.h"
#include "services/catalog/search/snippet.h"
#include "services/catalog/search/spelling.h"

namespace finalmile::catalog::search {

// A query, ready for Postings.
struct ParsedQuery {
  // One for each word; empty where the text has no word.
  std::vector<Clause> clauses;
  // The text after correction; empty: nothing was corrected.
  std::string corrected;
  // For snippets.
  Wanted wanted;
};

// Turns what was typed into clauses, each for a word with its stem in one of `languages`. Stop words are left
// out (text::StopWords). Spellings meet: two words that the vocabulary has joined ("battle card", "SOC 2")
// count as that, too, a word that it has split as two words side by side ("battlecard", "SOC2"), and short
// parts that a sign links are one word ("e-mail", "R&D", "24/7"). ".NET" is not "net", if the vocabulary has
// it. The last word may be the beginning of a word, of three letters or more: it matches also the 16 most
// frequent words that begin so and occur in more documents than it. A word that occurs nowhere, neither
// itself nor in another form or spelling, and that is no English word, is replaced by the nearest one that
// does. At most 32 words count.
ParsedQuery ParseQuery(std::string_view text, std::span<const std::string> languages,
                       const Vocabulary& vocabulary, const Postings& postings, text::Analyzer& analyzer);

// Needs, and searches without a hit, name no language: the stems of English do for all.
inline constexpr std::string_view kNeedLanguage = "en";
// The stems of the words of a need without stop words, sorted: what usage::domain::GapId takes.
std::vector<std::string> NeedTerms(std::string_view need, std::string_view language,
                                   text::Analyzer& analyzer);

}  // namespace finalmile::catalog::search

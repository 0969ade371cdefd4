#pragma once

#include <map>
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
  // Empty where the text has no word.
  std::vector<Clause> clauses;
  // The text after correction; empty: nothing was corrected.
  std::string corrected;
  // For snippets.
  Wanted wanted;
};

// Turns what was typed into clauses: each word must occur with the stem of one of `languages`. The last
// one may be the beginning of a word, of three letters or more: it matches also the 16 most frequent words
// that begin so and occur in more documents than it. A word of `text` that occurs nowhere, neither itself nor
// in another form with the same stem, is replaced by the nearest one that does. At most 32 words count.
ParsedQuery ParseQuery(std::string_view text, std::span<const std::string> languages,
                       const Vocabulary& vocabulary, text::Analyzer& analyzer);

// Needs, and searches without a hit, name no language: the stems of English do for all.
inline constexpr std::string_view kNeedLanguage = "en";
// The stems of the words of a need, each with the first word that has it, without accents and in lower case.
std::map<std::string, std::string> NeedWords(std::string_view need, std::string_view language,
                                             text::Analyzer& analyzer);
// The stems alone, sorted: what usage::domain::GapId takes.
std::vector<std::string> NeedTerms(std::string_view need, std::string_view language,
                                   text::Analyzer& analyzer);

}  // namespace finalmile::catalog::search

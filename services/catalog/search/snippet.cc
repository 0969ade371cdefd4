#include "services/catalog/search/snippet.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "libs/text/words.h"

namespace finalmile::catalog::search {
namespace {

// Shown before the first match.
constexpr size_t kLeadCharacters = 40;
// Both ellipses.
constexpr size_t kWindowCharacters = kSnippetCharacters - 2;
constexpr std::string_view kEllipsis = "…";

struct Match {
  size_t begin;
  size_t end;
  size_t group;
};

bool Continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }
bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == kMarkBegin || c == kMarkEnd; }

// `characters` on from `at`, not beyond the end.
size_t Forward(std::string_view text, size_t at, size_t characters) {
  while (at < text.size() && characters > 0) {
    ++at;
    while (at < text.size() && Continues(text[at])) ++at;
    --characters;
  }
  return at;
}
size_t Back(std::string_view text, size_t at, size_t characters) {
  while (at > 0 && characters > 0) {
    --at;
    while (at > 0 && Continues(text[at])) --at;
    --characters;
  }
  return at;
}

bool Has(const text::Term& term, std::string_view indexed) {
  return std::any_of(term.forms.begin(), term.forms.end(),
                     [&](const text::Form& form) { return form.indexed == indexed; });
}

// Whether the terms of the phrase stand in the text from `at` on.
bool StandsAt(std::span<const text::Term> terms, size_t at, std::span<const std::string> phrase) {
  return at + phrase.size() <= terms.size() &&
         std::equal(phrase.begin(), phrase.end(), terms.begin() + static_cast<std::ptrdiff_t>(at),
                    [](const std::string& indexed, const text::Term& term) { return Has(term, indexed); });
}

std::vector<Match> FindMatches(std::string_view text, std::string_view language, const Wanted& wanted,
                               text::Analyzer& analyzer) {
  std::map<std::string_view, size_t> groups;
  // By their first terms.
  std::multimap<std::string_view, std::pair<size_t, std::span<const std::string>>> phrases;
  for (size_t group = 0; group < wanted.groups.size(); ++group) {
    for (const std::string& term : wanted.groups[group].terms) groups.emplace(term, group);
    for (const std::vector<std::string>& phrase : wanted.groups[group].phrases)
      phrases.emplace(phrase[0], std::pair(group, std::span(phrase)));
  }
  std::vector<Match> matches;
  const auto match_word = [&](std::span<const text::Form> forms, size_t begin, size_t end) {
    for (const text::Form& form : forms) {
      if (const auto found = groups.find(form.indexed); found != groups.end()) {
        matches.push_back({begin, end, found->second});
      } else if (!wanted.prefix.empty() &&
                 (form.word.starts_with(wanted.prefix) || form.indexed.starts_with(wanted.prefix))) {
        matches.push_back({begin, end, wanted.groups.size()});
      }
    }
  };
  if (phrases.empty()) {
    analyzer.ForEach(text, language, match_word);
    return matches;
  }
  const std::vector<text::Term> terms = analyzer.Terms(text, language);
  for (size_t i = 0; i < terms.size(); ++i) {
    for (const text::Form& form : terms[i].forms) {
      const auto [first, last] = phrases.equal_range(form.indexed);
      for (auto phrase = first; phrase != last; ++phrase) {
        const auto& [group, wanted_terms] = phrase->second;
        if (!StandsAt(terms, i, wanted_terms)) continue;
        matches.push_back({terms[i].begin, terms[i + wanted_terms.size() - 1].end, group});
      }
    }
    match_word(terms[i].forms, terms[i].begin, terms[i].end);
  }
  return matches;
}

// The window that shows most of the words; of equal ones the first.
size_t BestStart(std::string_view text, const std::vector<Match>& matches, size_t groups) {
  size_t best = 0;
  size_t best_score = 0;
  std::vector<size_t> seen(groups + 1);
  size_t distinct = 0;
  size_t last = 0;
  for (size_t first = 0; first < matches.size(); ++first) {
    const size_t limit = Forward(text, matches[first].begin, kWindowCharacters - kLeadCharacters);
    for (; last < matches.size() && matches[last].end <= limit; ++last)
      distinct += seen[matches[last].group]++ == 0;
    if (last <= first) {
      last = first;
      continue;
    }
    const size_t score = distinct * 1'000 + std::min<size_t>(last - first, 999);
    if (score > best_score) {
      best_score = score;
      best = matches[first].begin;
    }
    distinct -= --seen[matches[first].group] == 0;
  }
  return best;
}

}  // namespace

std::string MakeSnippet(std::string_view text, std::string_view language, const Wanted& wanted,
                        text::Analyzer& analyzer) {
  const bool cut = text.size() > kSnippetBytes;
  if (cut) text = text.substr(0, Back(text, kSnippetBytes, 1));
  const std::vector<Match> matches = FindMatches(text, language, wanted, analyzer);
  size_t begin = 0;
  if (!matches.empty()) {
    const size_t start = BestStart(text, matches, wanted.groups.size());
    begin = Back(text, start, kLeadCharacters);
    // From the beginning of a word, where there is one.
    if (begin > 0) {
      const size_t space = text.find_first_of(" \n\t", begin);
      if (space != std::string_view::npos && space < start) begin = space + 1;
    }
  }
  size_t end = Forward(text, begin, kWindowCharacters);
  if (end < text.size()) {
    const size_t space = text.find_last_of(" \n\t", end);
    if (space != std::string_view::npos && space > begin + (end - begin) / 2) end = space;
  }

  std::string snippet;
  if (begin > 0) snippet += kEllipsis;
  auto match = std::find_if(matches.begin(), matches.end(), [&](const Match& m) { return m.begin >= begin; });
  size_t marked_until = 0;
  bool space = false;
  for (size_t at = begin; at < end; ++at) {
    if (marked_until != 0 && at == marked_until) {
      snippet += kMarkEnd;
      marked_until = 0;
    }
    if (IsSpace(text[at])) {
      space = !snippet.empty() && snippet != kEllipsis;
      continue;
    }
    if (space) snippet += ' ';
    space = false;
    for (; match != matches.end() && match->begin <= at; ++match) {
      if (match->end > end) continue;
      // Pairs of characters overlap: one mark around all.
      if (marked_until == 0) snippet += kMarkBegin;
      marked_until = std::max(marked_until, match->end);
    }
    snippet += text[at];
  }
  if (marked_until != 0) snippet += kMarkEnd;
  if (end < text.size() || cut) snippet += kEllipsis;
  return snippet;
}

}  // namespace finalmile::catalog::search

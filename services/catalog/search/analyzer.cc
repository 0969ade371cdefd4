#include "services/catalog/search/analyzer.h"

#include <libstemmer.h>

#include "libs/base/text.h"
#include "services/catalog/domain/words.h"

namespace finalmile::catalog::search {
namespace {

// Longer words are noise (keys, hashes) and are cut.
constexpr size_t kMaxWordBytes = 64;

std::string_view Cut(std::string_view word) {
  size_t end = 0;
  while (end < word.size()) {
    const size_t next = end + domain::CharacterBytes(word, end);
    if (next > kMaxWordBytes) break;
    end = next;
  }
  return word.substr(0, end);
}

}  // namespace

void Analyzer::Delete::operator()(sb_stemmer* stemmer) const { sb_stemmer_delete(stemmer); }

Analyzer::Analyzer() = default;
Analyzer::~Analyzer() = default;

sb_stemmer* Analyzer::Stemmer(std::string_view language) {
  if (const auto found = stemmers_.find(language); found != stemmers_.end()) return found->second.get();
  const std::string primary = Lower(language.substr(0, language.find('-')));
  // Only codes: libstemmer would take "porter" too.
  sb_stemmer* stemmer =
      primary.size() == 2 || primary.size() == 3 ? sb_stemmer_new(primary.c_str(), "UTF_8") : nullptr;
  return stemmers_.emplace(language, stemmer).first->second.get();
}

std::string Analyzer::StemWith(sb_stemmer* stemmer, std::string_view word) {
  if (stemmer == nullptr) return domain::Fold(word);
  const std::string lower = domain::FoldCase(word);
  const auto* stem = sb_stemmer_stem(stemmer, reinterpret_cast<const sb_symbol*>(lower.data()),
                                     static_cast<int>(lower.size()));
  if (stem == nullptr) return domain::Fold(lower);
  std::string folded =
      domain::Fold({reinterpret_cast<const char*>(stem), static_cast<size_t>(sb_stemmer_length(stemmer))});
  return folded.empty() ? domain::Fold(lower) : folded;
}

std::string Analyzer::Stem(std::string_view word, std::string_view language) {
  return StemWith(Stemmer(language), Cut(word));
}

void Analyzer::ForEach(std::string_view text, std::string_view language,
                       const std::function<void(Term&&)>& take) {
  sb_stemmer* const stemmer = Stemmer(language);
  domain::WordReader reader(text);
  domain::WordSpan span;
  while (reader.Next(span)) {
    const std::string_view run = text.substr(span.begin, span.end - span.begin);
    if (!span.unspaced) {
      const std::string_view word = Cut(run);
      Term term = {StemWith(stemmer, word), domain::Fold(word), span.begin, span.end};
      if (!term.indexed.empty() && !term.word.empty()) take(std::move(term));
      continue;
    }
    // A character is found by itself too: it begins a pair, or it is the last one of its run.
    for (size_t at = 0; at < run.size();) {
      const size_t second = at + domain::CharacterBytes(run, at);
      const size_t end = second < run.size() ? second + domain::CharacterBytes(run, second) : second;
      Term term = {domain::Fold(run.substr(at, end - at)), "", span.begin + at, span.begin + end};
      at = second;
      if (!term.indexed.empty()) take(std::move(term));
    }
  }
}

std::vector<Term> Analyzer::Terms(std::string_view text, std::string_view language) {
  std::vector<Term> terms;
  ForEach(text, language, [&](Term&& term) { terms.push_back(std::move(term)); });
  return terms;
}

}  // namespace finalmile::catalog::search

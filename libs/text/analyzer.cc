#include "libs/text/analyzer.h"

#include <libstemmer.h>

#include "libs/base/text.h"
#include "libs/text/words.h"

namespace finalmile::text {
namespace {

// Longer words are noise (keys, hashes) and are cut.
constexpr size_t kMaxWordBytes = 64;
constexpr size_t kMostMet = 8192;

std::string_view Cut(std::string_view word) {
  size_t end = 0;
  while (end < word.size()) {
    const size_t next = end + CharacterBytes(word, end);
    if (next > kMaxWordBytes) break;
    end = next;
  }
  return word.substr(0, end);
}

}  // namespace

void Analyzer::Delete::operator()(sb_stemmer* stemmer) const { sb_stemmer_delete(stemmer); }

Analyzer::Analyzer() = default;
Analyzer::~Analyzer() = default;

Analyzer::Language& Analyzer::LanguageOf(std::string_view tag) {
  if (const auto found = languages_.find(tag); found != languages_.end()) return found->second;
  const std::string primary = Lower(tag.substr(0, tag.find('-')));
  Language& language = languages_[std::string(tag)];
  // Only codes: libstemmer would take "porter" too.
  if (primary.size() == 2 || primary.size() == 3)
    language.stemmer.reset(sb_stemmer_new(primary.c_str(), "UTF_8"));
  return language;
}

std::string Analyzer::StemWith(sb_stemmer* stemmer, std::string_view word) {
  if (stemmer == nullptr) return Fold(word);
  const std::string lower = FoldCase(word);
  const auto* stem = sb_stemmer_stem(stemmer, reinterpret_cast<const sb_symbol*>(lower.data()),
                                     static_cast<int>(lower.size()));
  if (stem == nullptr) return Fold(lower);
  std::string folded =
      Fold({reinterpret_cast<const char*>(stem), static_cast<size_t>(sb_stemmer_length(stemmer))});
  return folded.empty() ? Fold(lower) : folded;
}

std::string Analyzer::Stem(std::string_view word, std::string_view language) {
  return StemWith(LanguageOf(language).stemmer.get(), Cut(word));
}

const Analyzer::Word& Analyzer::Meet(Language& language, std::string_view word) {
  if (const auto found = language.met.find(word); found != language.met.end()) return found->second;
  if (language.met.size() == kMostMet) language.met.clear();
  return language.met.emplace(std::string(word), Word{StemWith(language.stemmer.get(), word), Fold(word)})
      .first->second;
}

void Analyzer::ForEach(std::string_view text, std::string_view tag, const std::function<void(Term&&)>& take) {
  Language& language = LanguageOf(tag);
  WordReader reader(text);
  WordSpan span;
  while (reader.Next(span)) {
    const std::string_view run = text.substr(span.begin, span.end - span.begin);
    if (!span.unspaced) {
      const Word& word = Meet(language, Cut(run));
      Term term = {word.indexed, word.word, span.begin, span.end};
      if (!term.indexed.empty() && !term.word.empty()) take(std::move(term));
      continue;
    }
    // A character is found by itself too: it begins a pair, or it is the last one of its run.
    for (size_t at = 0; at < run.size();) {
      const size_t second = at + CharacterBytes(run, at);
      const size_t end = second < run.size() ? second + CharacterBytes(run, second) : second;
      Term term = {Fold(run.substr(at, end - at)), "", span.begin + at, span.begin + end};
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

}  // namespace finalmile::text

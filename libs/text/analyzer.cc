#include "libs/text/analyzer.h"

#include <libstemmer.h>

#include <algorithm>

#include "libs/base/text.h"
#include "libs/text/normal_text.h"
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

// "c++" has no stem.
bool HasSign(std::string_view word) { return word.ends_with('+') || word.ends_with('#'); }

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
  if (stemmer == nullptr || HasSign(word)) return Fold(word);
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

bool Analyzer::HasStems(std::string_view language) { return LanguageOf(language).stemmer != nullptr; }

const std::vector<Form>& Analyzer::Meet(Language& language, std::string_view word) {
  if (const auto found = language.met.find(word); found != language.met.end()) return found->second;
  if (language.met.size() == kMostMet) language.met.clear();
  std::vector<Form> forms;
  const auto add = [&](std::string_view written, std::string folded) {
    Form form = {StemWith(language.stemmer.get(), written), std::move(folded)};
    if (form.indexed.empty() || form.word.empty()) return;
    const bool known = std::any_of(forms.begin(), forms.end(),
                                   [&](const Form& other) { return other.indexed == form.indexed; });
    if (!known) forms.push_back(std::move(form));
  };
  const std::string folded = Fold(word);
  add(word, folded);
  if (folded != word) add(folded, folded);
  if (const std::string typed = FoldDigraphs(word); !typed.empty()) add(typed, typed);
  return language.met.emplace(std::string(word), std::move(forms)).first->second;
}

std::vector<Form> Analyzer::Forms(const Token& token, std::string_view language) {
  std::vector<Form> forms = Meet(LanguageOf(language), Cut(token.word));
  if (token.dotted && !forms.empty()) {
    const std::string name = "." + forms[0].word;
    forms.insert(forms.begin(), {name, name});
  }
  return forms;
}

void Analyzer::ForEach(std::string_view text, std::string_view tag, const Take& take) {
  Language& language = LanguageOf(tag);
  const NormalText normal(text);
  TokenReader reader(normal.text());
  Token token;
  const auto give = [&](std::span<const Form> forms, size_t begin, size_t end) {
    if (!forms.empty()) take(forms, normal.RawBegin(begin), normal.RawEnd(end));
  };
  while (reader.Next(token)) {
    if (token.dotted) {
      give(Forms(token, tag), token.begin, token.end);
      continue;
    }
    if (!token.unspaced) {
      give(Meet(language, Cut(token.word)), token.begin, token.end);
      continue;
    }
    const std::string_view run = normal.text().substr(token.begin, token.end - token.begin);
    // A character is found by itself too: it begins a pair, or it is the last one of its run.
    for (size_t at = 0; at < run.size();) {
      const size_t second = at + CharacterBytes(run, at);
      const size_t end = second < run.size() ? second + CharacterBytes(run, second) : second;
      const Form pair = {Fold(run.substr(at, end - at)), ""};
      if (!pair.indexed.empty()) give({&pair, 1}, token.begin + at, token.begin + end);
      at = second;
    }
  }
}

std::vector<Term> Analyzer::Terms(std::string_view text, std::string_view language) {
  std::vector<Term> terms;
  ForEach(text, language, [&](std::span<const Form> forms, size_t begin, size_t end) {
    terms.push_back({{forms.begin(), forms.end()}, begin, end});
  });
  return terms;
}

}  // namespace finalmile::text

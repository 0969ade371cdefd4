#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "libs/text/tokens.h"

struct sb_stemmer;

namespace finalmile::text {

// Changes whenever the same text would give other terms or is kept in another way: an index built otherwise
// is built anew.
inline constexpr int kAnalyzerVersion = 3;

// One way to write a word.
struct Form {
  // The index holds this: the stem, without accents, in lower case.
  std::string indexed;
  // The whole word, without accents, in lower case.
  std::string word;

  friend bool operator==(const Form&, const Form&) = default;
};

// One term of a text; bytes [begin, end) of it.
struct Term {
  // The first as the word is written, without its accents; others as it is typed without them: the stem may
  // be another then ("présentées": present, presente), or two letters stand for one ("Größe": gross, groess).
  // A dotted name is also found without the dot. In scripts without spaces one form without a word, a pair of
  // characters (the last one of a run: itself).
  std::vector<Form> forms;
  size_t begin = 0;
  size_t end = 0;
};

// Turns text into terms: the tokens (tokens.h) of its normal form (normal_text.h), stemmed by Snowball
// (libstemmer) in the language of the text, then stripped of accents. Scripts without spaces give overlapping
// pairs of characters, so that every word of two characters is found. Not thread-safe; making one costs
// little, the first word of a language some microseconds.
class Analyzer {
 public:
  Analyzer();
  ~Analyzer();
  Analyzer(const Analyzer&) = delete;
  Analyzer& operator=(const Analyzer&) = delete;

  // Calls `take` for each term of `text`, in order, with its forms, which live as long as the call, and its
  // place (Term). `language` is a BCP 47 tag; where Snowball does not know it, words stay as they are.
  using Take = std::function<void(std::span<const Form> forms, size_t begin, size_t end)>;
  void ForEach(std::string_view text, std::string_view language, const Take& take);
  std::vector<Term> Terms(std::string_view text, std::string_view language);

  // The forms of one token that is a word, as Term::forms.
  std::vector<Form> Forms(const Token& token, std::string_view language);
  // The stem of one word, as Form::indexed of its first form.
  std::string Stem(std::string_view word, std::string_view language);
  // Whether Snowball knows the language.
  bool HasStems(std::string_view language);

 private:
  struct Delete {
    void operator()(sb_stemmer* stemmer) const;
  };
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  struct Language {
    // Null: Snowball does not know the language.
    std::unique_ptr<sb_stemmer, Delete> stemmer;
    // Words it has met: texts repeat theirs, and stemming is the dearest part.
    std::unordered_map<std::string, std::vector<Form>, Hash, std::equal_to<>> met;
  };

  Language& LanguageOf(std::string_view tag);
  static std::string StemWith(sb_stemmer* stemmer, std::string_view word);
  static const std::vector<Form>& Meet(Language& language, std::string_view word);

  std::map<std::string, Language, std::less<>> languages_;
};

}  // namespace finalmile::text

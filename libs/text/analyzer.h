#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

struct sb_stemmer;

namespace finalmile::text {

// Changes whenever the same text would give other terms or is kept in another way: an index built otherwise
// is built anew.
inline constexpr int kAnalyzerVersion = 2;

// One term of a text; bytes [begin, end) of it.
struct Term {
  // As it is indexed: the stem, without accents, in lower case; a pair of characters (the last one of a run:
  // itself) in scripts without spaces.
  std::string indexed;
  // The whole word, without accents, in lower case; empty for pairs.
  std::string word;
  size_t begin = 0;
  size_t end = 0;
};

// Turns text into terms: words in any script (words.h), stemmed by Snowball (libstemmer) in the
// language of the text, then stripped of accents. Scripts without spaces give overlapping pairs of
// characters, so that every word of two characters is found. Not thread-safe; making one costs little, the
// first word of a language some microseconds.
class Analyzer {
 public:
  Analyzer();
  ~Analyzer();
  Analyzer(const Analyzer&) = delete;
  Analyzer& operator=(const Analyzer&) = delete;

  // Calls `take` for each term of `text`, in order. `language` is a BCP 47 tag; where Snowball does not know
  // it, words stay as they are.
  void ForEach(std::string_view text, std::string_view language, const std::function<void(Term&&)>& take);
  std::vector<Term> Terms(std::string_view text, std::string_view language);

  // The stem of one word, as Term::indexed.
  std::string Stem(std::string_view word, std::string_view language);

 private:
  struct Delete {
    void operator()(sb_stemmer* stemmer) const;
  };
  struct Word {
    std::string indexed;
    std::string word;
  };
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  struct Language {
    // Null: Snowball does not know the language.
    std::unique_ptr<sb_stemmer, Delete> stemmer;
    // Words it has met: texts repeat theirs, and stemming is the dearest part.
    std::unordered_map<std::string, Word, Hash, std::equal_to<>> met;
  };

  Language& LanguageOf(std::string_view tag);
  static std::string StemWith(sb_stemmer* stemmer, std::string_view word);
  static const Word& Meet(Language& language, std::string_view word);

  std::map<std::string, Language, std::less<>> languages_;
};

}  // namespace finalmile::text

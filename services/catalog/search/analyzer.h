#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct sb_stemmer;

namespace finalmile::catalog::search {

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

// Turns text into terms: words in any script (domain/words.h), stemmed by Snowball (libstemmer) in the
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
  // Null: Snowball does not know the language.
  sb_stemmer* Stemmer(std::string_view language);
  std::string StemWith(sb_stemmer* stemmer, std::string_view word);

  std::map<std::string, std::unique_ptr<sb_stemmer, Delete>, std::less<>> stemmers_;
};

}  // namespace finalmile::catalog::search

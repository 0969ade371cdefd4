#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace finalmile::text {

// Words of UTF-8 text in any script. Bytes that are no UTF-8 separate words. The character tables are
// utf8proc's; pure functions.

// A word, or a run of a script that is written without spaces; bytes [begin, end) of the text.
struct WordSpan {
  size_t begin = 0;
  size_t end = 0;
  // Chinese, Japanese, Korean, Thai and their like: the run holds several words, and nothing says where they
  // end.
  bool unspaced = false;
};

// Reads the words of a text one after the other. A word is a run of letters, marks and digits; an apostrophe
// between two letters belongs to it. Views `text`, which must outlive it. Not thread-safe.
class WordReader {
 public:
  explicit WordReader(std::string_view text) : text_(text) {}
  // False at the end of the text; `word` is then as it was.
  bool Next(WordSpan& word);

 private:
  std::string_view text_;
  size_t at_ = 0;
};

// The word in lower case (full case folding), compatibility forms resolved, ’ as ': "Ａngebote" gives
// "angebote", "Straße" "strasse". Accents stay.
std::string FoldCase(std::string_view word);
// The same without accents and apostrophes, for comparing: "Einwände" gives "einwande", "Øre" "ore".
std::string Fold(std::string_view word);
// The same with ae, oe, ue and aa for ä, ö and ø, ü, and å, as they are typed where a keyboard lacks them:
// "Größe" gives "groesse". Empty where the word has none of these.
std::string FoldDigraphs(std::string_view word);

// Words as people count them: chunks between white space that hold a letter or digit; in scripts without
// spaces every character.
size_t CountWords(std::string_view text);

// How many bytes of `text` are valid UTF-8, from its beginning.
size_t ValidUtf8(std::string_view text);

// The bytes of the character that begins at `at`, at least 1; `at` < text.size().
size_t CharacterBytes(std::string_view text, size_t at);

}  // namespace finalmile::text

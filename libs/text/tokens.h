#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "libs/text/words.h"

namespace finalmile::text {

// A word as people know it, or a run of a script without spaces; bytes [begin, end) of the text.
struct Token {
  size_t begin = 0;
  size_t end = 0;
  // It means what WordSpan::unspaced does.
  bool unspaced = false;
  // A dot in front of it makes it a name: ".NET".
  bool dotted = false;
  // One sign and no space is between it and the token before: "mail" of "e-mail".
  bool linked = false;
  // In lower case, accents kept; empty for a run. What is grown onto a word is off ("l'offre" gives "offre",
  // "Acme's" "acme"), signs that make a short word are on ("c++", "c#"), and thousands are one number
  // ("10,000" and "10k" give "10000").
  std::string word;
};

// Reads the tokens of a NormalText one after the other. Views the text, which must outlive it. Not
// thread-safe.
class TokenReader {
 public:
  explicit TokenReader(std::string_view normal);
  // False at the end of the text; `token` is then as it was.
  bool Next(Token& token);

 private:
  void ReadNumber(Token& token);
  void ReadSigns(std::string_view letters, Token& token) const;

  const std::string_view text_;
  WordReader words_;
  // The next word that was not given out.
  WordSpan ahead_;
  bool more_ = false;
  // Where the token before ended; npos: there was none, or it was a run.
  size_t last_end_ = std::string_view::npos;
};

}  // namespace finalmile::text

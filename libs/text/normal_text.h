#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace finalmile::text {

// A text in the one form in which it is cut into words: Unicode's NFKC (utf8proc), so that what looks alike
// is alike. Letters that a Mac has decomposed, half-width kana and full-width letters become what people
// type. Symbols that stand for words (㎏) become words of their own, and ™ and ℠ go. Bytes that are no UTF-8
// stay. Views the raw text, which must outlive it. Immutable.
class NormalText {
 public:
  explicit NormalText(std::string_view raw);

  std::string_view text() const { return changed_ ? text_ : raw_; }
  // Where a part that begins, or ends, at byte `at` of text() does so in the raw text: never inside a
  // character.
  size_t RawBegin(size_t at) const;
  size_t RawEnd(size_t at) const;

 private:
  // From here on both texts are the same, byte for byte, or one character has become another.
  struct Piece {
    size_t text;
    size_t raw;
    bool same;
  };

  void Append(std::string_view text, size_t raw, bool same);
  size_t PieceAt(size_t at) const;

  std::string_view raw_;
  bool changed_ = false;
  std::string text_;
  std::vector<Piece> pieces_;
};

}  // namespace finalmile::text

#include "libs/text/normal_text.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <limits>

#include "libs/text/normal.h"

namespace finalmile::text {
namespace {

constexpr int32_t kTradeMark = 0x2122;
constexpr int32_t kServiceMark = 0x2120;

bool IsAscii(char c) { return static_cast<unsigned char>(c) < 0x80; }

const utf8proc_uint8_t* BytesOf(std::string_view text) {
  return reinterpret_cast<const utf8proc_uint8_t*>(text.data());
}

// The bytes of the character at the beginning; 0: it is none.
size_t Decode(std::string_view text, int32_t& code) {
  if (text.empty()) return 0;
  const auto bytes = utf8proc_iterate(BytesOf(text), static_cast<utf8proc_ssize_t>(text.size()), &code);
  return bytes > 0 ? static_cast<size_t>(bytes) : 0;
}

// A character as a reader sees it, with its marks. NFKC never joins two of them.
struct Cluster {
  int32_t first = -1;
  size_t bytes = 1;
  bool single = true;
};

Cluster ClusterAt(std::string_view text) {
  Cluster cluster;
  const size_t bytes = Decode(text, cluster.first);
  if (bytes == 0) return {};
  cluster.bytes = bytes;
  utf8proc_int32_t state = 0;
  int32_t last = cluster.first;
  for (;;) {
    int32_t next = -1;
    const size_t more = Decode(text.substr(cluster.bytes), next);
    if (more == 0 || utf8proc_grapheme_break_stateful(last, next, &state)) return cluster;
    cluster.bytes += more;
    cluster.single = false;
    last = next;
  }
}

bool NeverChanges(const Cluster& cluster) {
  return cluster.first < 0 || (cluster.single && utf8proc_get_property(cluster.first)->decomp_seqindex ==
                                                     std::numeric_limits<uint16_t>::max());
}

}  // namespace

NormalText::NormalText(std::string_view raw) : raw_(raw) {
  if (std::all_of(raw.begin(), raw.end(), IsAscii)) return;
  text_.reserve(raw.size());
  for (size_t at = 0; at < raw.size();) {
    size_t plain = at;
    // A mark may follow the last one.
    while (plain < raw.size() && IsAscii(raw[plain]) && (plain + 1 == raw.size() || IsAscii(raw[plain + 1])))
      ++plain;
    if (plain > at) {
      Append(raw.substr(at, plain - at), at, /*same=*/true);
      at = plain;
      continue;
    }
    const Cluster cluster = ClusterAt(raw.substr(at));
    const std::string_view part = raw.substr(at, cluster.bytes);
    if (NeverChanges(cluster)) {
      Append(part, at, /*same=*/true);
    } else if (cluster.first == kTradeMark || cluster.first == kServiceMark) {
      Append(" ", at, /*same=*/false);
    } else {
      std::string normal = ResolveForms(part);
      const bool same = normal == part;
      if (!same && utf8proc_category(cluster.first) == UTF8PROC_CATEGORY_SO)
        normal.insert(0, 1, ' ').append(1, ' ');
      Append(normal, at, same);
    }
    at += cluster.bytes;
  }
  if (!changed_) text_.clear();
}

void NormalText::Append(std::string_view text, size_t raw, bool same) {
  if (!same || pieces_.empty() || !pieces_.back().same) pieces_.push_back({text_.size(), raw, same});
  changed_ = changed_ || !same;
  text_ += text;
}

size_t NormalText::PieceAt(size_t at) const {
  const auto after = std::upper_bound(pieces_.begin(), pieces_.end(), at,
                                      [](size_t value, const Piece& piece) { return value < piece.text; });
  return static_cast<size_t>(after - pieces_.begin()) - 1;
}

size_t NormalText::RawBegin(size_t at) const {
  if (!changed_) return at;
  if (at >= text_.size()) return raw_.size();
  const Piece& piece = pieces_[PieceAt(at)];
  return piece.same ? piece.raw + (at - piece.text) : piece.raw;
}

size_t NormalText::RawEnd(size_t at) const {
  if (!changed_ || at == 0) return at;
  const size_t index = PieceAt(at - 1);
  const Piece& piece = pieces_[index];
  if (piece.same) return piece.raw + (at - piece.text);
  return index + 1 < pieces_.size() ? pieces_[index + 1].raw : raw_.size();
}

}  // namespace finalmile::text

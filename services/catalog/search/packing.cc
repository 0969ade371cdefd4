#include "services/catalog/search/packing.h"

#include <zlib.h>

#include <algorithm>
#include <cstdint>

namespace finalmile::catalog::search {
namespace {

constexpr size_t kLengthBytes = 4;
// The texts of one document are some MiB at most; a greater length is damage.
constexpr uint32_t kMaxBytes = 1u << 28;

void AppendLength(size_t length, std::string& bytes) {
  for (size_t i = 0; i < kLengthBytes; ++i) bytes += static_cast<char>(length >> (8 * i));
}

uint32_t ReadLength(std::string_view bytes) {
  uint32_t length = 0;
  for (size_t i = kLengthBytes; i-- > 0;) length = length << 8 | static_cast<unsigned char>(bytes[i]);
  return length;
}

}  // namespace

std::string Pack(std::span<const std::string_view> texts) {
  std::string bytes;
  for (const std::string_view text : texts) {
    AppendLength(text.size(), bytes);
    bytes += text;
  }
  return bytes;
}

absl::StatusOr<std::vector<std::string>> Unpack(std::string_view bytes) {
  std::vector<std::string> texts;
  while (!bytes.empty()) {
    const uint32_t length = bytes.size() < kLengthBytes ? kMaxBytes : ReadLength(bytes);
    if (length > bytes.size() - std::min(bytes.size(), kLengthBytes)) {
      return absl::DataLossError(
          "a text of the search index is cut off; delete its file, and it is built anew");
    }
    texts.emplace_back(bytes.substr(kLengthBytes, length));
    bytes.remove_prefix(kLengthBytes + length);
  }
  return texts;
}

std::string Compress(std::string_view bytes) {
  std::string compressed;
  AppendLength(bytes.size(), compressed);
  uLongf size = compressBound(bytes.size());
  compressed.resize(kLengthBytes + size);
  // It fails only for want of room, and there is enough.
  compress2(reinterpret_cast<Bytef*>(compressed.data() + kLengthBytes), &size,
            reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), Z_BEST_SPEED);
  compressed.resize(kLengthBytes + size);
  return compressed;
}

absl::StatusOr<std::string> Decompress(std::string_view bytes) {
  const absl::Status damaged =
      absl::DataLossError("a text of the search index is damaged; delete its file, and it is built anew");
  if (bytes.size() < kLengthBytes) return damaged;
  const uint32_t length = ReadLength(bytes);
  if (length > kMaxBytes) return damaged;
  std::string text(length, '\0');
  uLongf size = length;
  const int code =
      uncompress(reinterpret_cast<Bytef*>(text.data()), &size,
                 reinterpret_cast<const Bytef*>(bytes.data() + kLengthBytes), bytes.size() - kLengthBytes);
  if (code != Z_OK || size != length) return damaged;
  return text;
}

}  // namespace finalmile::catalog::search

#include "libs/events/headers.h"

#include <cstdint>

namespace finalmile::events {
namespace {

void AppendPart(std::string& out, std::string_view part) {
  const auto size = static_cast<uint32_t>(part.size());
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(size >> shift & 0xFF));
  out.append(part);
}

bool TakePart(std::string_view& in, std::string& part) {
  if (in.size() < 4) return false;
  uint32_t size = 0;
  for (int i = 3; i >= 0; --i) size = size << 8 | static_cast<uint8_t>(in[i]);
  in.remove_prefix(4);
  if (in.size() < size) return false;
  part = in.substr(0, size);
  in.remove_prefix(size);
  return true;
}

}  // namespace

std::string EncodeHeaders(const Headers& headers) {
  std::string out;
  for (const auto& [name, value] : headers) {
    AppendPart(out, name);
    AppendPart(out, value);
  }
  return out;
}

absl::StatusOr<Headers> DecodeHeaders(std::string_view bytes) {
  Headers headers;
  while (!bytes.empty()) {
    auto& [name, value] = headers.emplace_back();
    if (!TakePart(bytes, name) || !TakePart(bytes, value))
      return absl::DataLossError("the stored headers of a record are cut short");
  }
  return headers;
}

}  // namespace finalmile::events

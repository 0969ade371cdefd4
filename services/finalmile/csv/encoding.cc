#include "services/finalmile/csv/encoding.h"

#include <fmt/format.h>
#include <iconv.h>

#include <algorithm>

namespace finalmile::cli::csv {
namespace {

class IconvDecoder final : public Decoder {
 public:
  explicit IconvDecoder(iconv_t conversion) : conversion_(conversion) {}
  ~IconvDecoder() override { iconv_close(conversion_); }
  IconvDecoder(const IconvDecoder&) = delete;
  IconvDecoder& operator=(const IconvDecoder&) = delete;

  bool Decode(std::string& text) override {
    iconv(conversion_, nullptr, nullptr, nullptr, nullptr);
    std::string decoded(text.size() * 4, '\0');
    char* from = text.data();
    size_t left = text.size();
    char* to = decoded.data();
    size_t room = decoded.size();
    if (iconv(conversion_, &from, &left, &to, &room) == static_cast<size_t>(-1) || left > 0) return false;
    decoded.resize(decoded.size() - room);
    text = std::move(decoded);
    return true;
  }

 private:
  const iconv_t conversion_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Decoder>> Decoder::Open(const std::string& encoding) {
  const absl::Status wrong = absl::InvalidArgumentError(fmt::format(
      "--encoding {}: must be an encoding that holds ASCII, such as utf-8, windows-1252 or iso-8859-15",
      encoding));
  const iconv_t conversion = iconv_open("UTF-8", encoding.c_str());
  // NOLINTNEXTLINE(performance-no-int-to-ptr): so iconv says that it failed.
  if (encoding.empty() || conversion == reinterpret_cast<iconv_t>(-1)) return wrong;
  auto decoder = std::make_unique<IconvDecoder>(conversion);
  std::string ascii;
  for (char c = '\n'; c < 0x7F; ++c) {
    // Shift JIS has a yen sign and an overline there.
    if (c == '\n' || c == '\r' || (c >= ' ' && c != '\\' && c != '~')) ascii += c;
  }
  std::string decoded = ascii;
  if (!decoder->Decode(decoded) || decoded != ascii) return wrong;
  return decoder;
}

bool LooksLikeWindows1252(std::string_view bytes) {
  return std::none_of(bytes.begin(), bytes.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == 0x81 || byte == 0x8D || byte == 0x8F || byte == 0x90 || byte == 0x9D;
  });
}

}  // namespace finalmile::cli::csv

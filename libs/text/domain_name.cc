#include "libs/text/domain_name.h"

#include <idn2.h>

#include <algorithm>

#include "libs/base/text.h"

namespace finalmile::text {
namespace {

bool IsName(std::string_view domain) {
  if (domain.size() > 253 || domain.find('.') == std::string_view::npos) return false;
  while (true) {
    const size_t dot = domain.find('.');
    const std::string_view label = domain.substr(0, dot);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (!IsToken(label, 63, "-")) return false;
    if (dot == std::string_view::npos) return true;
    domain.remove_prefix(dot + 1);
  }
}

}  // namespace

std::optional<std::string> AsciiDomain(std::string_view domain) {
  // A name has 253 bytes at most; what is much longer is not worth mapping.
  if (domain.size() > 1024 || domain.find('\0') != std::string_view::npos) return std::nullopt;
  std::string ascii = Lower(domain);
  if (std::any_of(ascii.begin(), ascii.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) {
    char* mapped = nullptr;
    const int result = idn2_to_ascii_8z(ascii.c_str(), &mapped, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (result != IDN2_OK) return std::nullopt;
    ascii = mapped;
    idn2_free(mapped);
  }
  if (!IsName(ascii)) return std::nullopt;
  return ascii;
}

}  // namespace finalmile::text

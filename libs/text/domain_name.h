#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace finalmile::text {

// The domain name as the domain name system knows it: in lower case and in ASCII (UTS 46, by libidn2).
// "Bücher.example" gives "xn--bcher-kva.example". Nullopt: it is not a name of two or more labels of at most
// 63 letters, digits and inner hyphens, 253 together. Thread-safe.
std::optional<std::string> AsciiDomain(std::string_view domain);

}  // namespace finalmile::text

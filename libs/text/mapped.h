#pragma once

#include <string>
#include <string_view>

namespace finalmile::text {

// For this library alone: `text` as utf8proc maps it with `options` of utf8proc_option_t; unchanged where it
// is no UTF-8. A pure function.
std::string Mapped(std::string_view text, int options);

}  // namespace finalmile::text

#pragma once

#include <string>
#include <string_view>

namespace finalmile::outbox {

// The longest key that is stored as it is, in bytes.
inline constexpr size_t kLongestPlainKey = 1024;

// How the key of a record, which is any bytes of any length, is named in a TEXT column under an index: by
// itself where it is UTF-8 without U+0000, of at most kLongestPlainKey bytes and does not begin with
// "sha256:"; else by "sha256:" and its digest in hexadecimal, since a row of PostgreSQL's index holds about
// 2.6 kB and a text holds neither U+0000 nor other bytes. Different keys have different names.
std::string KeyName(std::string_view key);

}  // namespace finalmile::outbox

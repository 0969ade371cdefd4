#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "services/leads/domain/lead.h"

// Who a row of an import is: its external id, else its e-mail, else its company domain and name.
namespace finalmile::leads::domain {

// Company domain and name in the form they are compared in: "example.com ada lovelace". Empty unless both are
// known.
std::string NameKey(const Lead& lead);

// The identity of a normalised row within its source, the first of the three that it has: "id:4711",
// "email:ada@example.com", "name:example.com ada lovelace". Empty: nothing says who it is.
std::string RowIdentity(const Lead& row);
// The identity of a row of a historic import that has none: the digest of its file, and its line.
std::string LineIdentity(std::string_view file_digest, int64_t line);

}  // namespace finalmile::leads::domain

#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace finalmile::storage::postgres {

// The status of a SQLSTATE (PostgreSQL 15, appendix A). INTERNAL names the text, the others only the server's
// message: it names constraints, never values.
absl::Status ErrorOf(std::string_view sqlstate, std::string_view message, std::string_view sql);

// Whether the server ended the session for being silent: then nothing sent since had been read.
bool WasSilent(std::string_view sqlstate);

}  // namespace finalmile::storage::postgres

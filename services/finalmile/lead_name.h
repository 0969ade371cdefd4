#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "services/finalmile/session.h"

namespace finalmile::cli {

// What people may give where a command takes a lead, for the help of its flag.
inline constexpr const char* kLeadHelp =
    "an e-mail address, an external id (crm=0031, or 0031), or its name or the beginning of it";

// The name, "leads/…", of the lead that `text` means: an e-mail address, an external id with or without its
// source, a name with or without "leads/", or the beginning of one. NOT_FOUND; INVALID_ARGUMENT names several
// that it may mean.
absl::StatusOr<std::string> ResolveLead(Session& session, const std::string& text);

}  // namespace finalmile::cli

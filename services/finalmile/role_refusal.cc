#include "services/finalmile/role_refusal.h"

#include <fmt/format.h>

#include <string>

#include "libs/rpc/errors.h"

namespace finalmile::cli {

absl::Status InWordsOf(std::string_view verb, const absl::Status& status) {
  const auto info = rpc::ErrorInfoOf(status);
  // Other refusals for the sake of a role name no method.
  if (!info || info->reason() != "ROLE_MISSING" || !info->metadata().contains("method")) return status;
  const auto word = [&](const char* name) {
    const auto found = info->metadata().find(name);
    return found == info->metadata().end() ? std::string() : found->second;
  };
  const std::string who = word("principal");
  absl::Status said(status.code(), fmt::format("{} may not run finalmile {}, which needs one of the roles {}",
                                               who.empty() ? "you" : who, verb, word("roles")));
  status.ForEachPayload(
      [&](absl::string_view type, const absl::Cord& payload) { said.SetPayload(type, payload); });
  return said;
}

}  // namespace finalmile::cli

#include "services/catalog/usage/use_token.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/signed_token.h"

namespace finalmile::catalog::usage {

std::string EncodeUseToken(const RenderedUse& use, std::string_view key) {
  return rpc::SignToken(fmt::format("{}\n{}\n{}\n{}", catalog::domain::AssetName(use.asset), use.version,
                                    use.lead, ToMicros(use.time)),
                        key);
}

absl::StatusOr<RenderedUse> DecodeUseToken(std::string_view token, std::string_view key, absl::Time now) {
  ASSIGN_OR_RETURN(const std::string payload, rpc::OpenToken(token, key));
  const std::vector<std::string> parts = absl::StrSplit(payload, '\n');
  RenderedUse use;
  int64_t micros = 0;
  if (parts.size() != 4 || !absl::SimpleAtoi(parts[1], &use.version) ||
      !absl::SimpleAtoi(parts[3], &micros)) {
    return absl::InvalidArgumentError("the token is of another kind");
  }
  use.asset = catalog::domain::AssetId(rpc::IdIn(parts[0]));
  use.lead = domain::LeadName(parts[2]);
  use.time = FromMicros(micros);
  if (now - use.time > kUseTokenLife) {
    return absl::InvalidArgumentError("the token is older than 30 days: render the asset again");
  }
  return use;
}

}  // namespace finalmile::catalog::usage

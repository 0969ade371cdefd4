#include <nlohmann/json.hpp>

#include "services/finalmile/commands/commands.h"

namespace finalmile::cli {
namespace {

Action Declare(Flags&) {
  return [](Session& session) -> absl::StatusOr<ExitCode> {
    if (session.output.json()) {
      session.output.Json(nlohmann::ordered_json::object({{"version", FINALMILE_VERSION}}));
    } else {
      session.output.Line("finalmile " FINALMILE_VERSION);
    }
    return ExitCode::kOk;
  };
}

}  // namespace

void AddVersion(std::vector<Verb>& verbs) {
  verbs.push_back({"version", "the version of this program", "finalmile version", Declare});
}

}  // namespace finalmile::cli

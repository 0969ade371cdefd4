#include "services/finalmile/demo/demo.h"

#include <memory>

#include "libs/base/status.h"
#include "services/finalmile/commands/commands.h"

namespace finalmile::cli {
namespace {

Action Declare(Flags& flags) {
  auto seed = std::make_shared<int64_t>(1);
  flags.Number("--seed", *seed, 0, 1'000'000'000, "another sample");
  return [seed](Session& session) -> absl::StatusOr<ExitCode> {
    DemoOptions options{.seed = static_cast<uint64_t>(*seed)};
    for (const auto& [name, value] : session.connector.Settings()) {
      if (name == "data") options.data = value;
    }
    RETURN_IF_ERROR(PlayDemo(session, options));
    return ExitCode::kOk;
  };
}

}  // namespace

void AddDemo(std::vector<Verb>& verbs) {
  verbs.push_back(
      {"demo",
       "a generated quarter: best leads with reasons, who became sales-ready, meetings, practice, content",
       "finalmile demo --data ./demo", Declare});
}

}  // namespace finalmile::cli

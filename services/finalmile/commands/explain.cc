#include <fmt/format.h>

#include <memory>

#include "libs/base/status.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/lead_name.h"
#include "services/finalmile/output/format.h"

namespace finalmile::cli {
namespace {

using namespace leads::v1;

struct ExplainFlags {
  std::string name;
  std::string as_of;
};

absl::StatusOr<ExitCode> Explain(Session& session, const ExplainFlags& flags) {
  ExplainScoreRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), ResolveLead(session, flags.name));
  if (!flags.as_of.empty()) {
    absl::Time time;
    if (!ParseMoment(flags.as_of, session.clock.Now(), session.output.zone(), time)) {
      return absl::InvalidArgumentError(fmt::format(
          "--as-of '{}' must be a time such as 2026-03-01T09:00:00Z, 2026-03-01 or 3d (ago)", flags.as_of));
    }
    *request.mutable_as_of() = rpc::ToTimestamp(time);
  }
  ASSIGN_OR_RETURN(ExplainScoreResponse explanation,
                   session.Call<ExplainScoreResponse>("leads.v1.LeadService/ExplainScore", request));
  if (session.output.json()) {
    session.output.Json(explanation);
  } else {
    ShowExplanation(request.name(), explanation, session.output);
  }
  return ExitCode::kOk;
}

Action Declare(Flags& flags) {
  auto given = std::make_shared<ExplainFlags>();
  flags.Argument("LEAD", given->name, kLeadHelp);
  flags.Text("--as-of", "TIME", given->as_of,
             "what the score was then: an RFC 3339 time, a date, or 3d for three days ago");
  return [given](Session& session) { return Explain(session, *given); };
}

}  // namespace

void AddExplain(std::vector<Verb>& verbs) {
  verbs.push_back({"explain", "why a lead's score is what it is",
                   "finalmile explain ada@example.com --as-of 7d", Declare});
}

}  // namespace finalmile::cli

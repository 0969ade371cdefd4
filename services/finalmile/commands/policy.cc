#include <fmt/format.h>

#include <memory>
#include <optional>
#include <sstream>

#include "finalmile/leads/v1/scoring_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/policy_trial.h"
#include "services/finalmile/commands/rescoring.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/output/format.h"
#include "services/finalmile/shipped.h"

namespace finalmile::cli {
namespace {

using namespace leads::v1;

struct ShowFlags {
  std::string name = "-";
  bool shipped = false;
  bool yaml = false;
};

absl::StatusOr<ExitCode> ShowShipped(Session& session, const ShippedPolicy& shipped, bool yaml) {
  if (yaml) {
    std::istringstream file(shipped.file);
    for (std::string line; std::getline(file, line);) session.output.Line(line);
  } else if (session.output.json()) {
    session.output.Json(shipped.policy);
  } else {
    ShowPolicy(shipped.policy, session.output);
  }
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Show(Session& session, const ShowFlags& flags) {
  ASSIGN_OR_RETURN(const std::optional<ShippedPolicy> shipped, FindShippedPolicy(flags.name));
  if (flags.shipped || flags.yaml) {
    if (shipped) return ShowShipped(session, *shipped, flags.yaml);
    return absl::NotFoundError(fmt::format("no policy '{}' comes with the program; these do: {}",
                                           flags.name == "-" ? "" : flags.name, ShippedPolicyNames()));
  }
  GetPolicyRequest request;
  request.set_name(PolicyName(flags.name));
  const absl::StatusOr<Policy> policy = session.Call<Policy>("leads.v1.ScoringService/GetPolicy", request);
  if (absl::IsNotFound(policy.status()) && shipped) {
    session.output.Note(fmt::format("{} was not published; this is the one that comes with the program.",
                                    shipped->policy.name()));
    return ShowShipped(session, *shipped, false);
  }
  RETURN_IF_ERROR(policy.status());
  if (session.output.json()) {
    session.output.Json(*policy);
  } else {
    ShowPolicy(*policy, session.output);
  }
  return ExitCode::kOk;
}

Action DeclareShow(Flags& flags) {
  auto given = std::make_shared<ShowFlags>();
  flags.OptionalArgument("POLICY", given->name,
                         "its name, policies/… or without the prefix; the one in force by default");
  flags.Switch("--shipped", given->shipped, "as it comes with the program, whatever was published");
  flags.Switch("--yaml", given->yaml,
               "the YAML file of one that comes with the program, to edit and publish under another name");
  return [given](Session& session) { return Show(session, *given); };
}

absl::StatusOr<ExitCode> List(Session& session) {
  ListPoliciesRequest request;
  Table table({{"POLICY"}, {"IN FORCE"}, {"PUBLISHED"}, {"DESCRIPTION", Align::kLeft, true}});
  RETURN_IF_ERROR(session
                      .EachPage<ListPoliciesResponse>(
                          "leads.v1.ScoringService/ListPolicies", request, 0,
                          [&](const ListPoliciesResponse& page) -> int64_t {
                            for (const Policy& policy : page.policies()) {
                              if (session.output.json()) session.output.Json(policy);
                              table.Add({policy.name(), policy.in_force() ? "yes" : "",
                                         session.output.TimeText(rpc::FromTimestamp(policy.publish_time())),
                                         policy.description()});
                            }
                            return page.policies_size();
                          })
                      .status());
  if (!session.output.json()) session.output.Show(table);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ListShipped(Session& session) {
  ASSIGN_OR_RETURN(const std::vector<ShippedPolicy> all, AllShippedPolicies());
  Table table({{"POLICY"}, {"DESCRIPTION", Align::kLeft, true}});
  for (const ShippedPolicy& shipped : all) {
    if (session.output.json()) session.output.Json(shipped.policy);
    table.Add({shipped.policy.name(), shipped.policy.description()});
  }
  if (!session.output.json()) session.output.Show(table);
  return ExitCode::kOk;
}

Action DeclareList(Flags& flags) {
  auto shipped = std::make_shared<bool>(false);
  flags.Switch("--shipped", *shipped, "those that come with the program, published or not");
  return [shipped](Session& session) { return *shipped ? ListShipped(session) : List(session); };
}

struct PublishFlags {
  std::string file;
  bool dry_run = false;
  int64_t weekly_capacity = 0;
};

absl::StatusOr<ExitCode> Publish(Session& session, const PublishFlags& flags) {
  PublishPolicyRequest request;
  ASSIGN_OR_RETURN(*request.mutable_policy(), LoadPolicy(flags.file));
  request.set_dry_run(flags.dry_run);
  request.set_weekly_capacity(static_cast<int32_t>(flags.weekly_capacity));
  if (!flags.dry_run) request.set_request_id(session.NewRequestId());
  ASSIGN_OR_RETURN(const PublishPolicyResponse response,
                   session.Call<PublishPolicyResponse>("leads.v1.ScoringService/PublishPolicy", request));
  if (flags.dry_run && !session.output.json()) {
    RETURN_IF_ERROR(ShowTrial(session, response, flags.weekly_capacity));
    return ExitCode::kOk;
  }
  bool rescored = false;
  if (!flags.dry_run) {
    ASSIGN_OR_RETURN(rescored, FinishRescoring(session));
  }
  if (session.output.json()) {
    session.output.Json(response);
  } else {
    session.output.Line(
        fmt::format("{} is in force; {}", response.policy().name(),
                    rescored ? "every lead is scored under it." : "the leads are being scored again."));
  }
  return ExitCode::kOk;
}

Action DeclarePublish(Flags& flags) {
  auto given = std::make_shared<PublishFlags>();
  flags.Argument("FILE", given->file,
                 "a YAML file, or the name of one that comes with the program: " + ShippedPolicyNames());
  flags.Switch("--dry-run", given->dry_run, "say who would cross, publish nothing");
  flags.Number(
      "--weekly-capacity", given->weekly_capacity, 0, 1'000'000'000,
      "leads the setters can work in a week: the dry run suggests a threshold, and how many it lets in");
  return [given](Session& session) { return Publish(session, *given); };
}

}  // namespace

void AddPolicy(std::vector<Verb>& verbs) {
  verbs.push_back({"policy show", "the rules that score leads", "finalmile policy show", DeclareShow});
  verbs.push_back({"policy list", "all published policies, newest first; with --shipped those of the program",
                   "finalmile policy list", DeclareList});
  verbs.push_back({"policy publish", "put a policy in force, or try what it would do",
                   "finalmile policy publish my-policy.yaml --dry-run --weekly-capacity 40", DeclarePublish});
}

}  // namespace finalmile::cli

#include <fmt/format.h>

#include <memory>

#include "finalmile/leads/v1/scoring_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/output/format.h"
#include "services/finalmile/shipped.h"

namespace finalmile::cli {
namespace {

using namespace leads::v1;

absl::StatusOr<ExitCode> Show(Session& session, const std::string& name) {
  GetPolicyRequest request;
  request.set_name(PolicyName(name));
  ASSIGN_OR_RETURN(const Policy policy, session.Call<Policy>("leads.v1.ScoringService/GetPolicy", request));
  if (session.output.json()) {
    session.output.Json(policy);
  } else {
    ShowPolicy(policy, session.output);
  }
  return ExitCode::kOk;
}

Action DeclareShow(Flags& flags) {
  auto name = std::make_shared<std::string>("-");
  flags.OptionalArgument("POLICY", *name,
                         "its name, policies/… or without the prefix; the one in force by default");
  return [name](Session& session) { return Show(session, *name); };
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

Action DeclareList(Flags&) {
  return [](Session& session) { return List(session); };
}

struct PublishFlags {
  std::string file;
  bool dry_run = false;
  int64_t weekly_capacity = 0;
};

void ShowNames(Output& output, std::string_view what,
               const google::protobuf::RepeatedPtrField<std::string>& names) {
  constexpr int kShown = 10;
  if (names.empty()) return;
  output.Line();
  output.Line(
      fmt::format("{}{}:", what, names.size() > kShown ? fmt::format(" (the first {})", kShown) : ""));
  for (int i = 0; i < names.size() && i < kShown; ++i) output.Line("  " + names[i]);
}

void ShowTrial(const PublishPolicyResponse& response, int64_t capacity, Output& output) {
  const PolicyTrial& trial = response.trial();
  output.Line(fmt::format("{} would score {} leads; nothing was published.", response.policy().name(),
                          FormatCount(trial.leads())));
  output.Line(fmt::format("Sales-ready: {} now, {} then.", FormatCount(trial.sales_ready_before()),
                          FormatCount(trial.sales_ready_after())));
  output.Line();
  Table table({{"GRADE"}, {"NOW", Align::kRight}, {"THEN", Align::kRight}, {"CHANGE", Align::kRight}});
  for (const char fit : {'A', 'B', 'C', 'D'}) {
    for (const char engagement : {'1', '2', '3', '4'}) {
      const std::string grade{fit, engagement};
      const auto count = [&](const google::protobuf::Map<std::string, int64_t>& grades) {
        const auto it = grades.find(grade);
        return it == grades.end() ? 0 : it->second;
      };
      const int64_t before = count(trial.grades_before());
      const int64_t after = count(trial.grades_after());
      if (before == 0 && after == 0) continue;
      table.Add({grade, FormatCount(before), FormatCount(after),
                 after > before ? "+" + FormatCount(after - before) : FormatCount(after - before)});
    }
  }
  output.Show(table);
  ShowNames(output, "Would become sales-ready", trial.becoming_ready());
  ShowNames(output, "Would cease to be", trial.ceasing_ready());
  if (capacity > 0) {
    output.Line();
    output.Line(fmt::format("For {} leads a week: min_engagement {}", FormatCount(capacity),
                            FormatPoints(trial.suggested_min_engagement())));
  }
}

absl::StatusOr<ExitCode> Publish(Session& session, const PublishFlags& flags) {
  PublishPolicyRequest request;
  ASSIGN_OR_RETURN(*request.mutable_policy(), LoadPolicy(flags.file));
  request.set_dry_run(flags.dry_run);
  request.set_weekly_capacity(static_cast<int32_t>(flags.weekly_capacity));
  if (!flags.dry_run) request.set_request_id(session.NewRequestId());
  ASSIGN_OR_RETURN(const PublishPolicyResponse response,
                   session.Call<PublishPolicyResponse>("leads.v1.ScoringService/PublishPolicy", request));
  if (session.output.json()) {
    session.output.Json(response);
  } else if (flags.dry_run) {
    ShowTrial(response, flags.weekly_capacity, session.output);
  } else {
    session.output.Line(
        fmt::format("{} is in force; the leads are being scored again.", response.policy().name()));
  }
  return ExitCode::kOk;
}

Action DeclarePublish(Flags& flags) {
  auto given = std::make_shared<PublishFlags>();
  flags.Argument("FILE", given->file,
                 "a YAML file, or one of those that come with the program: " + ShippedPolicyNames());
  flags.Switch("--dry-run", given->dry_run, "say who would cross, publish nothing");
  flags.Number("--weekly-capacity", given->weekly_capacity, 0, 1'000'000'000,
               "leads the setters can work in a week: the dry run suggests a threshold");
  return [given](Session& session) { return Publish(session, *given); };
}

}  // namespace

void AddPolicy(std::vector<Verb>& verbs) {
  verbs.push_back({"policy show", "the rules that score leads", "finalmile policy show", DeclareShow});
  verbs.push_back(
      {"policy list", "all published policies, newest first", "finalmile policy list", DeclareList});
  verbs.push_back({"policy publish", "put a policy in force, or try what it would do",
                   "finalmile policy publish my-policy.yaml --dry-run --weekly-capacity 40", DeclarePublish});
}

}  // namespace finalmile::cli

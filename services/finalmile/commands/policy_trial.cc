#include "services/finalmile/commands/policy_trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/output/format.h"
#include "services/finalmile/output/table.h"

namespace finalmile::cli {
namespace {

using namespace leads::v1;

constexpr int kShown = 10;

// Who they are; a lead that is gone meanwhile is left out.
absl::Status ShowNames(Session& session, std::string_view what,
                       const google::protobuf::RepeatedPtrField<std::string>& names) {
  if (names.empty()) return absl::OkStatus();
  BatchGetLeadsRequest request;
  for (int i = 0; i < std::min(names.size(), kShown); ++i) request.add_names(names[i]);
  ASSIGN_OR_RETURN(const BatchGetLeadsResponse found,
                   session.Call<BatchGetLeadsResponse>("leads.v1.LeadService/BatchGetLeads", request));
  session.output.Line();
  session.output.Line(
      fmt::format("{}{}:", what, names.size() > kShown ? fmt::format(" (the best {})", kShown) : ""));
  ShowLeads({found.leads().begin(), found.leads().end()}, session.output);
  return absl::OkStatus();
}

std::string AWeek(const PolicyCrossings& crossings) { return fmt::format("{:.1f}", crossings.a_week()); }

int64_t Busiest(const PolicyCrossings& crossings) {
  return crossings.by_week().empty()
             ? 0
             : *std::max_element(crossings.by_week().begin(), crossings.by_week().end());
}

void ShowCounts(const PolicyTrial& trial, Output& output) {
  Table table({{""}, {"IN FORCE", Align::kRight}, {"TRIED", Align::kRight}});
  const auto row = [&](const std::string& what, int64_t before, int64_t after) {
    table.Add({what, FormatCount(before), FormatCount(after)});
  };
  const PolicyCrossings& before = trial.crossings_before();
  const PolicyCrossings& after = trial.crossings_after();
  row("sales-ready, judged afresh", trial.sales_ready_before(), trial.sales_ready_after());
  row("others that stay so until they cool", trial.staying_before(), trial.staying_after());
  row("became sales-ready in the last 13 weeks", before.hand_raises() + before.scored(),
      after.hand_raises() + after.scored());
  row("  by a hand-raise", before.hand_raises(), after.hand_raises());
  row("  by engagement", before.scored(), after.scored());
  table.Add({"  a week", AWeek(before), AWeek(after)});
  row("  in the busiest week", Busiest(before), Busiest(after));
  output.Show(table);
  if (trial.has_first_activity_time()) {
    output.Line(fmt::format("The earliest activity of these weeks happened {}.",
                            output.TimeText(rpc::FromTimestamp(trial.first_activity_time()))));
  }
}

void ShowGrades(const PolicyTrial& trial, Output& output) {
  Table table({{"GRADE"}, {"IN FORCE", Align::kRight}, {"TRIED", Align::kRight}, {"CHANGE", Align::kRight}});
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
}

void ShowSuggestion(const PublishPolicyResponse& response, int64_t capacity, Output& output) {
  const PolicyTrial& trial = response.trial();
  const PolicyCrossings& crossings = trial.crossings_suggested();
  const auto& lanes = response.policy().lanes();
  const auto lane =
      std::find_if(lanes.begin(), lanes.end(), [](const Lane& one) { return !one.hand_raise(); });
  output.Line();
  if (lane == lanes.end()) {
    output.Line("No threshold is suggested: every lane asks for a hand-raise.");
    return;
  }
  if (trial.suggested_min_engagement() == 0) {
    output.Line(fmt::format("No threshold is high enough for {} leads a week: {} a week raised their hand.",
                            FormatCount(capacity), AWeek(crossings)));
    return;
  }
  const std::string where = trial.suggested_for_all_lanes()
                                ? "every scored lane that asks for less, since the others alone let in more"
                                : fmt::format("the lane {}", lane->name());
  output.Line(fmt::format("For {} leads a week: min_engagement: {} in {}.", FormatCount(capacity),
                          trial.suggested_min_engagement(), where));
  output.Line(fmt::format(
      "In the last 13 weeks it would have let in {} a week: {} by a hand-raise and {} by engagement.",
      AWeek(crossings), FormatCount(crossings.hand_raises()), FormatCount(crossings.scored())));
}

}  // namespace

absl::Status ShowTrial(Session& session, const PublishPolicyResponse& response, int64_t capacity) {
  Output& output = session.output;
  const PolicyTrial& trial = response.trial();
  output.Line(fmt::format("{} would score {} leads; nothing was published.", response.policy().name(),
                          FormatCount(trial.leads())));
  output.Line();
  ShowCounts(trial, output);
  output.Line();
  ShowGrades(trial, output);
  RETURN_IF_ERROR(ShowNames(session, "Only the tried policy lets in", trial.becoming_ready()));
  RETURN_IF_ERROR(ShowNames(session, "Only the policy in force lets in", trial.ceasing_ready()));
  if (capacity > 0) ShowSuggestion(response, capacity, output);
  return absl::OkStatus();
}

}  // namespace finalmile::cli

#include "services/finalmile/commands/show.h"
#include "libs/rpc/timestamps.h"

#include <fmt/format.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "services/finalmile/output/format.h"
#include "services/finalmile/output/table.h"

namespace finalmile::cli {
namespace {

using leads::v1::Lead;
using leads::v1::Policy;
using leads::v1::Reason;

std::string StageText(const Lead& lead) { return EnumText(leads::v1::Stage_Name(lead.stage()), "STAGE_"); }

std::string OrDash(const std::string& text) { return text.empty() ? "-" : text; }

void AddField(Table& table, const std::string& name, const std::string& value) {
  if (!value.empty()) table.Add({name, value});
}

std::string LimitText(const leads::v1::Signal& signal) {
  const leads::v1::Limit& limit = signal.limit();
  switch (limit.kind_case()) {
    case leads::v1::Limit::kFirst:
      return limit.first() == 1 ? "once" : fmt::format("first {}", limit.first());
    case leads::v1::Limit::kPerWeek:
      return fmt::format("{} per week", limit.per_week());
    case leads::v1::Limit::kPointsPerWeek:
      return fmt::format("{:g} points per week", limit.points_per_week());
    case leads::v1::Limit::kPerSubject:
      return limit.per_subject() == 1 ? "once per subject"
                                      : fmt::format("{} per subject", limit.per_subject());
    case leads::v1::Limit::KIND_NOT_SET:
      return "";
  }
  return "";
}

std::string HalfLifeText(leads::v1::HalfLife half_life) {
  if (half_life == leads::v1::HALF_LIFE_UNSPECIFIED) return "";
  return half_life == leads::v1::HALF_LIFE_SHORT ? "7 d" : "30 d";
}

std::string RangeText(const leads::v1::Range& range) {
  if (range.has_min() && range.has_max()) return fmt::format("{:g} to below {:g}", range.min(), range.max());
  return range.has_min() ? fmt::format("at least {:g}", range.min()) : fmt::format("below {:g}", range.max());
}

std::string ConditionText(const leads::v1::Condition& condition) {
  const auto list = [](const leads::v1::TextSet& set) { return absl::StrJoin(set.values(), ", "); };
  const std::string& name = condition.attribute();
  switch (condition.test_case()) {
    case leads::v1::Condition::kOneOf:
      return fmt::format("{} is {}", name, list(condition.one_of()));
    case leads::v1::Condition::kContains:
      return fmt::format("{} contains {}", name, list(condition.contains()));
    case leads::v1::Condition::kRange:
      return fmt::format("{} {}", name, RangeText(condition.range()));
    case leads::v1::Condition::kPresent:
      return fmt::format("{} is {}", name, condition.present() ? "known" : "not known");
    case leads::v1::Condition::kDomainNotIn:
      return fmt::format("{} is not at {}", name, list(condition.domain_not_in()));
    case leads::v1::Condition::kIs:
      return fmt::format("{} is {}", name, condition.is());
    case leads::v1::Condition::TEST_NOT_SET:
      return name;
  }
  return name;
}

std::string OptionText(const leads::v1::FitOption& option) {
  if (!option.text().empty()) return option.text();
  std::vector<std::string> conditions;
  for (const auto& condition : option.all()) conditions.push_back(ConditionText(condition));
  return absl::StrJoin(conditions, " and ");
}

void ShowReadiness(const leads::v1::ExplainScoreResponse& explanation, Output& output) {
  const leads::v1::Score& score = explanation.score();
  output.Line(explanation.request_open()
                  ? fmt::format("Sales-ready by the lane {} since {}; its meeting request is open.",
                                score.lane(), output.TimeText(rpc::FromTimestamp(score.ready_time())))
                  : "Not sales-ready: no meeting request is open.");
  if (explanation.has_recross_time()) {
    output.Line(fmt::format("It was sales-ready; by a scored lane it may be again from {} on.",
                            output.TimeText(rpc::FromTimestamp(explanation.recross_time()))));
  }
  for (const std::string& line : explanation.readiness()) output.Line("  " + line);
  if (explanation.has_last_hand_raise_time()) {
    output.Line(fmt::format("Last hand-raise: {}",
                            output.TimeText(rpc::FromTimestamp(explanation.last_hand_raise_time()))));
  }
  if (explanation.unknown_facts_size() > 0)
    output.Line("Not known, and so without points: " + absl::StrJoin(explanation.unknown_facts(), ", "));
}

}  // namespace

std::string WhoIs(const Lead& lead) {
  std::string who = lead.given_name();
  if (!who.empty() && !lead.family_name().empty()) who += ' ';
  who += lead.family_name();
  if (!who.empty()) return who;
  if (!lead.email().empty()) return lead.email();
  return lead.external_ids().empty() ? "-" : lead.external_ids(0).id();
}

std::string EnumText(const std::string& name, std::string_view prefix) {
  std::string text = absl::AsciiStrToLower(name.starts_with(prefix) ? name.substr(prefix.size()) : name);
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

std::string ValueText(const leads::v1::AttributeValue& value) {
  switch (value.kind_case()) {
    case leads::v1::AttributeValue::kText:
      return value.text();
    case leads::v1::AttributeValue::kNumber:
      return fmt::format("{:g}", value.number());
    case leads::v1::AttributeValue::kBoolean:
      return value.boolean() ? "true" : "false";
    case leads::v1::AttributeValue::kList:
      return absl::StrJoin(value.list().values(), ", ");
    case leads::v1::AttributeValue::KIND_NOT_SET:
      return "";
  }
  return "";
}

void ShowLeads(const std::vector<Lead>& leads, Output& output) {
  Table table({{"GRADE"},
               {"SCORE", Align::kRight},
               {"FIT", Align::kRight},
               {"E", Align::kRight},
               {"WHO", Align::kLeft, true},
               {"COMPANY", Align::kLeft, true},
               {"STAGE"},
               {"OWNER", Align::kLeft, true},
               {"LEAD"}});
  for (const Lead& lead : leads) {
    const leads::v1::Score& score = lead.score();
    table.Add({OrDash(score.grade()), FormatPoints(score.score()), FormatPoints(score.fit()),
               FormatPoints(score.engagement()), WhoIs(lead), OrDash(lead.company()), StageText(lead),
               OrDash(lead.owner()), lead.name()});
  }
  output.Show(table);
}

void ShowLead(const Lead& lead, Output& output) {
  const leads::v1::Score& score = lead.score();
  output.Line(fmt::format("{}  {}", WhoIs(lead), lead.name()));
  output.Line(fmt::format("Score {} = fit {} + engagement {}, grade {}{}", FormatPoints(score.score()),
                          FormatPoints(score.fit()), FormatPoints(score.engagement()), OrDash(score.grade()),
                          score.lane().empty() ? "" : fmt::format(", sales-ready ({})", score.lane())));
  output.Line();
  Table table({{"FIELD"}, {"VALUE", Align::kLeft, true}});
  AddField(table, "email", lead.email());
  AddField(table, "phone", lead.phone());
  AddField(table, "company", lead.company());
  AddField(table, "company_domain", lead.company_domain());
  AddField(table, "stage", StageText(lead));
  AddField(table, "owner", lead.owner());
  AddField(table, "lead_source", lead.lead_source());
  AddField(table, "campaign", lead.campaign());
  for (const int gate : lead.gates()) {
    AddField(table, "gate", EnumText(leads::v1::Gate_Name(static_cast<leads::v1::Gate>(gate)), "GATE_"));
  }
  for (const auto& permission : lead.permissions()) {
    AddField(table, "permission",
             fmt::format("{} for {}: {}", EnumText(leads::v1::Channel_Name(permission.channel()), "CHANNEL_"),
                         permission.purpose(),
                         EnumText(leads::v1::PermissionState_Name(permission.state()), "PERMISSION_STATE_")));
  }
  if (lead.outcome() != leads::v1::OUTCOME_UNSPECIFIED) {
    AddField(table, "outcome", EnumText(leads::v1::Outcome_Name(lead.outcome()), "OUTCOME_"));
    AddField(table, "outcome known", output.TimeText(rpc::FromTimestamp(lead.outcome_time())));
  }
  for (const auto& id : lead.external_ids())
    AddField(table, "external id", fmt::format("{} {}", id.source(), id.id()));
  std::vector<std::string> names;
  for (const auto& [name, value] : lead.attributes()) names.push_back(name);
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) AddField(table, name, ValueText(lead.attributes().at(name)));
  if (lead.has_arrival_time())
    AddField(table, "arrived", output.TimeText(rpc::FromTimestamp(lead.arrival_time())));
  AddField(table, "created", output.TimeText(rpc::FromTimestamp(lead.create_time())));
  AddField(table, "updated", output.TimeText(rpc::FromTimestamp(lead.update_time())));
  AddField(table, "etag", lead.etag());
  output.Show(table);
}

void ShowExplanation(const std::string& who, const leads::v1::ExplainScoreResponse& explanation,
                     Output& output) {
  const leads::v1::Score& score = explanation.score();
  output.Line(fmt::format("{}  score {}, grade {}, as of {}, {}", who, FormatPoints(score.score()),
                          OrDash(score.grade()), output.TimeText(rpc::FromTimestamp(score.as_of())),
                          score.policy()));
  output.Line();
  Table table({{"POINTS", Align::kRight},
               {"PART"},
               {"REASON", Align::kLeft, true},
               {"COUNT", Align::kRight},
               {"LAST"}});
  for (const Reason& reason : explanation.reasons()) {
    table.Add({fmt::format("{:.2f}", reason.points()), reason.part(),
               reason.text().empty() ? reason.name() : reason.text(),
               reason.count() > 0 ? FormatCount(reason.count()) : "",
               reason.has_last_time() ? output.TimeText(rpc::FromTimestamp(reason.last_time())) : ""});
  }
  table.Add({fmt::format("{:.2f}", SumOf(explanation.reasons())), "sum",
             fmt::format("= fit {:.2f} + engagement {:.2f}", score.fit(), score.engagement()), "", ""});
  output.Show(table);
  output.Line();
  ShowReadiness(explanation, output);
  if (explanation.recounting()) {
    output.Line();
    output.Line(
        "The lead has very many activities, which are being counted: its stored score may still differ.");
  }
}

void ShowPolicy(const Policy& policy, Output& output) {
  output.Line(fmt::format("{}{}", policy.name(), policy.in_force() ? "  in force" : ""));
  if (!policy.description().empty()) output.Line(policy.description());
  if (policy.has_publish_time()) {
    output.Line(fmt::format("Published {}", output.TimeText(rpc::FromTimestamp(policy.publish_time()))));
  }
  output.Line();
  Table fit({{"GROUP"}, {"CRITERION"}, {"POINTS", Align::kRight}, {"WHEN", Align::kLeft, true}});
  for (const auto& group : policy.fit_groups()) {
    for (const auto& criterion : group.criteria()) {
      for (const auto& option : criterion.options()) {
        fit.Add({fmt::format("{} <= {:g}", group.name(), group.cap()), criterion.name(),
                 fmt::format("{:g}", option.points()), OptionText(option)});
      }
    }
  }
  output.Show(fit);
  output.Line();
  Table signals(
      {{"SIGNAL"}, {"POINTS", Align::kRight}, {"HALF-LIFE"}, {"LIMIT"}, {"WHAT", Align::kLeft, true}});
  for (const auto& signal : policy.signals()) {
    signals.Add({signal.name(), fmt::format("{:g}", signal.points()), HalfLifeText(signal.half_life()),
                 LimitText(signal), signal.hand_raise() ? signal.text() + " (hand-raise)" : signal.text()});
  }
  output.Show(signals);
  output.Line();
  Table lanes({{"LANE"}, {"FIT", Align::kRight}, {"E", Align::kRight}, {"HAND-RAISE"}});
  for (const auto& lane : policy.lanes()) {
    lanes.Add({lane.name(), fmt::format("{:g}", lane.min_fit()), fmt::format("{}", lane.min_engagement()),
               lane.hand_raise() ? "yes" : "no"});
  }
  output.Show(lanes);
  output.Line();
  const auto& edges = policy.grade_edges();
  output.Line(fmt::format("Cools below E {:g}; may cross again after {:g} days", policy.cool_below(),
                          static_cast<double>(policy.recross_after().seconds()) / 86400));
  output.Line(
      fmt::format("Grade: fit A >= {:g}, B >= {:g}, C >= {:g}, else D; engagement 1 >= {:g}, 2 >= {:g}, 3 >= "
                  "{:g}, else 4",
                  edges.fit_a(), edges.fit_b(), edges.fit_c(), edges.engagement_1(), edges.engagement_2(),
                  edges.engagement_3()));
}

double SumOf(const google::protobuf::RepeatedPtrField<Reason>& reasons) {
  double sum = 0;
  for (const Reason& reason : reasons) sum += reason.points();
  return sum;
}

std::string LeadName(const std::string& text) { return text.starts_with("leads/") ? text : "leads/" + text; }

std::string PolicyName(const std::string& text) {
  return text.starts_with("policies/") ? text : "policies/" + text;
}

}  // namespace finalmile::cli

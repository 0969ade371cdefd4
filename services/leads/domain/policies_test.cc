// The policies and mappings that the project ships: valid, as domain.md says, and (where SHARED_DATA names
// the folder of the real data sets) able to rank.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "services/leads/domain/explain.h"
#include "services/leads/domain/fit.h"
#include "services/leads/domain/import_row.h"
#include "services/leads/domain/readiness.h"
#include "services/leads/domain/text.h"

namespace finalmile::leads::domain {
namespace {

const std::filesystem::path kServices = std::filesystem::path(FINALMILE_SOURCE_DIR) / "services";

std::vector<std::string> Strings(const YAML::Node& node) {
  return node ? node.as<std::vector<std::string>>() : std::vector<std::string>();
}
// A set of texts: {values: […]} or the bare list.
std::vector<std::string> Values(const YAML::Node& node) {
  return Strings(node.IsMap() ? node["values"] : node);
}
std::string Text(const YAML::Node& node) { return node.as<std::string>(""); }
std::optional<double> Number(const YAML::Node& node) {
  return node ? std::optional(node.as<double>()) : std::nullopt;
}

// An enum value: by its full name, or by what follows the prefix in any case.
bool IsValue(const YAML::Node& node, std::string_view prefix, std::string_view value) {
  const std::string text = Text(node);
  return text == std::string(prefix).append(value) || EqualsIgnoringCase(text, value);
}

Condition ReadCondition(const YAML::Node& node) {
  Condition condition{Text(node["attribute"]), {}};
  if (node["one_of"]) condition.test = OneOf{Values(node["one_of"])};
  if (node["contains"]) condition.test = Contains{Values(node["contains"])};
  if (node["domain_not_in"]) condition.test = DomainNotIn{Values(node["domain_not_in"])};
  if (node["range"]) condition.test = Range{Number(node["range"]["min"]), Number(node["range"]["max"])};
  if (node["present"]) condition.test = Present{node["present"].as<bool>()};
  if (node["is"]) condition.test = Is{node["is"].as<bool>()};
  return condition;
}

Signal ReadSignal(const YAML::Node& node) {
  Signal signal;
  signal.name = Text(node["name"]);
  signal.text = Text(node["text"]);
  signal.match.types = Strings(node["match"]["types"]);
  signal.match.subjects = Strings(node["match"]["subjects"]);
  signal.match.min_seconds = node["match"]["min_seconds"].as<double>(0);
  for (const auto& property : node["match"]["properties"]) {
    signal.match.properties[property.first.as<std::string>()] = Values(property.second);
  }
  signal.points = node["points"].as<double>(0);
  if (IsValue(node["half_life"], "HALF_LIFE_", "SHORT")) signal.half_life = HalfLife::kShort;
  if (IsValue(node["half_life"], "HALF_LIFE_", "LONG")) signal.half_life = HalfLife::kLong;
  for (const auto& [key, kind] : {std::pair{"first", Limit::Kind::kFirst},
                                  {"per_week", Limit::Kind::kPerWeek},
                                  {"points_per_week", Limit::Kind::kPointsPerWeek},
                                  {"per_subject", Limit::Kind::kPerSubject}}) {
    if (node["limit"] && node["limit"][key]) signal.limit = Limit{kind, node["limit"][key].as<double>()};
  }
  signal.hand_raise = node["hand_raise"].as<bool>(false);
  return signal;
}

Policy ReadPolicy(const std::string& name) {
  const YAML::Node node = YAML::LoadFile(kServices / "leads/policies" / (name + ".yaml"));
  Policy policy;
  policy.name = Text(node["name"]);
  policy.description = Text(node["description"]);
  for (const YAML::Node& group : node["fit_groups"]) {
    policy.fit_groups.push_back({Text(group["name"]), group["cap"].as<double>(), {}});
    for (const YAML::Node& criterion : group["criteria"]) {
      FitCriterion read{Text(criterion["name"]), {}};
      for (const YAML::Node& option : criterion["options"]) {
        read.options.push_back({Text(option["text"]), option["points"].as<double>(), {}});
        for (const YAML::Node& condition : option["all"])
          read.options.back().all.push_back(ReadCondition(condition));
      }
      policy.fit_groups.back().criteria.push_back(std::move(read));
    }
  }
  for (const YAML::Node& signal : node["signals"]) policy.signals.push_back(ReadSignal(signal));
  for (const YAML::Node& lane : node["lanes"]) {
    policy.lanes.push_back({Text(lane["name"]), lane["hand_raise"].as<bool>(false),
                            lane["min_fit"].as<double>(0), lane["min_engagement"].as<double>(0)});
  }
  policy.cool_below = node["cool_below"].as<double>();
  absl::ParseDuration(Text(node["recross_after"]), &policy.recross_after);
  const YAML::Node edges = node["grade_edges"];
  policy.grade_edges = {edges["fit_a"].as<double>(),        edges["fit_b"].as<double>(),
                        edges["fit_c"].as<double>(),        edges["engagement_1"].as<double>(),
                        edges["engagement_2"].as<double>(), edges["engagement_3"].as<double>()};
  return policy;
}

std::map<std::string, std::string> Translations(const YAML::Node& node) {
  return node ? node.as<std::map<std::string, std::string>>() : std::map<std::string, std::string>();
}

ImportMapping ReadMapping(const std::string& name) {
  const YAML::Node node = YAML::LoadFile(kServices / "finalmile/mappings" / (name + ".yaml"));
  ImportMapping mapping;
  mapping.name = Text(node["name"]);
  mapping.null_words = Strings(node["null_words"]);
  mapping.id_column = Text(node["id_column"]);
  mapping.delimiter = Text(node["delimiter"]);
  for (const YAML::Node& column : node["attributes"]) {
    const auto is = [&](std::string_view type) { return IsValue(column["type"], "ATTRIBUTE_TYPE_", type); };
    mapping.attributes.push_back({Text(column["column"]), Text(column["attribute"]),
                                  is("TEXT")      ? AttributeType::kText
                                  : is("NUMBER")  ? AttributeType::kNumber
                                  : is("BOOLEAN") ? AttributeType::kBoolean
                                                  : AttributeType::kUnspecified,
                                  Translations(column["values"]), Strings(column["null_words"])});
  }
  for (const YAML::Node& column : node["fields"]) {
    mapping.fields.push_back({Text(column["column"]), Text(column["field"]), Translations(column["values"])});
  }
  for (const YAML::Node& column : node["activities"]) {
    ActivityColumn read{Text(column["column"]), Text(column["type"]), Text(column["subject"]), {}, false, 0};
    if (column["cell_is_count"]) read.count = CellIsCount{column["cell_is_count"].as<bool>()};
    if (column["when"]) read.count = When{Values(column["when"])};
    if (column["when_at_least"]) read.count = WhenAtLeast{column["when_at_least"].as<double>()};
    read.cell_is_seconds = column["cell_is_seconds"].as<bool>(false);
    read.null_words = Strings(column["null_words"]);
    mapping.activities.push_back(std::move(read));
  }
  mapping.outcome = {Text(node["outcome"]["column"]), Strings(node["outcome"]["positive"])};
  for (const YAML::Node& column : node["permissions"]) {
    mapping.permissions.push_back(
        {Text(column["column"]),
         IsValue(column["channel"], "CHANNEL_", "EMAIL") ? Channel::kEmail : Channel::kPhone,
         Text(column["purpose"]), Strings(column["denied"]), Strings(column["allowed"])});
  }
  mapping.after_contact = Strings(node["after_contact"]);
  mapping.ignore = Strings(node["ignore"]);
  for (const YAML::Node& format : node["formats"]) {
    mapping.formats.push_back({.column = Text(format["column"]), .decimal = Text(format["decimal"])});
  }
  mapping.activity_time = HoursBeforeImport{node["activity_time"]["hours_before_import"].as<double>()};
  return mapping;
}

std::string Explained(const std::vector<Violation>& violations) {
  std::string text;
  for (const Violation& violation : violations) text += violation.field + ": " + violation.description + "\n";
  return text;
}

class ShippedPolicy : public ::testing::TestWithParam<const char*> {};

TEST_P(ShippedPolicy, IsValid) { EXPECT_EQ(Explained(Validate(ReadPolicy(GetParam()))), ""); }

INSTANTIATE_TEST_SUITE_P(All, ShippedPolicy,
                         ::testing::Values("b2b-software-1", "x-education-1", "bank-marketing-1"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

const absl::Time kNow = absl::FromCivil(absl::CivilSecond(2024, 6, 5, 12), absl::UTCTimeZone());

// Points of `count` equal activities at once, under the default policy.
double Points(std::string type, std::string subject, int count, double seconds = 0, std::string kind = "") {
  Activity activity;
  activity.source = "web";
  activity.activity_id = "1";
  activity.type = std::move(type);
  activity.subject = std::move(subject);
  activity.event_time = kNow;
  activity.count = count;
  activity.seconds = seconds;
  if (!kind.empty()) activity.properties["kind"] = kind;
  const CompiledPolicy policy(ReadPolicy("b2b-software-1"));
  return EngagementAt(Recompute(policy, std::vector<Activity>{activity}).engagement, kNow);
}

TEST(DefaultPolicy, SignalsAreThoseOfTheTable) {
  EXPECT_EQ(Points("page_view", "pricing", 1), 15);
  EXPECT_EQ(Points("page_view", "pricing", 3), 30);
  EXPECT_EQ(Points("page_view", "ROI", 3), 24);
  EXPECT_EQ(Points("page_view", "product/a", 9), 10);
  EXPECT_EQ(Points("email_click", "", 4), 15);
  EXPECT_EQ(Points("email_open", "", 4), 0);
  EXPECT_EQ(Points("asset_view", "assets/a", 2, 30, "case_study"), 12);
  EXPECT_EQ(Points("asset_view", "assets/a", 2, 29, "case_study"), 0);
  EXPECT_EQ(Points("asset_view", "assets/a", 2, 1, "product_sheet"), 6);
  EXPECT_EQ(Points("webinar_attended", "w", 2), 20);
  EXPECT_EQ(Points("webinar_registered", "w", 2), 5);
  EXPECT_EQ(Points("trial_started", "", 2), 40);
  EXPECT_EQ(Points("positive_reply", "", 2), 40);
  EXPECT_EQ(Points("colleague_active", "", 3), 20);
  EXPECT_EQ(Points("demo_request", "", 1), 0);
}

TEST(DefaultPolicy, FitIsThatOfTheTable) {
  const CompiledPolicy policy(ReadPolicy("b2b-software-1"));
  Lead facts;
  facts.email = "ann@example.com";
  facts.phone = "1";
  facts.company = "Example";
  facts.attributes = {{"staff", 200.0},          {"industry", "Software"},
                      {"country", "DE"},         {"technologies", std::vector<std::string>{"salesforce"}},
                      {"title", "VP Marketing"}, {"function", "Marketing"},
                      {"project", true}};
  EXPECT_EQ(Fit(policy, facts), 100);
  facts.attributes["staff"] = 9.0;
  EXPECT_EQ(Fit(policy, facts), 65);
  facts.attributes["staff"] = 10.0;
  EXPECT_EQ(Fit(policy, facts), 80);
  facts.attributes["staff"] = 5001.0;
  facts.attributes["title"] = "Director of Sales";
  facts.email = "ann@gmail.com";
  EXPECT_EQ(Fit(policy, facts), 84);
}

double TitlePoints(const std::string& title) {
  static const CompiledPolicy policy(ReadPolicy("b2b-software-1"));
  Lead facts;
  facts.attributes["title"] = title;
  return Fit(policy, facts);
}

TEST(DefaultPolicy, TitlesAreKnownHoweverTheyAreWritten) {
  for (const std::string title : {"CEO",
                                  " CEO ",
                                  "\u00A0CEO\u00A0",
                                  "CEO–Founder",
                                  "“VP” Sales",
                                  "VP\u00A0Sales",
                                  "CTO’s office",
                                  "CTO's office",
                                  "CEO，founder",
                                  "Geschäftsführer / CEO",
                                  "C.E.O.",
                                  "C.E.O",
                                  "V.P. of Sales",
                                  "VICE\u00A0PRESIDENT",
                                  "ＣＥＯ",
                                  "Président-directeur général",
                                  "CEO(Founder)",
                                  "co-founder",
                                  "vice\u2011president",
                                  "C\u200BEO",
                                  "Assistant Vice President",
                                  "VP Sales (ex-Google)",
                                  "CFO and Secretary"}) {
    EXPECT_EQ(TitlePoints(title), 18) << title;
  }
  EXPECT_EQ(TitlePoints("Director—EMEA"), 15);
  EXPECT_EQ(TitlePoints("Assistant Director, Sales"), 15);
  EXPECT_EQ(TitlePoints("Key-Account-Manager"), 8);
  EXPECT_EQ(TitlePoints("Assistant Manager"), 8);
}

TEST(DefaultPolicy, WhoWorksForAChiefIsNoChief) {
  for (const std::string title :
       {"Executive Assistant to the CEO", "Assistant to the Vice President", "Personal Assistant, CFO office",
        "PA to the CEO", "EA to CTO", "Secretary to the President", "CEO's secretary",
        "Executive Assistant, Vice President Office", "CEO Assistant", "Former CEO", "Ex-CEO",
        "Advisor to the CEO", "Driver to the President", "P.A. to CEO", "Analyst reporting to the CFO",
        "Intern, CTO office", "Videocean", "Vpn engineer"}) {
    EXPECT_EQ(TitlePoints(title), 0) << title;
  }
}

TEST(DefaultPolicy, HandRaisesAreThoseOfTheTable) {
  const Policy policy = ReadPolicy("b2b-software-1");
  std::vector<std::string> names;
  for (const Signal& signal : policy.signals) {
    if (signal.hand_raise) names.push_back(signal.name);
  }
  EXPECT_THAT(names, ::testing::ElementsAre("positive_reply", "demo_request", "contact_sales", "chat_meeting",
                                            "inbound_call"));
}

// Rows of a CSV file without line breaks in cells.
std::vector<std::vector<std::string>> ReadCsv(const std::filesystem::path& path, char delimiter) {
  std::ifstream file(path);
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    std::vector<std::string> cells(1);
    bool quoted = false;
    for (char c : line) {
      if (c == '"') {
        quoted = !quoted;
      } else if (c == delimiter && !quoted) {
        cells.emplace_back();
      } else {
        cells.back() += c;
      }
    }
    rows.push_back(std::move(cells));
  }
  return rows;
}

// The chance that a positive ranks above a negative, ties half (Mann–Whitney).
double AreaUnderCurve(std::vector<std::pair<double, bool>> scored) {
  std::sort(scored.begin(), scored.end());
  double below = 0, negatives = 0, positives = 0;
  for (size_t i = 0; i < scored.size();) {
    double tied_positives = 0, tied_negatives = 0;
    for (const double score = scored[i].first; i < scored.size() && scored[i].first == score; ++i) {
      (scored[i].second ? tied_positives : tied_negatives) += 1;
    }
    below += tied_positives * (negatives + tied_negatives / 2);
    negatives += tied_negatives;
    positives += tied_positives;
  }
  return below / (positives * negatives);
}

// The policy's score ranks the newest 30 % of a data set.
double RankingOf(const std::string& name, const std::string& file) {
  const ImportMapping mapping = ReadMapping(name);
  const auto rows = ReadCsv(std::filesystem::path(std::getenv("SHARED_DATA")) / name / file,
                            mapping.delimiter.empty() ? ',' : mapping.delimiter[0]);
  EXPECT_EQ(Explained(Validate(mapping, rows[0])), "");
  const ImportPlan plan(mapping, rows[0]);
  const CompiledPolicy policy(ReadPolicy(name + "-1"));
  std::vector<std::pair<double, bool>> scored;
  for (size_t i = 1; i < rows.size(); ++i) {
    const auto result = plan.MapRow(rows[i], static_cast<int64_t>(i) + 1, kNow);
    if (const auto* reject = std::get_if<Reject>(&result)) {
      ADD_FAILURE() << i + 1 << " " << reject->column << " " << reject->reason;
      return 0;
    }
    const auto& imported = std::get<ImportedLead>(result);
    if (!imported.unread.empty()) {
      ADD_FAILURE() << i + 1 << " " << imported.unread[0].column << " " << imported.unread[0].reason;
      return 0;
    }
    if (i <= (rows.size() - 1) * 7 / 10) continue;
    Lead facts;
    facts.lead_source = imported.lead.lead_source;
    facts.attributes = imported.lead.attributes;
    std::vector<Activity> activities;
    for (const ImportedActivity& activity : imported.activities) {
      activities.push_back(activity);
      activities.back().activity_id = activity.key;
    }
    scored.emplace_back(Explain(policy, facts, activities, kNow).score,
                        imported.lead.outcome == Outcome::kPositive);
  }
  const double area = AreaUnderCurve(std::move(scored));
  ::testing::Test::RecordProperty(name + "_auc", std::to_string(area));
  return area;
}

TEST(RealData, PoliciesRankTheNewestLeads) {
  if (std::getenv("SHARED_DATA") == nullptr) GTEST_SKIP() << "SHARED_DATA does not name the data sets";
  EXPECT_GE(RankingOf("x-education", "leads.csv"), 0.86);
  EXPECT_GE(RankingOf("bank-marketing", "calls.csv"), 0.6);
}

}  // namespace
}  // namespace finalmile::leads::domain

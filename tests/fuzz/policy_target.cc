#include <algorithm>
#include <cmath>

#include "finalmile/leads/v1/policy.pb.h"
#include "libs/config/yaml_message.h"
#include "services/leads/domain/explain.h"
#include "services/leads/scoring/convert.h"
#include "tests/fuzz/target.h"

namespace finalmile::fuzz {
namespace {

namespace domain = leads::domain;
namespace scoring = leads::scoring;
namespace v1 = leads::v1;

constexpr absl::Time kNow = absl::FromUnixSeconds(1'750'000'000);
constexpr size_t kMaxActivities = 200;

domain::Lead Facts() {
  domain::Lead facts;
  facts.email = "ada@example.com";
  facts.company = "Example";
  facts.attributes["staff"] = 300.0;
  facts.attributes["title"] = std::string("VP Sales");
  facts.attributes["technologies"] = std::vector<std::string>{"HubSpot", "SAP"};
  facts.attributes["reseller"] = false;
  return facts;
}

// Four bytes each: which signal, how long ago, which subject and how many units.
std::vector<domain::Activity> Activities(std::string_view bytes, const domain::Policy& policy) {
  std::vector<domain::Activity> activities;
  if (policy.signals.empty()) return activities;
  for (size_t i = 0; i + 4 <= bytes.size() && activities.size() < kMaxActivities; i += 4) {
    const auto byte = [&](size_t at) { return static_cast<unsigned char>(bytes[i + at]); };
    const domain::ActivityMatch& match = policy.signals[byte(0) % policy.signals.size()].match;
    domain::Activity& activity = activities.emplace_back();
    activity.activity_id = std::to_string(activities.size());
    activity.type = match.types.empty() ? "other" : match.types[byte(0) / 2 % match.types.size()];
    activity.subject = match.subjects.empty() ? std::string(1, static_cast<char>('a' + byte(2) % 5))
                                              : match.subjects[byte(2) % match.subjects.size()];
    activity.event_time = kNow - absl::Hours(3) * byte(1);
    activity.count = 1 + byte(3) % 4;
    activity.seconds = match.min_seconds;
    activity.outbound = byte(3) >= 250;
  }
  return activities;
}

double EngagementAfter(const domain::CompiledPolicy& policy,
                       const std::vector<domain::Activity>& activities) {
  domain::EngagementState state;
  for (size_t i = 0; i < activities.size(); ++i) {
    if (domain::Apply(policy, activities[i], state) == domain::ApplyResult::kNeedsRecompute) {
      state = domain::Recompute(policy, {activities.data(), i + 1});
    }
    // As it is between two batches: stored and read again.
    state.limits.Trim();
    auto limits = domain::LimitState::Decode(state.limits.Encode());
    Require(limits.ok(), "the limits can be stored");
    state.limits = *std::move(limits);
  }
  return domain::EngagementAt(state.engagement, kNow);
}

void Check(const domain::CompiledPolicy& policy, std::vector<domain::Activity> activities) {
  const domain::Explanation explained = domain::Explain(policy, Facts(), activities, kNow);
  Require(std::isfinite(explained.score) && explained.engagement >= 0, "a score is finite");
  Require(explained.fit >= 0 && explained.fit <= 100, "fit is 0 to 100");
  double sum = 0;
  double size = 1;
  for (const domain::Reason& reason : explained.reasons) {
    sum += reason.points;
    size += std::abs(reason.points);
  }
  Require(std::abs(sum - explained.score) <= 1e-9 * size, "reasons add up to the score");
  const double tolerance = 1e-9 * std::max(1.0, explained.engagement);
  Require(std::abs(EngagementAfter(policy, activities) - explained.engagement) <= tolerance,
          "taking activities in one by one gives the same");
  std::reverse(activities.begin(), activities.end());
  Require(std::abs(EngagementAfter(policy, activities) - explained.engagement) <= tolerance,
          "the order of arrival does not matter");
}

bool Run(std::string_view bytes) {
  const auto [yaml, rest] = Cut(bytes);
  v1::Policy message;
  const absl::Status parsed = config::ParseYamlMessage(yaml, "policy.yaml", message);
  if (!parsed.ok()) {
    Require(absl::IsInvalidArgument(parsed), "a refused file is an invalid argument");
    return false;
  }
  const domain::Policy policy = scoring::FromProto(message);
  if (!domain::Validate(policy).empty()) return false;
  Check(domain::CompiledPolicy(policy), Activities(rest, policy));
  return true;
}

// Followed, its aliases would be a million types.
std::string AliasBomb() {
  std::string yaml = "x: &a [";
  for (int i = 0; i < 1'000; ++i) yaml += "x,";
  yaml += "]\nsignals:\n";
  for (int i = 0; i < 1'000; ++i) yaml += "- {name: s, match: {types: *a}, points: 1}\n";
  return yaml;
}

std::vector<std::string> Seeds() {
  std::string activities;
  for (int i = 0; i < 120; ++i) activities.push_back(static_cast<char>(i * 37));
  std::vector<std::string> seeds = {R"(name: policies/small
fit_groups:
  - name: company
    cap: 20
    criteria:
      - name: staff
        options:
          - { text: 200 to 5000 staff, points: 20, all: [{ attribute: staff, range: { min: 200, max: 5000 } }] }
          - { text: few staff, points: -15, all: [{ attribute: staff, range: { max: 10 } }] }
signals:
  - { name: pricing, text: pricing, match: { types: [page_view], subjects: [pricing] }, points: 15, half_life: short, limit: { per_week: 2 } }
  - { name: views, text: views, match: { types: [page_view] }, points: 2, half_life: short, limit: { points_per_week: 5 } }
  - { name: demo, text: demo, match: { types: [demo_request] }, hand_raise: true }
lanes:
  - { name: hand-raise, hand_raise: true, min_fit: 25 }
  - { name: engaged, min_fit: 50, min_engagement: 40 }
cool_below: 20
recross_after: 168h
grade_edges: { fit_a: 75, fit_b: 50, fit_c: 25, engagement_1: 60, engagement_2: 40, engagement_3: 15 }
)"};
  seeds.push_back(ReadProjectFile("services/leads/policies/bank-marketing-1.yaml"));
  seeds.push_back(AliasBomb());
  for (std::string& seed : seeds) seed += "\f" + activities;
  return seeds;
}

}  // namespace

Target Policy() { return {"policy", &Run, &Seeds}; }

}  // namespace finalmile::fuzz

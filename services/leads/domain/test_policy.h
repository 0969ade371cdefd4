#pragma once

#include <fmt/format.h>
#include <rapidcheck.h>

#include <string>
#include <utility>
#include <vector>

#include "services/leads/domain/activity.h"
#include "services/leads/domain/policy.h"

namespace finalmile::leads::domain {

// A Monday, 00:00 UTC.
inline const absl::Time kMonday = absl::FromCivil(absl::CivilSecond(2024, 6, 3), absl::UTCTimeZone());

inline Signal TestSignal(std::string name, double points, HalfLife half_life,
                         std::optional<Limit> limit = {}) {
  Signal signal;
  signal.name = name;
  signal.text = name;
  signal.match.types = {name};
  signal.points = points;
  signal.half_life = half_life;
  signal.limit = limit;
  return signal;
}

// Every kind of limit, test and lane; edges as in domain.md.
inline Policy TestPolicy() {
  Policy policy;
  policy.name = "policies/test-1";
  FitOption large{.text = "200 to 5,000 staff", .points = 20, .all = {{"staff", Range{200, 5001}}}};
  FitOption small{.text = "under 10 staff", .points = -15, .all = {{"staff", Range{std::nullopt, 10}}}};
  FitOption target{
      .text = "target industry", .points = 30, .all = {{"industry", OneOf{{"Software", "SaaS"}}}}};
  FitOption chief{.text = "C or VP", .points = 40, .all = {{"title", Contains{{"vice president", "CEO"}}}}};
  FitOption work{.text = "work e-mail", .points = 5, .all = {{"email", DomainNotIn{{"gmail.com"}}}}};
  FitOption project{.text = "stated project", .points = 25, .all = {{"project", Is{true}}}};
  FitOption silent{.text = "no phone", .points = -5, .all = {{"phone", Present{false}}}};
  policy.fit_groups = {
      {"company", 45, {{"staff", {large, small}}, {"industry", {target}}}},
      {"person", 50, {{"title", {chief}}, {"project", {project}}}},
      {"reachable", 15, {{"work_email", {work}}, {"no_phone", {silent}}}},
  };
  using Kind = Limit::Kind;
  policy.signals = {
      TestSignal("pricing", 15, HalfLife::kShort, Limit{Kind::kPerWeek, 2}),
      TestSignal("page", 2, HalfLife::kShort, Limit{Kind::kPointsPerWeek, 9}),
      TestSignal("click", 5, HalfLife::kShort),
      TestSignal("asset", 12, HalfLife::kLong, Limit{Kind::kPerSubject, 1}),
      TestSignal("webinar", 20, HalfLife::kLong, Limit{Kind::kFirst, 3}),
      TestSignal("reply", 40, HalfLife::kLong, Limit{Kind::kFirst, 1}),
      TestSignal("demo", 0, HalfLife::kUnspecified),
  };
  policy.signals[5].hand_raise = true;
  policy.signals[6].hand_raise = true;
  policy.lanes = {{"hand-raise", true, 25, 0}, {"engaged", false, 50, 40}, {"ideal", false, 75, 25}};
  policy.cool_below = 20;
  policy.recross_after = absl::Hours(24 * 7);
  policy.grade_edges = {75, 50, 25, 60, 40, 15};
  return policy;
}

inline Activity TestActivity(std::string type, absl::Time time, int id = 0, int count = 1) {
  Activity activity;
  activity.source = "web";
  activity.activity_id = std::to_string(id);
  activity.type = std::move(type);
  activity.event_time = time;
  activity.count = count;
  return activity;
}

// 0 to about 100 activities with ids of their own, within eight weeks, often at equal times.
inline rc::Gen<std::vector<Activity>> ActivityHistories() {
  using rc::gen::inRange;
  static const std::vector<std::string> kTypes = {"pricing", "page",  "click", "asset",
                                                  "webinar", "reply", "demo",  "unknown"};
  const auto one = rc::gen::apply(
      [](size_t type, int hour, int jitter, int count, int subject, int flags) {
        Activity activity = TestActivity(
            kTypes[type], kMonday + absl::Hours(hour * 6) + absl::Microseconds(jitter), 0, count);
        activity.subject = fmt::format("assets/{}", subject);
        activity.outbound = flags == 0;
        activity.automated = flags == 1;
        return activity;
      },
      inRange<size_t>(0, 8), inRange(0, 8 * 28), inRange(0, 2), inRange(0, 4), inRange(0, 4), inRange(0, 12));
  return rc::gen::map(rc::gen::container<std::vector<Activity>>(one), [](std::vector<Activity> activities) {
    for (size_t i = 0; i < activities.size(); ++i) {
      activities[i].activity_id = std::to_string(i);
      activities[i].source = i % 2 == 0 ? "web" : "crm";
    }
    return activities;
  });
}

}  // namespace finalmile::leads::domain

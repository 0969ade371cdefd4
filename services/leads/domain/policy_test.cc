#include "services/leads/domain/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "services/leads/domain/test_policy.h"

namespace finalmile::leads::domain {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> WrongAfter(const std::function<void(Policy&)>& change) {
  Policy policy = TestPolicy();
  change(policy);
  std::vector<std::string> fields;
  for (const Violation& violation : Validate(policy)) {
    EXPECT_FALSE(violation.description.empty());
    fields.push_back(violation.field);
  }
  return fields;
}

TEST(PolicyValidate, AcceptsAGoodOne) { EXPECT_THAT(Validate(TestPolicy()), IsEmpty()); }

TEST(PolicyValidate, Name) {
  const auto named = [](std::string name) {
    return WrongAfter([&](Policy& p) { p.name = "policies/" + name; });
  };
  EXPECT_THAT(named(std::string(63, 'a')), IsEmpty());
  EXPECT_THAT(named(std::string(64, 'a')), ElementsAre("name"));
  EXPECT_THAT(named(""), ElementsAre("name"));
  EXPECT_THAT(named("1a"), ElementsAre("name"));
  EXPECT_THAT(named("a_b"), ElementsAre("name"));
  EXPECT_THAT(WrongAfter([](Policy& p) { p.name = "b2b"; }), ElementsAre("name"));
}

TEST(PolicyValidate, PointsOfASignal) {
  const auto points = [](double points) {
    return WrongAfter([&](Policy& p) { p.signals[3].points = points; });
  };
  EXPECT_THAT(points(0), IsEmpty());
  EXPECT_THAT(points(kMaxPoints), IsEmpty());
  EXPECT_THAT(points(-0.001), ElementsAre("signals[3].points"));
  EXPECT_THAT(points(kMaxPoints + 1), ElementsAre("signals[3].points"));
  EXPECT_THAT(points(std::nan("")), ElementsAre("signals[3].points"));
  EXPECT_THAT(points(std::numeric_limits<double>::infinity()), ElementsAre("signals[3].points"));
}

TEST(PolicyValidate, LimitsOfASignal) {
  const auto limit = [](Limit::Kind kind, double amount) {
    return WrongAfter([&](Policy& p) { p.signals[0].limit = Limit{kind, amount}; });
  };
  for (const auto& [kind, field] : {std::pair{Limit::Kind::kFirst, "signals[0].limit.first"},
                                    {Limit::Kind::kPerWeek, "signals[0].limit.per_week"},
                                    {Limit::Kind::kPerSubject, "signals[0].limit.per_subject"}}) {
    EXPECT_THAT(limit(kind, 1), IsEmpty());
    EXPECT_THAT(limit(kind, 50), IsEmpty());
    EXPECT_THAT(limit(kind, 0), ElementsAre(field));
    EXPECT_THAT(limit(kind, 51), ElementsAre(field));
    EXPECT_THAT(limit(kind, 1.5), ElementsAre(field));
  }
  EXPECT_THAT(limit(Limit::Kind::kPointsPerWeek, 0.5), IsEmpty());
  EXPECT_THAT(limit(Limit::Kind::kPointsPerWeek, 0), ElementsAre("signals[0].limit.points_per_week"));
}

TEST(PolicyValidate, SignalsAreWhole) {
  EXPECT_THAT(WrongAfter([](Policy& p) { p.signals[1].name = "pricing"; }), ElementsAre("signals[1].name"));
  EXPECT_THAT(WrongAfter([](Policy& p) { p.signals[0].half_life = HalfLife::kUnspecified; }),
              ElementsAre("signals[0].half_life"));
  EXPECT_THAT(WrongAfter([](Policy& p) { p.signals[0].match.types.clear(); }),
              ElementsAre("signals[0].match.types"));
  EXPECT_THAT(WrongAfter([](Policy& p) { p.signals[0].match.min_seconds = -1; }),
              ElementsAre("signals[0].match.min_seconds"));
  EXPECT_THAT(WrongAfter([](Policy& p) { p.signals[0].match.properties["a"] = {}; }),
              ElementsAre("signals[0].match.properties[a].values"));
  EXPECT_THAT(WrongAfter([](Policy& p) { p.signals[0].text = " "; }), ElementsAre("signals[0].text"));
}

TEST(PolicyValidate, CoolBelowStaysUnderEveryScoredLane) {
  const auto cool = [](double points) { return WrongAfter([&](Policy& p) { p.cool_below = points; }); };
  EXPECT_THAT(cool(24.99), IsEmpty());
  EXPECT_THAT(cool(25), ElementsAre("lanes[2].min_engagement"));
  EXPECT_THAT(cool(0), IsEmpty());
  EXPECT_THAT(cool(-1), ElementsAre("cool_below"));
}

TEST(PolicyValidate, Lanes) {
  EXPECT_THAT(WrongAfter([](Policy& p) { p.lanes[0].min_engagement = 1; }),
              ElementsAre("lanes[0].min_engagement"));
  EXPECT_THAT(WrongAfter([](Policy& p) { p.lanes[1].min_fit = 100.5; }), ElementsAre("lanes[1].min_fit"));
  EXPECT_THAT(WrongAfter([](Policy& p) { p.lanes[1].name = "hand-raise"; }), ElementsAre("lanes[1].name"));
  EXPECT_THAT(WrongAfter([](Policy& p) { p.lanes.clear(); }), ElementsAre("lanes"));
}

TEST(PolicyValidate, EdgesFall) {
  EXPECT_THAT(WrongAfter([](Policy& p) { p.grade_edges.fit_b = 75; }), ElementsAre("grade_edges.fit_b"));
  EXPECT_THAT(WrongAfter([](Policy& p) { p.grade_edges.engagement_3 = 40; }),
              ElementsAre("grade_edges.engagement_3"));
  EXPECT_THAT(WrongAfter([](Policy& p) { p.grade_edges.fit_a = 101; }), ElementsAre("grade_edges.fit_a"));
}

TEST(PolicyValidate, FitRules) {
  EXPECT_THAT(WrongAfter([](Policy& p) { p.fit_groups[0].cap = 0; }), ElementsAre("fit_groups[0].cap"));
  EXPECT_THAT(WrongAfter([](Policy& p) { p.fit_groups[0].criteria[1].options[0].all.clear(); }),
              ElementsAre("fit_groups[0].criteria[1].options[0].all"));
  const auto test = [](decltype(Condition::test) test) {
    return WrongAfter([&](Policy& p) { p.fit_groups[0].criteria[0].options[0].all[0].test = test; });
  };
  const std::string at = "fit_groups[0].criteria[0].options[0].all[0]";
  EXPECT_THAT(test(std::monostate()), ElementsAre(at));
  EXPECT_THAT(test(Range{}), ElementsAre(at + ".range"));
  EXPECT_THAT(test(Range{2, 2}), ElementsAre(at + ".range"));
  EXPECT_THAT(test(Range{2, std::nullopt}), IsEmpty());
  EXPECT_THAT(test(OneOf{}), ElementsAre(at + ".one_of.values"));
  EXPECT_THAT(test(Contains{{"ceo", "--"}}), ElementsAre(at + ".contains.values[1]"));
  EXPECT_THAT(test(DomainNotIn{{""}}), ElementsAre(at + ".domain_not_in.values[0]"));
}

TEST(PolicyValidate, RecrossAfter) {
  EXPECT_THAT(WrongAfter([](Policy& p) { p.recross_after = absl::ZeroDuration(); }), IsEmpty());
  EXPECT_THAT(WrongAfter([](Policy& p) { p.recross_after = -absl::Nanoseconds(1); }),
              ElementsAre("recross_after"));
  EXPECT_THAT(WrongAfter([](Policy& p) { p.recross_after = kMaxRecrossAfter; }), IsEmpty());
  EXPECT_THAT(WrongAfter([](Policy& p) { p.recross_after = absl::InfiniteDuration(); }),
              ElementsAre("recross_after"));
}

}  // namespace
}  // namespace finalmile::leads::domain

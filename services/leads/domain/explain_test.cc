#include "services/leads/domain/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <random>

#include "services/leads/domain/fit.h"
#include "services/leads/domain/grade.h"
#include "services/leads/domain/test_policy.h"

namespace finalmile::leads::domain {
namespace {

using ::testing::ElementsAre;

Lead IdealFacts() {
  Lead facts;
  facts.email = "ann@example.com";
  facts.phone = "+49 30 1";
  facts.attributes = {
      {"staff", 200.0}, {"industry", "saas"}, {"title", "Vice-President, EMEA"}, {"project", true}};
  return facts;
}

std::vector<std::string> NamesOf(const std::vector<Reason>& reasons) {
  std::vector<std::string> names;
  for (const Reason& reason : reasons) names.push_back(reason.name);
  return names;
}

double SumOf(const std::vector<Reason>& reasons) {
  double sum = 0;
  for (const Reason& reason : reasons) sum += reason.points;
  return sum;
}

double StaffFit(double staff) {
  Lead facts;
  facts.phone = "1";
  facts.attributes = {{"staff", staff}, {"title", "ceo"}};
  return Fit(CompiledPolicy(TestPolicy()), facts);
}

TEST(Fit, CapsAndReasonsAddUp) {
  std::vector<Reason> reasons;
  const double fit = ExplainFit(CompiledPolicy(TestPolicy()), IdealFacts(), reasons);
  // Company 20 + 30 cut at 45, person 40 + 25 cut at 50, e-mail 5.
  EXPECT_DOUBLE_EQ(fit, 100);
  EXPECT_DOUBLE_EQ(SumOf(reasons), 100);
  EXPECT_THAT(NamesOf(reasons), ElementsAre("staff", "industry", "cap:company", "title", "project",
                                            "cap:person", "work_email"));
  EXPECT_DOUBLE_EQ(reasons[2].points, -5);
  EXPECT_EQ(reasons[0].text, "200 to 5,000 staff");
}

TEST(Fit, IsCutToZeroAndAHundred) {
  Lead poor;
  poor.attributes = {{"staff", 3.0}};
  std::vector<Reason> reasons;
  EXPECT_EQ(ExplainFit(CompiledPolicy(TestPolicy()), poor, reasons), 0);
  EXPECT_THAT(NamesOf(reasons), ElementsAre("staff", "no_phone", "clamp"));
  EXPECT_DOUBLE_EQ(reasons.back().points, 20);

  Policy generous = TestPolicy();
  for (FitGroup& group : generous.fit_groups) group.cap = 1000;
  reasons.clear();
  EXPECT_EQ(ExplainFit(CompiledPolicy(generous), IdealFacts(), reasons), 100);
  EXPECT_EQ(reasons.back().name, "clamp");
  EXPECT_DOUBLE_EQ(reasons.back().points, -20);
}

TEST(Fit, RangesAtTheirEdges) {
  EXPECT_EQ(StaffFit(199), 40);
  EXPECT_EQ(StaffFit(200), 60);
  EXPECT_EQ(StaffFit(5000), 60);
  EXPECT_EQ(StaffFit(5001), 40);
  EXPECT_EQ(StaffFit(9), 25);
  EXPECT_EQ(StaffFit(10), 40);
}

// Whether `test` of the attribute "x" holds.
bool Holds(const Lead& facts, decltype(Condition::test) test, std::string attribute = "x") {
  Policy policy = TestPolicy();
  policy.fit_groups = {{"only", 10, {{"only", {{"only", 1, {{std::move(attribute), std::move(test)}}}}}}}};
  return Fit(CompiledPolicy(policy), facts) == 1;
}

Lead With(AttributeValue value) {
  Lead facts;
  facts.attributes["x"] = std::move(value);
  return facts;
}

TEST(Conditions, AnAbsentAttributeFailsAllButPresentFalse) {
  const Lead none;
  EXPECT_FALSE(Holds(none, OneOf{{""}}));
  EXPECT_FALSE(Holds(none, Contains{{"a"}}));
  EXPECT_FALSE(Holds(none, Range{std::nullopt, 10}));
  EXPECT_FALSE(Holds(none, Is{false}));
  EXPECT_FALSE(Holds(none, DomainNotIn{{"a.com"}}));
  EXPECT_FALSE(Holds(none, Present{true}));
  EXPECT_TRUE(Holds(none, Present{false}));
  EXPECT_TRUE(Holds(With(""), Present{false}));
  EXPECT_TRUE(Holds(With(std::vector<std::string>{}), Present{false}));
  EXPECT_TRUE(Holds(With(false), Present{true}));
  EXPECT_TRUE(Holds(none, Present{false}, "email"));
}

TEST(Conditions, TextsIgnoreCase) {
  EXPECT_TRUE(Holds(With("Software"), OneOf{{"retail", "SOFTWARE"}}));
  EXPECT_FALSE(Holds(With("Software house"), OneOf{{"software"}}));
  EXPECT_TRUE(Holds(With(std::vector<std::string>{"SAP", "Salesforce"}), OneOf{{"salesforce"}}));
  EXPECT_FALSE(Holds(With(1.0), OneOf{{"1"}}));
}

TEST(Conditions, ContainsLooksForWholeWords) {
  EXPECT_TRUE(Holds(With("CEO & founder"), Contains{{"ceo"}}));
  EXPECT_TRUE(Holds(With("Vice-President of Sales"), Contains{{"vice president"}}));
  EXPECT_FALSE(Holds(With("oceology"), Contains{{"ceo"}}));
  EXPECT_FALSE(Holds(With("vice"), Contains{{"vice president"}}));
  EXPECT_TRUE(Holds(With("Directeur général"), Contains{{"général"}}));
}

TEST(Conditions, DomainNotInLooksAtTheAddress) {
  const auto work = [](std::string email) {
    Lead facts;
    facts.email = std::move(email);
    return Holds(facts, DomainNotIn{{"Gmail.com", "mail.ru"}}, "email");
  };
  EXPECT_TRUE(work("a@example.com"));
  EXPECT_FALSE(work("a@GMAIL.com"));
  EXPECT_FALSE(work("a@uk.gmail.com"));
  EXPECT_TRUE(work("a@notgmail.com"));
  EXPECT_FALSE(work("a@"));
  EXPECT_FALSE(work("nobody"));
}

TEST(Explain, NamesWhatCounts) {
  const CompiledPolicy policy(TestPolicy());
  const std::vector<Activity> activities = {
      TestActivity("pricing", kMonday, 1, 2), TestActivity("pricing", kMonday + absl::Hours(1), 2),
      TestActivity("click", kMonday, 3), TestActivity("demo", kMonday + absl::Hours(2), 4),
      TestActivity("unknown", kMonday, 5)};
  const Explanation explanation = Explain(policy, {}, activities, kMonday + absl::Hours(2));
  ASSERT_THAT(NamesOf(explanation.reasons), ElementsAre("no_phone", "clamp", "pricing", "click", "demo"));
  const Reason& pricing = explanation.reasons[2];
  EXPECT_EQ(pricing.part, "engagement");
  EXPECT_EQ(pricing.text, "pricing, 2 of 3 counted");
  EXPECT_EQ(pricing.count, 2);
  EXPECT_EQ(pricing.last_time, kMonday);
  EXPECT_NEAR(pricing.points, 30 * std::exp2(-2.0 / 168), 1e-12);
  EXPECT_EQ(explanation.reasons[3].text, "click");
  EXPECT_EQ(explanation.reasons[4].points, 0);
  EXPECT_EQ(explanation.grade, "D3");
}

RC_GTEST_PROP(Explain, ReasonsSumToTheScore, ()) {
  const CompiledPolicy policy(TestPolicy());
  auto activities = *ActivityHistories();
  Lead facts = IdealFacts();
  facts.attributes["staff"] = *rc::gen::element(3.0, 50.0, 300.0);
  facts.attributes["title"] = *rc::gen::element<std::string>("ceo", "clerk");
  const absl::Time as_of = kMonday + absl::Hours(*rc::gen::inRange(0, 24 * 80));
  const Explanation explanation = Explain(policy, facts, activities, as_of);
  RC_ASSERT(std::abs(SumOf(explanation.reasons) - explanation.score) <=
            1e-9 * std::max(1.0, explanation.score));

  std::shuffle(activities.begin(), activities.end(), std::mt19937_64(*rc::gen::arbitrary<uint64_t>()));
  // The score that is stored agrees.
  const double stored = Fit(policy, facts) + EngagementAt(Recompute(policy, activities).engagement, as_of);
  RC_ASSERT(std::abs(stored - explanation.score) <= 1e-9 * std::max(1.0, stored));
}

TEST(Grade, EdgesBelongToTheBetterBand) {
  const GradeEdges edges = TestPolicy().grade_edges;
  EXPECT_EQ(Grade(edges, 75, 60), "A1");
  EXPECT_EQ(Grade(edges, 74.999, 59.999), "B2");
  EXPECT_EQ(Grade(edges, 50, 40), "B2");
  EXPECT_EQ(Grade(edges, 49.999, 39.999), "C3");
  EXPECT_EQ(Grade(edges, 25, 15), "C3");
  EXPECT_EQ(Grade(edges, 24.999, 14.999), "D4");
}

}  // namespace
}  // namespace finalmile::leads::domain

#include <fmt/format.h>
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <cmath>

#include "services/leads/leads_fixture.h"

namespace finalmile::leads {
namespace {

using google::protobuf::util::MessageDifferencer;
using Which = v1::LeadEvent::EventCase;

constexpr absl::Duration kDay = absl::Hours(24);

// What the events say of scores, and that the list of changes says the same.
class ToldTest : public LeadsTest {
 protected:
  void SetUp() override { harness_.clock().SetNow(absl::FromUnixSeconds(1'750'000'000)); }

  std::vector<v1::LeadEvent> Told(const std::string& lead) {
    harness_.Settle();
    std::vector<v1::LeadEvent> told;
    for (v1::LeadEvent& event : Events()) {
      if (event.key() == lead && event.has_lead_score_changed()) told.push_back(std::move(event));
    }
    return told;
  }

  // Each event goes on from what the one before it told, and ListScoreChanges lists them.
  void ExpectOneStory(const std::string& lead) {
    const std::vector<v1::LeadEvent> told = Told(lead);
    v1::ListScoreChangesRequest request;
    request.set_parent(lead);
    request.set_page_size(1000);
    auto listed = Call<v1::ListScoreChangesResponse>("ListScoreChanges", request);
    ASSERT_TRUE(listed.ok()) << listed.status();
    std::reverse(listed->mutable_changes()->begin(), listed->mutable_changes()->end());
    const auto in_short = [](std::string_view cause, const v1::Score& before, const v1::Score& after) {
      return fmt::format("{}: {:.3f} {} -> {:.3f} {} {}\n", cause, before.score(), before.grade(),
                         after.score(), after.grade(), after.lane());
    };
    std::string from_events;
    std::string from_list;
    for (const v1::LeadEvent& event : told) {
      const v1::LeadScoreChanged& changed = event.lead_score_changed();
      from_events += in_short(changed.cause(), changed.before(), changed.after());
    }
    for (const v1::ScoreChange& change : listed->changes())
      from_list += in_short(change.cause(), change.before(), change.after());
    EXPECT_EQ(from_events, from_list);
    ASSERT_EQ(std::ssize(told), listed->changes_size());
    for (size_t i = 0; i < told.size(); ++i) {
      const v1::LeadScoreChanged& changed = told[i].lead_score_changed();
      EXPECT_EQ(changed.has_before(), i > 0);
      if (i > 0) {
        const v1::Score& last = told[i - 1].lead_score_changed().after();
        EXPECT_TRUE(MessageDifferencer::Equals(changed.before(), last))
            << changed.before().DebugString() << "was told as\n"
            << last.DebugString();
      }
      const v1::ScoreChange& change = listed->changes(static_cast<int>(i));
      EXPECT_EQ(change.cause(), changed.cause());
      EXPECT_EQ(change.after().grade(), changed.after().grade());
      EXPECT_EQ(change.after().lane(), changed.after().lane());
      EXPECT_EQ(change.after().policy(), changed.after().policy());
      EXPECT_EQ(change.before().grade(), changed.before().grade());
      EXPECT_NEAR(change.after().score(), changed.after().score(), 1e-9);
      EXPECT_NEAR(change.before().score(), changed.before().score(), 1e-9);
      EXPECT_TRUE(MessageDifferencer::Equals(change.record_time(), told[i].time()));
      EXPECT_TRUE(MessageDifferencer::Equals(told[i].time(), changed.after().as_of()));
    }
  }

  v1::Policy Current() {
    v1::GetPolicyRequest get;
    get.set_name("policies/-");
    const auto policy = Call<v1::Policy>("GetPolicy", get);
    EXPECT_TRUE(policy.ok()) << policy.status();
    return policy.ok() ? *policy : v1::Policy();
  }
  // Without waiting for the rescorer.
  void Publish(const v1::Policy& policy, const std::string& name) {
    harness_.clock().Advance(absl::Minutes(1));
    v1::PublishPolicyRequest request;
    *request.mutable_policy() = policy;
    request.mutable_policy()->set_name(name);
    const auto published = Call<v1::PublishPolicyResponse>("PublishPolicy", request);
    ASSERT_TRUE(published.ok()) << published.status();
    harness_.clock().Advance(absl::Seconds(5));
  }
};

TEST_F(ToldTest, BeforeIsWhatWasToldLast) {
  const std::string lead = Create(GoodLead()).name();
  harness_.clock().Advance(absl::Hours(1));
  Record(Activity(lead, "a1", "trial_started"));
  harness_.Settle();
  harness_.clock().Advance(3 * kDay);
  Record(Activity(lead, "a2", "page_view", "pricing"));
  harness_.Settle();
  harness_.clock().Advance(90 * kDay);
  const std::vector<v1::LeadEvent> told = Told(lead);
  ASSERT_GT(told.size(), 4u);
  const v1::LeadScoreChanged& faded = told.back().lead_score_changed();
  EXPECT_EQ(faded.cause(), "fading");
  EXPECT_GT(faded.before().engagement(), faded.after().engagement() + 1);
  EXPECT_NE(faded.before().grade(), faded.after().grade());
  EXPECT_EQ(faded.reasons_size(), 0);
  ExpectOneStory(lead);
}

TEST_F(ToldTest, WhatFellDueWhileNobodyLookedIsToldAsItFellDue) {
  const std::string lead = Create(GoodLead()).name();
  harness_.clock().Advance(absl::Hours(1));
  Record(Activity(lead, "a1", "trial_started"));
  Record(Activity(lead, "a2", "webinar_attended", "webinars/1"));
  harness_.Settle();
  // No timer runs until the next activity, which a running service would have counted after the cooling.
  harness_.clock().Advance(60 * kDay);
  Record(Activity(lead, "a3", "page_view", "pricing"));
  ExpectOneStory(lead);
  std::vector<std::string> story;
  for (const v1::LeadEvent& event : Told(lead)) {
    const v1::LeadScoreChanged& changed = event.lead_score_changed();
    story.push_back(changed.cause() + " " + changed.after().grade() + " " + changed.after().lane());
  }
  EXPECT_EQ(story, (std::vector<std::string>{"attributes A4 ", "activity A1 engaged", "fading A2 engaged",
                                             "fading A3 engaged", "fading A3 ", "activity A3 ideal"}));
  EXPECT_EQ(Count(Which::kLeadCooled), 1);
}

TEST_F(ToldTest, ReasonsAreWhatWasAddedAsCountedAndFaded) {
  const std::string lead = Create(GoodLead()).name();
  harness_.clock().Advance(absl::Minutes(1));
  v1::Activity views = Activity(lead, "a1", "page_view", "pricing", 7 * kDay);
  views.set_count(5);
  Record(views);
  harness_.Settle();
  const auto last = [&] { return Told(lead).back().lead_score_changed(); };
  ASSERT_EQ(last().reasons_size(), 1);
  // Two of five count in a week, 15 points each, and half is left of them.
  EXPECT_NEAR(last().reasons(0).points(), 15, 1e-9);
  EXPECT_EQ(last().reasons(0).count(), 2);
  EXPECT_EQ(last().reasons(0).text(), "pricing page, 2 of 5 counted");
  EXPECT_NEAR(Sum(last().reasons()), last().after().engagement(), 1e-9);
  // A late one that takes the place of a later one adds what that is worth less.
  harness_.clock().Advance(absl::Hours(1));
  const double before = Get(lead).score().engagement();
  Record(Activity(lead, "a2", "page_view", "pricing", 7 * kDay + absl::Hours(2)));
  harness_.Settle();
  EXPECT_NEAR(Sum(last().reasons()), last().after().engagement() - before, 1e-9);
  EXPECT_LT(Sum(last().reasons()), 0);
  // One that counts nothing is no news.
  const size_t events = Told(lead).size();
  Record(Activity(lead, "a3", "page_view", "pricing", 7 * kDay - absl::Hours(2)));
  EXPECT_EQ(Told(lead).size(), events);
  ExpectOneStory(lead);
}

TEST_F(ToldTest, AnActivityBeforeItsLeadIsToldWithTheLead) {
  const std::string id = "0193a7c0-5b1e-7c3a-9a53-2f6f0e7d1b11";
  Record(Activity("leads/" + id, "a1", "page_view", "pricing"));
  harness_.Settle();
  Create(GoodLead(), id);
  const std::vector<v1::LeadEvent> told = Told("leads/" + id);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_NEAR(Sum(told[0].lead_score_changed().reasons()), 15, 1e-9);
  ExpectOneStory("leads/" + id);
}

TEST_F(ToldTest, APolicyThatChangesNothingIsNoNews) {
  const std::string lead = Create(GoodLead()).name();
  for (int i = 0; i < 5; ++i) {
    harness_.clock().Advance(absl::Hours(7));
    Record(Activity(lead, "a" + std::to_string(i), "page_view", i % 2 == 0 ? "pricing" : "roi", i * kDay));
    harness_.Settle();
  }
  v1::Policy policy = Current();
  const std::string first = policy.name();
  const size_t events = Told(lead).size();
  // The same rules, then other lanes that this lead does not feel.
  Publish(policy, "policies/same-1");
  policy.mutable_lanes(1)->set_min_fit(99);
  policy.mutable_lanes(2)->set_min_engagement(99);
  Publish(policy, "policies/other-lanes-1");
  harness_.Settle();
  EXPECT_EQ(Get(lead).score().policy(), "policies/other-lanes-1");
  EXPECT_EQ(Told(lead).size(), events);
  // What is news goes on from what was told, under its policy.
  harness_.clock().Advance(absl::Hours(1));
  Record(Activity(lead, "b1", "page_view", "pricing"));
  v1::LeadScoreChanged changed = Told(lead).back().lead_score_changed();
  EXPECT_EQ(changed.before().policy(), first);
  EXPECT_EQ(changed.after().policy(), "policies/other-lanes-1");
  ExpectOneStory(lead);
  // Another edge moves the time of the next band, which readers go by.
  ASSERT_EQ(changed.after().grade(), "A2");
  policy.mutable_grade_edges()->set_engagement_2(policy.grade_edges().engagement_2() - 1);
  Publish(policy, "policies/edge-1");
  EXPECT_EQ(Told(lead).size(), events + 2);
  // Other points are news, from what was told before.
  policy.mutable_signals(0)->set_points(1);
  Publish(policy, "policies/points-1");
  changed = Told(lead).back().lead_score_changed();
  EXPECT_EQ(changed.cause(), "policy");
  EXPECT_GT(changed.before().score(), changed.after().score());
  EXPECT_EQ(changed.reasons_size(), 0);
  ExpectOneStory(lead);
}

TEST_F(ToldTest, APolicyIsToldAtItsPublicationWhoeverScoresTheLead) {
  const std::string lead = Create(GoodLead()).name();
  harness_.clock().Advance(absl::Hours(1));
  Record(Activity(lead, "a1", "trial_started"));
  Record(Activity(lead, "a2", "page_view", "pricing"));
  harness_.Settle();
  v1::Policy policy = Current();
  for (v1::Signal& signal : *policy.mutable_signals()) {
    if (signal.name() == "trial_started") signal.set_points(80);
  }
  Publish(policy, "policies/more-1");
  const absl::Time published = harness_.clock().Now() - absl::Seconds(5);
  for (v1::Signal& signal : *policy.mutable_signals()) {
    if (signal.name() == "trial_started") signal.set_points(20);
  }
  Publish(policy, "policies/less-1");
  // An activity and a change come before the rescorer.
  harness_.clock().Advance(3 * kDay);
  v1::UpdateLeadRequest update;
  update.mutable_lead()->set_name(lead);
  (*update.mutable_lead()->mutable_attributes())["staff"].set_number(5);
  update.mutable_update_mask()->add_paths("attributes.staff");
  ASSERT_TRUE(Call<v1::Lead>("UpdateLead", update).ok());
  harness_.clock().Advance(absl::Minutes(1));
  Record(Activity(lead, "a3", "page_view", "roi"));
  ExpectOneStory(lead);
  std::string causes;
  for (const v1::LeadEvent& event : Told(lead)) {
    causes += event.lead_score_changed().cause() + " ";
    if (event.lead_score_changed().after().policy() == "policies/more-1") {
      EXPECT_EQ(scoring::FromProto(event.time()), published);
      EXPECT_GT(event.recorded_time().seconds(), event.time().seconds());
    }
  }
  EXPECT_EQ(causes, "attributes activity policy policy attributes activity ");
}

}  // namespace
}  // namespace finalmile::leads

#include <cmath>
#include <limits>

#include "libs/rpc/errors.h"
#include "services/leads/consumers/activity_consumer.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/engines_fixture.h"
#include "services/leads/scoring/long_recount.h"

namespace finalmile::leads {
namespace {

// What bounds the reading and the keeping of what leads did, on both engines.
class HistoryTest : public EnginesTest {};

constexpr std::string_view kAlone = "too many activities to be scored in passing";

TEST_P(HistoryTest, ALeadWithTooManyActivitiesIsCountedAloneAndTheOthersInPassing) {
  std::vector<std::string> names;
  for (const int count : {store::kWholeHistory - 1, store::kWholeHistory, store::kWholeHistory + 1}) {
    names.push_back(service().Create(Service::GoodLead()).name());
    RecordMany(names.back(), count, absl::Hours(24 * 20), "m" + std::to_string(count) + "-");
  }
  service().harness_.Settle();
  EXPECT_EQ(Logged(kAlone), 0);
  Publish("policies/next-1", 9);
  service().harness_.Settle();
  EXPECT_EQ(Logged(kAlone), 1);
  EXPECT_EQ(Logged(names.back()), 1);
  for (const std::string& name : names) {
    const v1::Score score = service().Get(name).score();
    EXPECT_EQ(score.policy(), "policies/next-1");
    const v1::ExplainScoreResponse explained = service().Explain(name);
    EXPECT_FALSE(explained.recounting());
    EXPECT_NEAR(explained.score().engagement(), score.engagement(), 1e-9);
    EXPECT_NEAR(Service::Sum(explained.reasons()), explained.score().score(), 1e-6);
  }
}

TEST_P(HistoryTest, ALeadThatWaitsToBeCountedStaysUnderItsPolicyAndGoesOn) {
  const std::string name = service().Create(Service::GoodLead()).name();
  RecordMany(name, store::kWholeHistory + 1, absl::Hours(24 * 20));
  service().harness_.Settle();
  const double before = service().Get(name).score().engagement();
  Publish("policies/next-1", 0);
  // The update comes before the rescorer.
  v1::UpdateLeadRequest update;
  update.mutable_lead()->set_name(name);
  (*update.mutable_lead()->mutable_attributes())["staff"].set_number(5);
  update.mutable_update_mask()->add_paths("attributes.staff");
  const auto updated = service().Call<v1::Lead>("UpdateLead", update);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->score().policy(), "policies/b2b-software-1");
  EXPECT_DOUBLE_EQ(updated->score().engagement(), before);
  EXPECT_TRUE(service().Explain(name).recounting());
  // A hand-raise needs no look back. Its event holds all activities in one reason.
  service().Record(service().Activity(name, "demo", "demo_request"));
  service().harness_.Consume();
  EXPECT_EQ(service().Get(name).score().policy(), "policies/b2b-software-1");
  EXPECT_EQ(service().Get(name).score().lane(), "hand-raise");
  service().harness_.Settle();
  EXPECT_EQ(service().Get(name).score().policy(), "policies/next-1");
  EXPECT_FALSE(service().Explain(name).recounting());
  EXPECT_NEAR(service().Get(name).score().engagement(), service().Explain(name).score().engagement(), 1e-9);
}

TEST_P(HistoryTest, CountingInPagesBeginsAgainWhereAnActivityCameBetween) {
  using Progress = scoring::LongRecount::Progress;
  const std::string name = service().Create(Service::GoodLead()).name();
  const domain::LeadId id(name.substr(sizeof("leads/") - 1));
  RecordMany(name, store::kWholeHistory + 1, absl::Hours(24 * 20));
  service().harness_.Settle();
  const auto set_aside = Transact([&](storage::Transaction& transaction) -> absl::StatusOr<bool> {
    RETURN_IF_ERROR(store::SetRecount(transaction, id, store::LeadState::kFromTheStart));
    return true;
  });
  ASSERT_TRUE(set_aside.ok()) << set_aside.status();

  scoring::Policies policies;
  const outbox::Cause cause = outbox::CauseOf("test");
  scoring::LongRecount recount(id);
  const auto page = [&](int rows) {
    scoring::LongRecount next = recount;
    const auto progress = Transact([&](storage::Transaction& transaction) {
      next = recount;
      return next.CountPage(transaction, policies,
                            {service().harness_.clock(), service().harness_.rng(), Now(), cause}, rows);
    });
    EXPECT_TRUE(progress.ok()) << progress.status();
    recount = next;
    return progress.value_or(Progress::kGone);
  };
  const auto record = [&](const std::string& activity, absl::Duration ago) {
    service().Record(service().Activity(name, activity, "page_view", "roi", ago));
    service().harness_.Consume();
  };
  EXPECT_EQ(page(500), Progress::kGoesOn);
  EXPECT_EQ(recount.counted(), 500);
  // The page ended at the 500th minute. What happened a second later will be read.
  record("later", absl::Hours(24 * 20) - absl::Minutes(499) - absl::Seconds(1));
  EXPECT_EQ(page(1), Progress::kGoesOn);
  EXPECT_EQ(recount.counted(), 501);
  // At the very moment of the last one, which was "later", and before it.
  record("same", absl::Hours(24 * 20) - absl::Minutes(499) - absl::Seconds(1));
  EXPECT_EQ(page(600), Progress::kBeganAgain);
  record("earlier", absl::Hours(24 * 21));
  EXPECT_EQ(page(900), Progress::kBeganAgain);
  EXPECT_EQ(page(900), Progress::kDone);
  EXPECT_EQ(recount.counted(), store::kWholeHistory + 4);
  EXPECT_EQ(page(900), Progress::kGone);
  EXPECT_NEAR(service().Get(name).score().engagement(), service().Explain(name).score().engagement(), 1e-9);
}

TEST_P(HistoryTest, OldActivitiesAreAddedUpAndLimitsRememberThem) {
  v1::Lead lead = Service::GoodLead();
  const std::string name = service().Create(lead).name();
  const std::string stub = "leads/0197f3a0-0000-7000-8000-000000000009";
  service().Record(service().Activity(name, "w1", "webinar_attended", "w1", absl::Hours(24 * 40)));
  service().Record(service().Activity(name, "p1", "page_view", "pricing", absl::Hours(24 * 40)));
  service().Record(service().Activity(name, "t1", "trial_started", "", absl::Hours(24 * 10)));
  service().Record(service().Activity(stub, "s1", "trial_started", "", absl::Hours(24 * 40)));
  service().harness_.Settle();
  // Two are older than 430 days then.
  service().harness_.clock().Advance(domain::kActivitiesKept - absl::Hours(24 * 40) + absl::Microseconds(1));
  const double before = service().Explain(name).score().engagement();
  EXPECT_EQ(CountRows("activities"), 4);
  service().harness_.Settle();
  EXPECT_EQ(CountRows("activities"), 1);
  EXPECT_EQ(CountRows("aged"), 2);
  const v1::ExplainScoreResponse after = service().Explain(name);
  EXPECT_NEAR(after.score().engagement(), before, 1e-12);
  EXPECT_NEAR(service().Get(name).score().engagement(), before, 1e-12);
  EXPECT_NEAR(Service::Sum(after.reasons()), after.score().score(), 1e-9);
  EXPECT_EQ(after.reasons(after.reasons_size() - 1).name(), "aged:activities");
  EXPECT_EQ(after.reasons(after.reasons_size() - 1).count(), 2);

  // The webinar was attended, and the policy counts it once, this one and the next.
  const auto points_of = [&](const std::string& reason) {
    const v1::ExplainScoreResponse explained = service().Explain(name);
    for (const v1::Reason& one : explained.reasons()) {
      if (one.name() == reason) return one.points();
    }
    return std::numeric_limits<double>::quiet_NaN();
  };
  service().Record(service().Activity(name, "w2", "webinar_attended", "w1"));
  service().harness_.Settle();
  EXPECT_EQ(points_of("webinar_attended"), 0);
  Publish("policies/next-1", 9);
  service().harness_.Settle();
  EXPECT_EQ(points_of("webinar_attended"), 0);
  EXPECT_NEAR(service().Get(name).score().engagement(), service().Explain(name).score().engagement(), 1e-9);
  // The stub becomes a lead with what is left.
  const v1::Lead late = service().Create(lead, stub.substr(sizeof("leads/") - 1));
  EXPECT_NEAR(late.score().engagement(), 40 * std::exp2(-430.0 / 30), 1e-6);
}

TEST_P(HistoryTest, WhatComesTooLateIsRefusedOrParked) {
  const std::string name = service().Create(Service::GoodLead()).name();
  const absl::Duration tick = absl::Microseconds(1);
  for (const absl::Duration ago : {domain::kHistory - tick, domain::kHistory, domain::kHistory + tick}) {
    v1::RecordActivityRequest request;
    *request.mutable_activity() =
        service().Activity(name, "a" + std::to_string(absl::ToInt64Microseconds(ago)), "click", "", ago);
    const auto recorded = service().Call<v1::RecordActivityResponse>("RecordActivity", request);
    if (ago <= domain::kHistory) {
      EXPECT_TRUE(recorded.ok()) << recorded.status();
      continue;
    }
    ASSERT_EQ(rpc::ViolationsOf(recorded.status()).size(), 1u) << recorded.status();
    EXPECT_EQ(rpc::ViolationsOf(recorded.status())[0].field(), "activity.event_time");
  }
  service().harness_.Settle();
  EXPECT_EQ(CountRows("parked"), 0);
  EXPECT_EQ(CountRows("activities"), 2);

  // Acknowledged in time, but the consumer gets it a month later: it is taken. What others write late is not.
  service().Record(service().Activity(name, "in-time", "click", "", domain::kHistory));
  const auto append = [&](const std::string& id, absl::Duration ago) {
    const v1::Activity activity = service().Activity(name, id, "click", "", ago);
    const std::shared_ptr<WaitEvent> wake = service().harness_.clock().NewWaitEvent();
    auto appended = service().harness_.events().StartAppend(
        {{outbox::TopicName<v1::Activity>(), activity.lead(), activity.SerializeAsString(), {}}},
        service().harness_.clock().Steady() + absl::Seconds(10), wake);
    ASSERT_TRUE(appended.ok()) << appended.status();
  };
  append("too-late", domain::kHistory + tick);
  service().harness_.clock().Advance(domain::kActivitiesKept - domain::kHistory - tick);
  service().harness_.Settle();
  EXPECT_EQ(CountRows("activities WHERE activity_id = 'in-time'"), 1);
  EXPECT_EQ(CountRows("parked"), 1);
  EXPECT_EQ(CountRows("activities"), 3);
}

TEST_P(HistoryTest, ThePastIsAnsweredForAsLongAsItIsKept) {
  const v1::Lead lead = service().Create(Service::GoodLead());
  const absl::Time created = Now();
  service().harness_.clock().Advance(absl::Hours(24));
  v1::UpdateLeadRequest update;
  update.mutable_lead()->set_name(lead.name());
  (*update.mutable_lead()->mutable_attributes())["staff"].set_number(5);
  update.mutable_update_mask()->add_paths("attributes.staff");
  ASSERT_TRUE(service().Call<v1::Lead>("UpdateLead", update).ok());
  service().harness_.clock().Advance(domain::kHistory - absl::Hours(24));
  service().harness_.Settle();
  const absl::Duration tick = absl::Microseconds(1);
  EXPECT_EQ(CountRows("fact_history"), 2);
  const auto first = ExplainAsOf(lead.name(), created);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_DOUBLE_EQ(first->score().fit(), lead.score().fit());
  EXPECT_TRUE(ExplainAsOf(lead.name(), created + tick).ok());
  service().harness_.clock().Advance(tick);
  const auto aged = ExplainAsOf(lead.name(), created);
  EXPECT_EQ(aged.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(rpc::ReasonOf(aged.status()), "HISTORY_AGED_OUT");

  service().harness_.clock().Advance(absl::Hours(24));
  service().harness_.Settle();
  EXPECT_EQ(CountRows("fact_history"), 1);
  EXPECT_TRUE(ExplainAsOf(lead.name(), Now() - domain::kHistory).ok());
  v1::ListScoreChangesRequest request;
  request.set_parent(lead.name());
  const auto changes = service().Call<v1::ListScoreChangesResponse>("ListScoreChanges", request);
  ASSERT_TRUE(changes.ok()) << changes.status();
  EXPECT_EQ(changes->changes_size(), 0);
  service().Record(service().Activity(lead.name(), "a1", "page_view", "pricing"));
  service().harness_.Settle();
  const auto now = service().Call<v1::ListScoreChangesResponse>("ListScoreChanges", request);
  ASSERT_TRUE(now.ok()) << now.status();
  ASSERT_EQ(now->changes_size(), 1);
  EXPECT_EQ(now->changes(0).cause(), "activity");
  EXPECT_LT(now->changes(0).before().fit(), lead.score().fit());
}

TEST_P(HistoryTest, ChangesArePlayedAgainFromSoManyActivitiesAtMost) {
  const std::string name = service().Create(Service::GoodLead()).name();
  RecordMany(name, 10'000, absl::Hours(24 * 20));
  service().harness_.Settle();
  v1::ListScoreChangesRequest request;
  request.set_parent(name);
  const auto listed = service().Call<v1::ListScoreChangesResponse>("ListScoreChanges", request);
  EXPECT_TRUE(listed.ok()) << listed.status();
  RecordMany(name, 1, absl::Minutes(1), "one-more");
  service().harness_.Settle();
  const auto refused = service().Call<v1::ListScoreChangesResponse>("ListScoreChanges", request);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(rpc::ReasonOf(refused.status()), "HISTORY_TOO_LONG");
}

TEST_P(HistoryTest, AnImportIsForgottenAfterItsTime) {
  const auto begin = [&](const std::string& id) {
    auto stream = service().harness_.channel().Open("/finalmile.leads.v1.LeadService/ImportLeads", {});
    v1::ImportLeadsRequest request;
    v1::ImportHeader& header = *request.mutable_header();
    header.set_request_id(id);
    header.add_columns("Id");
    header.mutable_mapping()->set_name("fair");
    header.mutable_mapping()->set_id_column("Id");
    header.mutable_mapping()->mutable_activity_time()->set_hours_before_import(0);
    v1::ImportLeadsResponse response;
    EXPECT_TRUE(stream->Write(request) && stream->Read(response));
    stream->WritesDone();
    while (stream->Read(response)) {
    }
    EXPECT_EQ(stream->Finish(), absl::OkStatus());
  };
  begin("run-1");
  service().harness_.clock().Advance(domain::kHistory);
  service().harness_.Settle();
  EXPECT_EQ(CountRows("imports"), 1);
  // One that an older program began counts from when the sweeper saw it first.
  ASSERT_TRUE(Transact([](storage::Transaction& transaction) {
                return transaction.Execute("UPDATE imports SET move_time = NULL");
              }).ok());
  service().harness_.clock().Advance(absl::Minutes(11));
  service().harness_.Settle();
  EXPECT_EQ(CountRows("imports"), 1);
  service().harness_.clock().Advance(domain::kHistory + absl::Microseconds(1));
  service().harness_.Settle();
  // The newest stays, so that no number comes twice.
  EXPECT_EQ(CountRows("imports"), 1);
  begin("run-2");
  EXPECT_EQ(CountRows("imports"), 2);
  service().harness_.clock().Advance(absl::Minutes(11));
  service().harness_.Settle();
  EXPECT_EQ(CountRows("imports"), 1);
}

INSTANTIATE_TEST_SUITE_P(Engines, HistoryTest,
                         ::testing::Values(storage::Engine::kSqlite, storage::Engine::kPostgres),
                         [](const auto& info) {
                           return info.param == storage::Engine::kSqlite ? "Sqlite" : "Postgres";
                         });

}  // namespace
}  // namespace finalmile::leads

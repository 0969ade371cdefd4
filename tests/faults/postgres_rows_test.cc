#include <gtest/gtest.h>

#include <iostream>
#include <set>
#include <thread>

#include "libs/base/status.h"
#include "libs/outbox/outbox.h"
#include "libs/rpc/errors.h"
#include "libs/testing/fault_proxy.h"
#include "libs/testing/postgres_server.h"
#include "libs/testing/scripted_session.h"
#include "libs/testing/temporary_folder.h"
#include "tests/faults/service.h"

// Rows F7, F11, F16, F24 and F29 of the fault table: the leads service on a PostgreSQL reached through a
// proxy that breaks connections.
namespace finalmile::faults {
namespace {

using testing::FaultProxy;

const std::string kCommit("COMMIT\0", 7);

class FaultRowsOnPostgres : public ::testing::Test {
 protected:
  void SetUp() override {
    auto postgres = testing::SharedPostgres();
    FINALMILE_NEEDS_POSTGRES(postgres);
    postgres_ = *postgres;
    auto name = postgres_->CreateDatabase();
    ASSERT_TRUE(name.ok()) << name.status();
    auto proxy = FaultProxy::Start("127.0.0.1:" + std::to_string(postgres_->port()), *clock_);
    ASSERT_TRUE(proxy.ok()) << proxy.status();
    proxy_ = *std::move(proxy);
    sound_store_ = postgres_->url(*name);
    auto service = Service::Start(
        {.store = "postgresql://postgres@127.0.0.1:" + std::to_string(proxy_->port()) + "/" + *name,
         .sound_store = sound_store_,
         .events = "local:" + folder_.path() + "/events.db"});
    ASSERT_TRUE(service.ok()) << service.status();
    service_ = *std::move(service);
  }

  void CheckLedger(int64_t parked = 0) {
    const auto counts = service_->Check(parked);
    ASSERT_TRUE(counts.ok()) << counts.status();
    std::cout << "ledger: " << *counts << "; " << service_->retries() << " calls repeated\n";
  }

  std::string Create(const std::string& request_id) {
    const auto lead = service_->Create(request_id);
    EXPECT_TRUE(lead.ok()) << lead.status();
    return lead.ok() ? lead->name() : "";
  }

  absl::Duration In(absl::Duration span) const { return clock_->Steady() + span; }

  storage::Result Query(const std::string& sql) {
    storage::Result result;
    const absl::Status status = service_->database().Transact(
        {.deadline = In(absl::Seconds(10))}, [&](storage::Transaction& transaction) -> absl::Status {
          ASSIGN_OR_RETURN(result, transaction.Execute(sql));
          return absl::OkStatus();
        });
    EXPECT_TRUE(status.ok()) << status;
    return result;
  }

  // Whether the topic holds `seq` of `key` before the deadline.
  bool Sent(const std::string& key, int64_t seq, absl::Duration within) {
    auto wake = clock_->NewWaitEvent();
    const absl::Duration deadline = In(within);
    auto tail = service_->events().OpenTail({"finalmile.leads.events.v1"}, events::TailFrom::kStart,
                                            In(absl::Seconds(10)), *wake);
    EXPECT_TRUE(tail.ok());
    while (true) {
      const auto records = (*tail)->Poll(1000);
      EXPECT_TRUE(records.ok());
      for (const events::Record& record : *records) {
        if (record.key == key && outbox::SeqOf(record).value_or(0) == seq) return true;
      }
      if (records->empty() && !wake->WaitUntil(deadline)) return false;
      wake->Clear();
    }
  }

  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  testing::TemporaryFolder folder_;
  testing::PostgresServer* postgres_ = nullptr;
  std::string sound_store_;
  std::unique_ptr<FaultProxy> proxy_;
  std::unique_ptr<Service> service_;
};

// Death and freeze of a whole process are rows of tests/chaos; here sessions die, which both relays survive.
TEST_F(FaultRowsOnPostgres, F7OfTwoRelaysOneIsActiveAndEitherTakesOver) {
  auto second = Service::Start({.store = sound_store_, .log = &service_->events()});
  ASSERT_TRUE(second.ok()) << second.status();
  const std::string locks =
      " FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database "
      "WHERE datname = current_database())";
  const std::string lead = Create("lead");
  int64_t seq = 2;
  for (int round = 0; round < 4; ++round) {
    EXPECT_TRUE(service_->SetOwner(lead, "a" + std::to_string(round)).ok());
    const std::string owner = "b" + std::to_string(round);
    EXPECT_TRUE((*second)->SetOwner(lead, owner).ok());
    service_->ledger().NoteOwner(lead, owner);
    seq += 2;
    EXPECT_TRUE(Sent(lead, seq, absl::Seconds(10))) << "nobody took over";
    const storage::Result held =
        Query("SELECT COUNT(*), COUNT(DISTINCT CAST(classid AS TEXT) || ' ' || CAST(objid AS TEXT))" + locks);
    EXPECT_GT(held.rows[0].Int(0), 0);
    EXPECT_EQ(held.rows[0].Int(0), held.rows[0].Int(1)) << "a lock has two holders";
    Query("SELECT COUNT(pg_terminate_backend(pid))" + locks);
  }
  CheckLedger();
}

// A call waits for a lead's row while a new policy is published and the lead scored under it.
TEST_F(FaultRowsOnPostgres, WhoWaitedForALeadDoesNotTakeItBackUnderTheOldPolicy) {
  const std::string lead = Create("lead");
  const std::string id = lead.substr(std::string("leads/").size());
  testing::ScriptedSession rescorer(service_->database(), *clock_);
  ASSERT_TRUE(rescorer.Execute("SELECT id FROM leads WHERE id = $1 FOR UPDATE", {id}).ok());
  absl::Status changed;
  std::thread caller([&] { changed = service_->SetOwner(lead, "owner"); });
  const auto pause = clock_->NewWaitEvent();
  const absl::Duration give_up = In(absl::Seconds(10));
  int64_t waiting = 0;
  while (waiting == 0 && clock_->Steady() < give_up) {
    pause->WaitUntil(In(absl::Milliseconds(5)));
    waiting = Query("SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'").rows[0].Int(0);
  }
  EXPECT_EQ(waiting, 1);
  EXPECT_TRUE(rescorer
                  .Execute("INSERT INTO policies (number, name, content, publish_time) SELECT 2, "
                           "'policies/second', content, publish_time FROM policies WHERE number = 1")
                  .ok());
  EXPECT_TRUE(rescorer.Execute("UPDATE leads SET policy = 2 WHERE id = $1", {id}).ok());
  EXPECT_TRUE(rescorer.Commit().ok());
  caller.join();
  EXPECT_TRUE(changed.ok()) << changed;
  EXPECT_EQ(Query("SELECT policy FROM leads").rows[0].Int(0), 2);
  CheckLedger();
}

TEST_F(FaultRowsOnPostgres, F11LateCommitIsNeitherSkippedNorWaitedFor) {
  const std::string late = Create("late");
  const std::string other = Create("other");
  ASSERT_TRUE(Sent(late, 2, absl::Seconds(10)));

  // A transaction elsewhere in the cluster that has an id and does not end.
  auto elsewhere = postgres_->CreateDatabase();
  ASSERT_TRUE(elsewhere.ok());
  auto neighbour = storage::Open(postgres_->url(*elsewhere), *clock_, {});
  ASSERT_TRUE(neighbour.ok()) << neighbour.status();
  testing::ScriptedSession longest(**neighbour, *clock_);
  ASSERT_TRUE(longest.Execute("CREATE TABLE held (id BIGINT)").ok());

  // A writer that has its outbox row's id and commits later than those with higher ids.
  auto written = clock_->NewWaitEvent();
  auto commit = clock_->NewWaitEvent();
  absl::Status committed;
  std::thread writer([&] {
    committed = service_->database().Transact(
        {.deadline = In(absl::Seconds(20))}, [&](storage::Transaction& transaction) -> absl::Status {
          auto row = transaction.Execute("UPDATE leads SET seq = seq + 1 WHERE id = $1 RETURNING seq",
                                         {late.substr(sizeof("leads/") - 1)});
          if (!row.ok()) return row.status();
          absl::Status wrote = outbox::Write(transaction, {{.topic = "finalmile.leads.events.v1",
                                                            .key = late,
                                                            .seq = row->rows[0].Int(0),
                                                            .id = "late",
                                                            .source = "/finalmile/leads",
                                                            .type = "finalmile.leads.v1.LeadUpdated",
                                                            .time = clock_->Now(),
                                                            .trace = {},
                                                            .value = ""}});
          written->Set();
          commit->WaitUntil(In(absl::Seconds(15)));
          return wrote;
        });
  });
  ASSERT_TRUE(written->WaitUntil(In(absl::Seconds(10))));

  // Others overtake it, and what follows it on its own lead waits for it.
  EXPECT_TRUE(service_->SetOwner(other, "o1").ok());
  EXPECT_TRUE(Sent(other, 3, absl::Seconds(5))) << "the relay stands still";
  EXPECT_FALSE(Sent(late, 3, absl::ZeroDuration()));
  std::thread follower([&] { EXPECT_TRUE(service_->SetOwner(late, "o2").ok()); });
  EXPECT_FALSE(Sent(late, 4, absl::Milliseconds(300)));
  commit->Set();
  writer.join();
  follower.join();
  EXPECT_TRUE(committed.ok()) << committed;
  EXPECT_TRUE(Sent(late, 4, absl::Seconds(10)));
  longest.Rollback().IgnoreError();
  CheckLedger();
}

TEST_F(FaultRowsOnPostgres, F16ConnectionCutDuringCommitHasOneEffectAfterARetry) {
  const std::string lead = Create("first");
  for (int round = 0; round < 12; ++round) {
    const std::string id = std::to_string(round);
    // Cut before COMMIT arrives, or when it took effect and before its answer.
    proxy_->CutAt({.pattern = kCommit, .forward = round % 2 == 1});
    switch (round % 3) {
      case 0:
        Create("c" + id);
        break;
      case 1:
        EXPECT_TRUE(service_->SetOwner(lead, "o" + id).ok());
        break;
      default:
        // The consumer's batch is what is cut.
        EXPECT_TRUE(service_->Record(lead, "a" + id).ok());
    }
    const absl::Duration deadline = In(absl::Seconds(10));
    auto pause = clock_->NewWaitEvent();
    while (proxy_->cuts() <= round && clock_->Steady() < deadline) {
      pause->WaitUntil(In(absl::Milliseconds(10)));
    }
    ASSERT_EQ(proxy_->cuts(), round + 1) << "nothing was cut";
  }
  CheckLedger();
}

TEST_F(FaultRowsOnPostgres, F16CallsWithoutARequestIdHearThatTheOutcomeIsUnknown) {
  leads::v1::CreateLeadRequest request;
  request.mutable_lead()->set_company("Example");
  absl::Status heard;
  // Background work commits too, and may be what is cut.
  for (int tries = 0; heard.ok() && tries < 20; ++tries) {
    proxy_->CutAt({.pattern = kCommit, .forward = true});
    heard = service_->Call<leads::v1::Lead>("CreateLead", request).status();
  }
  EXPECT_EQ(heard.code(), absl::StatusCode::kUnknown) << heard;
  EXPECT_NE(heard.message().find("request_id"), absl::string_view::npos) << heard;
}

TEST_F(FaultRowsOnPostgres, F24HalfOpenConnectionsAreLeftAndReplaced) {
  const std::string lead = Create("before");
  proxy_->Freeze(true);
  leads::v1::UpdateLeadRequest request;
  request.set_request_id("frozen");
  request.mutable_lead()->set_name(lead);
  request.mutable_lead()->set_owner("frozen");
  request.mutable_update_mask()->add_paths("owner");
  const absl::Duration start = clock_->Steady();
  const auto stuck = service_->Call<leads::v1::Lead>("UpdateLead", request, absl::Seconds(1));
  EXPECT_FALSE(stuck.ok());
  EXPECT_LT(clock_->Steady() - start, absl::Seconds(3)) << "a call ends at its deadline";
  // What hung is never heard of again, as when the other machine has lost its power.
  proxy_->Cut();
  proxy_->Freeze(false);
  EXPECT_TRUE(service_->SetOwner(lead, "frozen").ok());
  EXPECT_TRUE(service_->Record(lead, "a1").ok());
  CheckLedger();
}

TEST_F(FaultRowsOnPostgres, F29OneRequestIdAHundredAtOnceHasOneEffect) {
  constexpr int kAtOnce = 100;
  leads::v1::CreateLeadRequest request;
  request.set_request_id("once");
  request.mutable_lead()->set_company("Example");
  std::vector<std::string> names(kAtOnce);
  std::vector<std::thread> callers;
  for (int i = 0; i < kAtOnce; ++i) {
    callers.emplace_back([&, i] {
      const auto lead = service_->Call<leads::v1::Lead>("CreateLead", request, absl::Seconds(20));
      EXPECT_TRUE(lead.ok()) << lead.status();
      if (lead.ok()) names[i] = lead->SerializeAsString();
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), 1u) << "all hear the same reply";
  leads::v1::Lead lead;
  ASSERT_TRUE(lead.ParseFromString(names[0]));
  service_->ledger().NoteLead(lead.name());

  request.mutable_lead()->set_company("Other");
  const auto changed = service_->Call<leads::v1::Lead>("CreateLead", request);
  EXPECT_EQ(changed.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(rpc::ReasonOf(changed.status()), "REQUEST_ID_REUSED");
  CheckLedger();
}

TEST_F(FaultRowsOnPostgres, F29OfARepeatedActivityTheFirstStandsAndAConflictIsParked) {
  constexpr int kAtOnce = 100;
  const std::string lead = Create("lead");
  ASSERT_TRUE(service_->Record(lead, "a1").ok());
  const leads::v1::RecordActivityRequest same = service_->RequestOf(lead, "a1", "pricing");
  std::vector<std::thread> callers;
  for (int i = 0; i < kAtOnce; ++i) {
    callers.emplace_back([&] {
      const auto recorded =
          service_->Call<leads::v1::RecordActivityResponse>("RecordActivity", same, absl::Seconds(20));
      EXPECT_TRUE(recorded.ok()) << recorded.status();
    });
  }
  for (std::thread& caller : callers) caller.join();
  ASSERT_TRUE(
      service_
          ->Call<leads::v1::RecordActivityResponse>("RecordActivity", service_->RequestOf(lead, "a1", "roi"))
          .ok());
  // Behind it on the same lead.
  ASSERT_TRUE(service_->Record(lead, "a2", "product").ok());
  CheckLedger(1);
  leads::v1::ListActivitiesRequest list;
  list.set_parent(lead);
  const auto activities = service_->Call<leads::v1::ListActivitiesResponse>("ListActivities", list);
  ASSERT_TRUE(activities.ok()) << activities.status();
  EXPECT_EQ(activities->activities_size(), 2);
  for (const auto& recorded : activities->activities()) EXPECT_NE(recorded.activity().subject(), "roi");
}

}  // namespace
}  // namespace finalmile::faults

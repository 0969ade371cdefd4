#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>

#include "finalmile/leads/v1/activity.pb.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/base/status.h"
#include "libs/outbox/parked.h"
#include "libs/outbox/topic.h"
#include "libs/rpc/errors.h"
#include "libs/testing/module_harness.h"
#include "services/leads/wiring.h"
#include "tests/faults/ledger.h"

// Rows F9, F10, F12, F14 and F23 of the fault table: the leads service on the embedded engines, in an order
// and at times that the test decides.
namespace finalmile::faults {
namespace {

const std::string& ActivitiesTopic() { return outbox::TopicName<leads::v1::Activity>(); }
const std::string& EventsTopic() { return outbox::TopicName<leads::v1::LeadEvent>(); }
constexpr char kSource[] = "web";

class FaultRowsEmbedded : public ::testing::Test {
 protected:
  template <class Response>
  absl::StatusOr<Response> Call(const std::string& method, const google::protobuf::Message& request) {
    return harness_.channel().Call<Response>("/finalmile.leads.v1.LeadService/" + method, request);
  }

  leads::v1::Lead GoodLead() {
    leads::v1::Lead lead;
    lead.set_company("Example GmbH");
    (*lead.mutable_attributes())["staff"].set_number(300);
    (*lead.mutable_attributes())["industry"].set_text("software");
    (*lead.mutable_attributes())["title"].set_text("VP Sales");
    return lead;
  }

  std::string Create() {
    leads::v1::CreateLeadRequest request;
    *request.mutable_lead() = GoodLead();
    const auto lead = Call<leads::v1::Lead>("CreateLead", request);
    EXPECT_TRUE(lead.ok()) << lead.status();
    if (!lead.ok()) return "";
    ledger_.NoteLead(lead->name());
    return lead->name();
  }

  leads::v1::Activity Activity(const std::string& lead, const std::string& id, const std::string& type,
                               const std::string& subject, absl::Time time) {
    leads::v1::Activity activity;
    activity.set_lead(lead);
    activity.set_source(kSource);
    activity.set_activity_id(id);
    activity.set_type(type);
    activity.set_subject(subject);
    activity.mutable_event_time()->set_seconds(absl::ToUnixSeconds(time));
    return activity;
  }

  // Acknowledged, and so in the ledger.
  void Record(const leads::v1::Activity& activity) {
    leads::v1::RecordActivityRequest request;
    *request.mutable_activity() = activity;
    const auto recorded = Call<leads::v1::RecordActivityResponse>("RecordActivity", request);
    ASSERT_TRUE(recorded.ok()) << recorded.status();
    ledger_.NoteActivity(activity.activity_id(), activity.lead());
  }

  leads::v1::Score ScoreOf(const std::string& name) {
    leads::v1::GetLeadRequest request;
    request.set_name(name);
    const auto lead = Call<leads::v1::Lead>("GetLead", request);
    EXPECT_TRUE(lead.ok()) << lead.status();
    return lead.ok() ? lead->score() : leads::v1::Score();
  }

  storage::Result Query(const std::string& sql) {
    storage::Result result;
    const absl::Status status =
        harness_.database().Transact({.deadline = harness_.clock().Steady() + absl::Seconds(30)},
                                     [&](storage::Transaction& transaction) -> absl::Status {
                                       ASSIGN_OR_RETURN(result, transaction.Execute(sql));
                                       return absl::OkStatus();
                                     });
    EXPECT_TRUE(status.ok()) << status;
    return result;
  }

  // Everything in the store but how often its consumer joined the group and tried what it set aside.
  std::vector<storage::Row> Everything() {
    std::vector<storage::Row> all;
    for (const char* table :
         {"SELECT * FROM leads ORDER BY id", "SELECT * FROM profiles ORDER BY lead",
          "SELECT * FROM fact_history ORDER BY lead, version", "SELECT * FROM outbox ORDER BY id",
          "SELECT * FROM activities ORDER BY source, activity_id",
          "SELECT topic, partition, next_offset FROM consumer_offsets ORDER BY topic, partition",
          "SELECT topic, partition, record_offset, key, state, reason, value FROM parked ORDER BY 1, 2, 3"}) {
      storage::Result result = Query(table);
      std::move(result.rows.begin(), result.rows.end(), std::back_inserter(all));
    }
    return all;
  }

  void CheckLedger(int64_t parked = 0) {
    harness_.Settle();
    const auto counts =
        ledger_.Check({.database = harness_.database(),
                       .events = harness_.events(),
                       .clock = harness_.clock(),
                       .call =
                           [this](const std::string& method, const google::protobuf::Message& request,
                                  google::protobuf::Message& reply) {
                             return harness_.channel().CallMessage(
                                 "/finalmile.leads.v1.LeadService/" + method, request, reply, {});
                           },
                       .patience = absl::ZeroDuration(),
                       .parked = parked});
    ASSERT_TRUE(counts.ok()) << counts.status();
    std::cout << "ledger: " << *counts << "\n";
  }

  testing::ModuleHarness harness_{leads::kModule};
  Ledger ledger_{kSource};
};

// One history of many leads, each taken in in an order of its own, with repeats, in batches of its own.
TEST_F(FaultRowsEmbedded, F9PermutedHistoriesGiveTheSameState) {
  constexpr int kLeads = 12;
  constexpr int kLength = 60;
  struct Step {
    const char* type;
    const char* subject;
    absl::Time time;
  };
  // Limits per week, per subject, once and in points, and hand-raises, over five weeks.
  constexpr std::pair<const char*, const char*> kKinds[] = {
      {"page_view", "pricing"}, {"page_view", "roi"}, {"page_view", "product"},
      {"page_view", "about"},   {"click", ""},        {"webinar_attended", "w"},
      {"trial_started", ""},    {"demo_request", ""}};
  const absl::Time now = harness_.clock().Now();
  Rng& rng = harness_.rng();
  std::vector<Step> history;
  for (int i = 0; i < kLength; ++i) {
    // Several at the same moment, too.
    const auto& [type, subject] = kKinds[rng.Below(rng.Below(3) == 0 ? std::size(kKinds) : 4)];
    history.push_back({type, subject, now - absl::Hours(6) * static_cast<int64_t>(rng.Below(140))});
  }
  std::vector<std::string> names;
  std::vector<std::vector<size_t>> orders;
  for (int lead = 0; lead < kLeads; ++lead) {
    names.push_back(Create());
    std::vector<size_t>& order = orders.emplace_back();
    for (size_t i = 0; i < history.size(); ++i) order.push_back(i);
    if (lead > 0) {
      for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[rng.Below(i)]);
    }
    for (int repeats = 0; repeats < lead; ++repeats) {
      order.insert(order.begin() + static_cast<std::ptrdiff_t>(rng.Below(order.size() + 1)),
                   rng.Below(history.size()));
    }
  }
  for (size_t at = 0; at < kLength + kLeads; ++at) {
    for (int lead = 0; lead < kLeads; ++lead) {
      if (at >= orders[lead].size()) continue;
      const size_t i = orders[lead][at];
      // The id decides among activities at one moment: it must rank alike for every lead.
      Record(Activity(names[lead], std::to_string(1000 + i) + "-" + std::to_string(lead), history[i].type,
                      history[i].subject, history[i].time));
    }
    if (rng.Below(4) == 0) harness_.Settle();
  }
  harness_.Settle();
  const leads::v1::Score first = ScoreOf(names[0]);
  EXPECT_GT(first.engagement(), 50);
  for (const std::string& name : names) {
    const leads::v1::Score score = ScoreOf(name);
    EXPECT_NEAR(score.engagement(), first.engagement(), 1e-9 * first.engagement());
    EXPECT_EQ(score.fit(), first.fit());
    EXPECT_EQ(score.grade(), first.grade());
  }
  CheckLedger();
}

TEST_F(FaultRowsEmbedded, F10ReadAgainFromOffsetZeroChangesAndSendsNothing) {
  const absl::Time now = harness_.clock().Now();
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) names.push_back(Create());
  for (int i = 0; i < 400; ++i) {
    Record(Activity(names[i % names.size()], std::to_string(i), i % 40 == 39 ? "demo_request" : "page_view",
                    i % 3 == 0 ? "pricing" : "product", now - absl::Hours(i)));
    if (i % 100 == 99) harness_.Settle();
  }
  // An activity before its lead, one that is a repeat with another body, and bytes that are none.
  const std::string unknown = "leads/0197f3a0-0000-7000-8000-000000000001";
  Record(Activity(unknown, "early", "page_view", "pricing", now));
  leads::v1::RecordActivityRequest conflict;
  *conflict.mutable_activity() = Activity(names[0], "0", "page_view", "roi", now);
  ASSERT_TRUE(Call<leads::v1::RecordActivityResponse>("RecordActivity", conflict).ok());
  ASSERT_TRUE(harness_.events()
                  .Append({{ActivitiesTopic(), names[1], "\xFF\xFF", {}}},
                          harness_.clock().Steady() + absl::Seconds(10))
                  .ok());
  CheckLedger(2);
  const std::vector<storage::Row> before = Everything();
  const size_t sent = harness_.ReadTopic(EventsTopic()).size();
  ASSERT_GT(sent, 100u);

  Query("UPDATE consumer_offsets SET next_offset = 0");
  harness_.Restart();
  // What a clock has done since must not matter.
  harness_.clock().Advance(absl::Minutes(1));
  harness_.Settle();
  EXPECT_EQ(harness_.consumer(0).stats().records, 401) << "all but those that are set aside";
  const std::vector<storage::Row> after = Everything();
  ASSERT_EQ(after.size(), before.size());
  for (size_t i = 0; i < after.size(); ++i) EXPECT_TRUE(after[i].values() == before[i].values()) << i;
  EXPECT_EQ(harness_.ReadTopic(EventsTopic()).size(), sent);
  CheckLedger(2);
}

TEST_F(FaultRowsEmbedded, F12PoisonIsParkedInBoundedTriesAndTheOthersGoOn) {
  constexpr int kRecords = 10'000;
  const absl::Time now = harness_.clock().Now();
  std::vector<std::string> names;
  for (int i = 0; i < 50; ++i) names.push_back(Create());
  harness_.Settle();
  std::vector<events::Message> messages;
  for (int i = 0; i < kRecords; ++i) {
    const std::string& name = names[i % names.size()];
    leads::v1::Activity activity =
        Activity(name, std::to_string(i), "page_view", "product", now - absl::Minutes(i));
    if (i == kRecords / 2) {
      // It has the right form and is wrong for a while: its source's clock is an hour ahead.
      activity.mutable_event_time()->set_seconds(absl::ToUnixSeconds(now + absl::Hours(1)));
    }
    ledger_.NoteActivity(activity.activity_id(), name);
    messages.push_back({ActivitiesTopic(), name, activity.SerializeAsString(), {}});
  }
  messages.insert(messages.begin() + kRecords / 3, {ActivitiesTopic(), names[7], "\xFF no activity", {}});
  ASSERT_TRUE(harness_.events().Append(messages, harness_.clock().Steady() + absl::Seconds(60)).ok());
  harness_.Settle();
  const outbox::ConsumerStats stats = harness_.consumer(0).stats();
  EXPECT_EQ(stats.parked, 2);
  EXPECT_EQ(stats.records, kRecords - 1);
  EXPECT_LT(stats.batches, 100) << "the others of a batch are not slowed down to one by one for long";
  EXPECT_EQ(Query("SELECT COUNT(*) FROM activities").rows[0].Int(0), kRecords - 1);

  // Each is named with its reason and stays until a person decides.
  const storage::Result parked =
      Query("SELECT topic, partition, record_offset, key, reason, tries FROM parked ORDER BY LENGTH(value)");
  ASSERT_EQ(parked.rows.size(), 2u);
  for (const storage::Row& row : parked.rows) EXPECT_LE(row.Int(5), 5) << row.Text(4);
  const auto resolve = [&](size_t index, bool retry) {
    const storage::Row& row = parked.rows[index];
    const absl::Duration deadline = harness_.clock().Steady() + absl::Seconds(10);
    outbox::Consumer& consumer = harness_.consumer(0);
    return retry ? consumer.Retry(row.Text(0), static_cast<int32_t>(row.Int(1)), row.Int(2), deadline)
                 : consumer.Skip(row.Text(0), static_cast<int32_t>(row.Int(1)), row.Int(2), deadline);
  };
  EXPECT_TRUE(absl::IsFailedPrecondition(resolve(0, true))) << "bytes that are no activity stay so";
  EXPECT_TRUE(absl::IsFailedPrecondition(resolve(1, true))) << "it has not happened yet";
  EXPECT_EQ(Query("SELECT COUNT(*) FROM parked").rows[0].Int(0), 2);
  EXPECT_TRUE(resolve(0, false).ok());
  harness_.clock().Advance(absl::Hours(1));
  const absl::Status retried = resolve(1, true);
  EXPECT_TRUE(retried.ok()) << retried;
  CheckLedger();
}

TEST_F(FaultRowsEmbedded, F14OversizedMessagesAreRefusedBeforeAnythingIsStored) {
  const std::string name = Create();
  harness_.Settle();
  // The log's limit counts key, value and headers; what is over it never leaves the caller.
  const int64_t limit = harness_.events().max_message_bytes();
  const auto append = [&](int64_t bytes) {
    // Behind one that would fit: all or none.
    return harness_.events().Append(
        {{ActivitiesTopic(), name, "small", {}},
         {ActivitiesTopic(), name, std::string(static_cast<size_t>(bytes) - name.size(), 'x'), {}}},
        harness_.clock().Steady() + absl::Seconds(10));
  };
  const absl::Status over = append(limit + 1);
  EXPECT_TRUE(absl::IsInvalidArgument(over)) << over;
  EXPECT_EQ(harness_.ReadTopic(ActivitiesTopic()).size(), 0u);
  EXPECT_TRUE(append(limit).ok());
  EXPECT_TRUE(append(limit - 1).ok());
  EXPECT_EQ(harness_.ReadTopic(ActivitiesTopic()).size(), 4u);

  // No field of an activity lets one grow so far: each has a limit of its own.
  leads::v1::RecordActivitiesRequest request;
  *request.add_activities() = Activity(name, "a1", "page_view", "pricing", harness_.clock().Now());
  *request.add_activities() =
      Activity(name, "a2", "page_view", std::string(static_cast<size_t>(limit), 'x'), harness_.clock().Now());
  const auto recorded = Call<leads::v1::RecordActivitiesResponse>("RecordActivities", request);
  ASSERT_TRUE(recorded.ok()) << recorded.status();
  ASSERT_EQ(recorded->rejects_size(), 1);
  EXPECT_EQ(recorded->rejects(0).index(), 1);
  EXPECT_EQ(recorded->rejects(0).field(), "subject");
  ledger_.NoteActivity("a1", name);
  EXPECT_EQ(harness_.ReadTopic(ActivitiesTopic()).size(), 5u);
  CheckLedger(4);
}

TEST_F(FaultRowsEmbedded, F14TheLargestEventThatAPolicyCanMakeFitsIntoTheLog) {
  // Every fact a lead may have, as large as it may be.
  leads::v1::CreateLeadRequest request;
  leads::v1::Lead& lead = *request.mutable_lead();
  for (int i = 0; i < 200; ++i) {
    (*lead.mutable_attributes())["a" + std::to_string(i) + std::string(50, 'x')].set_text(
        std::string(1000, 'y'));
  }
  lead.set_owner(std::string(256, 'o'));
  lead.set_campaign(std::string(256, 'c'));
  lead.set_lead_source(std::string(256, 's'));
  const auto created = Call<leads::v1::Lead>("CreateLead", request);
  ASSERT_TRUE(created.ok()) << created.status();
  ledger_.NoteLead(created->name());
  leads::v1::UpdateLeadRequest update;
  update.mutable_lead()->set_name(created->name());
  update.mutable_lead()->set_owner("o");
  update.mutable_update_mask()->add_paths("attributes");
  update.mutable_update_mask()->add_paths("owner");
  ASSERT_TRUE(Call<leads::v1::Lead>("UpdateLead", update).ok());
  ledger_.NoteOwner(created->name(), "o");
  CheckLedger();
  for (const events::Record& record : harness_.ReadTopic(EventsTopic())) {
    EXPECT_LT(static_cast<int64_t>(record.value.size()), harness_.events().max_message_bytes() / 4);
  }
}

TEST_F(FaultRowsEmbedded, F23JumpsOfTheWallClockDisturbNeitherOrderNorTimeouts) {
  const absl::Time start = harness_.clock().Now();
  std::vector<std::string> names;
  for (int i = 0; i < 4; ++i) names.push_back(Create());
  for (int i = 0; i < 200; ++i) {
    if (i % 10 == 5) {
      harness_.clock().SetNow(start + (i % 20 == 5 ? absl::Hours(1) : -absl::Hours(1)));
    }
    harness_.clock().Advance(absl::Milliseconds(10));
    Record(Activity(names[i % names.size()], std::to_string(i), "page_view", i % 2 == 0 ? "pricing" : "roi",
                    harness_.clock().Now()));
    if (i % 20 == 12) {
      leads::v1::UpdateLeadRequest update;
      update.set_request_id(std::to_string(i));
      update.mutable_lead()->set_name(names[0]);
      update.mutable_lead()->set_owner(std::to_string(i));
      update.mutable_update_mask()->add_paths("owner");
      const auto updated = Call<leads::v1::Lead>("UpdateLead", update);
      ASSERT_TRUE(updated.ok()) << updated.status();
      ledger_.NoteOwner(names[0], std::to_string(i));
    }
    // No wait of the steps is counted by the wall clock, so nothing is left behind when it is set back.
    if (i % 7 == 0) {
      harness_.Settle();
      EXPECT_EQ(Query("SELECT COUNT(*) FROM outbox").rows[0].Int(0), 0);
    }
  }
  harness_.clock().SetNow(start + absl::Hours(2));
  CheckLedger();
}

}  // namespace
}  // namespace finalmile::faults

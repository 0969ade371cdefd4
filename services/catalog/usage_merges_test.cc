#include <functional>
#include <set>

#include "libs/base/status.h"
#include "libs/rpc/timestamps.h"
#include "services/catalog/usage_fixture.h"

// Two leads that were the same.
namespace finalmile::catalog {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);

class MergesTest : public UsageTest {
 protected:
  leads::v1::LeadEvent MergedOf(const std::string& from, const std::string& into) {
    leads::v1::LeadEvent event = LeadEventOf(from);
    event.mutable_lead_merged()->set_into(into);
    return event;
  }
  leads::v1::LeadEvent PermissionOf(const std::string& lead, leads::v1::PermissionState state) {
    leads::v1::LeadEvent event = LeadEventOf(lead);
    auto& changed = *event.mutable_contact_permission_changed();
    changed.set_channel(leads::v1::CHANNEL_EMAIL);
    changed.set_purpose("sales");
    changed.set_state(state);
    return event;
  }
  void TellLead(const leads::v1::LeadEvent& event) { Append(outbox::ToOutbox(event)); }
  int64_t Rows(const std::string& table, const std::string& lead) {
    return CountRows(table, "lead = '" + lead + "'");
  }
  bool Denied(const std::string& lead) {
    return CountRows("permissions", "lead = '" + lead + "' AND channel = 1 AND NOT allowed") == 1;
  }

  const std::string kFrom = LeadName("from");
  const std::string kInto = LeadName("into");
};

INSTANTIATE_TEST_SUITE_P(Engines, MergesTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(MergesTest, EverythingMovesAndWhatComesLaterFollows) {
  const std::string asset = Published("Letter").name();
  Use(asset, kFrom);
  Use(asset, kInto);
  RecordOwn(Words(900, 30), kFrom);
  v1::RecommendAssetsRequest recommend;
  recommend.set_lead(kFrom);
  ASSERT_TRUE(Recommend(recommend).ok());
  TellSet("m1", kFrom, {asset});
  TellLead(PermissionOf(kFrom, leads::v1::PERMISSION_STATE_DENIED));
  TellLead(MergedOf(kFrom, kInto));
  for (const char* table : {"uses", "offers", "meetings", "own_texts", "permissions"}) {
    EXPECT_EQ(Rows(table, kFrom), 0) << table;
    EXPECT_GT(Rows(table, kInto), 0) << table;
  }
  EXPECT_TRUE(Denied(kInto));
  // Both uses are one attempt, and the meeting counts once.
  Advance(30 * kDay);
  EXPECT_EQ(Credit(asset), Counts(1, 1, 0));
  EXPECT_EQ(Performance(asset).used(), 2);
  TellHeld("m1", kFrom, {asset});
  EXPECT_EQ(Credit(asset), Counts(1, 1, 1));

  // Under the old name, and by a token of it, whichever lead is named.
  v1::RecordUseRequest request = UseOf(Token(asset, kFrom));
  for (const std::string& lead : {std::string(), kFrom, kInto}) {
    request.set_lead(lead);
    EXPECT_EQ(Record(request).lead(), kInto);
    EXPECT_EQ(EventsOf(Event::kAssetUsed).back().asset_used().lead(), kInto);
  }
  request.set_lead(LeadName("other"));
  EXPECT_EQ(RefusedField(request), "lead");
  ASSERT_TRUE(Recommend(recommend).ok());
  v1::RecordViewRequest view;
  view.set_asset(asset);
  view.set_lead(kFrom);
  ASSERT_TRUE(Ask<v1::RecordViewResponse>("RecordView", view).ok());
  EXPECT_EQ(EventsOf(Event::kAssetViewed)[0].asset_viewed().lead(), kInto);
  TellSet("m2", kFrom, {asset});
  for (const char* table : {"uses", "offers", "meetings"}) EXPECT_EQ(Rows(table, kFrom), 0) << table;
  EXPECT_EQ(Rows("meetings", kInto), 2);
}

TEST_P(MergesTest, WhatHadMaturedIsCountedOnce) {
  const std::string asset = Published("Letter").name();
  Use(asset, kFrom);
  Use(asset, kInto);
  TellHeld("m1", kFrom, {asset});
  TellHeld("m2", kInto, {asset});
  Advance(30 * kDay);
  EXPECT_EQ(Credit(asset), Counts(2, 2, 2));
  TellLead(MergedOf(kFrom, kInto));
  EXPECT_EQ(Credit(asset), Counts(1, 1, 1));
}

TEST_P(MergesTest, OneMessageToBothIsOneUse) {
  const std::string asset = Published("Letter").name();
  v1::RecordUseRequest request = UseOf("", Words(1, 40));
  request.set_message_id("<m@example.com>");
  for (const std::string& lead : {kFrom, kInto}) {
    request.set_lead(lead);
    EXPECT_EQ(Record(request).asset(), asset);
  }
  EXPECT_EQ(Performance(asset).used(), 2);
  TellLead(MergedOf(kFrom, kInto));
  EXPECT_EQ(Performance(asset).used(), 1);
  EXPECT_EQ(CountRows("uses"), 1);
  request.set_lead(kFrom);
  Record(request);
  EXPECT_EQ(Performance(asset).used(), 1);
}

TEST_P(MergesTest, ChainsOfMergesEndAtTheLastAndAnErasureTakesAll) {
  const std::string asset = Published("Letter").name();
  const std::string middle = LeadName("middle");
  const std::string token = Token(asset, kFrom);
  Use(asset, kFrom);
  AppendAll({outbox::ToOutbox(MergedOf(middle, kInto)), outbox::ToOutbox(MergedOf(kFrom, middle))});
  EXPECT_EQ(Rows("uses", kInto), 1);
  // Nobody is merged into itself.
  TellLead(MergedOf(kInto, kFrom));
  v1::RecordUseRequest request = UseOf(token);
  request.set_lead(kFrom);
  EXPECT_EQ(Record(request).lead(), kInto);
  // The mark of a merged lead outlives the others.
  Advance(402 * kDay);
  EXPECT_EQ(CountRows("leads", "merged_into <> ''"), 2);
  request.set_use_token(Token(asset, kFrom));
  EXPECT_EQ(Record(request).lead(), kInto);
  leads::v1::LeadEvent erased = LeadEventOf(kInto);
  erased.mutable_lead_erased();
  TellLead(erased);
  EXPECT_EQ(CountRows("uses"), 0);
  EXPECT_EQ(rpc::ReasonOf(Ask<v1::RecordUseResponse>("RecordUse", request).status()), "LEAD_ERASED");
}

// Leads are told of in the order of their events, each, and appointments in theirs; between them any order,
// and any number of times.
TEST_P(MergesTest, AnyOrderOfAllTopicsComesToTheSame) {
  const auto rng = NewSeededRng(23);
  std::set<std::string> outcomes;
  for (int run = 0; run < 24; ++run) {
    const std::string name = "r" + std::to_string(run);
    const std::string from = LeadName(name + "from");
    const std::string into = LeadName(name + "into");
    const std::string asset = Published(name, 100 * run + 1).name();
    for (const std::string& lead : {from, into}) {
      v1::RecordUseRequest request = UseOf(Token(asset, lead));
      request.set_lead(lead);
      Record(request);
    }
    // Minutes after the uses.
    const absl::Time begin = harness_.clock().Now();
    std::vector<std::vector<outbox::OutgoingEvent>> keys(3);
    const auto lead_event = [&](int minute, leads::v1::LeadEvent event) {
      *event.mutable_time() = rpc::ToTimestamp(begin + absl::Minutes(minute));
      keys[event.key() == from ? 0 : 1].push_back(outbox::ToOutbox(event));
    };
    const auto ready = [&](const std::string& lead, int cycle) {
      leads::v1::LeadEvent event = LeadEventOf(lead);
      event.mutable_lead_became_sales_ready()->set_cycle(cycle);
      event.mutable_lead_became_sales_ready()->set_grade("A1");
      return event;
    };
    lead_event(1, ready(from, 1));
    lead_event(2, PermissionOf(from, leads::v1::PERMISSION_STATE_DENIED));
    lead_event(6, MergedOf(from, into));
    lead_event(1, ready(into, 1));
    lead_event(3, PermissionOf(into, leads::v1::PERMISSION_STATE_DENIED));
    lead_event(4, PermissionOf(into, leads::v1::PERMISSION_STATE_ALLOWED));
    lead_event(5, StageOf(into, leads::v1::STAGE_MEETING_SET));
    lead_event(9, ready(into, 2));
    const auto appointment = [&](int minute,
                                 const std::function<void(appointments::v1::AppointmentEvent&)>& what) {
      auto event = Appointment(name);
      *event.mutable_time() = rpc::ToTimestamp(begin + absl::Minutes(minute));
      what(event);
      keys[2].push_back(ToOutbox(event));
    };
    appointment(2, [&](auto& event) {
      event.mutable_appointment_set()->set_meeting_kind("initial");
      event.mutable_appointment_set()->set_cycle(1);
      Touched(*event.mutable_appointment_set(), from, {asset});
    });
    appointment(3, [&](auto& event) { event.mutable_appointment_rescheduled()->set_lead(from); });
    appointment(8, [&](auto& event) {
      event.mutable_appointment_held()->set_meeting_kind("initial");
      event.mutable_appointment_held()->set_cycle(1);
      Touched(*event.mutable_appointment_held(), from, {asset});
    });
    std::vector<size_t> next(keys.size());
    std::vector<outbox::OutgoingEvent> batch;
    while (next[0] < keys[0].size() || next[1] < keys[1].size() || next[2] < keys[2].size()) {
      const size_t key = rng->Below(keys.size());
      if (next[key] == keys[key].size()) continue;
      batch.push_back(keys[key][next[key]++]);
      // One that was given before, too.
      if (rng->Below(3) == 0) batch.push_back(keys[key][rng->Below(next[key])]);
      if (rng->Below(2) == 0) AppendAll(std::exchange(batch, {}));
    }
    AppendAll(batch);
    Advance(30 * kDay);
    const auto [matured, set, held] = Credit(asset);
    const std::string row = "lead = '" + into + "' AND cycle = 1 AND NOT cycle_ended AND merged_into = ''";
    std::string history;
    const absl::Status read = harness_.database().Transact(
        {.deadline = harness_.clock().Steady() + absl::Seconds(5), .read_only = true},
        [&](storage::Transaction& transaction) -> absl::Status {
          ASSIGN_OR_RETURN(const auto rows,
                           transaction.Execute("SELECT history FROM leads WHERE lead = $1", {into}));
          history = rows.rows[0].Text(0);
          return absl::OkStatus();
        });
    ASSERT_TRUE(read.ok()) << read;
    // Times differ from run to run.
    std::erase_if(history, [](char c) { return c >= '0' && c <= '9'; });
    outcomes.insert(std::to_string(matured) + std::to_string(set) + std::to_string(held) + " " +
                    std::to_string(CountRows("leads", row)) + std::to_string(Rows("uses", into)) +
                    std::to_string(Rows("meetings", into)) + std::to_string(Rows("uses", from)) +
                    std::to_string(Rows("meetings", from)) + std::to_string(Rows("permissions", from)) +
                    (Denied(into) ? " denied " : " allowed ") + history);
  }
  ASSERT_EQ(outcomes.size(), 1u) << ::testing::PrintToString(outcomes);
  EXPECT_TRUE(outcomes.begin()->starts_with("111 121000 denied ")) << *outcomes.begin();
}

// A denial wins over what was said before the merge, and not over what is said after it.
TEST_P(MergesTest, ADenialWins) {
  TellLead(PermissionOf(kFrom, leads::v1::PERMISSION_STATE_DENIED));
  Advance(absl::Minutes(1));
  TellLead(PermissionOf(kInto, leads::v1::PERMISSION_STATE_ALLOWED));
  Advance(absl::Minutes(1));
  TellLead(MergedOf(kFrom, kInto));
  EXPECT_TRUE(Denied(kInto));
  Advance(absl::Minutes(1));
  TellLead(PermissionOf(kInto, leads::v1::PERMISSION_STATE_ALLOWED));
  EXPECT_FALSE(Denied(kInto));
}

}  // namespace
}  // namespace finalmile::catalog

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>

#include "finalmile/coaching/v1/coaching_event.pb.h"
#include "libs/base/status.h"
#include "services/appointments/meetings_fixture.h"

// Rows F9 and F10 of the fault table for the appointments service.
namespace finalmile::appointments {
namespace {

using coaching::v1::CoachingEvent;
using leads::v1::LeadEvent;

constexpr int kOrders = 40;

class Service : public MeetingsTest {
 public:
  void TestBody() override {}
  using MeetingsTest::As;
  using MeetingsTest::At;
  using MeetingsTest::Call;
  using MeetingsTest::harness_;
  using MeetingsTest::MakeHost;
  using MeetingsTest::MoveTo;
  using MeetingsTest::MustBook;
  using MeetingsTest::Outcome;
  using MeetingsTest::Ready;
  using MeetingsTest::Touched;

  // The known facts of these leads, a line each, and of talk tracks.
  std::string StateOf(const std::vector<std::string>& leads) {
    std::string text;
    for (const std::string& lead : leads) {
      const v1::MeetingRequest request = Of(lead);
      text += lead + ": " + v1::MeetingRequest::State_Name(request.state());
      if (request.state() != v1::MeetingRequest::STATE_CLOSED)
        text += (request.hand_raise() ? " hand-raise " : " ") + request.deadline().ShortDebugString();
      for (const v1::ChannelPermission& permission : request.permissions())
        text += " " + permission.ShortDebugString();
      text += " " + std::to_string(Count("touches WHERE lead = '" + Lead(lead) + "'")) + " touches\n";
    }
    for (const storage::Row& row : Query("SELECT id, situation, certificate_version FROM talk_tracks"))
      text += row.Text(0) + " for " + row.Text(1) + " from " + std::to_string(row.Int(2)) + "\n";
    for (const storage::Row& row : Query("SELECT rep, talk_track, version FROM mastery ORDER BY rep"))
      text += row.Text(0) + " mastered " + row.Text(1) + " " + std::to_string(row.Int(2)) + "\n";
    return text;
  }
  std::vector<std::vector<events::Message>> Histories() {
    std::vector<std::vector<events::Message>> histories;
    const auto begin = [&] { histories.emplace_back(); };
    const auto add = [&](const LeadEvent& event) {
      histories.back().push_back(outbox::ToMessage(outbox::ToOutbox(event)));
    };
    // What a lead denied before it was merged counts against what the other one had allowed, and not against
    // what it allowed later.
    const absl::Time merged = harness_.clock().Now() - absl::Hours(1);
    constexpr leads::v1::PermissionState kAllowed = leads::v1::PERMISSION_STATE_ALLOWED;
    constexpr leads::v1::PermissionState kDenied = leads::v1::PERMISSION_STATE_DENIED;
    begin();
    add(ReadyEvent("ana", {.grade = "A1"}));
    for (const auto channel : {leads::v1::CHANNEL_PHONE, leads::v1::CHANNEL_EMAIL})
      add(Permission("ana", channel, kDenied, merged - absl::Minutes(2)));
    add(MergedInto("ana", "ben", merged));
    begin();
    add(ReadyEvent("ben", {.grade = "C2"}));
    for (const auto channel : {leads::v1::CHANNEL_PHONE, leads::v1::CHANNEL_EMAIL})
      add(Permission("ben", channel, kAllowed, merged - absl::Minutes(1)));
    add(Permission("ben", leads::v1::CHANNEL_PHONE, kAllowed, merged + absl::Minutes(1)));
    begin();
    add(ReadyEvent("cleo", {}));
    add(CooledEvent("cleo"));
    add(ReadyEvent("cleo", {.hand_raise = true}));
    begin();
    add(ReadyEvent("dan", {.hand_raise = true}));
    add(ErasedEvent("dan"));
    begin();
    add(Permission("eve", leads::v1::CHANNEL_EMAIL, kAllowed, merged));
    add(ReadyEvent("eve", {.grade = "B1", .owner = "kim"}));
    int64_t seq = 0;
    begin();
    for (const char* lead : {"ana", "ben", "cleo", "eve", "ana"}) {
      outbox::Cause cause;
      auto event = outbox::NewEvent<catalog::v1::CatalogEvent>(
          {harness_.clock(), harness_.rng(), harness_.clock().Now(), cause}, "assets/case-study", ++seq);
      event.mutable_asset_used()->set_version(seq);
      event.mutable_asset_used()->set_lead(Lead(lead));
      histories.back().push_back(outbox::ToMessage(outbox::ToOutbox(event)));
    }
    const auto say = [&](const std::string& key, const std::function<void(CoachingEvent&)>& set) {
      const outbox::Cause cause;
      auto event =
          outbox::NewEvent<CoachingEvent>({harness_.clock(), harness_.rng(), harness_.clock().Now(), cause},
                                          key, static_cast<int64_t>(histories.back().size()) + 1);
      set(event);
      histories.back().push_back(outbox::ToMessage(outbox::ToOutbox(event)));
    };
    begin();
    for (const int64_t version : {1, 2, 3}) {
      say("talkTracks/fleet", [&](CoachingEvent& event) {
        event.mutable_talk_track_published()->set_version(version);
        event.mutable_talk_track_published()->set_situation(version == 1 ? "fleet" : "new-fleet-manager");
        event.mutable_talk_track_published()->set_recertify(version < 3);
      });
    }
    const auto mastered = [](int64_t version) {
      return [version](CoachingEvent& event) {
        event.mutable_talk_track_mastered()->set_talk_track("talkTracks/fleet");
        event.mutable_talk_track_mastered()->set_version(version);
      };
    };
    const auto lapsed = [](CoachingEvent& event) {
      event.mutable_mastery_lapsed()->set_talk_track("talkTracks/fleet");
    };
    for (const char* rep : {"reps/kim", "reps/ben"}) {
      begin();
      say(rep, mastered(1));
      say(rep, lapsed);
      say(rep, mastered(2));
    }
    say("reps/ben", lapsed);
    return histories;
  }
  void Take(const std::vector<events::Message>& messages) {
    EXPECT_EQ(harness_.events().Append(messages, harness_.clock().Steady() + absl::Seconds(5)),
              absl::OkStatus());
    harness_.Settle();
  }
  // Everything in the store but how often its consumers joined their groups.
  std::vector<storage::Row> Everything() {
    std::vector<storage::Row> all;
    for (const char* table :
         {"leads", "meeting_requests", "attempts", "hosts", "claims", "appointments", "appointment_changes",
          "touches", "talk_tracks", "mastery", "outbox", "parked"}) {
      std::vector<storage::Row> rows = Query(std::string("SELECT * FROM ") + table + " ORDER BY 1, 2");
      std::move(rows.begin(), rows.end(), std::back_inserter(all));
    }
    return all;
  }
  void ReadAgainFromTheStart() {
    Query("UPDATE consumer_offsets SET next_offset = 0");
    harness_.Restart();
    harness_.Settle();
  }
  // How many records all consumers are past.
  int64_t Consumed() {
    int64_t consumed = 0;
    for (const storage::Row& row : Query("SELECT next_offset FROM consumer_offsets")) consumed += row.Int(0);
    return consumed;
  }

 private:
  std::vector<storage::Row> Query(const std::string& sql) {
    storage::Result result;
    const absl::Status done =
        harness_.database().Transact({.deadline = harness_.clock().Steady() + absl::Seconds(5)},
                                     [&](storage::Transaction& transaction) -> absl::Status {
                                       ASSIGN_OR_RETURN(result, transaction.Execute(sql));
                                       return absl::OkStatus();
                                     });
    EXPECT_EQ(done, absl::OkStatus());
    return result.rows;
  }
  LeadEvent Permission(const std::string& lead, leads::v1::Channel channel, leads::v1::PermissionState state,
                       absl::Time time) {
    LeadEvent event = NextOf(lead);
    *event.mutable_time() = rpc::ToTimestamp(time);
    event.mutable_contact_permission_changed()->set_channel(channel);
    event.mutable_contact_permission_changed()->set_purpose("sales");
    event.mutable_contact_permission_changed()->set_state(state);
    return event;
  }
  LeadEvent MergedInto(const std::string& lead, const std::string& into, absl::Time time) {
    LeadEvent event = NextOf(lead);
    *event.mutable_time() = rpc::ToTimestamp(time);
    event.mutable_lead_merged()->set_into(Lead(into));
    return event;
  }
  LeadEvent CooledEvent(const std::string& lead) {
    LeadEvent event = NextOf(lead);
    event.mutable_lead_cooled()->set_cause("faded");
    return event;
  }
  LeadEvent ErasedEvent(const std::string& lead) {
    LeadEvent event = NextOf(lead);
    event.mutable_lead_erased();
    return event;
  }
};

// Events of one key come in their order, as the log keeps them; those of several in any order, and some
// twice.
TEST(FaultRowsOfAppointments, F9EventsInAnyOrderAndTwiceGiveTheSameState) {
  const std::vector<std::string> leads = {"ben", "cleo", "dan", "eve"};
  std::string first;
  for (int order = 0; order < kOrders; ++order) {
    Service service;
    std::vector<std::vector<events::Message>> histories = service.Histories();
    const std::unique_ptr<Rng> rng = NewSeededRng(static_cast<uint64_t>(order));
    std::vector<size_t> next(histories.size(), 0);
    std::vector<events::Message> taken;
    size_t left = 0;
    for (const auto& history : histories) left += history.size();
    while (left > 0) {
      const size_t one = order == 0 ? 0 : rng->Below(histories.size());
      size_t which = one;
      while (next[which] == histories[which].size()) which = (which + 1) % histories.size();
      taken.push_back(histories[which][next[which]++]);
      --left;
      // A relay that was not sure sends again what it sent last of a key, and perhaps all before it.
      if (order > 0 && rng->Below(4) == 0) {
        for (size_t i = rng->Below(next[which]); i < next[which]; ++i) taken.push_back(histories[which][i]);
      }
      // In batches of several sizes.
      if (rng->Below(3) == 0) {
        service.Take(taken);
        taken.clear();
      }
    }
    service.Take(taken);
    const std::string state = service.StateOf(leads);
    if (order == 0) first = state;
    ASSERT_EQ(state, first) << "order " << order;
  }
  EXPECT_THAT(first,
              ::testing::HasSubstr("channel: CHANNEL_EMAIL state: PERMISSION_STATE_DENIED "
                                   "channel: CHANNEL_PHONE state: PERMISSION_STATE_ALLOWED 3 touches"));
  EXPECT_THAT(first, ::testing::HasSubstr("fleet for new-fleet-manager from 2\nkim mastered fleet 2\n"));
  EXPECT_THAT(first, ::testing::Not(::testing::HasSubstr("ben mastered")));
}

TEST(FaultRowsOfAppointments, F10ReadAgainFromOffsetZeroChangesAndSendsNothing) {
  Service service;
  service.MakeHost("ben");
  for (const std::vector<events::Message>& history : service.Histories()) service.Take(history);
  const v1::Appointment held = service.MustBook("eve", Service::At(2, 9));
  service.MustBook("cleo", Service::At(3, 9));
  service.MoveTo(Service::At(2, 10));
  ASSERT_TRUE(service.Outcome("ben", held.name(), v1::OutcomeCorrected::OUTCOME_HELD).ok());
  service.harness_.Settle();
  const std::vector<storage::Row> before = service.Everything();
  const int64_t consumed = service.Consumed();
  ASSERT_GT(consumed, 10);
  const size_t sent = service.harness_.ReadTopic(outbox::TopicName<v1::AppointmentEvent>()).size();
  ASSERT_GT(sent, 10u);
  service.ReadAgainFromTheStart();
  EXPECT_EQ(service.Consumed(), consumed);
  const std::vector<storage::Row> after = service.Everything();
  ASSERT_EQ(after.size(), before.size());
  for (size_t i = 0; i < after.size(); ++i) EXPECT_TRUE(after[i].values() == before[i].values()) << i;
  EXPECT_EQ(service.harness_.ReadTopic(outbox::TopicName<v1::AppointmentEvent>()).size(), sent);
}

}  // namespace
}  // namespace finalmile::appointments

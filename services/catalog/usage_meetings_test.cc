#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "libs/rpc/timestamps.h"
#include "services/catalog/usage_fixture.h"

// The contract with the appointments service: events as it sends them, with every field.
namespace finalmile::catalog {
namespace {

using appointments::v1::AppointmentEvent;
using appointments::v1::OutcomeCorrected;

constexpr absl::Duration kDay = absl::Hours(24);

class MeetingsTest : public UsageTest {
 protected:
  void SetUp() override {
    UsageTest::SetUp();
    if (IsSkipped()) return;
    used_ = Published("Used", 1).name();
    offered_ = Published("Offered", 100).name();
    withheld_ = Published("Withheld", 200).name();
    for (const std::string& asset : {used_, offered_, withheld_}) Use(asset, kLead);
  }

  // The whole frozen list, and what else all of these events say.
  template <class Of>
  Of& Complete(Of& event) {
    event.set_meeting_kind("initial");
    event.set_host("hana");
    event.set_setter("sam");
    event.set_meeting_request("meetingRequests/" + testing::UuidOf("request"));
    event.set_ready_seq(7);
    event.set_cycle(1);
    event.set_situation("renewal");
    Touched(event, kLead, {used_, "talkTracks/opening", "campaigns/spring"});
    Touched(event, kLead, {offered_}, "offered");
    Touched(event, kLead, {withheld_}, "withheld");
    for (auto& touch : *event.mutable_touches()) *touch.mutable_time() = rpc::ToTimestamp(begin_);
    return event;
  }
  AppointmentEvent Set() {
    AppointmentEvent event = Appointment("m1");
    auto& set = Complete(*event.mutable_appointment_set());
    *set.mutable_start_time() = rpc::ToTimestamp(begin_ + kDay);
    *set.mutable_end_time() = rpc::ToTimestamp(begin_ + kDay + absl::Minutes(30));
    set.set_attempts(3);
    return event;
  }
  AppointmentEvent Held() {
    AppointmentEvent event = Appointment("m1");
    Complete(*event.mutable_appointment_held());
    return event;
  }
  AppointmentEvent NoShow(const std::string& by) {
    AppointmentEvent event = Appointment("m1");
    Complete(*event.mutable_appointment_no_show()).set_by(by);
    return event;
  }
  AppointmentEvent Cancelled(const std::string& by) {
    AppointmentEvent event = Appointment("m1");
    Complete(*event.mutable_appointment_cancelled()).set_by(by);
    return event;
  }
  AppointmentEvent Corrected(OutcomeCorrected::Outcome before, OutcomeCorrected::Outcome after) {
    AppointmentEvent event = Appointment("m1");
    auto& corrected = Complete(*event.mutable_outcome_corrected());
    corrected.set_before(before);
    corrected.set_after(after);
    return event;
  }
  AppointmentEvent Rescheduled() {
    AppointmentEvent event = Appointment("m1");
    auto& rescheduled = *event.mutable_appointment_rescheduled();
    rescheduled.set_lead(kLead);
    rescheduled.set_host_before("hana");
    rescheduled.set_host("hugo");
    *rescheduled.mutable_start_time() = rpc::ToTimestamp(begin_ + 2 * kDay);
    rescheduled.set_sequence(1);
    return event;
  }

  const std::string kLead = LeadName("1");
  const absl::Time begin_ = harness_.clock().Now();
  std::string used_;
  std::string offered_;
  std::string withheld_;
};

INSTANTIATE_TEST_SUITE_P(Engines, MeetingsTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(MeetingsTest, CreditFollowsWhatBecameOfTheMeeting) {
  Tell(Set());
  EXPECT_EQ(CountRows("meeting_touches"), 1);
  Advance(30 * kDay);
  EXPECT_EQ(Credit(used_), Counts(1, 1, 0));
  const std::pair<AppointmentEvent, std::tuple<int64_t, int64_t, int64_t>> steps[] = {
      // Set again, as at a new date: it counts once.
      {Set(), {1, 1, 0}},
      {Rescheduled(), {1, 1, 0}},
      {Held(), {1, 1, 1}},
      {Corrected(OutcomeCorrected::OUTCOME_HELD, OutcomeCorrected::OUTCOME_GUEST_NO_SHOW), {1, 1, 0}},
      {Corrected(OutcomeCorrected::OUTCOME_GUEST_NO_SHOW, OutcomeCorrected::OUTCOME_HELD), {1, 1, 1}},
      {Corrected(OutcomeCorrected::OUTCOME_HELD, OutcomeCorrected::OUTCOME_HOST_NO_SHOW), {0, 0, 0}},
      {NoShow("host"), {0, 0, 0}},
      {Rescheduled(), {0, 0, 0}},
      {Set(), {1, 1, 0}},
      {NoShow("guest"), {1, 1, 0}},
      {Cancelled("us"), {0, 0, 0}},
      {Cancelled("guest"), {1, 1, 0}},
      {Held(), {1, 1, 1}}};
  for (const auto& [event, counts] : steps) {
    const std::string what = event.ShortDebugString();
    Tell(event);
    EXPECT_EQ(Credit(used_), counts) << what;
    EXPECT_EQ(Credit(offered_), Counts(1, 0, 0)) << what;
    EXPECT_EQ(Credit(withheld_), Counts(1, 0, 0)) << what;
    EXPECT_EQ(CountRows("meeting_touches"), 1) << what;
    EXPECT_EQ(CountRows("meetings"), 1) << what;
  }
  EXPECT_EQ(CountRows("parked"), 0);
}

TEST_P(MeetingsTest, RepeatsChangeNothing) {
  const AppointmentEvent events[] = {Set(), Rescheduled(), Held()};
  for (const AppointmentEvent& event : events) {
    Tell(event);
    Tell(event);
  }
  Advance(30 * kDay);
  for (const AppointmentEvent& event : events) Tell(event);
  EXPECT_EQ(Credit(used_), Counts(1, 1, 1));
  EXPECT_EQ(CountRows("meeting_touches"), 1);
}

}  // namespace
}  // namespace finalmile::catalog

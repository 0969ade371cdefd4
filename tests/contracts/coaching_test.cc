#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "finalmile/coaching/v1/coaching_event.pb.h"
#include "finalmile/coaching/v1/practice_service.pb.h"
#include "finalmile/coaching/v1/talk_track_service.pb.h"
#include "libs/rpc/timestamps.h"
#include "libs/testing/module_harness.h"
#include "libs/testing/uuid_of.h"
#include "services/appointments/wiring.h"
#include "services/coaching/domain/practice/rubric.h"
#include "services/coaching/wiring.h"
#include "tests/contracts/forwarding.h"

// The loop of practice: a meeting makes its host rehearse, practice makes the host master the situation, and
// mastery weighs in who is given the next meeting. By the services' own events alone.
namespace finalmile::contracts {
namespace {

using appointments::v1::Appointment;
using coaching::v1::Assignment;
using coaching::v1::CoachingEvent;

constexpr char kTrack[] = "talkTracks/fleet";
constexpr char kSituation[] = "new-fleet-manager";

std::string Words(int count) {
  std::string text = "word";
  for (int i = 1; i < count; ++i) text += " word";
  return text;
}

// A Tuesday.
absl::Time At(int day, int hour) {
  return absl::FromCivil(absl::CivilHour(2026, 12, day, hour), absl::UTCTimeZone());
}

template <class Response>
Response Must(rpc::Channel& channel, const std::string& method, const google::protobuf::Message& request) {
  const auto answer = channel.Call<Response>("/finalmile." + method, request);
  EXPECT_TRUE(answer.ok()) << method << ": " << answer.status();
  return answer.ok() ? *answer : Response();
}

// Makes a host of the appointments service.
void MakeHost(testing::ModuleHarness& appointments, const std::string& name) {
  appointments::v1::UpsertHostRequest request;
  request.mutable_host()->set_name("hosts/" + name);
  Must<appointments::v1::Host>(appointments.channel(), "appointments.v1.AppointmentService/UpsertHost",
                               request);
}
// At 9, 10, 11 … of a day, each in the situation: the hosts whose turn it is.
std::vector<Appointment> BookAll(testing::ModuleHarness& appointments, int day, int count) {
  std::vector<Appointment> booked;
  for (int i = 0; i < count; ++i) {
    appointments::v1::BookAppointmentRequest request;
    request.set_lead("leads/" + testing::UuidOf(fmt::format("{}-{}", day, i)));
    *request.mutable_start_time() = rpc::ToTimestamp(At(day, 9 + i));
    request.set_situation(kSituation);
    booked.push_back(Must<Appointment>(appointments.channel(),
                                       "appointments.v1.AppointmentService/BookAppointment", request));
  }
  return booked;
}
std::vector<std::string> HostsOf(const std::vector<Appointment>& meetings) {
  std::vector<std::string> hosts;
  for (const Appointment& meeting : meetings) hosts.push_back(meeting.host());
  return hosts;
}

class CoachingContractTest : public ::testing::TestWithParam<Sender> {
 protected:
  CoachingContractTest() { MoveTo(At(1, 8)); }
  // Whatever was sent was taken.
  void TearDown() override {
    for (testing::ModuleHarness* one : {&coaching_, &appointments_}) EXPECT_EQ(ParkedIn(*one), 0);
  }

  void MoveTo(absl::Time time) {
    for (testing::ModuleHarness* one : {&coaching_, &appointments_}) one->clock().SetNow(time);
    Exchange();
  }
  // Until neither service has anything new to say to the other.
  void Exchange() {
    for (bool news = true; news;) {
      for (testing::ModuleHarness* one : {&coaching_, &appointments_}) one->Settle();
      news = forwarding_.Forward<CoachingEvent>(coaching_, {&appointments_});
      news = forwarding_.Forward<appointments::v1::AppointmentEvent>(appointments_, {&coaching_}) || news;
    }
  }
  // All records again.
  void Repeat() {
    forwarding_.Repeat<CoachingEvent>();
    forwarding_.Repeat<appointments::v1::AppointmentEvent>();
    Exchange();
  }

  rpc::Channel& As(const std::string& name) {
    std::unique_ptr<rpc::Channel>& channel = channels_[name];
    if (channel == nullptr) {
      channel =
          coaching_.ChannelAs(name, {name == "cora" ? finalmile::v1::ROLE_COACH : finalmile::v1::ROLE_HOST});
    }
    return *channel;
  }

  void PublishTrack(bool recertify) {
    coaching::v1::PublishTalkTrackRequest request;
    request.set_name(kTrack);
    request.set_recertify(recertify);
    Must<coaching::v1::PublishTalkTrackResponse>(As("cora"), "coaching.v1.TalkTrackService/PublishTalkTrack",
                                                 request);
    Exchange();
  }
  void MakeTrack() {
    coaching::v1::CreateTalkTrackRequest create;
    create.set_talk_track_id("fleet");
    coaching::v1::TalkTrack& track = *create.mutable_talk_track();
    track.set_owner("cora");
    track.set_title("New fleet manager");
    track.set_situation(kSituation);
    coaching::v1::Story& story = *track.mutable_story();
    for (std::string* part : {story.mutable_hook(), story.mutable_before(), story.mutable_after(),
                              story.mutable_number(), story.mutable_question()})
      *part = "30 percent";
    story.set_telling_short(Words(20));
    story.set_telling_medium(Words(100));
    story.set_telling_long(Words(300));
    coaching::v1::KeyMessage& message = *track.add_key_messages();
    message.set_id("idle");
    message.set_text("cut idle time");
    message.set_required(true);
    Must<coaching::v1::TalkTrack>(As("cora"), "coaching.v1.TalkTrackService/CreateTalkTrack", create);
    coaching::v1::AddExampleRequest add;
    add.set_parent(kTrack);
    add.mutable_example()->set_title("First call");
    add.mutable_example()->set_provenance(coaching::v1::Example::PROVENANCE_STAGED);
    for (const auto role : {coaching::v1::Turn::ROLE_REP, coaching::v1::Turn::ROLE_GUEST}) {
      coaching::v1::Turn& turn = *add.mutable_example()->add_turns();
      turn.set_speaker(coaching::v1::Turn::Role_Name(role));
      turn.set_role(role);
      turn.set_text("How many trucks?");
    }
    Must<coaching::v1::Example>(As("cora"), "coaching.v1.TalkTrackService/AddExample", add);
    PublishTrack(false);
  }

  std::string Practise(const std::string& rep) {
    coaching::v1::SubmitPracticeRequest request;
    request.mutable_practice()->set_talk_track(kTrack);
    request.mutable_practice()->set_written("We cut your idle time.");
    std::string name = Must<coaching::v1::SubmitPracticeResponse>(
                           As(rep), "coaching.v1.PracticeService/SubmitPractice", request)
                           .practice()
                           .name();
    Exchange();
    return name;
  }
  void Review(const std::string& practice, int level) {
    coaching::v1::SubmitReviewRequest request;
    request.set_name(practice);
    for (const coaching::Criterion& criterion : coaching::FirstConversation().criteria) {
      coaching::v1::CriterionLevel& one = *request.mutable_review()->add_levels();
      one.set_criterion(criterion.id);
      one.set_level(level);
    }
    Must<coaching::v1::SubmitReviewResponse>(As("cora"), "coaching.v1.PracticeService/SubmitReview", request);
    Exchange();
  }
  // On three days from `day` on, the last one reviewed; the last practice.
  std::string Master(const std::string& rep, int day) {
    std::string practice;
    for (int i = 0; i < 3; ++i) {
      MoveTo(At(day + i, 8));
      practice = Practise(rep);
    }
    Review(practice, 3);
    return practice;
  }

  // What the rep is to rehearse before meetings.
  std::vector<Assignment> Rehearsals(const std::string& rep) {
    const auto listed = Must<coaching::v1::ListDuePracticeResponse>(
        As(rep), "coaching.v1.PracticeService/ListDuePractice", coaching::v1::ListDuePracticeRequest());
    std::vector<Assignment> rehearsals;
    for (const coaching::v1::DuePractice& one : listed.due()) {
      if (one.reason() == coaching::v1::DuePractice::REASON_MEETING) rehearsals.push_back(one.assignment());
    }
    return rehearsals;
  }

  testing::ModuleHarness coaching_{coaching::kModule};
  testing::ModuleHarness appointments_{appointments::kModule};

 private:
  Forwarding forwarding_{GetParam()};
  std::map<std::string, std::unique_ptr<rpc::Channel>> channels_;
};

using Hosts = std::vector<std::string>;

// Row F30 of the fault table: whoever runs beside a newer release reads what it writes.
INSTANTIATE_TEST_SUITE_P(, CoachingContractTest, ::testing::Values(Sender::kThis, Sender::kNewer),
                         NameOfSender);

TEST_P(CoachingContractTest, AMeetingMakesItsHostRehearseAndMasteryWeighsInTheNext) {
  MakeTrack();
  for (const char* host : {"ana", "ben"}) MakeHost(appointments_, host);
  // Both have half of their weight.
  const std::vector<Appointment> first = BookAll(appointments_, 7, 2);
  Exchange();
  ASSERT_EQ(HostsOf(first), (Hosts{"hosts/ana", "hosts/ben"}));
  ASSERT_EQ(Rehearsals("ana").size(), 1U);
  const Assignment rehearsal = Rehearsals("ana")[0];
  ASSERT_EQ(rehearsal.appointments_size(), 1);
  EXPECT_EQ(rehearsal.appointments(0), first[0].name());
  EXPECT_EQ(rpc::FromTimestamp(rehearsal.due_time()), At(7, 9) - absl::Minutes(30));
  EXPECT_EQ(Rehearsals("ben").size(), 1U);

  // The meeting is moved, and with it the time by when to rehearse; ben's is cancelled.
  appointments::v1::RescheduleAppointmentRequest move;
  move.set_name(first[0].name());
  move.set_keep_host(true);
  *move.mutable_start_time() = rpc::ToTimestamp(At(8, 9));
  Must<Appointment>(appointments_.channel(), "appointments.v1.AppointmentService/RescheduleAppointment",
                    move);
  appointments::v1::CancelAppointmentRequest cancel;
  cancel.set_name(first[1].name());
  cancel.set_by(appointments::v1::CANCELLED_BY_US);
  Must<Appointment>(appointments_.channel(), "appointments.v1.AppointmentService/CancelAppointment", cancel);
  Exchange();
  ASSERT_EQ(Rehearsals("ana").size(), 1U);
  EXPECT_EQ(Rehearsals("ana")[0].name(), rehearsal.name());
  EXPECT_EQ(rpc::FromTimestamp(Rehearsals("ana")[0].due_time()), At(8, 9) - absl::Minutes(30));
  EXPECT_TRUE(Rehearsals("ben").empty());

  const std::string last = Master("ana", 2);
  EXPECT_TRUE(Rehearsals("ana").empty()) << "a practice has done it";
  Repeat();
  // Each has had one meeting. With 1 and 1/2 ana's turn comes twice for one of ben's.
  const std::vector<Appointment> second = BookAll(appointments_, 9, 3);
  Exchange();
  EXPECT_EQ(HostsOf(second), (Hosts{"hosts/ana", "hosts/ana", "hosts/ben"}));
  EXPECT_TRUE(Rehearsals("ana").empty()) << "she has mastered it";
  EXPECT_EQ(Rehearsals("ben").size(), 1U);

  // A review takes the last day away: ana has three, ben two, and both have half of their weight again.
  Review(last, 1);
  Repeat();
  EXPECT_EQ(HostsOf(BookAll(appointments_, 10, 2)), (Hosts{"hosts/ben", "hosts/ana"}));
}

TEST_P(CoachingContractTest, AVersionThatAsksForMasteryAnewHalvesAllAlike) {
  MakeTrack();
  for (const char* host : {"ana", "ben"}) MakeHost(appointments_, host);
  Master("ana", 2);
  EXPECT_EQ(HostsOf(BookAll(appointments_, 8, 4)),
            (Hosts{"hosts/ana", "hosts/ben", "hosts/ana", "hosts/ana"}));
  coaching::v1::UpdateTalkTrackRequest update;
  update.mutable_talk_track()->set_name(kTrack);
  update.mutable_talk_track()->set_title("New head of fleet");
  update.mutable_update_mask()->add_paths("title");
  Must<coaching::v1::TalkTrack>(As("cora"), "coaching.v1.TalkTrackService/UpdateTalkTrack", update);
  PublishTrack(true);
  // Three meetings against one; still weighed it would be ana's turn after ben's.
  EXPECT_EQ(HostsOf(BookAll(appointments_, 9, 2)), (Hosts{"hosts/ben", "hosts/ben"}));
}

// Keys come in any order, before the hosts or after them.
TEST_P(CoachingContractTest, TheWeightIsRightInWhateverOrderItIsHeard) {
  MakeTrack();
  Master("ana", 2);
  const std::string practice = Master("ben", 5);
  Review(practice, 1);
  std::map<std::string, std::vector<events::Message>> by_key;
  for (const events::Record& record : coaching_.ReadTopic(outbox::TopicName<CoachingEvent>()))
    by_key[record.key].push_back({record.topic, record.key, record.value, record.headers});
  std::vector<std::string> order = {"hosts", "reps/ana", "reps/ben", kTrack};
  ASSERT_EQ(by_key.size() + 1, order.size());
  do {
    if (order.front() != "hosts" && order.back() != "hosts") continue;
    testing::ModuleHarness appointments(appointments::kModule);
    appointments.clock().SetNow(At(7, 8));
    for (const std::string& one : order) {
      if (one == "hosts") {
        for (const char* host : {"ana", "ben"}) MakeHost(appointments, host);
      } else {
        ASSERT_EQ(
            appointments.events().Append(by_key.at(one), appointments.clock().Steady() + absl::Seconds(5)),
            absl::OkStatus());
      }
      appointments.Settle();
    }
    EXPECT_EQ(HostsOf(BookAll(appointments, 14, 4)),
              (Hosts{"hosts/ana", "hosts/ben", "hosts/ana", "hosts/ana"}))
        << ::testing::PrintToString(order);
  } while (std::next_permutation(order.begin(), order.end()));
}

}  // namespace
}  // namespace finalmile::contracts

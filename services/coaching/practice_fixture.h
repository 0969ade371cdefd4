#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "finalmile/coaching/v1/coaching_event.pb.h"
#include "finalmile/coaching/v1/practice_service.pb.h"
#include "finalmile/coaching/v1/talk_track_service.pb.h"
#include "libs/outbox/envelope.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/timestamps.h"
#include "libs/testing/module_harness.h"
#include "libs/testing/postgres_server.h"
#include "libs/testing/uuid_of.h"
#include "services/coaching/changes/track_proto.h"
#include "services/coaching/domain/tracks/test_tracks.h"
#include "services/coaching/wiring.h"

namespace finalmile::coaching {

// Practice, review and mastery on both engines, driven through the API and by events of appointments that the
// test appends. Kim and ben are reps, cleo and coco coaches, mia a manager. The clock begins on Tuesday
// 2026-12-01 at 10:00 UTC, which is the coaching zone. The track "fleet" for the situation
// "new-fleet-manager" is published: who says kIdle scores 8, who says kBoth 10, who says neither 1.
class PracticeFixture {
 public:
  static constexpr char kIdle[] = "We cut your idle time by 30 percent.";
  static constexpr char kBoth[] = "We cut your idle time by 30 percent. Our drivers like it too.";
  static constexpr char kNeither[] = "Nice weather today.";

  explicit PracticeFixture(std::string store_url = {}) : harness_(kModule, std::move(store_url)) {
    MoveTo(At(1, 10));
    Publish("fleet", "new-fleet-manager");
  }

  // 2026-12-`day`, `hour`:`minute` UTC; days go on beyond the month.
  static absl::Time At(int day, int hour, int minute = 0) {
    return absl::FromCivil(absl::CivilMinute(2026, 12, day, hour, minute), absl::UTCTimeZone());
  }
  void MoveTo(absl::Time time) {
    harness_.clock().SetNow(time);
    harness_.Settle();
  }

  rpc::Channel& As(const std::string& name) {
    using finalmile::v1::Role;
    std::unique_ptr<rpc::Channel>& channel = channels_[name];
    if (channel == nullptr) {
      std::vector<Role> roles = {finalmile::v1::ROLE_SETTER, finalmile::v1::ROLE_HOST};
      if (name.starts_with("c")) roles = {finalmile::v1::ROLE_COACH};
      if (name == "mia") roles = {finalmile::v1::ROLE_MANAGER};
      // A rep who coaches others.
      if (name == "both") roles.push_back(finalmile::v1::ROLE_COACH);
      channel = harness_.ChannelAs(name, roles);
    }
    return *channel;
  }
  template <class Response, class Request>
  absl::StatusOr<Response> Call(const std::string& caller, const std::string& method,
                                const Request& request) {
    return As(caller).Call<Response>(
        "/" + Request::descriptor()->file()->service(0)->full_name() + "/" + method, request);
  }
  // Calls as an admin.
  template <class Response, class Request>
  Response Must(const std::string& method, const Request& request) {
    const auto response = harness_.channel().Call<Response>(
        "/" + Request::descriptor()->file()->service(0)->full_name() + "/" + method, request);
    EXPECT_TRUE(response.ok()) << method << ": " << response.status();
    return response.ok() ? *response : Response();
  }

  void Publish(const std::string& id, const std::string& situation) {
    TalkTrack content = WholeTrack();
    content.situation = situation;
    content.spoken.key_messages = {{"idle", "Idle hours", 7, true, {"cut idle time by 30 percent"}, 0},
                                   {"drivers", "Drivers", 2, false, {"drivers like"}, 0}};
    v1::CreateTalkTrackRequest create;
    *create.mutable_talk_track() = changes::ToProto(content);
    create.set_talk_track_id(id);
    Must<v1::TalkTrack>("CreateTalkTrack", create);
    v1::AddExampleRequest example;
    example.set_parent("talkTracks/" + id);
    example.mutable_example()->set_title("In role");
    example.mutable_example()->set_provenance(v1::Example::PROVENANCE_STAGED);
    AddTurn("Kim", v1::Turn::ROLE_REP, kIdle, *example.mutable_example()->mutable_turns());
    AddTurn("Guest", v1::Turn::ROLE_GUEST, "Really?", *example.mutable_example()->mutable_turns());
    Must<v1::Example>("AddExample", example);
    Republish(id, false);
  }
  // Publishes the newest version, after a change of its title.
  void Change(const std::string& id, const std::string& title, bool recertify) {
    v1::UpdateTalkTrackRequest update;
    update.mutable_talk_track()->set_name("talkTracks/" + id);
    update.mutable_talk_track()->set_title(title);
    update.mutable_update_mask()->add_paths("title");
    Must<v1::TalkTrack>("UpdateTalkTrack", update);
    Republish(id, recertify);
  }
  void Republish(const std::string& id, bool recertify) {
    v1::PublishTalkTrackRequest publish;
    publish.set_name("talkTracks/" + id);
    publish.set_recertify(recertify);
    Must<v1::PublishTalkTrackResponse>("PublishTalkTrack", publish);
    harness_.Settle();
  }

  static void AddTurn(const std::string& speaker, v1::Turn::Role role, const std::string& text,
                      google::protobuf::RepeatedPtrField<v1::Turn>& turns) {
    v1::Turn& turn = *turns.Add();
    turn.set_speaker(speaker);
    turn.set_role(role);
    turn.set_text(text);
  }
  static v1::SubmitPracticeRequest Attempt(const std::string& text, const std::string& track = "fleet") {
    v1::SubmitPracticeRequest request;
    request.mutable_practice()->set_talk_track("talkTracks/" + track);
    AddTurn("Kim", v1::Turn::ROLE_REP, text, *request.mutable_practice()->mutable_turns());
    AddTurn("Guest", v1::Turn::ROLE_GUEST, "Tell me more.", *request.mutable_practice()->mutable_turns());
    return request;
  }
  absl::StatusOr<v1::SubmitPracticeResponse> Submit(const std::string& rep,
                                                    const v1::SubmitPracticeRequest& request) {
    return Call<v1::SubmitPracticeResponse>(rep, "SubmitPractice", request);
  }
  // Practises now; the name of the practice.
  std::string Practise(const std::string& rep, const std::string& text, const std::string& track = "fleet") {
    const auto submitted = Submit(rep, Attempt(text, track));
    EXPECT_TRUE(submitted.ok()) << submitted.status();
    return submitted.ok() ? submitted->practice().name() : "";
  }
  absl::StatusOr<v1::SubmitReviewResponse> Review(const std::string& reviewer, const std::string& practice,
                                                  int level, bool self = false) {
    v1::SubmitReviewRequest request;
    request.set_name(practice);
    request.set_self(self);
    for (const Criterion& criterion : FirstConversation().criteria) {
      v1::CriterionLevel& one = *request.mutable_review()->add_levels();
      one.set_criterion(criterion.id);
      one.set_level(level);
    }
    return Call<v1::SubmitReviewResponse>(reviewer, "SubmitReview", request);
  }
  // Three days from day 1 on, at 10:00; the second one is reviewed by cleo with `level`. The clock ends at
  // the third; the names of the practices.
  std::vector<std::string> Master(const std::string& rep, int level = 3) {
    std::vector<std::string> practices;
    for (int day = 1; day <= 3; ++day) {
      MoveTo(At(day, 10));
      practices.push_back(Practise(rep, kIdle));
      if (day != 2) continue;
      const auto reviewed = Review("cleo", practices.back(), level);
      EXPECT_TRUE(reviewed.ok()) << reviewed.status();
    }
    harness_.Settle();
    return practices;
  }

  v1::Mastery MasteryOf(const std::string& rep, const std::string& track = "fleet") {
    v1::GetMasteryRequest request;
    request.set_rep("reps/" + rep);
    request.set_talk_track("talkTracks/" + track);
    const auto response = Must<v1::GetMasteryResponse>("GetMastery", request);
    return response.mastery_size() == 1 ? response.mastery(0) : v1::Mastery();
  }
  std::vector<v1::Certificate> CertificatesOf(const std::string& rep) {
    v1::ListCertificatesRequest request;
    request.set_rep("reps/" + rep);
    const auto response = Must<v1::ListCertificatesResponse>("ListCertificates", request);
    return {response.certificates().begin(), response.certificates().end()};
  }
  // The practice that a rep has due: "fleet MEETING", "fleet LOW_SCORE value", in order.
  std::vector<std::string> Due(const std::string& rep, int page_size = 0) {
    v1::ListDuePracticeRequest request;
    request.set_rep("reps/" + rep);
    request.set_page_size(page_size);
    std::vector<std::string> due;
    do {
      const auto page = Must<v1::ListDuePracticeResponse>("ListDuePractice", request);
      for (const v1::DuePractice& one : page.due()) {
        const std::string reason = v1::DuePractice::Reason_Name(one.reason()).substr(7);
        due.push_back(rpc::IdIn(one.talk_track()) + " " + reason +
                      (one.criterion().empty() ? "" : " " + one.criterion()));
      }
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return due;
  }

  std::vector<v1::CoachingEvent> EventsOf(const std::string& rep) {
    harness_.Settle();
    std::vector<v1::CoachingEvent> events;
    for (v1::CoachingEvent& event : harness_.ReadEvents<v1::CoachingEvent>()) {
      if (event.key() == "reps/" + rep) events.push_back(std::move(event));
    }
    return events;
  }
  // By name, in order: "submitted, mastered, certified".
  std::string Told(const std::string& rep) {
    std::string text;
    for (const v1::CoachingEvent& event : EventsOf(rep)) {
      if (!text.empty()) text += ", ";
      text += NameOf(event);
    }
    return text;
  }
  static std::string NameOf(const v1::CoachingEvent& event) {
    switch (event.event_case()) {
      case v1::CoachingEvent::kPracticeAssigned:
        return "assigned " + v1::Assignment::Kind_Name(event.practice_assigned().kind()).substr(5);
      case v1::CoachingEvent::kPracticeSubmitted:
        return "submitted";
      case v1::CoachingEvent::kPracticeReviewed:
        return event.practice_reviewed().self() ? "self-reviewed" : "reviewed";
      case v1::CoachingEvent::kTalkTrackMastered:
        return "mastered";
      case v1::CoachingEvent::kRehearsalDue:
        return "rehearsal";
      case v1::CoachingEvent::kMasteryLapsed:
        return "lapsed " + v1::LapseReason_Name(event.mastery_lapsed().reason()).substr(13);
      case v1::CoachingEvent::kCertificateIssued:
        return "certified";
      case v1::CoachingEvent::kCertificateExpired:
        return "expired";
      default:
        return "another";
    }
  }

  // The next event of a meeting; `time` absent: now.
  static std::string Meeting(const std::string& name) { return "appointments/" + testing::UuidOf(name); }
  appointments::v1::AppointmentEvent NextOf(const std::string& meeting) {
    const outbox::Cause cause;
    return outbox::NewEvent<appointments::v1::AppointmentEvent>(
        {harness_.clock(), harness_.rng(), harness_.clock().Now(), cause}, Meeting(meeting),
        ++seqs_[meeting]);
  }
  void Tell(const appointments::v1::AppointmentEvent& event) {
    EXPECT_EQ(harness_.events().Append({outbox::ToMessage(outbox::ToOutbox(event))},
                                       harness_.clock().Steady() + absl::Seconds(5)),
              absl::OkStatus());
    harness_.Settle();
  }
  template <class Event>
  static void Describe(Event& event, const std::string& host, absl::Time start,
                       const std::string& situation) {
    event.set_host(host);
    event.set_situation(situation);
    *event.mutable_start_time() = rpc::ToTimestamp(start);
  }
  static constexpr char kSituation[] = "new-fleet-manager";
  void Set(const std::string& meeting, const std::string& host, absl::Time start,
           const std::string& situation = kSituation) {
    auto event = NextOf(meeting);
    Describe(*event.mutable_appointment_set(), host, start, situation);
    Tell(event);
  }
  void Reschedule(const std::string& meeting, const std::string& host, absl::Time start) {
    auto event = NextOf(meeting);
    Describe(*event.mutable_appointment_rescheduled(), host, start, kSituation);
    Tell(event);
  }
  void Hold(const std::string& meeting, const std::string& host, absl::Time start,
            const std::string& situation = kSituation) {
    auto event = NextOf(meeting);
    Describe(*event.mutable_appointment_held(), host, start, situation);
    Tell(event);
  }
  void Correct(const std::string& meeting, const std::string& host, bool held) {
    using appointments::v1::OutcomeCorrected;
    auto event = NextOf(meeting);
    OutcomeCorrected& corrected = *event.mutable_outcome_corrected();
    corrected.set_host(host);
    corrected.set_after(held ? OutcomeCorrected::OUTCOME_HELD : OutcomeCorrected::OUTCOME_GUEST_NO_SHOW);
    Tell(event);
  }
  // A conversation of ben's at `start` is scored on value.
  using Source = appointments::v1::ConversationScored::Source;
  appointments::v1::AppointmentEvent ScoreEvent(
      const std::string& meeting, absl::Time start, double score,
      Source source = appointments::v1::ConversationScored::SOURCE_GUEST,
      const std::string& situation = kSituation) {
    auto event = NextOf(meeting);
    appointments::v1::ConversationScored& scored = *event.mutable_conversation_scored();
    Describe(scored, "ben", start, situation);
    scored.set_source(source);
    if (source != appointments::v1::ConversationScored::SOURCE_GUEST) scored.set_rater("cleo");
    appointments::v1::CriterionScore& value = *scored.add_criteria();
    value.set_id("value");
    value.set_score(score);
    return event;
  }
  void Score(const std::string& meeting, absl::Time start, double score) {
    Tell(ScoreEvent(meeting, start, score));
  }

  int64_t Count(const std::string& from) {
    int64_t counted = -1;
    const absl::Status read = harness_.database().Transact(
        {.deadline = harness_.clock().Steady() + absl::Seconds(5), .read_only = true},
        [&](storage::Transaction& transaction) -> absl::Status {
          const auto rows = transaction.Execute("SELECT COUNT(*) FROM " + from);
          if (rows.ok()) counted = rows->rows[0].Int(0);
          return rows.status();
        });
    EXPECT_EQ(read, absl::OkStatus());
    return counted;
  }

  testing::ModuleHarness harness_;

 private:
  std::map<std::string, int64_t> seqs_;
  std::map<std::string, std::unique_ptr<rpc::Channel>> channels_;
};

// The fixture on each engine.
class PracticeTest : public ::testing::TestWithParam<storage::Engine> {
 protected:
  void SetUp() override {
    std::string url;
    if (GetParam() == storage::Engine::kPostgres) {
      const auto server = testing::SharedPostgres();
      FINALMILE_NEEDS_POSTGRES(server);
      const auto name = (*server)->CreateDatabase();
      ASSERT_TRUE(name.ok()) << name.status();
      url = (*server)->url(*name);
    }
    fixture_ = std::make_unique<PracticeFixture>(url);
  }
  PracticeFixture& f() { return *fixture_; }

  std::unique_ptr<PracticeFixture> fixture_;
};

#define FINALMILE_ON_BOTH_ENGINES(Suite)                                                       \
  INSTANTIATE_TEST_SUITE_P(                                                                    \
      Engines, Suite, ::testing::Values(storage::Engine::kSqlite, storage::Engine::kPostgres), \
      [](const auto& info) { return info.param == storage::Engine::kSqlite ? "Sqlite" : "Postgres"; })

}  // namespace finalmile::coaching

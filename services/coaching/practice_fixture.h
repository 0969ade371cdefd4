#pragma once

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "libs/rpc/resource_name.h"
#include "libs/testing/uuid_of.h"
#include "services/coaching/coaching_fixture.h"
#include "services/coaching/domain/practice/rubric.h"

namespace finalmile::coaching {

// Practice, review and mastery on both engines, driven through the API and by events of appointments that the
// test appends. Days are those of UTC. The track "fleet" for the situation "new-fleet-manager" is published:
// who says kIdle scores 8, who says kBoth 10, who says neither 1.
class PracticeTest : public CoachingTest {
 protected:
  static constexpr char kIdle[] = "We cut your idle time by 30 percent.";
  static constexpr char kBoth[] = "We cut your idle time by 30 percent. Our drivers like it too.";
  static constexpr char kNeither[] = "Nice weather today.";
  // The comment of every review.
  static constexpr char kComment[] = "Slower, with the number first.";
  static constexpr char kSituation[] = "new-fleet-manager";

  void SetUp() override {
    CoachingTest::SetUp();
    if (!IsSkipped()) PublishTrack("fleet", kSituation);
  }

  // Whatever a test does: what reps, guests and coaches said is in their tables alone.
  void TearDown() override {
    if (IsSkipped()) return;
    harness_->Settle();
    for (const std::string said : {"your idle time", "drivers like it", "Nice weather", "Tell me more",
                                   "Say it as a range", kComment}) {
      EXPECT_THAT(TablesThatHold(said),
                  ::testing::Each(::testing::AnyOf("practice_contents", "practice_reviews")));
      EXPECT_THAT(WhatElseHolds(said), ::testing::IsEmpty());
    }
  }

  // Calls as an admin.
  template <class Response>
  Response Must(const std::string& method, const google::protobuf::Message& request) {
    const auto response = Call<Response>(harness_->channel(), method, request);
    EXPECT_TRUE(response.ok()) << method << ": " << response.status();
    return response.ok() ? *response : Response();
  }

  void Execute(const std::string& sql) {
    const absl::Status written = harness_->database().Transact(
        {.deadline = harness_->clock().Steady() + absl::Seconds(5)},
        [&](storage::Transaction& transaction) { return transaction.Execute(sql).status(); });
    ASSERT_EQ(written, absl::OkStatus());
  }

  void PublishTrack(const std::string& id, const std::string& situation) {
    v1::TalkTrack track = Whole();
    track.set_situation(situation);
    track.clear_key_messages();
    const auto add = [&](const std::string& message, const std::string& cue, double weight) {
      v1::KeyMessage& one = *track.add_key_messages();
      one.set_id(message);
      one.set_text(cue);
      one.add_cues(cue);
      one.set_weight(weight);
      return &one;
    };
    add("idle", "cut idle time by 30 percent", 7)->set_required(true);
    add("drivers", "drivers like", 2);
    Published(track, id);
  }
  // Publishes the newest version, after a change of its title.
  void Change(const std::string& id, const std::string& title, bool recertify) {
    v1::TalkTrack track;
    track.set_name("talkTracks/" + id);
    track.set_title(title);
    EXPECT_TRUE(Update(track, {"title"}).ok());
    Republish(id, recertify);
  }
  void Republish(const std::string& id, bool recertify) {
    EXPECT_TRUE(Publish("talkTracks/" + id, recertify).ok());
    harness_->Settle();
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
    return Call<v1::SubmitPracticeResponse>(As(rep), "SubmitPractice", request);
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
    request.mutable_review()->add_comments()->set_text(kComment);
    for (const Criterion& criterion : FirstConversation().criteria) {
      v1::CriterionLevel& one = *request.mutable_review()->add_levels();
      one.set_criterion(criterion.id);
      one.set_level(level);
    }
    return Call<v1::SubmitReviewResponse>(As(reviewer), "SubmitReview", request);
  }
  // Three days from day 1 on, at 10:00; the second one is reviewed by cora with `level`. The clock ends at
  // the third; the names of the practices.
  std::vector<std::string> Master(const std::string& rep, int level = 3) {
    std::vector<std::string> practices;
    for (int day = 1; day <= 3; ++day) {
      MoveTo(At(day, 10));
      practices.push_back(Practise(rep, kIdle));
      if (day != 2) continue;
      const auto reviewed = Review("cora", practices.back(), level);
      EXPECT_TRUE(reviewed.ok()) << reviewed.status();
    }
    harness_->Settle();
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

  std::vector<v1::CoachingEvent> RepEvents(const std::string& rep) { return EventsOf("reps/" + rep); }
  // By name, in order: "submitted, mastered, certified".
  std::string Emitted(const std::string& rep) {
    std::string text;
    for (const v1::CoachingEvent& event : RepEvents(rep)) {
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
  appointments::v1::AppointmentEvent NextOfMeeting(const std::string& meeting) {
    const outbox::Cause cause;
    return outbox::NewEvent<appointments::v1::AppointmentEvent>(
        {harness_->clock(), harness_->rng(), harness_->clock().Now(), cause}, Meeting(meeting),
        ++meeting_seqs_[meeting]);
  }
  void Tell(const appointments::v1::AppointmentEvent& event) {
    Append(outbox::ToMessage(outbox::ToOutbox(event)));
    harness_->Settle();
  }
  template <class Event>
  static void Describe(Event& event, const std::string& host, absl::Time start,
                       const std::string& situation) {
    event.set_host(host);
    event.set_situation(situation);
    *event.mutable_start_time() = rpc::ToTimestamp(start);
  }
  void Set(const std::string& meeting, const std::string& host, absl::Time start,
           const std::string& situation = kSituation) {
    auto event = NextOfMeeting(meeting);
    Describe(*event.mutable_appointment_set(), host, start, situation);
    Tell(event);
  }
  void Reschedule(const std::string& meeting, const std::string& host, absl::Time start) {
    auto event = NextOfMeeting(meeting);
    Describe(*event.mutable_appointment_rescheduled(), host, start, kSituation);
    Tell(event);
  }
  void Hold(const std::string& meeting, const std::string& host, absl::Time start,
            const std::string& situation = kSituation) {
    auto event = NextOfMeeting(meeting);
    Describe(*event.mutable_appointment_held(), host, start, situation);
    Tell(event);
  }
  void Correct(const std::string& meeting, const std::string& host, bool held) {
    using appointments::v1::OutcomeCorrected;
    auto event = NextOfMeeting(meeting);
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
    auto event = NextOfMeeting(meeting);
    appointments::v1::ConversationScored& scored = *event.mutable_conversation_scored();
    Describe(scored, "ben", start, situation);
    scored.set_source(source);
    if (source != appointments::v1::ConversationScored::SOURCE_GUEST) scored.set_rater("cora");
    appointments::v1::CriterionScore& value = *scored.add_criteria();
    value.set_id("value");
    value.set_score(score);
    return event;
  }
  void Score(const std::string& meeting, absl::Time start, double score) {
    Tell(ScoreEvent(meeting, start, score));
  }

 private:
  std::map<std::string, int64_t> meeting_seqs_;
};

}  // namespace finalmile::coaching

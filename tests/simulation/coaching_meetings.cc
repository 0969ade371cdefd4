#include <fmt/format.h>

#include <iterator>

#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "libs/outbox/envelope.h"
#include "libs/rpc/timestamps.h"
#include "libs/testing/uuid_of.h"
#include "tests/simulation/coaching_practice.h"

namespace finalmile::simulation {
namespace {

using appointments::v1::AppointmentEvent;
using appointments::v1::ConversationScored;
using appointments::v1::OutcomeCorrected;

constexpr int kEvents = 36;
constexpr int kMeetings = 8;

class Sender {
 public:
  Sender(const CoachingStage& stage, int round) : stage_(stage), round_(round) {}

  void SendOne() {
    const std::string id = testing::UuidOf(fmt::format("{}-{}", round_, stage_.Below(kMeetings)));
    const bool is_new = !stage_.model.meetings.contains(id);
    MeetingModel& meeting = stage_.model.meetings[id];
    AppointmentEvent event = Next(id, meeting);
    if (is_new) {
      meeting.host = AnyRep();
      const uint64_t draw = stage_.Below(7);
      meeting.situation = draw < 4 ? "s0" : draw < 6 ? "s1" : kNoTrack;
      meeting.start = AnyStart();
      Set(meeting, event);
    } else if (meeting.planned) {
      const uint64_t draw = stage_.Below(10);
      if (draw < 4) {
        Move(meeting, event);
      } else if (draw < 5) {
        End(*event.mutable_appointment_cancelled(), meeting, /*held=*/false);
      } else if (draw < 6) {
        End(*event.mutable_appointment_no_show(), meeting, /*held=*/false);
      } else {
        End(*event.mutable_appointment_held(), meeting, /*held=*/true);
      }
    } else if (meeting.held && !stage_.OneIn(4)) {
      Score(meeting, event);
    } else if (!meeting.held && stage_.OneIn(2)) {
      Move(meeting, event);
    } else {
      Correct(meeting, event);
    }
    Send(event);
  }

  // Scored well, by its host.
  void ScoreWell(const std::string& host) {
    const std::string id = testing::UuidOf(fmt::format("{}-{}", round_, host));
    MeetingModel& meeting = stage_.model.meetings[id];
    AppointmentEvent event = Next(id, meeting);
    meeting.host = host;
    meeting.situation = "s0";
    meeting.start = FromMicros(ToMicros(stage_.simulation.clock().Now()));
    meeting.held = true;
    ConversationScored& scored = *event.mutable_conversation_scored();
    Describe(scored, meeting);
    scored.set_source(ConversationScored::SOURCE_SELF);
    scored.set_rater(host);
    Send(event);
  }

 private:
  std::string AnyRep() { return kReps[stage_.Below(std::size(kReps))]; }
  // Some lie behind, some far ahead.
  absl::Time AnyStart() {
    const absl::Duration ahead = stage_.simulation.rng().Uniform() * absl::Hours(24 * 50);
    return FromMicros(ToMicros(stage_.simulation.clock().Now() - absl::Hours(24 * 10) + ahead));
  }

  AppointmentEvent Next(const std::string& id, MeetingModel& meeting) {
    const outbox::Cause cause;
    return outbox::NewEvent<AppointmentEvent>(
        {stage_.simulation.clock(), stage_.simulation.rng(), stage_.simulation.clock().Now(), cause},
        "appointments/" + id, ++meeting.seq);
  }
  template <class Event>
  static void Describe(Event& event, const MeetingModel& meeting) {
    event.set_host(meeting.host);
    event.set_situation(meeting.situation);
    *event.mutable_start_time() = rpc::ToTimestamp(meeting.start);
  }
  void Plan(MeetingModel& meeting) {
    meeting.planned = true;
    meeting.held = false;
    meeting.plan_time = stage_.simulation.clock().Now();
    meeting.has_track = false;
    for (const std::string& track : stage_.model.published) {
      if (SituationOf(track) == meeting.situation) meeting.has_track = true;
    }
  }

  void Set(MeetingModel& meeting, AppointmentEvent& event) {
    Describe(*event.mutable_appointment_set(), meeting);
    Plan(meeting);
  }
  void Move(MeetingModel& meeting, AppointmentEvent& event) {
    if (stage_.OneIn(2)) meeting.host = AnyRep();
    meeting.start = AnyStart();
    Describe(*event.mutable_appointment_rescheduled(), meeting);
    Plan(meeting);
  }
  template <class Event>
  static void End(Event& event, MeetingModel& meeting, bool held) {
    Describe(event, meeting);
    meeting.planned = false;
    meeting.held = held;
  }
  void Correct(MeetingModel& meeting, AppointmentEvent& event) {
    meeting.held = !meeting.held;
    OutcomeCorrected& corrected = *event.mutable_outcome_corrected();
    corrected.set_host(meeting.host);
    corrected.set_after(meeting.held ? OutcomeCorrected::OUTCOME_HELD
                                     : OutcomeCorrected::OUTCOME_GUEST_NO_SHOW);
  }
  void Score(MeetingModel& meeting, AppointmentEvent& event) {
    ConversationScored& scored = *event.mutable_conversation_scored();
    Describe(scored, meeting);
    const uint64_t draw = stage_.Below(5);
    scored.set_source(draw < 2   ? ConversationScored::SOURCE_GUEST
                      : draw < 4 ? ConversationScored::SOURCE_COACH
                                 : ConversationScored::SOURCE_SELF);
    if (draw >= 2) scored.set_rater(draw < 4 ? kCoaches[stage_.Below(2)] : meeting.host);
    std::set<std::string> low;
    for (const char* criterion : {"discovery", "value"}) {
      appointments::v1::CriterionScore& one = *scored.add_criteria();
      one.set_id(criterion);
      one.set_score(stage_.OneIn(2) ? 5 : 6);
      if (one.score() <= 5) low.insert(criterion);
    }
    // What hosts say of themselves assigns nothing.
    if (scored.source() != ConversationScored::SOURCE_SELF)
      meeting.low[{scored.source(), scored.rater()}] = low;
  }

  void Send(const AppointmentEvent& event) {
    std::vector<events::Message> messages = {outbox::ToMessage(outbox::ToOutbox(event))};
    sent_.push_back(messages[0]);
    if (stage_.OneIn(4)) messages.push_back(sent_[stage_.Below(sent_.size())]);
    const absl::Status sent =
        stage_.servers.log().Append(messages, stage_.simulation.clock().Steady() + absl::Seconds(10));
    if (!sent.ok()) stage_.Violated(sent.ToString());
  }

  const CoachingStage& stage_;
  const int round_;
  std::vector<events::Message> sent_;
};

}  // namespace

void SendMeetings(const CoachingStage& stage, int round) {
  Sender sender(stage, round);
  for (int i = 0; i < kEvents; ++i) {
    stage.Pause(absl::Seconds(1));
    sender.SendOne();
  }
}

void ScoreEachRep(const CoachingStage& stage, int round) {
  Sender sender(stage, round);
  for (const char* rep : kReps) sender.ScoreWell(rep);
}

}  // namespace finalmile::simulation

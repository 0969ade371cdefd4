#include "services/appointments/changes/request_events.h"

#include <algorithm>

#include "libs/rpc/timestamps.h"

namespace finalmile::appointments::changes {
namespace {

// Fills in what happened; `envelope` has everything else.
class Filler {
 public:
  Filler(const store::RequestRow& row, bool again, const EventDetails& details,
         v1::AppointmentEvent& envelope)
      : row_(row), again_(again), details_(details), envelope_(envelope) {}

  void operator()(const domain::Requested& requested) {
    const domain::Crossing& crossing = row_.request.crossing;
    v1::MeetingRequested& event = Begin(*envelope_.mutable_meeting_requested());
    event.set_lane(crossing.lane);
    event.set_hand_raise(crossing.hand_raise);
    event.set_grade(crossing.grade);
    if (crossing.probability) event.set_probability(*crossing.probability);
    event.set_lead_source(crossing.lead_source);
    event.set_campaign(crossing.campaign);
    event.set_situation(crossing.situation);
    *event.mutable_ready_time() = rpc::ToTimestamp(crossing.ready_time);
    *event.mutable_deadline() = rpc::ToTimestamp(row_.request.deadline);
    event.set_again(again_);
    event.set_cause(std::string(requested.cause));
  }

  void operator()(const domain::Claimed& claimed) {
    v1::MeetingRequestClaimed& event = Begin(*envelope_.mutable_meeting_request_claimed());
    event.set_setter(row_.request.setter);
    event.set_by_booking(claimed.by_booking);
  }

  void operator()(const domain::Reassigned& reassigned) {
    v1::MeetingRequestReassigned& event = Begin(*envelope_.mutable_meeting_request_reassigned());
    event.set_from(reassigned.from);
    event.set_to(reassigned.to);
  }

  void operator()(const domain::AttemptLogged& logged) {
    const store::AttemptRow& attempt = *details_.attempt;
    v1::AttemptLogged& event = Begin(*envelope_.mutable_attempt_logged());
    event.set_setter(attempt.setter);
    event.set_channel(static_cast<leads::v1::Channel>(attempt.channel));
    event.set_disposition(static_cast<v1::Disposition>(attempt.disposition));
    *event.mutable_attempt_time() = rpc::ToTimestamp(attempt.attempt_time);
    event.set_number(logged.number);
    event.set_first(logged.first);
    event.set_seconds_since_ready(
        std::max<int64_t>(0, absl::ToInt64Seconds(attempt.attempt_time - row_.request.response_start)));
    event.set_within_response_time(logged.within_response_time);
    event.set_talk_track(attempt.talk_track);
    event.set_objection(attempt.objection);
    if (attempt.callback_at != absl::InfinitePast())
      *event.mutable_callback_at() = rpc::ToTimestamp(attempt.callback_at);
    event.set_not_permitted(attempt.not_permitted);
  }

  void operator()(const domain::Returned& returned) {
    v1::MeetingRequestReturned& event = Begin(*envelope_.mutable_meeting_request_returned());
    event.set_reason(static_cast<v1::ReturnReason>(returned.reason));
    event.set_setter(row_.request.setter);
    event.set_attempts(row_.request.attempts);
    event.set_lead_source(row_.request.crossing.lead_source);
    event.set_campaign(row_.request.crossing.campaign);
    if (row_.request.quiet_until != absl::InfinitePast())
      *event.mutable_quiet_until() = rpc::ToTimestamp(row_.request.quiet_until);
    event.set_duplicate_of(details_.duplicate_of);
    event.set_referred_to(details_.referred_to);
  }

  void operator()(const domain::Recycled& recycled) {
    v1::MeetingRequestRecycled& event = Begin(*envelope_.mutable_meeting_request_recycled());
    *event.mutable_until() = rpc::ToTimestamp(recycled.until);
    event.set_attempts(row_.request.attempts);
    event.set_channels(static_cast<int32_t>(row_.request.channels.size()));
  }

  void operator()(const domain::Closed& closed) {
    Begin(*envelope_.mutable_meeting_request_closed())
        .set_reason(static_cast<v1::CloseReason>(closed.reason));
  }

  void operator()(const domain::Overdue& overdue) {
    v1::MeetingRequestOverdue& event = *envelope_.mutable_meeting_request_overdue();
    event.set_lead(row_.lead.text());
    event.set_level(overdue.level);
    *event.mutable_deadline() = rpc::ToTimestamp(row_.request.deadline);
    event.set_setter(row_.request.setter);
    event.set_hand_raise(row_.request.crossing.hand_raise);
  }

 private:
  // What most events say: which lead and which of its crossings.
  template <class Event>
  Event& Begin(Event& event) {
    event.set_lead(row_.lead.text());
    event.set_ready_seq(row_.request.crossing.ready_seq);
    event.set_cycle(row_.request.crossing.cycle);
    return event;
  }

  const store::RequestRow& row_;
  const bool again_;
  const EventDetails& details_;
  v1::AppointmentEvent& envelope_;
};

}  // namespace

void FillEvent(const store::RequestRow& row, bool again, const domain::RequestEvent& event,
               const EventDetails& details, v1::AppointmentEvent& envelope) {
  std::visit(Filler(row, again, details, envelope), event);
}

}  // namespace finalmile::appointments::changes

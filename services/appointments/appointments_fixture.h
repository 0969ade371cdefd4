#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "finalmile/appointments/v1/meeting_request_service.pb.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/outbox/envelope.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/timestamps.h"
#include "libs/testing/module_harness.h"
#include "libs/testing/uuid_of.h"
#include "services/appointments/wiring.h"

namespace finalmile::appointments {

// The appointments service, by default on the embedded engines, driven through its API and by the events of
// leads that the test appends. The team works Monday to Friday, 9 to 18, in UTC; the clock begins on Tuesday
// 2026-12-01 at 10:00 UTC.
class AppointmentsTest : public ::testing::Test {
 protected:
  explicit AppointmentsTest(std::string store_url = {}) : harness_(kModule, std::move(store_url)) {
    harness_.clock().SetNow(At(1, 10, 0));
  }

  // 2026-12-`day`, `hour`:`minute` UTC.
  static absl::Time At(int day, int hour, int minute = 0) {
    return absl::FromCivil(absl::CivilMinute(2026, 12, day, hour, minute), absl::UTCTimeZone());
  }
  void MoveTo(absl::Time time) {
    harness_.clock().SetNow(time);
    harness_.Settle();
  }

  // "leads/" and the UUID of a short name.
  static std::string Lead(const std::string& name) { return "leads/" + testing::UuidOf(name); }

  // The next event of a lead; `time` absent: now.
  leads::v1::LeadEvent NextOf(const std::string& lead) {
    const outbox::Cause cause;
    return outbox::NewEvent<leads::v1::LeadEvent>(
        {harness_.clock(), harness_.rng(), harness_.clock().Now(), cause}, Lead(lead), ++seqs_[lead]);
  }
  void Append(const leads::v1::LeadEvent& event) {
    EXPECT_EQ(harness_.events().Append({outbox::ToMessage(outbox::ToOutbox(event))},
                                       harness_.clock().Steady() + absl::Seconds(5)),
              absl::OkStatus());
  }
  void Tell(const leads::v1::LeadEvent& event) {
    Append(event);
    harness_.Settle();
  }

  struct ReadyOptions {
    bool hand_raise = false;
    std::string grade = "B2";
    double score = 60;
    std::string owner = "";
    int cycle = 1;
  };
  // The lead becomes sales-ready now.
  leads::v1::LeadEvent ReadyEvent(const std::string& lead, const ReadyOptions& options) {
    leads::v1::LeadEvent event = NextOf(lead);
    leads::v1::LeadBecameSalesReady& ready = *event.mutable_lead_became_sales_ready();
    ready.set_lane(options.hand_raise ? "hand_raise" : "engaged");
    ready.set_hand_raise(options.hand_raise);
    ready.set_grade(options.grade);
    ready.mutable_score()->set_score(options.score);
    ready.set_owner(options.owner);
    ready.set_cycle(options.cycle);
    ready.set_situation("new-fleet-manager");
    ready.set_campaign("spring");
    leads::v1::Reason& reason = *ready.add_reasons();
    reason.set_part("fit");
    reason.set_name("title");
    reason.set_text("VP Sales");
    reason.set_points(18);
    *ready.mutable_cause_time() = event.time();
    return event;
  }
  void Ready(const std::string& lead) { Tell(ReadyEvent(lead, {})); }
  void Ready(const std::string& lead, const ReadyOptions& options) { Tell(ReadyEvent(lead, options)); }
  void Raise(const std::string& lead) { Tell(ReadyEvent(lead, {.hand_raise = true})); }
  void Cool(const std::string& lead, const std::string& cause) {
    leads::v1::LeadEvent event = NextOf(lead);
    event.mutable_lead_cooled()->set_cause(cause);
    Tell(event);
  }
  void Erase(const std::string& lead) {
    leads::v1::LeadEvent event = NextOf(lead);
    event.mutable_lead_erased();
    Tell(event);
  }
  void Merge(const std::string& lead, const std::string& into) {
    leads::v1::LeadEvent event = NextOf(lead);
    event.mutable_lead_merged()->set_into(Lead(into));
    Tell(event);
  }
  void Permit(const std::string& lead, leads::v1::Channel channel, leads::v1::PermissionState state) {
    leads::v1::LeadEvent event = NextOf(lead);
    event.mutable_contact_permission_changed()->set_channel(channel);
    event.mutable_contact_permission_changed()->set_purpose("sales");
    event.mutable_contact_permission_changed()->set_state(state);
    Tell(event);
  }

  template <class Response>
  absl::StatusOr<Response> Call(rpc::Channel& channel, const std::string& method,
                                const google::protobuf::Message& request) {
    const auto* file = v1::GetTeamRequest::descriptor()->file();
    const bool appointments =
        file->FindServiceByName("AppointmentService")->FindMethodByName(method) != nullptr;
    return channel.Call<Response>(std::string("/finalmile.appointments.v1.") +
                                      (appointments ? "AppointmentService" : "MeetingRequestService") + "/" +
                                      method,
                                  request);
  }
  // Mia is a manager, all others are setters and hosts.
  rpc::Channel& As(const std::string& name) {
    std::unique_ptr<rpc::Channel>& channel = channels_[name];
    if (channel == nullptr) {
      if (name == "mia")
        channel = harness_.ChannelAs(name, {finalmile::v1::ROLE_MANAGER});
      else
        channel = harness_.ChannelAs(name, {finalmile::v1::ROLE_SETTER, finalmile::v1::ROLE_HOST});
    }
    return *channel;
  }

  std::string NameOf(const std::string& lead) { return Of(lead).name(); }
  static std::string ReasonOf(const absl::Status& status) { return rpc::ReasonOf(status); }
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

  // The active request of a lead, else its newest; blank where it has none.
  v1::MeetingRequest Of(const std::string& lead) {
    v1::GetMeetingRequestRequest request;
    request.set_name("meetingRequests/-");
    request.set_lead(Lead(lead));
    const auto found = Call<v1::MeetingRequest>(harness_.channel(), "GetMeetingRequest", request);
    return found.ok() ? *found : v1::MeetingRequest();
  }
  v1::MeetingRequest Get(const std::string& name) {
    v1::GetMeetingRequestRequest request;
    request.set_name(name);
    const auto found = Call<v1::MeetingRequest>(harness_.channel(), "GetMeetingRequest", request);
    EXPECT_TRUE(found.ok()) << found.status();
    return found.ok() ? *found : v1::MeetingRequest();
  }
  absl::StatusOr<v1::MeetingRequest> Claim(const std::string& setter, const std::string& name,
                                           const std::string& request_id = "") {
    v1::ClaimMeetingRequestRequest request;
    request.set_name(name);
    request.set_request_id(request_id);
    return Call<v1::MeetingRequest>(As(setter), "ClaimMeetingRequest", request);
  }
  static v1::Attempt Phone(v1::Disposition disposition = v1::DISPOSITION_NO_ANSWER) {
    v1::Attempt attempt;
    attempt.set_channel(leads::v1::CHANNEL_PHONE);
    attempt.set_disposition(disposition);
    return attempt;
  }
  absl::StatusOr<v1::LogAttemptResponse> Attempt(const std::string& setter, const std::string& name,
                                                 const v1::Attempt& attempt, bool already_made = false) {
    v1::LogAttemptRequest request;
    request.set_name(name);
    *request.mutable_attempt() = attempt;
    request.set_already_made(already_made);
    return Call<v1::LogAttemptResponse>(As(setter), "LogAttempt", request);
  }
  absl::StatusOr<v1::MeetingRequest> Return(const std::string& setter, const std::string& name,
                                            v1::ReturnReason reason) {
    v1::ReturnMeetingRequestRequest request;
    request.set_name(name);
    request.set_reason(reason);
    return Call<v1::MeetingRequest>(As(setter), "ReturnMeetingRequest", request);
  }
  // The leads of the caller's queue, or of a filter, by their short names, which `names` lists.
  std::vector<std::string> Queue(const std::string& caller, const std::vector<std::string>& names,
                                 const std::string& filter = "", int page_size = 0) {
    std::map<std::string, std::string> short_names;
    for (const std::string& name : names) short_names[Lead(name)] = name;
    std::vector<std::string> listed;
    v1::ListMeetingRequestsRequest request;
    request.set_filter(filter);
    request.set_page_size(page_size);
    do {
      const auto page = Call<v1::ListMeetingRequestsResponse>(As(caller), "ListMeetingRequests", request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const v1::MeetingRequest& one : page->meeting_requests())
        listed.push_back(short_names[one.lead()]);
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return listed;
  }

  std::vector<v1::AppointmentEvent> Events() {
    harness_.Settle();
    return harness_.ReadEvents<v1::AppointmentEvent>();
  }
  // The last one of a request: there is no order between the events of two.
  v1::AppointmentEvent LastOf(const std::string& name) {
    v1::AppointmentEvent last;
    for (const v1::AppointmentEvent& event : Events()) {
      if (event.key() == name) last = event;
    }
    return last;
  }
  // The events of one request, by name: "requested ready", "claimed", ….
  std::string EventsOf(const std::string& name);

  testing::ModuleHarness harness_;

 private:
  std::map<std::string, int64_t> seqs_;
  std::map<std::string, std::unique_ptr<rpc::Channel>> channels_;
};

inline std::string AppointmentsTest::EventsOf(const std::string& name) {
  std::string text;
  for (const v1::AppointmentEvent& event : Events()) {
    if (event.key() != name) continue;
    if (!text.empty()) text += ", ";
    switch (event.event_case()) {
      case v1::AppointmentEvent::kMeetingRequested:
        text += "requested " + event.meeting_requested().cause();
        break;
      case v1::AppointmentEvent::kMeetingRequestClaimed:
        text += "claimed by " + event.meeting_request_claimed().setter();
        break;
      case v1::AppointmentEvent::kMeetingRequestReassigned:
        text += "reassigned to " + event.meeting_request_reassigned().to();
        break;
      case v1::AppointmentEvent::kAttemptLogged:
        text += "attempt " + std::to_string(event.attempt_logged().number());
        break;
      case v1::AppointmentEvent::kMeetingRequestReturned:
        text += "returned";
        break;
      case v1::AppointmentEvent::kMeetingRequestRecycled:
        text += "recycled";
        break;
      case v1::AppointmentEvent::kMeetingRequestClosed:
        text += "closed " + v1::CloseReason_Name(event.meeting_request_closed().reason()).substr(13);
        break;
      case v1::AppointmentEvent::kMeetingRequestOverdue:
        text += "overdue " + std::to_string(event.meeting_request_overdue().level());
        break;
      default:
        text += "another";
    }
  }
  return text;
}

}  // namespace finalmile::appointments

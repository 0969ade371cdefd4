#pragma once

#include <string>
#include <vector>

#include "finalmile/catalog/v1/catalog_event.pb.h"
#include "services/appointments/appointments_fixture.h"

namespace finalmile::appointments {

// Hosts and meetings, driven through the API. Mia is a manager; ben and ana are hosts of the team's hours
// with no limits but the cap, until a test sets others.
class MeetingsTest : public AppointmentsTest {
 protected:
  using AppointmentsTest::AppointmentsTest;

  void MakeHost(const std::string& id, double weight = 1) {
    v1::UpsertHostRequest request;
    v1::Host& host = *request.mutable_host();
    host.set_name("hosts/" + id);
    host.set_weight(weight);
    *host.mutable_notice() = rpc::ToDuration(absl::ZeroDuration());
    host.set_horizon_days(14);
    for (const char* path : {"weight", "notice", "horizon_days"})
      request.mutable_update_mask()->add_paths(path);
    const auto made = Call<v1::Host>(As("mia"), "UpsertHost", request);
    ASSERT_TRUE(made.ok()) << made.status();
  }
  void ChangeHost(const std::string& id, const std::string& path, const std::function<void(v1::Host&)>& set) {
    v1::UpsertHostRequest request;
    request.mutable_host()->set_name("hosts/" + id);
    set(*request.mutable_host());
    request.mutable_update_mask()->add_paths(path);
    const auto made = Call<v1::Host>(As("mia"), "UpsertHost", request);
    ASSERT_TRUE(made.ok()) << made.status();
  }

  struct BookOptions {
    std::string host = "ben";
    std::string caller = "kim";
    int minutes = 30;
    std::string request_id = "";
    std::string situation = "";
  };
  absl::StatusOr<v1::Appointment> Book(const std::string& lead, absl::Time start,
                                       const BookOptions& options) {
    v1::BookAppointmentRequest request;
    request.set_lead(Lead(lead));
    if (!options.host.empty()) request.set_host("hosts/" + options.host);
    *request.mutable_start_time() = rpc::ToTimestamp(start);
    *request.mutable_duration() = rpc::ToDuration(absl::Minutes(options.minutes));
    request.set_request_id(options.request_id);
    request.set_situation(options.situation);
    return Call<v1::Appointment>(As(options.caller), "BookAppointment", request);
  }
  absl::StatusOr<v1::Appointment> Book(const std::string& lead, absl::Time start) {
    return Book(lead, start, {});
  }
  // Books what must be free.
  v1::Appointment MustBook(const std::string& lead, absl::Time start, const std::string& host = "ben") {
    const auto booked = Book(lead, start, {.host = host});
    EXPECT_TRUE(booked.ok()) << booked.status();
    return booked.ok() ? *booked : v1::Appointment();
  }
  // Books `count` hours from `start` on for leads of their own, naming no host; the hosts' first letters.
  std::string Turns(absl::Time start, int count, const std::string& situation = "") {
    std::string hosts;
    for (int i = 0; i < count; ++i) {
      // The one of two hosts alike comes first that was assigned least recently.
      harness_.clock().SetNow(harness_.clock().Now() + absl::Seconds(1));
      const std::string lead = "turn" + std::to_string(turns_++);
      const auto booked = Book(lead, start + absl::Hours(i), {.host = "", .situation = situation});
      EXPECT_TRUE(booked.ok()) << booked.status();
      if (booked.ok()) hosts += booked->host().substr(6, 1);
    }
    return hosts;
  }
  absl::StatusOr<v1::Hold> Hold(const std::string& caller, absl::Time start,
                                const std::string& host = "ben") {
    v1::HoldSlotRequest request;
    if (!host.empty()) request.set_host("hosts/" + host);
    *request.mutable_start_time() = rpc::ToTimestamp(start);
    return Call<v1::Hold>(As(caller), "HoldSlot", request);
  }
  absl::StatusOr<v1::Appointment> BookHold(const std::string& caller, const std::string& lead,
                                           const std::string& hold) {
    v1::BookAppointmentRequest request;
    request.set_lead(Lead(lead));
    request.set_hold(hold);
    return Call<v1::Appointment>(As(caller), "BookAppointment", request);
  }
  absl::StatusOr<v1::Appointment> Move(const std::string& name, absl::Time start,
                                       const std::string& host = "") {
    v1::RescheduleAppointmentRequest request;
    request.set_name(name);
    *request.mutable_start_time() = rpc::ToTimestamp(start);
    if (!host.empty()) request.set_host("hosts/" + host);
    return Call<v1::Appointment>(As("kim"), "RescheduleAppointment", request);
  }
  absl::StatusOr<v1::Appointment> Cancel(const std::string& name,
                                         v1::CancelledBy by = v1::CANCELLED_BY_GUEST) {
    v1::CancelAppointmentRequest request;
    request.set_name(name);
    request.set_by(by);
    return Call<v1::Appointment>(As("kim"), "CancelAppointment", request);
  }
  absl::StatusOr<v1::Appointment> Confirm(const std::string& name) {
    v1::ConfirmAppointmentRequest request;
    request.set_name(name);
    return Call<v1::Appointment>(As("kim"), "ConfirmAppointment", request);
  }
  absl::StatusOr<v1::Appointment> Reply(const std::string& name, v1::PartStat partstat, int64_t sequence) {
    v1::RecordReplyRequest request;
    request.set_name(name);
    request.set_partstat(partstat);
    request.set_sequence(sequence);
    return Call<v1::Appointment>(As("kim"), "RecordReply", request);
  }
  using Outcomes = v1::OutcomeCorrected;
  absl::StatusOr<v1::Appointment> Outcome(const std::string& caller, const std::string& name,
                                          Outcomes::Outcome outcome) {
    v1::RecordOutcomeRequest request;
    request.set_name(name);
    request.set_outcome(outcome);
    return Call<v1::Appointment>(As(caller), "RecordOutcome", request);
  }
  absl::StatusOr<v1::Appointment> Amend(const std::string& caller, const std::string& name,
                                        Outcomes::Outcome outcome,
                                        const std::string& reason = "wrong-meeting") {
    v1::AmendOutcomeRequest request;
    request.set_name(name);
    request.set_outcome(outcome);
    request.set_reason(reason);
    return Call<v1::Appointment>(As(caller), "AmendOutcome", request);
  }
  absl::StatusOr<v1::Appointment> Qualify(const std::string& caller, const std::string& name, bool qualified,
                                          const std::string& reason = "") {
    v1::QualifyAppointmentRequest request;
    request.set_name(name);
    request.set_qualified(qualified);
    request.set_reason(reason);
    return Call<v1::Appointment>(As(caller), "QualifyAppointment", request);
  }
  v1::Appointment GetMeeting(const std::string& name) {
    v1::GetAppointmentRequest request;
    request.set_name(name);
    const auto found = Call<v1::Appointment>(As("kim"), "GetAppointment", request);
    EXPECT_TRUE(found.ok()) << found.status();
    return found.ok() ? *found : v1::Appointment();
  }
  std::vector<v1::Appointment> List(const std::string& filter) {
    v1::ListAppointmentsRequest request;
    request.set_filter(filter);
    const auto listed = Call<v1::ListAppointmentsResponse>(As("kim"), "ListAppointments", request);
    EXPECT_TRUE(listed.ok()) << listed.status();
    if (!listed.ok()) return {};
    return {listed->appointments().begin(), listed->appointments().end()};
  }
  absl::StatusOr<v1::TimeOff> Away(const std::string& host, absl::Time start, absl::Time end,
                                   bool force = false) {
    v1::SetTimeOffRequest request;
    request.set_host("hosts/" + host);
    *request.mutable_start_time() = rpc::ToTimestamp(start);
    *request.mutable_end_time() = rpc::ToTimestamp(end);
    request.set_force(force);
    return Call<v1::TimeOff>(As(host), "SetTimeOff", request);
  }

  // "2026-12-03T15:00:00Z hosts/ben" as "03 15:00 ben".
  static std::vector<std::string> Alternatives(const absl::Status& status) {
    std::vector<std::string> alternatives;
    const auto info = rpc::ErrorInfoOf(status);
    if (!info) return alternatives;
    for (int i = 1; i <= 6; ++i) {
      const auto found = info->metadata().find("alternative_" + std::to_string(i));
      if (found == info->metadata().end()) break;
      alternatives.push_back(found->second.substr(8, 2) + " " + found->second.substr(11, 5) + " " +
                             found->second.substr(27));
    }
    return alternatives;
  }
  // Pairs of live claims of a host that overlap: none, ever.
  int64_t Overlaps() {
    const std::string now = std::to_string(absl::ToUnixMicros(harness_.clock().Now()));
    return Count(
        "claims AS a JOIN claims AS b ON a.host = b.host AND a.id < b.id AND a.busy_start < b.busy_end AND "
        "b.busy_start < a.busy_end WHERE (a.expire_time IS NULL OR a.expire_time > " +
        now + ") AND (b.expire_time IS NULL OR b.expire_time > " + now + ")");
  }

  // What the history of a meeting says: "set, confirmed".
  std::string HistoryOf(const std::string& name) {
    v1::ListAppointmentHistoryRequest request;
    request.set_parent(name);
    const auto listed =
        Call<v1::ListAppointmentHistoryResponse>(As("kim"), "ListAppointmentHistory", request);
    EXPECT_TRUE(listed.ok()) << listed.status();
    std::string text;
    if (!listed.ok()) return text;
    for (const v1::AppointmentChange& change : listed->changes())
      text += (text.empty() ? "" : ", ") + change.kind();
    return text;
  }
  // The events of one meeting, by name; their seqs are 1, 2, 3, ….
  std::vector<std::string> MeetingEvents(const std::string& name) {
    std::vector<std::string> names;
    for (const v1::AppointmentEvent& event : Events()) {
      if (event.key() != name) continue;
      EXPECT_EQ(event.seq(), static_cast<int64_t>(names.size()) + 1);
      const auto* field = v1::AppointmentEvent::GetReflection()->GetOneofFieldDescriptor(
          event, v1::AppointmentEvent::descriptor()->oneof_decl(0));
      names.push_back(field->name());
    }
    return names;
  }

  // An event of the catalog: a use or a view of an asset for a lead.
  void Touched(const std::string& asset, const std::string& lead, bool used) {
    const outbox::Cause cause;
    auto event = outbox::NewEvent<catalog::v1::CatalogEvent>(
        {harness_.clock(), harness_.rng(), harness_.clock().Now(), cause}, "assets/" + asset,
        ++asset_seqs_[asset]);
    if (used) {
      event.mutable_asset_used()->set_version(1);
      event.mutable_asset_used()->set_lead(Lead(lead));
    } else {
      event.mutable_asset_viewed()->set_version(1);
      event.mutable_asset_viewed()->set_lead(Lead(lead));
    }
    EXPECT_EQ(harness_.events().Append({outbox::ToMessage(outbox::ToOutbox(event))},
                                       harness_.clock().Steady() + absl::Seconds(5)),
              absl::OkStatus());
    harness_.Settle();
  }

 private:
  std::map<std::string, int64_t> asset_seqs_;
  int turns_ = 0;
};

}  // namespace finalmile::appointments

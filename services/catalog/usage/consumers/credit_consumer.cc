#include "services/catalog/usage/consumers/credit_consumer.h"

#include <optional>
#include <string>
#include <vector>

#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "libs/base/status.h"
#include "libs/outbox/read_batch.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/timestamps.h"
#include "libs/storage/columns.h"
#include "services/catalog/domain/asset_rules.h"
#include "services/catalog/usage/consumers/resource_name.h"
#include "services/catalog/usage/credit.h"
#include "services/catalog/usage/store/lead_store.h"

namespace finalmile::catalog::usage::consumers {
namespace {

using appointments::v1::AppointmentEvent;
using appointments::v1::OutcomeCorrected;
using domain::Outcome;

constexpr std::string_view kInitial = "initial";
constexpr std::string_view kUsed = "used";

// Every event that counts has a lead and touches.
template <class Event>
MeetingEvent MeetingOf(const AppointmentEvent& envelope, const Event& event, std::optional<Outcome> outcome) {
  MeetingEvent meeting;
  meeting.chain = envelope.key();
  meeting.lead = domain::LeadName(event.lead());
  meeting.cycle = event.cycle();
  meeting.outcome = outcome;
  meeting.time = rpc::FromTimestamp(envelope.time());
  for (const appointments::v1::Touch& touch : event.touches()) {
    if (touch.how() != kUsed || !catalog::domain::IsAssetName(touch.subject()) || touch.version() < 1)
      continue;
    meeting.touches.emplace_back(rpc::IdIn(touch.subject()), touch.version());
  }
  return meeting;
}

Outcome OutcomeOf(OutcomeCorrected::Outcome outcome) {
  switch (outcome) {
    case OutcomeCorrected::OUTCOME_HELD:
      return Outcome::kHeld;
    case OutcomeCorrected::OUTCOME_HOST_NO_SHOW:
    case OutcomeCorrected::OUTCOME_CANCELLED_BY_US:
      return Outcome::kLeftOut;
    default:
      return Outcome::kNotHeld;
  }
}

std::optional<MeetingEvent> MeetingOf(const AppointmentEvent& event) {
  const auto unless = [](bool ours) { return ours ? Outcome::kLeftOut : Outcome::kNotHeld; };
  switch (event.event_case()) {
    case AppointmentEvent::kAppointmentSet: {
      MeetingEvent meeting = MeetingOf(event, event.appointment_set(), std::nullopt);
      meeting.initial = event.appointment_set().meeting_kind() == kInitial;
      return meeting;
    }
    case AppointmentEvent::kAppointmentHeld: {
      MeetingEvent meeting = MeetingOf(event, event.appointment_held(), Outcome::kHeld);
      meeting.initial = event.appointment_held().meeting_kind() == kInitial;
      return meeting;
    }
    case AppointmentEvent::kAppointmentNoShow:
      return MeetingOf(event, event.appointment_no_show(),
                       unless(event.appointment_no_show().by() == "host"));
    case AppointmentEvent::kAppointmentCancelled:
      return MeetingOf(event, event.appointment_cancelled(),
                       unless(event.appointment_cancelled().by() == "us"));
    case AppointmentEvent::kOutcomeCorrected:
      return MeetingOf(event, event.outcome_corrected(), OutcomeOf(event.outcome_corrected().after()));
    default:
      break;
  }
  return std::nullopt;
}

// The leads of these events and of the meetings that are known already, locked.
absl::StatusOr<store::Leads> LockLeads(storage::Transaction& transaction,
                                       const std::vector<MeetingEvent>& meetings, absl::Time now) {
  std::vector<std::string> chains;
  for (const MeetingEvent& meeting : meetings) chains.push_back(meeting.chain);
  ASSIGN_OR_RETURN(std::vector<domain::LeadName> leads,
                   store::LeadsOf(transaction, storage::SortedUnique(std::move(chains))));
  for (const MeetingEvent& meeting : meetings) {
    if (meeting.initial && !meeting.lead.empty()) leads.push_back(meeting.lead);
  }
  return store::InsertAndLockLeads(transaction, storage::SortedUnique(std::move(leads)), now);
}

}  // namespace

absl::Status CreditConsumer::Apply(storage::Transaction& transaction, outbox::Batch& batch) {
  const absl::Time now = clock_.Now();
  std::vector<MeetingEvent> meetings;
  RETURN_IF_ERROR(outbox::ReadBatch<AppointmentEvent>(
      batch, [&](size_t, const AppointmentEvent& event, const events::Record& record) -> absl::Status {
        std::optional<MeetingEvent> meeting = MeetingOf(event);
        if (!meeting) return absl::OkStatus();
        if (event.key() != record.key || !rpc::Fits(event.key(), NamesOfAppointments())) {
          return outbox::RecordFault(
              "the event's key is not the record's, or the appointment is not named by its id");
        }
        meetings.push_back(*std::move(meeting));
        return absl::OkStatus();
      }));
  ASSIGN_OR_RETURN(store::Leads leads, LockLeads(transaction, meetings, now));
  std::vector<domain::LeadName> names;
  for (const auto& [name, lead] : leads) {
    if (!lead.erased && lead.merged_into.empty()) names.push_back(name);
  }
  CreditBook book(transaction);
  RETURN_IF_ERROR(book.Read(names));
  store::Leads ended;
  for (MeetingEvent& meeting : meetings) {
    if (meeting.initial && !meeting.lead.empty()) meeting.lead = store::CurrentName(leads, meeting.lead);
    const domain::LeadName lead = book.Apply(meeting, now);
    // Where the lead's events number the cycles they say when the next one begins.
    if (lead.empty() || meeting.cycle != 0 || leads.at(lead).cycle_ended) continue;
    leads.at(lead).cycle_ended = true;
    ended[lead] = leads.at(lead);
  }
  RETURN_IF_ERROR(store::WriteLeads(transaction, ended));
  return book.Write();
}

}  // namespace finalmile::catalog::usage::consumers

#include "services/leads/scoring/sales_changes.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/timestamps.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/profiles.h"

namespace finalmile::leads::scoring {
namespace {

using appointments::v1::AppointmentEvent;
using appointments::v1::OutcomeCorrected;
using domain::SalesFact;
using domain::SalesState;

constexpr char kSource[] = "appointments";
constexpr char kSales[] = "sales";

SalesState StateOf(OutcomeCorrected::Outcome outcome) {
  switch (outcome) {
    case OutcomeCorrected::OUTCOME_GUEST_NO_SHOW:
      return SalesState::kGuestNoShow;
    case OutcomeCorrected::OUTCOME_HOST_NO_SHOW:
      return SalesState::kHostNoShow;
    case OutcomeCorrected::OUTCOME_CANCELLED:
      return SalesState::kCancelledByGuest;
    case OutcomeCorrected::OUTCOME_CANCELLED_BY_US:
      return SalesState::kCancelledByUs;
    default:
      return SalesState::kHeld;
  }
}

// The crossing that the event answers, and the state that it leads to.
template <class Event>
void Note(const Event& event, SalesState state, SalesFact& fact) {
  // The fact of a lead that was merged since counts in a cycle of the other's.
  const bool moved = fact.cycle > 0 && fact.ready_seq == 0;
  if (event.ready_seq() > 0 && !moved) fact.ready_seq = event.ready_seq();
  if (event.cycle() > 0 && !moved) fact.cycle = event.cycle();
  fact.state = state;
  if (state != SalesState::kHeld) fact.qualified.reset();
}

bool IsMeetingKey(std::string_view key) { return key.starts_with("appointments/"); }

}  // namespace

const std::string& LeadOf(const AppointmentEvent& event) {
  static const std::string kNone;
  switch (event.event_case()) {
    case AppointmentEvent::kAppointmentSet:
      return event.appointment_set().lead();
    case AppointmentEvent::kAppointmentHeld:
      return event.appointment_held().lead();
    case AppointmentEvent::kAppointmentNoShow:
      return event.appointment_no_show().lead();
    case AppointmentEvent::kAppointmentCancelled:
      return event.appointment_cancelled().lead();
    case AppointmentEvent::kOutcomeCorrected:
      return event.outcome_corrected().lead();
    case AppointmentEvent::kAppointmentRescheduled:
      return event.appointment_rescheduled().lead();
    case AppointmentEvent::kMeetingQualified:
      return event.meeting_qualified().lead();
    case AppointmentEvent::kMeetingRequested:
      return event.meeting_requested().lead();
    case AppointmentEvent::kMeetingRequestClaimed:
      return event.meeting_request_claimed().lead();
    case AppointmentEvent::kMeetingRequestReassigned:
      return event.meeting_request_reassigned().lead();
    case AppointmentEvent::kAttemptLogged:
      return event.attempt_logged().lead();
    case AppointmentEvent::kMeetingRequestReturned:
      return event.meeting_request_returned().lead();
    case AppointmentEvent::kMeetingRequestRecycled:
      return event.meeting_request_recycled().lead();
    case AppointmentEvent::kMeetingRequestClosed:
      return event.meeting_request_closed().lead();
    default:
      return kNone;
  }
}

bool Concerns(const AppointmentEvent& event) { return !LeadOf(event).empty(); }

void Apply(const AppointmentEvent& event, SalesFact& fact) {
  fact.time = rpc::FromTimestamp(event.time());
  switch (event.event_case()) {
    case AppointmentEvent::kAppointmentSet:
      return Note(event.appointment_set(), SalesState::kScheduled, fact);
    case AppointmentEvent::kAppointmentHeld:
      return Note(event.appointment_held(), SalesState::kHeld, fact);
    case AppointmentEvent::kAppointmentNoShow:
      return Note(
          event.appointment_no_show(),
          event.appointment_no_show().by() == "host" ? SalesState::kHostNoShow : SalesState::kGuestNoShow,
          fact);
    case AppointmentEvent::kAppointmentCancelled:
      return Note(event.appointment_cancelled(),
                  event.appointment_cancelled().by() == "guest" ? SalesState::kCancelledByGuest
                                                                : SalesState::kCancelledByUs,
                  fact);
    case AppointmentEvent::kOutcomeCorrected:
      return Note(event.outcome_corrected(), StateOf(event.outcome_corrected().after()), fact);
    case AppointmentEvent::kAppointmentRescheduled:
      fact.state = SalesState::kScheduled;
      fact.qualified.reset();
      return;
    case AppointmentEvent::kMeetingQualified:
      fact.qualified = event.meeting_qualified().qualified();
      return;
    case AppointmentEvent::kMeetingRequested: {
      const auto& requested = event.meeting_requested();
      const bool rebook = requested.cause() == "rebook";
      return Note(requested,
                  rebook              ? SalesState::kWorking
                  : requested.again() ? fact.state
                                      : SalesState::kOpen,
                  fact);
    }
    case AppointmentEvent::kMeetingRequestClaimed:
      return Note(event.meeting_request_claimed(), SalesState::kClaimed, fact);
    case AppointmentEvent::kMeetingRequestReassigned:
      return Note(event.meeting_request_reassigned(),
                  event.meeting_request_reassigned().to().empty() ? SalesState::kOpen : fact.state, fact);
    case AppointmentEvent::kAttemptLogged:
      fact.attempts = event.attempt_logged().number();
      return Note(event.attempt_logged(), SalesState::kWorking, fact);
    case AppointmentEvent::kMeetingRequestReturned:
      fact.attempts = event.meeting_request_returned().attempts();
      fact.return_reason = static_cast<domain::ReturnReason>(event.meeting_request_returned().reason());
      return Note(event.meeting_request_returned(), SalesState::kReturned, fact);
    case AppointmentEvent::kMeetingRequestRecycled:
      fact.attempts = event.meeting_request_recycled().attempts();
      return Note(event.meeting_request_recycled(), SalesState::kRecycled, fact);
    case AppointmentEvent::kMeetingRequestClosed:
      return Note(event.meeting_request_closed(), SalesState::kClosed, fact);
    default:
      return;
  }
}

absl::Status SalesChanges::Load(const std::vector<outbox::TracedEvent<AppointmentEvent>>& events) {
  std::vector<std::string> keys;
  std::vector<domain::LeadId> leads;
  for (const auto& [event, trace] : events) {
    keys.push_back(event.key());
    domain::LeadId& lead = followed_[LeadOf(event)];
    if (lead.empty()) {
      ASSIGN_OR_RETURN(lead, store::FollowMerges(transaction_, domain::LeadId(rpc::IdIn(LeadOf(event)))));
    }
    leads.push_back(lead);
  }
  RETURN_IF_ERROR(batch_.Lock(leads, LeadBatch::Absent::kLeaveOut));
  leads = storage::SortedUnique(std::move(leads));
  std::erase_if(leads, [&](const domain::LeadId& lead) {
    const store::LeadState* found = batch_.Find(lead);
    return found == nullptr || !found->created;
  });
  ASSIGN_OR_RETURN(std::vector<SalesFact> facts,
                   store::SalesFactsOf(transaction_, storage::SortedUnique(std::move(keys))));
  ASSIGN_OR_RETURN(std::vector<SalesFact> others, store::SalesFactsOfLeads(transaction_, leads));
  std::move(others.begin(), others.end(), std::back_inserter(facts));
  for (SalesFact& fact : facts) {
    std::string key = fact.key;
    facts_.emplace(std::move(key), std::move(fact));
  }
  for (const domain::LeadId& lead : leads) effects_[lead];
  std::vector<std::string> crossings;
  for (const auto& [key, fact] : facts_) crossings.push_back(store::CrossingId(fact.lead, fact.ready_seq));
  for (const domain::LeadId& lead : leads)
    crossings.push_back(store::CrossingId(lead, batch_.Find(lead)->last_ready_seq));
  ASSIGN_OR_RETURN(crossings_,
                   store::ReadCrossings(transaction_, storage::SortedUnique(std::move(crossings))));
  return absl::OkStatus();
}

void SalesChanges::Keep(const AppointmentEvent& event) {
  const domain::LeadId& lead = followed_.at(LeadOf(event));
  const auto effects = effects_.find(lead);
  // The lead was erased, or its import was taken back.
  if (effects == effects_.end()) return;
  SalesFact& fact = facts_[event.key()];
  fact.key = event.key();
  fact.lead = lead;
  scoring::Apply(event, fact);
  changed_.insert(fact.key);
  Effects& effect = effects->second;
  if (IsMeetingKey(event.key())) effect.cause = "meeting";
  if (event.has_meeting_request_recycled()) {
    effect.quiet_until =
        std::max(effect.quiet_until, rpc::FromTimestamp(event.meeting_request_recycled().until()));
  }
  if (!event.has_meeting_request_returned()) return;
  const auto& returned = event.meeting_request_returned();
  if (returned.has_quiet_until())
    effect.quiet_until = std::max(effect.quiet_until, rpc::FromTimestamp(returned.quiet_until()));
  if (returned.reason() == appointments::v1::RETURN_REASON_BAD_DATA)
    effect.gates.insert(domain::Gate::kUndeliverable);
  if (returned.reason() == appointments::v1::RETURN_REASON_CUSTOMER)
    effect.gates.insert(domain::Gate::kCustomer);
  if (returned.reason() == appointments::v1::RETURN_REASON_OPTED_OUT) {
    effect.gates.insert(domain::Gate::kOptOut);
    effect.opted_out = true;
    effect.opt_out_time = fact.time;
  }
}

absl::Status SalesChanges::SetFacts(const domain::LeadId& lead, const Effects& effects) {
  if (effects.gates.empty()) return absl::OkStatus();
  if (profiles_.empty()) {
    std::vector<domain::LeadId> leads;
    for (const auto& [id, effect] : effects_) leads.push_back(id);
    ASSIGN_OR_RETURN(profiles_, WholeProfiles(transaction_, batch_, leads));
  }
  const domain::Lead& before = profiles_.at(lead);
  domain::Lead after = before;
  std::vector<std::string> changed;
  for (const domain::Gate gate : effects.gates) {
    if (std::count(after.gates.begin(), after.gates.end(), gate) == 0) after.gates.push_back(gate);
  }
  if (after.gates.size() > before.gates.size()) changed.emplace_back("gates");
  if (effects.opted_out) {
    std::erase_if(after.permissions, [](const domain::Permission& one) { return one.purpose == kSales; });
    for (const domain::Channel channel : {domain::Channel::kEmail, domain::Channel::kPhone,
                                          domain::Channel::kPost, domain::Channel::kSocial}) {
      after.permissions.push_back(
          {channel, kSales, domain::PermissionState::kDenied, "opted out", kSource, effects.opt_out_time});
    }
    changed.emplace_back("permissions");
  }
  if (changed.empty()) return absl::OkStatus();
  return batch_.Change(lead, before, after, std::move(changed));
}

absl::Status SalesChanges::Label(const domain::LeadId& lead, const std::vector<SalesFact>& facts, bool ended,
                                 absl::Time quiet_until) {
  std::vector<const store::CrossingRow*> written;
  for (store::CrossingRow& crossing : crossings_) {
    if (crossing.lead != lead) continue;
    const store::CrossingRow before = crossing;
    std::vector<SalesFact> own;
    for (const SalesFact& fact : facts) {
      if (fact.cycle == crossing.cycle) own.push_back(fact);
    }
    // What was decided changes with what is said later.
    if (crossing.label) crossing.label = domain::LabelOf(own);
    if (crossing.ready_seq == batch_.Find(lead)->last_ready_seq) {
      if (ended && crossing.end_time == absl::InfinitePast()) crossing.end_time = FromMicros(ToMicros(now_));
      crossing.quiet_until = std::max(crossing.quiet_until, quiet_until);
    }
    if (crossing.label != before.label || crossing.end_time != before.end_time ||
        crossing.quiet_until != before.quiet_until) {
      written.push_back(&crossing);
    }
  }
  return written.empty() ? absl::OkStatus() : store::kCrossings.Update(transaction_, written);
}

absl::Status SalesChanges::Settle(const domain::LeadId& lead, const Effects& effects) {
  std::vector<SalesFact> facts;
  bool claimed = false;
  bool ended = false;
  const store::LeadState& row = *batch_.Find(lead);
  for (const auto& [key, fact] : facts_) {
    if (fact.lead != lead) continue;
    facts.push_back(fact);
    const bool answers = fact.ready_seq != 0 && fact.ready_seq == row.last_ready_seq;
    if (answers && fact.state != SalesState::kOpen && fact.state != SalesState::kClosed) claimed = true;
    if (answers && (domain::HasEnded(fact) || fact.state == SalesState::kHeld)) ended = true;
  }
  RETURN_IF_ERROR(SetFacts(lead, effects));
  batch_.SetSales(lead, {domain::StageOf(static_cast<domain::Stage>(row.stage), row.cycle, facts),
                         effects.cause, claimed, ended, effects.quiet_until});
  return Label(lead, facts, ended, effects.quiet_until);
}

absl::Status SalesChanges::Apply(const std::vector<outbox::TracedEvent<AppointmentEvent>>& events) {
  RETURN_IF_ERROR(Load(events));
  for (const auto& [event, trace] : events) {
    batch_.SetTrace(followed_.at(LeadOf(event)), trace);
    Keep(event);
  }
  for (const auto& [lead, effects] : effects_) RETURN_IF_ERROR(Settle(lead, effects));
  std::vector<const SalesFact*> written;
  for (const std::string& key : changed_) written.push_back(&facts_.at(key));
  if (!written.empty()) RETURN_IF_ERROR(store::kSalesFacts.InsertOrUpdate(transaction_, written));
  return batch_.Write("sales");
}

}  // namespace finalmile::leads::scoring

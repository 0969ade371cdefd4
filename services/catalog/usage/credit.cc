#include "services/catalog/usage/credit.h"

#include <algorithm>

#include "libs/base/status.h"
#include "services/catalog/usage/store/credit_store.h"

namespace finalmile::catalog::usage {

absl::Status CreditBook::Read(const std::vector<domain::LeadName>& leads) {
  ASSIGN_OR_RETURN(auto facts, store::ReadFacts(transaction_, leads));
  ASSIGN_OR_RETURN(std::vector<store::MeetingRow> meetings, store::ReadMeetings(transaction_, leads));
  for (store::MeetingRow& row : meetings) {
    lead_of_chain_[row.chain] = row.lead;
    facts[row.lead].meetings[row.chain] = std::move(row.meeting);
  }
  for (const domain::LeadName& name : leads) {
    const auto [lead, first] = leads_.try_emplace(name);
    lead->second.facts = std::move(facts[name]);
    if (first) lead->second.before = domain::CountLead(lead->second.facts);
  }
  return absl::OkStatus();
}

domain::LeadName CreditBook::Apply(const MeetingEvent& event, absl::Time now) {
  const auto known = lead_of_chain_.find(event.chain);
  const bool is_new = known == lead_of_chain_.end();
  if (is_new && !event.initial) return {};
  const domain::LeadName name = is_new ? event.lead : known->second;
  const auto lead = leads_.find(name);
  if (lead == leads_.end()) return {};
  domain::Meeting& meeting = lead->second.facts.meetings[event.chain];
  if (is_new) {
    lead_of_chain_[event.chain] = name;
    meeting.set_time = event.time;
  }
  if (event.outcome) {
    meeting.outcome = *event.outcome;
  } else if (meeting.outcome == domain::Outcome::kLeftOut) {
    // It is on again.
    meeting.outcome = domain::Outcome::kNotHeld;
  }
  std::vector<domain::Touch> touches;
  for (const auto& [asset, version] : event.touches) {
    const auto same = [&asset = asset, &version = version](const domain::Touch& other) {
      return other.asset == asset && other.version == version;
    };
    if (std::any_of(touches.begin(), touches.end(), same)) continue;
    const auto old = std::find_if(meeting.touches.begin(), meeting.touches.end(), same);
    touches.push_back(old != meeting.touches.end() ? *old : domain::Touch{asset, version, event.time});
  }
  meeting.touches = std::move(touches);
  changed_[event.chain] = {event.chain, name, meeting, now};
  return meeting.outcome == domain::Outcome::kHeld ? name : domain::LeadName();
}

void CreditBook::Mature(absl::Time time) {
  const auto count = [&](auto& all, std::vector<std::string>& ids) {
    for (auto& one : all) {
      if (one.counted || one.time > time) continue;
      one.counted = true;
      ids.push_back(one.id);
    }
  };
  for (auto& [name, lead] : leads_) {
    count(lead.facts.uses, uses_);
    count(lead.facts.trials, trials_);
  }
}

absl::Status CreditBook::Write() {
  domain::Sums change;
  for (const auto& [name, lead] : leads_) {
    change.Add(domain::CountLead(lead.facts), 1);
    change.Add(lead.before, -1);
  }
  std::vector<store::MeetingRow> meetings;
  for (const auto& [chain, row] : changed_) meetings.push_back(row);
  RETURN_IF_ERROR(store::WriteMeetings(transaction_, meetings));
  RETURN_IF_ERROR(store::MarkCounted(transaction_, uses_, trials_));
  return store::AddSums(transaction_, change);
}

}  // namespace finalmile::catalog::usage

#include "services/catalog/usage/credit.h"

#include <algorithm>
#include <optional>

#include "libs/base/status.h"
#include "services/catalog/usage/store/lead_store.h"

namespace finalmile::catalog::usage {

void CreditBook::Move(const store::MeetingRow& before, const store::MeetingRow& after,
                      const std::vector<store::ArmKey>& trials) {
  for (domain::CreditChange& change :
       domain::ChangeCredit(before.touches, before.outcome, after.touches, after.outcome)) {
    cells_.push_back(std::move(change));
  }
  for (const store::ArmKey& trial : trials) {
    domain::Arm& arm = arms_[trial];
    arm.matured += int{after.outcome.matured} - int{before.outcome.matured};
    arm.held += int{after.outcome.held} - int{before.outcome.held};
  }
}

void CreditBook::AddMatured(const domain::Touch& touch, int by) {
  cells_.push_back({.touch = touch, .matured = by});
}

void CreditBook::AddMatured(const store::ArmKey& trial) { ++arms_[trial].matured; }

absl::Status CreditBook::Write(storage::Transaction& transaction) const {
  RETURN_IF_ERROR(store::AddCells(transaction, cells_));
  return store::AddArms(transaction, arms_);
}

absl::Status ApplyMeetingEvent(storage::Transaction& transaction, const MeetingEvent& event, absl::Time now,
                               CreditBook& book) {
  ASSIGN_OR_RETURN(std::optional<store::MeetingRow> known, store::LockMeeting(transaction, event.chain));
  if (!known && !event.initial) return absl::OkStatus();
  store::MeetingRow before;
  if (known) {
    before = *std::move(known);
  } else {
    ASSIGN_OR_RETURN(const auto erased, store::InsertAndLockLeads(transaction, {event.lead}, now));
    if (erased.at(event.lead)) return absl::OkStatus();
    before.chain = event.chain;
    before.lead = event.lead;
    before.set_time = event.time;
    RETURN_IF_ERROR(
        store::ClaimTrials(transaction, event.chain, event.lead, event.time - domain::kMaturity, event.time));
  }
  store::MeetingRow after = before;
  after.update_time = now;
  after.outcome = event.outcome;
  // Set again, by a new date: what is known of its outcome stays.
  if (!event.outcome.matured) after.outcome = {true, before.outcome.held, before.outcome.matured};
  after.touches.clear();
  for (domain::Touch touch : event.touches) {
    const auto same = [&](const domain::Touch& other) {
      return other.asset == touch.asset && other.version == touch.version;
    };
    if (std::any_of(after.touches.begin(), after.touches.end(), same)) continue;
    const auto old = std::find_if(before.touches.begin(), before.touches.end(), same);
    if (old != before.touches.end()) {
      touch = *old;
    } else {
      std::vector<domain::Touch> matured;
      RETURN_IF_ERROR(store::ClaimUses(transaction, event.chain, before.lead, event.time, touch, matured));
      for (const domain::Touch& use : matured) book.AddMatured(use, -1);
    }
    after.touches.push_back(std::move(touch));
  }
  ASSIGN_OR_RETURN(const std::vector<store::ArmKey> trials, store::TrialsOf(transaction, event.chain));
  book.Move(before, after, trials);
  return store::WriteMeeting(transaction, after);
}

}  // namespace finalmile::catalog::usage

#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/catalog/usage/domain/credit.h"
#include "services/catalog/usage/store/credit_store.h"
#include "services/catalog/usage/store/meeting_store.h"

namespace finalmile::catalog::usage {

// Gathers what a transaction adds to the sums of versions. What counts as one use: a use that belongs to no
// meeting, once it has matured; or a version among the touches of a meeting, whose uses before it belong to
// it, once the meeting has matured. So no meeting is held more often than its versions were used. Not
// thread-safe.
class CreditBook {
 public:
  // From one state of a meeting to the next; `trials` are those of its chain.
  void Move(const store::MeetingRow& before, const store::MeetingRow& after,
            const std::vector<store::ArmKey>& trials);
  // `by` more matured uses (1, or −1 for one that a meeting counts from now on).
  void AddMatured(const domain::Touch& touch, int by);
  void AddMatured(const store::ArmKey& trial);

  absl::Status Write(storage::Transaction& transaction) const;

 private:
  std::vector<domain::CreditChange> cells_;
  std::map<store::ArmKey, domain::Arm> arms_;
};

// The event of an appointment, as far as it concerns its meeting. Touches name assets by id; they are without
// grade and stage.
struct MeetingEvent {
  std::string chain;
  std::string lead;
  // Whether it is an initial meeting, the only kind that counts; said by appointments that were set or held.
  bool initial = false;
  domain::Outcome outcome;
  std::vector<domain::Touch> touches;
  absl::Time time;
};
// Changes the meeting, and the credit for it: what was given before is taken back. An event of a meeting that
// is neither known nor initial changes nothing.
absl::Status ApplyMeetingEvent(storage::Transaction& transaction, const MeetingEvent& event, absl::Time now,
                               CreditBook& book);

}  // namespace finalmile::catalog::usage

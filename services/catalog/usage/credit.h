#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/catalog/usage/domain/credit.h"
#include "services/catalog/usage/domain/lead.h"
#include "services/catalog/usage/store/meeting_store.h"

namespace finalmile::catalog::usage {

// The event of an appointment, as far as it concerns its meeting.
struct MeetingEvent {
  std::string chain;
  // Empty: not said; the meeting is known by its chain.
  domain::LeadName lead;
  // Whether it is an initial meeting, the only kind that counts; said by appointments that were set or held.
  bool initial = false;
  // The lead's cycle, from 1; 0: not said.
  int64_t cycle = 0;
  // What became of it; absent: it was set, or set again.
  std::optional<domain::Outcome> outcome;
  // What was used with the lead before the meeting.
  std::vector<domain::Version> touches;
  absl::Time time;
};

// Keeps the sums of figures equal to what the uses, trials and meetings of leads come to (domain::CountLead),
// whatever changes one of them: meetings by events, uses and trials by maturing. A lead is read whole,
// changed in memory, and the difference is added to the sums. Lives inside one transaction; not thread-safe.
class CreditBook {
 public:
  explicit CreditBook(storage::Transaction& transaction) : transaction_(transaction) {}

  // Reads `leads`, which are locked. Read again, as after a merge, a lead is as it is then, and what it came
  // to the first time is taken from the sums.
  absl::Status Read(const std::vector<domain::LeadName>& leads);
  // An event of a meeting that is neither known nor initial, or of a lead that was not read, changes nothing.
  // The lead whose meeting was held; empty: none.
  domain::LeadName Apply(const MeetingEvent& event, absl::Time now);
  // Counts what began by `time`.
  void Mature(absl::Time time);
  // Writes what has changed.
  absl::Status Write();

 private:
  struct Lead {
    domain::LeadFacts facts;
    domain::Sums before;
  };

  storage::Transaction& transaction_;
  std::map<domain::LeadName, Lead> leads_;
  // The leads of the meetings that are known.
  std::map<std::string, domain::LeadName> lead_of_chain_;
  // By chain.
  std::map<std::string, store::MeetingRow> changed_;
  std::vector<std::string> uses_;
  std::vector<std::string> trials_;
};

}  // namespace finalmile::catalog::usage

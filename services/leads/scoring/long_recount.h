#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "libs/storage/database.h"
#include "services/leads/domain/engagement.h"
#include "services/leads/scoring/lead_batch.h"
#include "services/leads/scoring/policies.h"

namespace finalmile::leads::scoring {

// Counts the activities of one lead that was set aside (LeadState::recount), one page in each transaction, so
// that neither memory nor the time that the lead is locked grows with their number. The sum so far is kept in
// memory, and the position on the lead's row: an activity that happened at or before it resets the position,
// and then the count begins again, as it does when another policy or another process came between.
//
// A value: take a copy, do a page with it, and keep it once the transaction has committed.
class LongRecount {
 public:
  // kGone: the lead does not wait to be counted (any more).
  enum class Progress { kGoesOn, kBeganAgain, kDone, kGone };

  explicit LongRecount(domain::LeadId lead) : lead_(std::move(lead)) {}

  // Counts the next `rows` activities; after the last of them scores the lead and writes it.
  absl::StatusOr<Progress> CountPage(storage::Transaction& transaction, Policies& policies,
                                     EventContext context, int rows);

  const domain::LeadId& lead() const { return lead_; }
  int64_t counted() const { return counted_; }

 private:
  domain::LeadId lead_;
  // Keeps alive what `count_` refers to.
  PolicyPointer policy_;
  std::optional<domain::Recount> count_;
  // The last activity that was counted.
  std::optional<domain::Activity> last_;
  // The position on the row: less than a second after `last_`, at random, so that it differs from a position
  // that another process wrote.
  absl::Time mark_ = store::LeadState::kFromTheStart;
  int64_t counted_ = 0;
};

}  // namespace finalmile::leads::scoring

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/table.h"
#include "services/leads/domain/reason.h"
#include "services/leads/domain/sales.h"

namespace finalmile::leads::store {

extern const storage::Table<domain::SalesFact> kSalesFacts;

// The facts of these keys, and of these leads; in any order.
absl::StatusOr<std::vector<domain::SalesFact>> SalesFactsOf(storage::Transaction& transaction,
                                                            const std::vector<std::string>& keys);
absl::StatusOr<std::vector<domain::SalesFact>> SalesFactsOfLeads(storage::Transaction& transaction,
                                                                 const std::vector<domain::LeadId>& leads);
// Deletes at most `limit` that happened before `time`, and returns how many.
absl::StatusOr<int64_t> DeleteSalesFacts(storage::Transaction& transaction, absl::Time time, int limit);

// A moment at which a lead became sales-ready: what was known then, and what came of it.
struct CrossingRow {
  // "{lead}:{ready_seq}".
  std::string id;
  domain::LeadId lead;
  int64_t ready_seq = 0;
  int64_t cycle = 0;
  std::string lane;
  bool hand_raise = false;
  std::string grade;
  // PolicyRow::number.
  int64_t policy = 0;
  double fit = 0;
  double engagement = 0;
  // What a model may learn from: the reasons of the score.
  std::vector<domain::Reason> reasons;
  absl::Time time = absl::UnixEpoch();
  // When its request ended, and until when the lead is left alone; InfinitePast: it has not, and is not.
  absl::Time end_time = absl::InfinitePast();
  absl::Time quiet_until = absl::InfinitePast();
  // Absent: not decided yet.
  std::optional<domain::Label> label;
  // When it is to be decided, then when the row is to be deleted.
  absl::Time due_time = absl::InfiniteFuture();
};
std::string CrossingId(const domain::LeadId& lead, int64_t ready_seq);

extern const storage::Table<CrossingRow> kCrossings;

// The crossings of these ids, locked by whoever holds the locks of their leads; in any order.
absl::StatusOr<std::vector<CrossingRow>> ReadCrossings(storage::Transaction& transaction,
                                                       const std::vector<std::string>& ids);
// At most `limit` of a lead whose ready_seq is below `before`, the newest first.
absl::StatusOr<std::vector<CrossingRow>> CrossingsOf(storage::Transaction& transaction,
                                                     const domain::LeadId& lead, int64_t before, int limit);
// Deferred.
absl::Status DeleteCrossings(storage::Transaction& transaction, const std::vector<std::string>& ids);

}  // namespace finalmile::leads::store

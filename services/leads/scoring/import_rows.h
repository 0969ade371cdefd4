#pragma once

#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "finalmile/leads/v1/import.pb.h"
#include "libs/outbox/envelope.h"
#include "libs/storage/database.h"
#include "services/leads/domain/import_row.h"
#include "services/leads/domain/source_row.h"
#include "services/leads/scoring/dry_run.h"
#include "services/leads/scoring/erasures.h"
#include "services/leads/scoring/import_turn.h"
#include "services/leads/scoring/policies.h"
#include "services/leads/scoring/row_owners.h"
#include "services/leads/store/import_store.h"
#include "services/leads/store/profile_store.h"
#include "services/leads/store/source_row_store.h"

namespace finalmile::leads::scoring {

// What came of the rows of a message.
struct RowResults {
  // The counts, and the last line.
  store::ImportProgress progress;
  std::vector<v1::ImportReject> rejects = {};
  std::vector<v1::ImportConflict> conflicts = {};
  // At most kMaxUnread of the cells that could not be read.
  std::vector<v1::ImportReject> unread = {};
  int64_t unread_cells = 0;

  // The most of one message, which would otherwise be answered with more than it is.
  static constexpr size_t kMaxUnread = 1000;

  void Unread(int64_t line, const std::vector<domain::Reject>& cells);
  void Reject(int64_t line, const domain::Reject& reject);
};

// Takes rows of an import in one transaction. What the source said before is compared with what it says now,
// and the differences are applied (domain::TakeRow).
class RowTaker {
 public:
  // The references outlive it. Either `turn`, which orders what it writes with other messages, or `dry`:
  // nothing is stored, and what would be is kept there.
  RowTaker(storage::Transaction& transaction, Policies& policies, const Erasures& erasures,
           const outbox::EventContext& context, const domain::ImportPlan& plan, const domain::RowRules& rules,
           ImportTurn* turn, DryRun* dry)
      : transaction_(transaction),
        policies_(policies),
        erasures_(erasures),
        context_(context),
        plan_(plan),
        rules_(rules),
        turn_(turn),
        dry_(dry) {}

  absl::Status Take(std::span<const IdentifiedRow> rows, RowResults& results);

 private:
  struct Piece;
  // The rows from the front that touch different leads; how many they are. `last`: there are none behind
  // these.
  absl::StatusOr<size_t> TakeSome(std::span<const IdentifiedRow> rows, bool last, RowResults& results);

  storage::Transaction& transaction_;
  Policies& policies_;
  const Erasures& erasures_;
  const outbox::EventContext& context_;
  const domain::ImportPlan& plan_;
  const domain::RowRules& rules_;
  ImportTurn* const turn_;
  DryRun* const dry_;
};

}  // namespace finalmile::leads::scoring

#include "libs/events/local/retention.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/storage/transact.h"

namespace finalmile::events {
namespace {

constexpr int64_t kChunk = 1'000;
constexpr absl::Duration kPeriod = absl::Minutes(1);
constexpr absl::Duration kTrimTime = absl::Seconds(1);

class Retention final : public Step {
 public:
  Retention(storage::Database& database, Catalog& catalog, Clock& clock)
      : database_(database), catalog_(catalog), clock_(clock), wake_(clock.NewWaitEvent()) {}

  std::string_view name() const override { return "events.retention"; }
  WaitEvent& wake() override { return *wake_; }

  absl::Duration Run() override {
    int64_t budget = kChunk;
    for (const Catalog::Topic& topic : catalog_.List()) {
      if (topic.spec.retention == absl::InfiniteDuration()) continue;
      const absl::Time oldest = clock_.Now() - topic.spec.retention;
      for (int32_t p = 0; p < topic.spec.partitions && budget > 0; ++p) {
        const auto trimmed = Trim(topic.first_id + p, ToMicros(oldest), budget);
        // The store is busy or full: what is left is trimmed a minute later.
        if (!trimmed.ok()) return clock_.Steady() + kPeriod;
        budget -= *trimmed;
      }
    }
    return budget > 0 ? clock_.Steady() + kPeriod : absl::ZeroDuration();
  }

 private:
  // Deletes at most `most` records of the partition stored before `oldest`; returns how many.
  absl::StatusOr<int64_t> Trim(int64_t id, int64_t oldest, int64_t most) {
    const Bounds bounds = catalog_.BoundsOf(id);
    if (bounds.start == bounds.end) return 0;
    const auto expired = [&](int64_t offset, storage::Transaction& transaction) -> absl::StatusOr<bool> {
      ASSIGN_OR_RETURN(const storage::Result found,
                       transaction.Execute("SELECT time FROM records WHERE id = $1", {RecordId(id, offset)}));
      return !found.rows.empty() && found.rows[0].Int(0) < oldest;
    };
    ASSIGN_OR_RETURN(const bool any, storage::Read(database_, clock_.Steady() + kTrimTime,
                                                   [&](storage::Transaction& transaction) {
                                                     return expired(bounds.start, transaction);
                                                   }));
    if (!any) return 0;
    const auto trim = [&](storage::Transaction& transaction) -> absl::StatusOr<int64_t> {
      ASSIGN_OR_RETURN(
          const storage::Result rows,
          transaction.Execute("SELECT id, time FROM records WHERE id >= $1 AND id < $2 ORDER BY id LIMIT $3",
                              {RecordId(id, bounds.start), RecordId(id, bounds.end), most}));
      int64_t start = bounds.start;
      // Stops at the first that is young, even if a clock set back made later ones look old.
      for (const storage::Row& row : rows.rows) {
        if (row.Int(1) >= oldest) break;
        start = OffsetOf(row.Int(0)) + 1;
      }
      RETURN_IF_ERROR(transaction
                          .Execute("DELETE FROM records WHERE id >= $1 AND id < $2",
                                   {RecordId(id, bounds.start), RecordId(id, start)})
                          .status());
      RETURN_IF_ERROR(
          transaction.Execute("UPDATE partitions SET start_offset = $1 WHERE id = $2", {start, id}).status());
      return start;
    };
    ASSIGN_OR_RETURN(const int64_t start,
                     storage::Transact(database_, {.deadline = clock_.Steady() + kTrimTime}, trim));
    catalog_.Trimmed(id, start);
    return start - bounds.start;
  }

  storage::Database& database_;
  Catalog& catalog_;
  Clock& clock_;
  std::unique_ptr<WaitEvent> wake_;
};

}  // namespace

std::unique_ptr<Step> NewRetention(storage::Database& database, Catalog& catalog, Clock& clock) {
  return std::make_unique<Retention>(database, catalog, clock);
}

}  // namespace finalmile::events

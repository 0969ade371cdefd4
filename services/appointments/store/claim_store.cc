#include "services/appointments/store/claim_store.h"

#include "libs/base/status.h"
#include "libs/storage/columns.h"

namespace finalmile::appointments::store {
namespace {

using domain::Interval;
using storage::In;
using storage::Row;
using storage::Value;

// Meetings of the day that has just ended still count for it somewhere on earth.
constexpr absl::Duration kKeepPast = absl::Hours(48);

}  // namespace

const storage::Table<ClaimRow> kClaims("claims", {"id"},
                                       {{"id", &ClaimRow::id},
                                        {"kind", &ClaimRow::kind},
                                        {"host", &ClaimRow::host},
                                        {"busy_start", In(&ClaimRow::busy, &Interval::start)},
                                        {"busy_end", In(&ClaimRow::busy, &Interval::end)},
                                        {"start_time", In(&ClaimRow::meeting, &Interval::start)},
                                        {"end_time", In(&ClaimRow::meeting, &Interval::end)},
                                        {"expire_time", &ClaimRow::expire_time, absl::InfiniteFuture()},
                                        {"holder", &ClaimRow::holder}});

absl::StatusOr<storage::Deferred> DeferClaims(storage::Transaction& transaction,
                                              const std::vector<std::string>& hosts, const Interval& within,
                                              absl::Time now) {
  // The lower bound of busy_start makes it a short range of the index.
  static const std::string sql = "SELECT " + kClaims.columns() + R"sql(
FROM {rows: host_id TEXT, from_time BIGINT, first_start BIGINT, to_time BIGINT, at_time BIGINT} AS r
JOIN claims ON host = r.host_id AND busy_start > r.first_start AND busy_start < r.to_time AND busy_end > r.from_time
WHERE expire_time IS NULL OR expire_time > r.at_time)sql";
  std::vector<Row> rows;
  for (const std::string& host : hosts) {
    rows.emplace_back(std::vector<Value>{host, ToMicros(within.start), ToMicros(within.start - kLongestClaim),
                                         ToMicros(within.end), ToMicros(now)});
  }
  return transaction.DeferMany(sql, rows);
}

absl::StatusOr<ClaimsByHost> ClaimsIn(const storage::Result& result) {
  ASSIGN_OR_RETURN(std::vector<ClaimRow> claims, kClaims.Records(result));
  ClaimsByHost by_host;
  for (ClaimRow& claim : claims) {
    std::vector<ClaimRow>& list = by_host[claim.host];
    list.push_back(std::move(claim));
  }
  return by_host;
}

absl::StatusOr<std::vector<ClaimRow>> ReadClaims(storage::Transaction& transaction,
                                                 const std::vector<std::string>& ids) {
  ASSIGN_OR_RETURN(const storage::Deferred read, kClaims.DeferRead(transaction, ids));
  RETURN_IF_ERROR(transaction.Settle());
  return kClaims.Records(*read);
}

absl::StatusOr<int64_t> CountHolds(storage::Transaction& transaction, const std::string& holder,
                                   absl::Time now) {
  ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute(R"sql(
SELECT COUNT(*) FROM claims WHERE holder <> '' AND holder = $1 AND expire_time > $2)sql",
                                                                     {holder, ToMicros(now)}));
  return result.rows.front().Int(0);
}

absl::Status DeleteClaims(storage::Transaction& transaction, const std::vector<std::string>& ids) {
  return transaction
      .DeferMany("DELETE FROM claims WHERE id IN (SELECT r.id FROM {rows: id TEXT} AS r)",
                 storage::IdRows(ids))
      .status();
}

absl::Status DeleteStaleClaims(storage::Transaction& transaction, const std::string& host, absl::Time now) {
  // Each of the two is a range of an index: the claims ahead are not looked at.
  RETURN_IF_ERROR(
      transaction
          .Defer("DELETE FROM claims WHERE host = $1 AND expire_time IS NOT NULL AND expire_time <= $2",
                 {host, ToMicros(now)})
          .status());
  return transaction
      .Defer("DELETE FROM claims WHERE host = $1 AND busy_start < $2",
             {host, ToMicros(now - kKeepPast - kLongestClaim)})
      .status();
}

absl::Status ReleaseHolds(storage::Transaction& transaction, const std::string& host,
                          const Interval& within) {
  return transaction
      .Defer(
          "DELETE FROM claims WHERE host = $1 AND expire_time IS NOT NULL AND busy_start < $3 AND busy_end > "
          "$2",
          {host, ToMicros(within.start), ToMicros(within.end)})
      .status();
}

}  // namespace finalmile::appointments::store

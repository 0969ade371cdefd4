#include "services/catalog/store/publication_store.h"

#include <fmt/format.h>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/columns.h"
#include "services/catalog/store/version_key.h"

namespace finalmile::catalog::store {
namespace {

using storage::Bytes;
using storage::OptionalMicros;
using storage::TimeOr;

// Statements are kept by their text: lists are filled up to one of few lengths.
constexpr size_t kShortestList = 32;

domain::Period PeriodOf(const storage::Row& row, size_t column) {
  return {FromMicros(row.Int(column)), TimeOr(row, column + 1, absl::InfiniteFuture())};
}

}  // namespace

absl::Status InsertSketches(storage::Transaction& transaction, const std::vector<SketchRow>& sketches) {
  std::vector<storage::Row> rows;
  std::vector<storage::Row> hashes;
  for (const SketchRow& row : sketches) {
    rows.push_back(storage::Row({row.asset, row.version, Bytes{domain::Encode(row.sketch)}}));
    for (const int64_t hash : domain::IndexedHashes(row.sketch)) {
      hashes.push_back(storage::Row({hash, row.asset, row.version}));
    }
  }
  RETURN_IF_ERROR(
      transaction
          .DeferMany("INSERT INTO sketches (asset, version, sketch) SELECT asset, version, sketch "
                     "FROM {rows: asset TEXT, version BIGINT, sketch BYTES} AS r WHERE TRUE "
                     "ON CONFLICT DO NOTHING",
                     rows)
          .status());
  return transaction
      .DeferMany(
          "INSERT INTO sketch_hashes (hash, asset, version) SELECT hash, asset, version "
          "FROM {rows: hash BIGINT, asset TEXT, version BIGINT} AS r WHERE TRUE ON CONFLICT DO NOTHING",
          hashes)
      .status();
}

absl::StatusOr<std::vector<domain::SketchCandidate>> FindSketches(storage::Transaction& transaction,
                                                                  const std::vector<int64_t>& hashes) {
  if (hashes.empty()) return std::vector<domain::SketchCandidate>();
  size_t length = kShortestList;
  while (length < hashes.size()) length *= 2;
  std::vector<storage::Value> values(hashes.begin(), hashes.end());
  values.resize(length, hashes.back());
  std::string list;
  for (size_t i = 1; i <= length; ++i) list += fmt::format("{}${}", i == 1 ? "" : ", ", i);
  ASSIGN_OR_RETURN(storage::Result result,
                   transaction.Execute(fmt::format("SELECT asset, version FROM sketch_hashes WHERE hash IN "
                                                   "({}) GROUP BY asset, version "
                                                   "ORDER BY COUNT(*) DESC, asset, version LIMIT {}",
                                                   list, domain::kMaxCandidates),
                                       std::move(values)));
  std::vector<VersionKey> keys;
  for (const storage::Row& row : result.rows) keys.emplace_back(row.Text(0), row.Int(1));
  return ReadSketches(transaction, keys);
}

absl::StatusOr<std::vector<domain::SketchCandidate>> ReadSketches(storage::Transaction& transaction,
                                                                  const std::vector<VersionKey>& keys) {
  ASSIGN_OR_RETURN(storage::Result result,
                   transaction.ExecuteMany(
                       "SELECT s.asset, s.version, s.sketch FROM {rows: asset TEXT, version BIGINT} AS r "
                       "JOIN sketches AS s ON s.asset = r.asset AND s.version = r.version",
                       KeyRows(keys)));
  std::vector<domain::SketchCandidate> candidates;
  for (const storage::Row& row : result.rows) {
    ASSIGN_OR_RETURN(domain::Sketch sketch, domain::DecodeSketch(row.Blob(2)));
    candidates.push_back({row.Text(0), row.Int(1), std::move(sketch)});
  }
  return candidates;
}

absl::Status EndPeriods(storage::Transaction& transaction, const std::vector<std::string>& assets,
                        absl::Time now) {
  std::vector<storage::Row> rows;
  rows.reserve(assets.size());
  for (const std::string& asset : assets) rows.push_back(storage::Row({asset, ToMicros(now)}));
  RETURN_IF_ERROR(transaction
                      .DeferMany("DELETE FROM live_periods WHERE (asset, from_time) IN (SELECT p.asset, "
                                 "p.from_time FROM {rows: asset TEXT, ends BIGINT} AS r JOIN live_periods "
                                 "AS p ON p.asset = r.asset AND p.from_time >= r.ends)",
                                 rows)
                      .status());
  return transaction
      .DeferMany(
          "UPDATE live_periods SET to_time = r.ends FROM {rows: asset TEXT, ends BIGINT} AS r "
          "WHERE live_periods.asset = r.asset AND (live_periods.to_time IS NULL OR live_periods.to_time > "
          "r.ends)",
          rows)
      .status();
}

absl::Status InsertPeriods(storage::Transaction& transaction, const std::vector<PeriodRow>& periods) {
  std::vector<storage::Row> rows;
  rows.reserve(periods.size());
  for (const PeriodRow& row : periods) {
    rows.push_back(
        storage::Row({row.asset, ToMicros(row.period.from), OptionalMicros(row.period.to), row.version}));
  }
  return transaction
      .DeferMany(
          "INSERT INTO live_periods (asset, from_time, to_time, version) SELECT asset, from_time, to_time, "
          "version FROM {rows: asset TEXT, from_time BIGINT, to_time BIGINT, version BIGINT} AS r",
          rows)
      .status();
}

absl::StatusOr<domain::Period> PeriodAt(storage::Transaction& transaction, const VersionKey& key,
                                        absl::Time time) {
  ASSIGN_OR_RETURN(storage::Result result,
                   transaction.Execute("SELECT from_time, to_time FROM live_periods WHERE asset = $1 AND "
                                       "version = $2 AND from_time <= $3 ORDER BY from_time DESC LIMIT 1",
                                       {key.first, key.second, ToMicros(time)}));
  if (result.rows.empty()) return domain::Period{absl::InfiniteFuture(), absl::InfiniteFuture()};
  return PeriodOf(result.rows[0], 0);
}

absl::StatusOr<std::vector<PeriodRow>> PeriodsWithin(storage::Transaction& transaction, absl::Time from,
                                                     absl::Time to) {
  ASSIGN_OR_RETURN(
      storage::Result result,
      transaction.Execute("SELECT asset, version, from_time, to_time FROM live_periods "
                          "WHERE (to_time IS NULL OR to_time > $1) AND from_time < $2 ORDER BY asset",
                          {ToMicros(from), ToMicros(to)}));
  std::vector<PeriodRow> periods;
  for (const storage::Row& row : result.rows) {
    periods.push_back({row.Text(0), row.Int(1), PeriodOf(row, 2)});
  }
  return periods;
}

}  // namespace finalmile::catalog::store

#include "services/catalog/store/publication_store.h"

#include <fmt/format.h>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/table.h"

namespace finalmile::catalog::store {
namespace {

using domain::Period;
using domain::SketchCandidate;

// Statements are kept by their text: lists are filled up to one of few lengths.
constexpr size_t kShortestList = 32;

const storage::Table<SketchCandidate> kSketches(
    "sketches", {"asset", "version"},
    {{"asset", &SketchCandidate::asset},
     {"version", &SketchCandidate::version},
     {"sketch", "BYTES",
      [](const SketchCandidate& row) -> storage::Value { return storage::Bytes{domain::Encode(row.sketch)}; },
      [](const storage::Row& row, size_t column, SketchCandidate& into) -> absl::Status {
        ASSIGN_OR_RETURN(into.sketch, domain::DecodeSketch(row.Blob(column)));
        return absl::OkStatus();
      }}});

const storage::Table<PeriodRow> kPeriods("live_periods", {"asset", "from_time"},
                                         {{"asset", &PeriodRow::asset},
                                          {"from_time", storage::In(&PeriodRow::period, &Period::from)},
                                          {"to_time", storage::In(&PeriodRow::period, &Period::to),
                                           absl::InfiniteFuture()},
                                          {"version", &PeriodRow::version}});

}  // namespace

absl::Status InsertSketches(storage::Transaction& transaction, const std::vector<SketchCandidate>& sketches) {
  std::vector<storage::Row> hashes;
  for (const SketchCandidate& row : sketches) {
    for (const int64_t hash : domain::IndexedHashes(row.sketch)) {
      hashes.push_back(storage::Row({hash, row.asset.text(), row.version}));
    }
  }
  RETURN_IF_ERROR(kSketches.InsertAbsent(transaction, storage::Pointers(sketches)));
  return transaction
      .DeferMany(R"sql(
INSERT INTO sketch_hashes (hash, asset, version)
SELECT r.* FROM {rows: hash BIGINT, asset TEXT, version BIGINT} AS r
WHERE TRUE
ON CONFLICT DO NOTHING)sql",
                 hashes)
      .status();
}

absl::StatusOr<std::vector<SketchCandidate>> FindSketches(storage::Transaction& transaction,
                                                          const std::vector<int64_t>& hashes) {
  if (hashes.empty()) return std::vector<SketchCandidate>();
  size_t length = kShortestList;
  while (length < hashes.size()) length *= 2;
  std::vector<storage::Value> values(hashes.begin(), hashes.end());
  values.resize(length, hashes.back());
  std::string list;
  for (size_t i = 1; i <= length; ++i) list += fmt::format("{}${}", i == 1 ? "" : ", ", i);
  const std::string sql = fmt::format(R"sql(
SELECT asset, version FROM sketch_hashes
WHERE hash IN ({})
GROUP BY asset, version
ORDER BY COUNT(*) DESC, asset, version
LIMIT {})sql",
                                      list, domain::kMaxCandidates);
  ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute(sql, std::move(values)));
  std::vector<VersionKey> keys;
  for (const storage::Row& row : result.rows) keys.emplace_back(domain::AssetId(row.Text(0)), row.Int(1));
  return ReadSketches(transaction, keys);
}

absl::StatusOr<std::vector<SketchCandidate>> ReadSketches(storage::Transaction& transaction,
                                                          const std::vector<VersionKey>& keys) {
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.ExecuteMany(kSketches.select() + kJoinKeys, KeyRows(keys)));
  return kSketches.Records(result);
}

absl::Status EndPeriods(storage::Transaction& transaction, const std::vector<domain::AssetId>& assets,
                        absl::Time now) {
  std::vector<storage::Row> rows;
  rows.reserve(assets.size());
  for (const domain::AssetId& asset : assets) rows.push_back(storage::Row({asset.text(), ToMicros(now)}));
  RETURN_IF_ERROR(transaction
                      .DeferMany(R"sql(
DELETE FROM live_periods
WHERE (asset, from_time) IN (
  SELECT p.asset, p.from_time
  FROM {rows: asset TEXT, ends BIGINT} AS r
  JOIN live_periods AS p ON p.asset = r.asset AND p.from_time >= r.ends))sql",
                                 rows)
                      .status());
  return transaction
      .DeferMany(R"sql(
UPDATE live_periods SET to_time = r.ends
FROM {rows: asset TEXT, ends BIGINT} AS r
WHERE live_periods.asset = r.asset
  AND (live_periods.to_time IS NULL OR live_periods.to_time > r.ends))sql",
                 rows)
      .status();
}

absl::Status InsertPeriods(storage::Transaction& transaction, const std::vector<PeriodRow>& periods) {
  return kPeriods.Insert(transaction, storage::Pointers(periods));
}

absl::StatusOr<Period> PeriodAt(storage::Transaction& transaction, const VersionKey& key, absl::Time time) {
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute(kPeriods.select() + R"sql(
WHERE asset = $1 AND version = $2 AND from_time <= $3
ORDER BY from_time DESC
LIMIT 1)sql",
                                       {key.first.text(), key.second, ToMicros(time)}));
  ASSIGN_OR_RETURN(const std::vector<PeriodRow> latest, kPeriods.Records(result));
  if (latest.empty()) return Period{absl::InfiniteFuture(), absl::InfiniteFuture()};
  return latest[0].period;
}

absl::StatusOr<std::vector<PeriodRow>> PeriodsWithin(storage::Transaction& transaction, absl::Time from,
                                                     absl::Time to) {
  ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute(kPeriods.select() + R"sql(
WHERE (to_time IS NULL OR to_time > $1) AND from_time < $2
ORDER BY asset)sql",
                                                                     {ToMicros(from), ToMicros(to)}));
  return kPeriods.Records(result);
}

}  // namespace finalmile::catalog::store

#include "services/catalog/usage/store/credit_store.h"

#include <algorithm>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/columns.h"
#include "libs/storage/table.h"
#include "services/catalog/usage/domain/recommend.h"

namespace finalmile::catalog::usage::store {

namespace {

using catalog::domain::AssetId;
using catalog::store::KeyRows;
using catalog::store::kJoinKeys;
using storage::In;

struct CreditRow {
  AssetId asset;
  int64_t version = 0;
  std::string grade;
  std::string stage;
  domain::Counts counts;
};

const storage::Table<CreditRow> kCredits("credits", {"asset", "version", "grade", "stage"},
                                         {{"asset", &CreditRow::asset},
                                          {"version", &CreditRow::version},
                                          {"grade", &CreditRow::grade},
                                          {"stage", &CreditRow::stage},
                                          {"matured", In(&CreditRow::counts, &domain::Counts::matured)},
                                          {"set_count", In(&CreditRow::counts, &domain::Counts::set)},
                                          {"held", In(&CreditRow::counts, &domain::Counts::held)}});

struct ArmRow {
  int64_t kind = 0;
  bool withheld = false;
  domain::Arm arm;
};

const storage::Table<ArmRow> kArms("trial_arms", {"kind", "withheld"},
                                   {{"kind", &ArmRow::kind},
                                    {"withheld", &ArmRow::withheld},
                                    {"matured", In(&ArmRow::arm, &domain::Arm::matured)},
                                    {"held", In(&ArmRow::arm, &domain::Arm::held)}});

}  // namespace

absl::StatusOr<std::map<domain::LeadName, domain::LeadFacts>> ReadFacts(
    storage::Transaction& transaction, const std::vector<domain::LeadName>& leads) {
  const std::vector<storage::Row> rows = storage::IdRows(leads);
  ASSIGN_OR_RETURN(const storage::Deferred uses, transaction.DeferMany(R"sql(
SELECT u.lead, u.id, u.asset, u.version, u.grade, u.stage, u.use_time, u.counted
FROM {rows: id TEXT} AS r
JOIN uses AS u ON u.lead = r.id AND u.asset <> '')sql",
                                                                       rows));
  ASSIGN_OR_RETURN(const storage::Deferred trials, transaction.DeferMany(R"sql(
SELECT o.lead, o.id, o.kind, o.slot, o.offer_time, o.counted
FROM {rows: id TEXT} AS r
JOIN offers AS o ON o.lead = r.id AND o.trial AND o.kind <> 0)sql",
                                                                         rows));
  RETURN_IF_ERROR(transaction.Settle());
  std::map<domain::LeadName, domain::LeadFacts> facts;
  for (const storage::Row& row : uses->rows) {
    facts[domain::LeadName(row.Text(0))].uses.push_back({row.Text(1),
                                                         {AssetId(row.Text(2)), row.Int(3)},
                                                         row.Text(4),
                                                         row.Text(5),
                                                         FromMicros(row.Int(6)),
                                                         row.Bool(7)});
  }
  for (const storage::Row& row : trials->rows) {
    const bool withheld = row.Int(3) == static_cast<int64_t>(domain::Slot::kWithheld);
    facts[domain::LeadName(row.Text(0))].trials.push_back(
        {row.Text(1), row.Int(2), withheld, FromMicros(row.Int(4)), row.Bool(5)});
  }
  return facts;
}

absl::StatusOr<std::vector<domain::LeadName>> LeadsToCount(storage::Transaction& transaction, absl::Time time,
                                                           int limit) {
  std::vector<domain::LeadName> leads;
  for (const char* sql : {R"sql(
SELECT lead FROM uses
WHERE asset <> '' AND NOT counted AND use_time <= $1
ORDER BY use_time
LIMIT $2)sql",
                          R"sql(
SELECT lead FROM offers
WHERE trial AND kind <> 0 AND NOT counted AND offer_time <= $1
ORDER BY offer_time
LIMIT $2)sql"}) {
    ASSIGN_OR_RETURN(
        const std::vector<domain::LeadName> some,
        storage::FirstTexts<domain::LeadName>(transaction.Execute(sql, {ToMicros(time), int64_t{limit}})));
    leads.insert(leads.end(), some.begin(), some.end());
  }
  return storage::SortedUnique(std::move(leads));
}

absl::StatusOr<absl::Time> FirstToCount(storage::Transaction& transaction) {
  absl::Time first = absl::InfiniteFuture();
  for (const char* sql : {"SELECT MIN(use_time) FROM uses WHERE asset <> '' AND NOT counted",
                          "SELECT MIN(offer_time) FROM offers WHERE trial AND kind <> 0 AND NOT counted"}) {
    ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute(sql));
    first = std::min(first, storage::TimeOr(result.rows[0], 0, absl::InfiniteFuture()));
  }
  return first;
}

absl::Status MarkCounted(storage::Transaction& transaction, const std::vector<std::string>& uses,
                         const std::vector<std::string>& trials) {
  RETURN_IF_ERROR(
      transaction
          .DeferMany("UPDATE uses SET counted = TRUE WHERE id IN (SELECT r.id FROM {rows: id TEXT} AS r)",
                     storage::IdRows(uses))
          .status());
  return transaction
      .DeferMany("UPDATE offers SET counted = TRUE WHERE id IN (SELECT r.id FROM {rows: id TEXT} AS r)",
                 storage::IdRows(trials))
      .status();
}

absl::Status AddSums(storage::Transaction& transaction, const domain::Sums& sums) {
  domain::Sums all;
  for (const auto& [key, counts] : sums.cells) {
    const auto& [version, grade, stage] = key;
    const AssetId& asset = version.first;
    for (const domain::Version& of : {version, domain::Version(asset, 0), domain::Version()}) {
      all.Add({.cells = {{{of, grade, stage}, counts}}, .arms = {}}, 1);
    }
  }
  std::vector<CreditRow> cells;
  for (const auto& [key, counts] : all.cells) {
    const auto& [version, grade, stage] = key;
    if (counts != domain::Counts()) cells.push_back({version.first, version.second, grade, stage, counts});
  }
  std::vector<ArmRow> arms;
  for (const auto& [key, arm] : sums.arms) {
    if (arm != domain::Arm()) arms.push_back({key.first, key.second, arm});
  }
  RETURN_IF_ERROR(kCredits.InsertOrAdd(transaction, storage::Pointers(cells)));
  return kArms.InsertOrAdd(transaction, storage::Pointers(arms));
}

absl::StatusOr<std::map<VersionKey, std::vector<domain::CellCount>>> ReadCells(
    storage::Transaction& transaction, const std::vector<VersionKey>& keys) {
  static const std::string kSql = kCredits.select() + kJoinKeys;
  ASSIGN_OR_RETURN(const storage::Result result, transaction.ExecuteMany(kSql, KeyRows(keys)));
  ASSIGN_OR_RETURN(std::vector<CreditRow> rows, kCredits.Records(result));
  std::map<VersionKey, std::vector<domain::CellCount>> cells;
  for (CreditRow& row : rows) {
    cells[{row.asset, row.version}].push_back(
        {std::move(row.grade), std::move(row.stage), row.counts.matured, row.counts.set, row.counts.held});
  }
  return cells;
}

absl::StatusOr<std::map<domain::ArmKey, domain::Arm>> ReadArms(storage::Transaction& transaction) {
  ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute(kArms.select()));
  ASSIGN_OR_RETURN(const std::vector<ArmRow> rows, kArms.Records(result));
  std::map<domain::ArmKey, domain::Arm> arms;
  for (const ArmRow& row : rows) arms[{row.kind, row.withheld}] = row.arm;
  return arms;
}

absl::StatusOr<int64_t> DeleteUsage(storage::Transaction& transaction, absl::Time time, int limit) {
  int64_t most = 0;
  for (const char* sql : {
           R"sql(
DELETE FROM uses
WHERE id IN (SELECT id FROM uses WHERE use_time < $1 ORDER BY use_time LIMIT $2))sql",
           R"sql(
DELETE FROM offers
WHERE id IN (SELECT id FROM offers WHERE offer_time < $1 ORDER BY offer_time LIMIT $2))sql",
       }) {
    ASSIGN_OR_RETURN(const storage::Result result,
                     transaction.Execute(sql, {ToMicros(time), int64_t{limit}}));
    most = std::max(most, result.affected);
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> chains,
                   storage::FirstTexts(transaction.Execute(R"sql(
DELETE FROM meetings
WHERE chain IN (SELECT chain FROM meetings WHERE update_time < $1 ORDER BY update_time LIMIT $2)
RETURNING chain)sql",
                                                           {ToMicros(time), int64_t{limit}})));
  RETURN_IF_ERROR(transaction
                      .DeferMany(R"sql(
DELETE FROM meeting_touches
WHERE chain IN (SELECT r.chain FROM {rows: chain TEXT} AS r))sql",
                                 storage::IdRows(chains))
                      .status());
  return std::max<int64_t>(most, std::ssize(chains));
}

}  // namespace finalmile::catalog::usage::store

#include "services/catalog/usage/store/offer_store.h"

#include "libs/base/clock.h"
#include "libs/base/status.h"

namespace finalmile::catalog::usage::store {
namespace {

// The rows have asset, version and slot.
std::vector<ArmKey> ArmsOf(const storage::Result& result) {
  std::vector<ArmKey> arms;
  for (const storage::Row& row : result.rows) {
    arms.push_back({{row.Text(0), row.Int(1)}, row.Int(2) == static_cast<int64_t>(domain::Slot::kWithheld)});
  }
  return arms;
}

}  // namespace

absl::Status InsertOffers(storage::Transaction& transaction, const std::vector<OfferRow>& offers) {
  std::vector<storage::Row> rows;
  for (const OfferRow& offer : offers) {
    const bool drawn = offer.slot == domain::Slot::kRandom || offer.slot == domain::Slot::kWithheld;
    rows.push_back(storage::Row({offer.id, offer.asset, offer.version, offer.lead,
                                 static_cast<int64_t>(offer.slot), offer.propensity, offer.grade, offer.stage,
                                 offer.situation, ToMicros(offer.offer_time), drawn}));
  }
  return transaction
      .DeferMany(R"sql(
INSERT INTO offers (id, asset, version, lead, slot, propensity, grade, stage, situation, offer_time,
                    trial, chain, matured)
SELECT r.id, r.asset, r.version, r.lead, r.slot, r.propensity, r.grade, r.stage, r.situation, r.offer_time,
       r.drawn AND NOT EXISTS (
         SELECT 1 FROM offers AS o
         WHERE o.lead = r.lead AND o.asset = r.asset AND o.version = r.version AND o.trial),
       '', FALSE
FROM {rows: id TEXT, asset TEXT, version BIGINT, lead TEXT, slot BIGINT, propensity DOUBLE, grade TEXT,
            stage TEXT, situation TEXT, offer_time BIGINT, drawn BOOLEAN} AS r)sql",
                 rows)
      .status();
}

absl::Status ClaimTrials(storage::Transaction& transaction, const std::string& chain, const std::string& lead,
                         absl::Time from, absl::Time to) {
  return transaction
      .Execute(R"sql(
UPDATE offers SET chain = $1
WHERE lead = $2 AND trial AND chain = '' AND NOT matured AND offer_time > $3 AND offer_time <= $4)sql",
               {chain, lead, ToMicros(from), ToMicros(to)})
      .status();
}

absl::StatusOr<std::vector<ArmKey>> TrialsOf(storage::Transaction& transaction, const std::string& chain) {
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute(
                       "SELECT asset, version, slot FROM offers WHERE chain = $1 AND chain <> ''", {chain}));
  return ArmsOf(result);
}

absl::StatusOr<std::vector<ArmKey>> MatureTrials(storage::Transaction& transaction, absl::Time time,
                                                 int limit) {
  ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute(R"sql(
UPDATE offers SET matured = TRUE
WHERE chain = '' AND NOT matured AND id IN (
  SELECT id FROM offers
  WHERE trial AND chain = '' AND NOT matured AND offer_time <= $1
  ORDER BY offer_time
  LIMIT $2 {skip_locked})
RETURNING asset, version, slot)sql",
                                                                     {ToMicros(time), int64_t{limit}}));
  return ArmsOf(result);
}

}  // namespace finalmile::catalog::usage::store

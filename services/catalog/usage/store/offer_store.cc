#include "services/catalog/usage/store/offer_store.h"

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/table.h"

namespace finalmile::catalog::usage::store {
namespace {

bool IsTrial(const OfferRow& offer) {
  return offer.slot == domain::Slot::kRandom || offer.slot == domain::Slot::kWithheld;
}

const storage::Table<OfferRow> kOffers(
    "offers", {"id"},
    {{"id", &OfferRow::id},
     {"asset", &OfferRow::asset},
     {"version", &OfferRow::version},
     {"lead", &OfferRow::lead},
     {"kind", &OfferRow::kind},
     {"cycle", &OfferRow::cycle},
     {"slot", &OfferRow::slot},
     {"propensity", &OfferRow::propensity},
     {"grade", &OfferRow::grade},
     {"stage", &OfferRow::stage},
     {"situation", &OfferRow::situation},
     {"offer_time", &OfferRow::offer_time},
     {"trial", "BOOLEAN", [](const OfferRow& offer) -> storage::Value { return IsTrial(offer); }},
     // The release before's.
     {"chain", "TEXT", [](const OfferRow&) -> storage::Value { return std::string(); }},
     {"matured", "BOOLEAN", [](const OfferRow&) -> storage::Value { return false; }}});

}  // namespace

absl::Status InsertOffers(storage::Transaction& transaction, const std::vector<OfferRow>& offers) {
  return kOffers.Insert(transaction, storage::Pointers(offers));
}

absl::StatusOr<Met> MetBy(storage::Transaction& transaction, const domain::LeadName& lead, int64_t cycle) {
  ASSIGN_OR_RETURN(const storage::Deferred offers, transaction.Defer(R"sql(
SELECT DISTINCT asset, slot FROM offers WHERE lead = $1 AND cycle = $2)sql",
                                                                     {lead.text(), cycle}));
  ASSIGN_OR_RETURN(const storage::Deferred uses,
                   transaction.Defer("SELECT DISTINCT asset FROM uses WHERE lead = $1", {lead.text()}));
  RETURN_IF_ERROR(transaction.Settle());
  Met met;
  for (const storage::Row& row : offers->rows) {
    const bool withheld = row.Int(1) == static_cast<int64_t>(domain::Slot::kWithheld);
    (withheld ? met.withheld : met.assets).emplace(row.Text(0));
  }
  for (const storage::Row& row : uses->rows) met.assets.emplace(row.Text(0));
  return met;
}

}  // namespace finalmile::catalog::usage::store

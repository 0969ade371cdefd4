#include "services/appointments/store/touch_store.h"

#include "libs/base/status.h"
#include "libs/storage/columns.h"

namespace finalmile::appointments::store {
namespace {

using domain::Touch;
using storage::In;

const storage::Table<TouchRow> kTouches("touches", {"lead", "time", "subject", "version", "how"},
                                        {{"lead", &TouchRow::lead},
                                         {"time", In(&TouchRow::touch, &Touch::time)},
                                         {"subject", In(&TouchRow::touch, &Touch::subject)},
                                         {"version", In(&TouchRow::touch, &Touch::version)},
                                         {"how", In(&TouchRow::touch, &Touch::how)}});

}  // namespace

absl::Status AddTouches(storage::Transaction& transaction, const std::vector<TouchRow>& touches) {
  return kTouches.InsertAbsent(transaction, storage::Pointers(touches));
}

absl::Status TrimTouches(storage::Transaction& transaction, const std::vector<domain::LeadName>& leads,
                         absl::Time oldest) {
  for (const domain::LeadName& lead : leads) {
    RETURN_IF_ERROR(transaction
                        .Defer(R"sql(
DELETE FROM touches WHERE lead = $1 AND (time < $2 OR time <= COALESCE((
  SELECT t.time FROM touches AS t WHERE t.lead = $1 ORDER BY t.time DESC LIMIT 1 OFFSET $3), -1)))sql",
                               {lead.text(), ToMicros(oldest), int64_t{kMostKept}})
                        .status());
  }
  return absl::OkStatus();
}

absl::StatusOr<storage::Deferred> DeferTouchesOf(storage::Transaction& transaction,
                                                 const domain::LeadName& lead) {
  return transaction.Defer(kTouches.select() + " WHERE lead = $1", {lead.text()});
}

absl::StatusOr<std::vector<Touch>> TouchesIn(const storage::Result& read) {
  ASSIGN_OR_RETURN(const std::vector<TouchRow> rows, kTouches.Records(read));
  std::vector<Touch> touches;
  for (const TouchRow& row : rows) touches.push_back(row.touch);
  return touches;
}

absl::Status DeleteTouches(storage::Transaction& transaction, const domain::LeadName& lead) {
  return transaction.Defer("DELETE FROM touches WHERE lead = $1", {lead.text()}).status();
}

absl::Status MoveTouches(storage::Transaction& transaction, const domain::LeadName& lead,
                         const domain::LeadName& into) {
  ASSIGN_OR_RETURN(const storage::Deferred read, DeferTouchesOf(transaction, lead));
  RETURN_IF_ERROR(transaction.Settle());
  ASSIGN_OR_RETURN(const std::vector<Touch> touches, TouchesIn(*read));
  std::vector<TouchRow> rows;
  for (const Touch& touch : touches) rows.push_back({into, touch});
  RETURN_IF_ERROR(AddTouches(transaction, rows));
  return DeleteTouches(transaction, lead);
}

}  // namespace finalmile::appointments::store

#include "services/leads/store/deletion_store.h"

#include <fmt/format.h>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/table.h"

namespace finalmile::leads::store {
namespace {

using domain::Activity;

template <class Field>
auto OfActivity(Field Activity::*field) {
  return storage::In(&Deletion::activity, field);
}

const storage::Table<Deletion> kDeletions("deleted_activities", {"source", "activity_id"},
                                          {{"source", OfActivity(&Activity::source)},
                                           {"activity_id", OfActivity(&Activity::activity_id)},
                                           {"lead", OfActivity(&Activity::lead)},
                                           {"type", OfActivity(&Activity::type)},
                                           {"event_time", OfActivity(&Activity::event_time)},
                                           {"subject", OfActivity(&Activity::subject)},
                                           {"count", OfActivity(&Activity::count)},
                                           {"delete_time", &Deletion::delete_time},
                                           {"caller", &Deletion::caller},
                                           {"reason", &Deletion::reason}});

}  // namespace

absl::Status DeleteActivity(storage::Transaction& transaction, const Deletion& deletion) {
  const Deletion* rows[] = {&deletion};
  RETURN_IF_ERROR(kDeletions.InsertOrUpdate(transaction, rows));
  return transaction
      .Defer("UPDATE activities SET lead = '', properties = '' WHERE source = $1 AND activity_id = $2",
             {deletion.activity.source, deletion.activity.activity_id})
      .status();
}

absl::StatusOr<std::vector<Deletion>> DeletionsOf(storage::Transaction& transaction,
                                                  const domain::LeadId& lead, int limit) {
  static const std::string sql =
      fmt::format("{} WHERE lead = $1 ORDER BY delete_time DESC LIMIT $2", kDeletions.select());
  ASSIGN_OR_RETURN(const storage::Result read, transaction.Execute(sql, {lead.text(), int64_t{limit}}));
  return kDeletions.Records(read);
}

absl::StatusOr<int64_t> ForgetDeletions(storage::Transaction& transaction, absl::Time time, int limit) {
  RETURN_IF_ERROR(transaction
                      .Defer(R"sql(
DELETE FROM activities
WHERE (source, activity_id) IN (
  SELECT source, activity_id FROM activities
  WHERE lead = '' AND event_time < $1
  ORDER BY event_time
  LIMIT $2))sql",
                             {ToMicros(time), int64_t{limit}})
                      .status());
  ASSIGN_OR_RETURN(const storage::Result deleted, transaction.Execute(R"sql(
DELETE FROM deleted_activities
WHERE (source, activity_id) IN (
  SELECT source, activity_id FROM deleted_activities
  WHERE event_time < $1
  ORDER BY event_time
  LIMIT $2))sql",
                                                                      {ToMicros(time), int64_t{limit}}));
  return deleted.affected;
}

}  // namespace finalmile::leads::store

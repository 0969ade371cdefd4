#include "services/@name@/store/@noun@_store.h"

#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/storage/columns.h"

namespace finalmile::@name@::store {

const storage::Table<@Noun@Row> k@Nouns@(
    "@table@", {"id"},
    {{"id", &@Noun@Row::id},
     {"version", &@Noun@Row::version},
     {"seq", &@Noun@Row::seq},
     {"title", storage::In(&@Noun@Row::content, &domain::@Noun@::title)},
     {"description", storage::In(&@Noun@Row::content, &domain::@Noun@::description)},
     {"lead", storage::In(&@Noun@Row::content, &domain::@Noun@::lead)},
     {"due_time", storage::In(&@Noun@Row::content, &domain::@Noun@::expire_time), absl::InfiniteFuture()},
     {"deleted", &@Noun@Row::deleted},
     {"create_time", &@Noun@Row::create_time},
     {"update_time", &@Noun@Row::update_time}});

absl::StatusOr<std::vector<@Noun@Row>> Read@Nouns@(storage::Transaction& transaction,
                                                   const std::vector<domain::@Noun@Id>& ids) {
  ASSIGN_OR_RETURN(const storage::Deferred read, k@Nouns@.DeferRead(transaction, ids));
  RETURN_IF_ERROR(transaction.Settle());
  ASSIGN_OR_RETURN(std::vector<@Noun@Row> rows, k@Nouns@.Records(*read));
  std::erase_if(rows, [](const @Noun@Row& row) { return row.deleted; });
  return rows;
}

absl::StatusOr<std::vector<@Noun@Row>> List@Nouns@(storage::Transaction& transaction, const storage::Condition& condition,
                                                   const domain::@Noun@Id& after, int limit) {
  std::vector<storage::Value> values = condition.values;
  const size_t bound = values.size();
  values.emplace_back(after.text());
  values.emplace_back(int64_t{limit});
  const std::string sql = fmt::format("{} WHERE {} AND NOT deleted AND id > ${} ORDER BY id LIMIT ${}", k@Nouns@.select(),
                                      condition.sql, bound + 1, bound + 2);
  ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute(sql, std::move(values)));
  return k@Nouns@.Records(result);
}

absl::StatusOr<std::vector<domain::@Noun@Id>> OfLeads(storage::Transaction& transaction,
                                                      const std::vector<domain::LeadName>& leads) {
  return storage::FirstTexts<domain::@Noun@Id>(
      transaction.ExecuteMany("SELECT t.id FROM {rows: id TEXT} AS r JOIN @table@ AS t ON t.lead = r.id AND t.lead <> ''",
                              storage::IdRows(leads)));
}

}  // namespace finalmile::@name@::store

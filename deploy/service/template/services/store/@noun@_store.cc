#include "services/@name@/store/@noun@_store.h"

#include "libs/base/status.h"

namespace finalmile::@name@::store {

absl::Status Insert@Noun@(storage::Transaction& transaction, const @Noun@Row& row) {
  return transaction
      .Defer("INSERT INTO @nouns@ (id, version, seq, title, create_time) VALUES ($1, $2, $3, $4, $5)",
             {row.id, row.version, row.seq, row.content.title, ToMicros(row.create_time)})
      .status();
}

absl::StatusOr<std::optional<@Noun@Row>> Read@Noun@(storage::Transaction& transaction, std::string_view id) {
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute("SELECT id, version, seq, title, create_time FROM @nouns@ WHERE id = $1",
                                       {std::string(id)}));
  if (result.rows.empty()) return std::nullopt;
  const storage::Row& row = result.rows.front();
  return @Noun@Row{row.Text(0), row.Int(1), row.Int(2), {row.Text(3)}, FromMicros(row.Int(4))};
}

}  // namespace finalmile::@name@::store

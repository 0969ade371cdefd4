#include "libs/outbox/secret.h"

#include "libs/base/status.h"
#include "libs/storage/columns.h"
#include "libs/storage/transact.h"

namespace finalmile::outbox {

absl::StatusOr<std::string> SharedSecret(storage::Database& database, std::string_view name, Clock& clock,
                                         Rng& rng, absl::Duration deadline) {
  std::string fresh;
  for (int i = 0; i < 4; ++i) {
    const uint64_t bits = rng.Next();
    fresh.append(reinterpret_cast<const char*>(&bits), sizeof(bits));
  }
  return storage::Transact(
      database, {.deadline = deadline, .repeatable = true},
      [&](storage::Transaction& transaction) -> absl::StatusOr<std::string> {
        RETURN_IF_ERROR(transaction
                            .Execute("INSERT INTO secrets (name, secret, create_time) VALUES ($1, $2, $3) "
                                     "ON CONFLICT (name) DO NOTHING",
                                     {std::string(name), storage::Bytes{fresh}, ToMicros(clock.Now())})
                            .status());
        ASSIGN_OR_RETURN(
            const storage::Result result,
            transaction.Execute("SELECT secret FROM secrets WHERE name = $1", {std::string(name)}));
        if (result.rows.empty()) return storage::Conflict("the secret was made meanwhile");
        return result.rows[0].Blob(0);
      });
}

}  // namespace finalmile::outbox

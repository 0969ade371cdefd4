#include "libs/outbox/ledger.h"

#include <openssl/sha.h>

#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/storage/transact.h"

namespace finalmile::outbox {

std::string Fingerprint(std::string_view method, std::string_view request) {
  const std::string text = fmt::format("{}:{}{}", method.size(), method, request);
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

absl::StatusOr<std::optional<std::string>> Claim(storage::Transaction& transaction, const Request& request,
                                                 absl::Time now) {
  // An expired id is free again; without this it would stay taken until the sweeper comes by.
  RETURN_IF_ERROR(
      transaction
          .Defer("DELETE FROM requests WHERE caller = $1 AND request_id = $2 AND expire_time <= $3",
                 {request.caller, request.request_id, ToMicros(now)})
          .status());
  ASSIGN_OR_RETURN(
      storage::Result claimed,
      transaction.Execute("INSERT INTO requests (caller, request_id, fingerprint, reply, expire_time) "
                          "VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
                          {request.caller, request.request_id, storage::Bytes{request.fingerprint},
                           storage::Bytes{}, ToMicros(now + kRequestLifetime)}));
  if (claimed.affected == 1) return std::nullopt;
  ASSIGN_OR_RETURN(
      storage::Result saved,
      transaction.Execute("SELECT fingerprint, reply FROM requests WHERE caller = $1 AND request_id = $2",
                          {request.caller, request.request_id}));
  if (saved.rows.empty()) return storage::Conflict("the request id was released meanwhile");
  if (saved.rows.front().Blob(0) != request.fingerprint) {
    return absl::InvalidArgumentError(
        fmt::format("request_id '{}' was used for another request; use a new one", request.request_id));
  }
  return saved.rows.front().Blob(1);
}

absl::Status Save(storage::Transaction& transaction, const Request& request, std::string_view reply) {
  return transaction
      .Defer("UPDATE requests SET reply = $3 WHERE caller = $1 AND request_id = $2",
             {request.caller, request.request_id, storage::Bytes{std::string(reply)}})
      .status();
}

absl::StatusOr<absl::Duration> LedgerSweeper::Run(storage::Leadership& leadership) {
  ASSIGN_OR_RETURN(
      const Chunk done,
      RunChunk(leadership, clock_, chunk_,
               [&](storage::Transaction& transaction, int rows) -> absl::StatusOr<Chunk> {
                 ASSIGN_OR_RETURN(
                     const storage::Result deleted,
                     transaction.Execute(
                         "DELETE FROM requests WHERE (caller, request_id) IN (SELECT caller, request_id FROM "
                         "requests WHERE expire_time <= $1 ORDER BY expire_time LIMIT $2)",
                         {ToMicros(clock_.Now()), int64_t{rows}}));
                 return Chunk{.full = deleted.affected == rows};
               }));
  return done.full ? absl::ZeroDuration() : clock_.Steady() + absl::Minutes(10);
}

}  // namespace finalmile::outbox

#include "libs/outbox/ledger.h"

#include <openssl/sha.h>

#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/storage/transact.h"

namespace finalmile::outbox {
namespace {

// In place of a reply that is in large_replies or was there. No message begins with this byte: it has field
// number 0.
constexpr std::string_view kElsewhere("\x07", 1);

// Deletes rows of a table whose expire_time has passed.
absl::StatusOr<Chunk> DeleteExpired(storage::Leadership& leadership, Clock& clock, ChunkSize& chunk,
                                    std::string_view table) {
  const std::string statement = fmt::format(R"sql(
DELETE FROM {0}
WHERE (caller, request_id) IN (
  SELECT caller, request_id FROM {0} WHERE expire_time <= $1 ORDER BY expire_time LIMIT $2)
)sql",
                                            table);
  return RunChunk(leadership, clock, chunk,
                  [&](storage::Transaction& transaction, int rows) -> absl::StatusOr<Chunk> {
                    ASSIGN_OR_RETURN(const storage::Result deleted,
                                     transaction.Execute(statement, {ToMicros(clock.Now()), int64_t{rows}}));
                    return Chunk{.full = deleted.affected == rows};
                  });
}

}  // namespace

std::string Fingerprint(std::string_view method, std::string_view request) {
  const std::string text = fmt::format("{}:{}{}", method.size(), method, request);
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

absl::StatusOr<std::optional<Served>> Claim(storage::Transaction& transaction, const Request& request,
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
  if (saved.rows.front().Blob(1) != kElsewhere) return Served{saved.rows.front().Blob(1)};
  ASSIGN_OR_RETURN(
      saved, transaction.Execute("SELECT reply FROM large_replies WHERE caller = $1 AND request_id = $2",
                                 {request.caller, request.request_id}));
  if (saved.rows.empty()) return Served{};
  return Served{saved.rows.front().Blob(0)};
}

absl::Status Save(storage::Transaction& transaction, const Request& request, std::string_view reply,
                  absl::Time now) {
  const bool large = static_cast<int64_t>(reply.size()) > kLargeReply;
  if (large) {
    RETURN_IF_ERROR(transaction
                        .Defer(R"sql(
INSERT INTO large_replies (caller, request_id, reply, expire_time)
VALUES ($1, $2, $3, $4)
ON CONFLICT (caller, request_id) DO UPDATE SET reply = excluded.reply, expire_time = excluded.expire_time
)sql",
                               {request.caller, request.request_id, storage::Bytes{std::string(reply)},
                                ToMicros(now + kLargeReplyLifetime)})
                        .status());
  }
  return transaction
      .Defer("UPDATE requests SET reply = $3 WHERE caller = $1 AND request_id = $2",
             {request.caller, request.request_id, storage::Bytes{std::string(large ? kElsewhere : reply)}})
      .status();
}

absl::StatusOr<absl::Duration> LedgerSweeper::Run(storage::Leadership& leadership) {
  ASSIGN_OR_RETURN(const Chunk requests, DeleteExpired(leadership, clock_, requests_, "requests"));
  ASSIGN_OR_RETURN(const Chunk replies, DeleteExpired(leadership, clock_, replies_, "large_replies"));
  return requests.full || replies.full ? absl::ZeroDuration() : clock_.Steady() + absl::Minutes(10);
}

}  // namespace finalmile::outbox

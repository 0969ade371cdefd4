#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/outbox/chunk.h"
#include "libs/outbox/leader.h"
#include "libs/storage/database.h"

namespace finalmile::outbox {

// How long a request id is remembered.
inline constexpr absl::Duration kRequestLifetime = absl::Hours(24 * 7);

// A reply of more bytes than this is kept for kLargeReplyLifetime alone: longer than any client repeats a
// call by itself, while a caller whose replies are large cannot fill the store with them.
inline constexpr int64_t kLargeReply = 16 << 10;
inline constexpr absl::Duration kLargeReplyLifetime = absl::Hours(1);

// One request that is to take effect once.
struct Request {
  // The principal's name: ids of different callers are apart.
  std::string caller;
  // 1 to 64 characters.
  std::string request_id;
  // The digest of the method and the request's bytes; see Fingerprint().
  std::string fingerprint;
};

// A 32-byte digest (SHA-256) of the parts, each set apart by its length.
std::string Fingerprint(std::string_view method, std::string_view request);

// A request that took effect, as the ledger knows it.
struct Served {
  // None: it was large, and kLargeReplyLifetime has passed.
  std::optional<std::string> reply;
};

// First statement of a transaction that serves `request`: claims the id (no value), or answers what is known
// of the request that has it. A second claim waits for a transaction that holds the same id.
// INVALID_ARGUMENT: the id was used for another request.
absl::StatusOr<std::optional<Served>> Claim(storage::Transaction& transaction, const Request& request,
                                            absl::Time now);

// Saves the reply of a claimed request in the same transaction.
absl::Status Save(storage::Transaction& transaction, const Request& request, std::string_view reply,
                  absl::Time now);

// Deletes requests and large replies as their times pass, in chunks.
class LedgerSweeper final : public LeaderTask {
 public:
  explicit LedgerSweeper(Clock& clock) : clock_(clock) {}
  std::string_view name() const override { return "ledger_sweeper"; }
  absl::StatusOr<absl::Duration> Run(storage::Leadership& leadership) override;

 private:
  Clock& clock_;
  ChunkSize requests_{1000};
  ChunkSize replies_{1000};
};

}  // namespace finalmile::outbox

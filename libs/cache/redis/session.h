#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/cache/redis/connection.h"

namespace finalmile::cache::redis {

enum class Script { kFill, kBury };

// A connection that knows the scripts' digests. Not thread-safe.
class Session {
 public:
  static absl::StatusOr<std::unique_ptr<Session>> Open(const RedisAddress& address, Clock& clock,
                                                       absl::Duration deadline);

  // TIME, then the keys by MGET, in one round trip. No script: that would cost Redis several times as much.
  struct Read {
    Reply time;
    Reply values;
  };
  absl::StatusOr<Read> ReadTimed(std::span<const std::string> keys, absl::Duration deadline);

  bool Usable() const { return connection_->Usable(); }
  // Runs a script by its digest, or by its text when Redis has forgotten it. Never an error reply.
  absl::StatusOr<Reply> Run(Script script, std::span<const std::string> keys,
                            std::span<const std::string_view> arguments, absl::Duration deadline);

 private:
  explicit Session(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

  const std::unique_ptr<Connection> connection_;
  std::array<std::string, 2> digests_;
};

}  // namespace finalmile::cache::redis

#pragma once

#include <memory>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/cache/cache.h"
#include "libs/cache/redis/connection.h"

namespace finalmile::cache::redis {

// Hears of the tombstones under `prefix` over one connection that redirects its tracking to itself: where
// invalidations come in, tracking lives, so that a broken socket is lost tracking and nothing else is. The
// connection is asked (PING) when it has been silent for half of `keepalive`, and given up after all of it.
class RedisFeed final : public Feed {
 public:
  // `clock` must outlive it.
  RedisFeed(RedisAddress address, std::string prefix, absl::Duration keepalive, Clock& clock);

  Invalidations Poll() override;

 private:
  absl::Status Connect();
  absl::Status Listen(Invalidations& heard);
  // Takes the messages that have come.
  absl::Status Take(Invalidations& heard);

  const RedisAddress address_;
  const std::string prefix_;
  const absl::Duration keepalive_;
  Clock& clock_;
  const std::unique_ptr<Rng> rng_;
  std::unique_ptr<Connection> connection_;
  absl::Duration heard_at_;
  bool asked_ = false;
  absl::Duration next_attempt_ = absl::ZeroDuration();
  int failures_ = 0;
};

}  // namespace finalmile::cache::redis

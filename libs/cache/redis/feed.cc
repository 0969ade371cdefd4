#include "libs/cache/redis/feed.h"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <utility>

#include "libs/base/backoff.h"
#include "libs/base/status.h"

namespace finalmile::cache::redis {
namespace {

constexpr absl::Duration kPollLimit = absl::Milliseconds(100);
constexpr absl::Duration kConnectLimit = absl::Seconds(1);
constexpr std::string_view kChannel = "__redis__:invalidate";

}  // namespace

RedisFeed::RedisFeed(RedisAddress address, std::string prefix, absl::Duration keepalive, Clock& clock)
    : address_(std::move(address)),
      prefix_(std::move(prefix)),
      keepalive_(keepalive),
      clock_(clock),
      rng_(NewSystemRng()) {}

absl::Status RedisFeed::Connect() {
  const absl::Duration deadline = clock_.Steady() + kConnectLimit;
  ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, Connection::Open(address_, clock_, deadline));
  const std::string_view who[] = {"CLIENT", "ID"};
  ASSIGN_OR_RETURN(const Reply id, connection->Call(who, deadline));
  RETURN_IF_ERROR(ErrorOf(*id));
  const std::string self = std::to_string(id->integer);
  const std::string_view track[] = {"CLIENT", "TRACKING", "ON", "REDIRECT", self, "BCAST", "PREFIX", prefix_};
  ASSIGN_OR_RETURN(const Reply tracked, connection->Call(track, deadline));
  RETURN_IF_ERROR(ErrorOf(*tracked));
  const std::string_view subscribe[] = {"SUBSCRIBE", kChannel};
  ASSIGN_OR_RETURN(const Reply subscribed, connection->Call(subscribe, deadline));
  RETURN_IF_ERROR(ErrorOf(*subscribed));
  connection_ = std::move(connection);
  heard_at_ = clock_.Steady();
  asked_ = false;
  return absl::OkStatus();
}

Invalidations RedisFeed::Poll() {
  Invalidations heard;
  if (connection_ == nullptr) {
    if (clock_.Steady() < next_attempt_) {
      heard.next = next_attempt_;
      return heard;
    }
    if (!Connect().ok()) {
      next_attempt_ = clock_.Steady() + BackoffAfter(failures_++, *rng_);
      heard.next = next_attempt_;
      return heard;
    }
    failures_ = 0;
    heard.all = true;
    heard.connected = true;
    return heard;
  }
  if (absl::Status status = Listen(heard); !status.ok()) {
    connection_.reset();
    next_attempt_ = absl::ZeroDuration();
    heard.all = true;
    return heard;
  }
  heard.connected = true;
  return heard;
}

absl::Status RedisFeed::Listen(Invalidations& heard) {
  const absl::Duration now = clock_.Steady();
  if (now >= heard_at_ + keepalive_) return absl::UnavailableError("the feed is silent");
  if (!asked_ && now >= heard_at_ + keepalive_ / 2) {
    const std::string_view ping[] = {"PING"};
    RETURN_IF_ERROR(connection_->Send(ping, now + kPollLimit));
    asked_ = true;
  }
  const absl::Duration look_again = heard_at_ + (asked_ ? keepalive_ : keepalive_ / 2);
  ASSIGN_OR_RETURN(const bool readable, connection_->Await(std::min(now + kPollLimit, look_again)));
  if (!readable) return absl::OkStatus();
  RETURN_IF_ERROR(connection_->Receive());
  heard_at_ = clock_.Steady();
  asked_ = false;
  return Take(heard);
}

absl::Status RedisFeed::Take(Invalidations& heard) {
  for (;;) {
    ASSIGN_OR_RETURN(const Reply reply, connection_->TakeReply());
    if (reply == nullptr) return absl::OkStatus();
    RETURN_IF_ERROR(ErrorOf(*reply));
    // ["message", channel, keys]; answers to PING are shorter.
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3 || Text(*reply->element[0]) != "message")
      continue;
    const redisReply& keys = *reply->element[2];
    if (keys.type != REDIS_REPLY_ARRAY) {
      // Nil: FLUSHDB or FLUSHALL.
      heard.all = true;
      continue;
    }
    for (size_t i = 0; i < keys.elements; ++i) {
      std::string_view key = Text(*keys.element[i]);
      if (!key.starts_with(prefix_)) continue;
      key.remove_prefix(prefix_.size());
      heard.keys.emplace_back(key);
    }
  }
}

}  // namespace finalmile::cache::redis

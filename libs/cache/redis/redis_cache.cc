#include "libs/cache/redis/redis_cache.h"

#include <fmt/format.h>
#include <hiredis/hiredis.h>

#include <charconv>
#include <csignal>
#include <functional>
#include <utility>

#include "libs/base/pool.h"
#include "libs/base/status.h"
#include "libs/cache/redis/feed.h"
#include "libs/cache/redis/scripts.h"
#include "libs/cache/redis/session.h"

namespace finalmile::cache {
namespace {

using redis::Reply;
using redis::Script;
using redis::Session;
using redis::Text;

std::string Digits(int64_t number, size_t width) { return fmt::format("{:0{}}", number, width); }

absl::StatusOr<int64_t> Number(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  return absl::DataLossError("the cache holds something that is no entry");
}

class RedisCache final : public Cache {
 public:
  RedisCache(RedisAddress address, Clock& clock, const OpenOptions& options)
      : address_(std::move(address)),
        clock_(clock),
        keepalive_(options.keepalive),
        entries_(options.prefix + ":v:"),
        tombstones_(options.prefix + ":t:"),
        pool_(clock, options.connections, "connection to the cache",
              [this](absl::Duration deadline) { return Session::Open(address_, clock_, deadline); }) {}

  absl::StatusOr<Found> Lookup(std::string_view key, absl::Duration deadline) override;
  absl::StatusOr<bool> Fill(std::string_view key, const Entry& entry, absl::Time expires,
                            absl::Duration deadline) override;
  absl::Status Bury(std::span<const Tombstone> tombstones, absl::Duration life,
                    absl::Duration deadline) override;
  std::unique_ptr<Feed> Listen(WaitEvent&) override {
    return std::make_unique<redis::RedisFeed>(address_, tombstones_, keepalive_, clock_);
  }

 private:
  std::string EntryKey(std::string_view key) const { return entries_ + std::string(key); }
  std::string TombstoneKey(std::string_view key) const { return tombstones_ + std::string(key); }
  // Does `work` with a connection.
  template <class T>
  absl::StatusOr<T> Run(const std::function<absl::StatusOr<T>(Session&)>& work, absl::Duration deadline);
  template <class T>
  absl::StatusOr<T> RunOnce(const std::function<absl::StatusOr<T>(Session&)>& work, absl::Duration deadline);
  absl::StatusOr<Reply> RunScript(Script script, std::span<const std::string> keys,
                                  std::span<const std::string_view> arguments, absl::Duration deadline) {
    return Run<Reply>([&](Session& session) { return session.Run(script, keys, arguments, deadline); },
                      deadline);
  }

  const RedisAddress address_;
  Clock& clock_;
  const absl::Duration keepalive_;
  const std::string entries_;
  const std::string tombstones_;
  Pool<Session> pool_;
};

template <class T>
absl::StatusOr<T> RedisCache::RunOnce(const std::function<absl::StatusOr<T>(Session&)>& work,
                                      absl::Duration deadline) {
  absl::StatusOr<T> reply = absl::UnknownError("");
  {
    ASSIGN_OR_RETURN(const Pool<Session>::Lease session, pool_.Acquire(deadline));
    reply = work(*session);
  }
  // What broke one connection broke the others, most likely; each would cost another wait.
  if (absl::IsUnavailable(reply.status()) || absl::IsDeadlineExceeded(reply.status())) pool_.CloseIdle();
  return reply;
}

template <class T>
absl::StatusOr<T> RedisCache::Run(const std::function<absl::StatusOr<T>(Session&)>& work,
                                  absl::Duration deadline) {
  if (clock_.Steady() >= deadline) return absl::DeadlineExceededError("the deadline has passed");
  absl::StatusOr<T> reply = RunOnce(work, deadline);
  // A connection that Redis closed as it restarted says nothing about the one that runs now.
  if (absl::IsUnavailable(reply.status())) reply = RunOnce(work, deadline);
  return reply;
}

absl::StatusOr<Found> RedisCache::Lookup(std::string_view key, absl::Duration deadline) {
  const std::string keys[] = {EntryKey(key), TombstoneKey(key)};
  ASSIGN_OR_RETURN(
      const Session::Read read,
      Run<Session::Read>([&](Session& session) { return session.ReadTimed(keys, deadline); }, deadline));
  const redisReply& time = *read.time;
  const redisReply& values = *read.values;
  if (time.type != REDIS_REPLY_ARRAY || time.elements != 2 || values.type != REDIS_REPLY_ARRAY ||
      values.elements != 2) {
    return absl::InternalError("the cache answered a look-up with something else");
  }
  ASSIGN_OR_RETURN(const int64_t seconds, Number(Text(*time.element[0])));
  ASSIGN_OR_RETURN(const int64_t micros, Number(Text(*time.element[1])));
  // Not later than the reading, which is all that is asked of it.
  Found found{.time = absl::FromUnixMicros(seconds * 1'000'000 + micros), .entry = std::nullopt};
  const redisReply& entry_reply = *values.element[0];
  const redisReply& least = *values.element[1];
  if (entry_reply.type != REDIS_REPLY_STRING) return found;
  const std::string_view text = Text(entry_reply);
  if (text.size() < redis::kHeader) return absl::DataLossError("the cache holds something that is no entry");
  const std::string_view version = text.substr(0, redis::kVersionDigits);
  if (least.type == REDIS_REPLY_STRING && version < Text(least)) return found;
  Entry entry;
  ASSIGN_OR_RETURN(entry.version, Number(version));
  ASSIGN_OR_RETURN(const int64_t expiry, Number(text.substr(redis::kVersionDigits, redis::kExpiryDigits)));
  found.remaining = absl::FromUnixMillis(expiry) - found.time;
  if (found.remaining <= absl::ZeroDuration()) return found;
  if (text[redis::kHeader - 1] == '+')
    entry.value = std::make_shared<const std::string>(text.substr(redis::kHeader));
  found.entry = std::move(entry);
  return found;
}

absl::StatusOr<bool> RedisCache::Fill(std::string_view key, const Entry& entry, absl::Time expires,
                                      absl::Duration deadline) {
  const std::string keys[] = {EntryKey(key), TombstoneKey(key)};
  const std::string version = Digits(entry.version, redis::kVersionDigits);
  // Rounded down: never later than asked.
  const std::string expiry = Digits(absl::ToUnixMillis(expires), redis::kExpiryDigits);
  std::string text = version + expiry + (entry.value == nullptr ? "-" : "+");
  if (entry.value != nullptr) text += *entry.value;
  const std::string_view arguments[] = {version, expiry, text};
  ASSIGN_OR_RETURN(const Reply reply, RunScript(Script::kFill, keys, arguments, deadline));
  return reply->integer == 1;
}

absl::Status RedisCache::Bury(std::span<const Tombstone> tombstones, absl::Duration life,
                              absl::Duration deadline) {
  if (tombstones.empty()) return absl::OkStatus();
  std::vector<std::string> keys;
  // Rounded up: never shorter than asked.
  std::vector<std::string> texts = {
      std::to_string(absl::ToInt64Milliseconds(absl::Ceil(life, absl::Milliseconds(1))))};
  for (const Tombstone& tombstone : tombstones) {
    keys.push_back(EntryKey(tombstone.key));
    keys.push_back(TombstoneKey(tombstone.key));
    texts.push_back(Digits(tombstone.version, redis::kVersionDigits));
  }
  const std::vector<std::string_view> arguments(texts.begin(), texts.end());
  return RunScript(Script::kBury, keys, arguments, deadline).status();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Cache>> OpenRedis(RedisAddress address, Clock& clock,
                                                 const OpenOptions& options) {
  struct sigaction current {};
  if (sigaction(SIGPIPE, nullptr, &current) == 0 && current.sa_handler == SIG_DFL) {
    std::signal(SIGPIPE, SIG_IGN);
  }
  return std::make_unique<RedisCache>(std::move(address), clock, options);
}

}  // namespace finalmile::cache

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"

// Versioned copies of what a store holds, shared by processes: one interface over memory and Redis. Services
// read through NearCache (near_cache.h).
//
// The cache holds at most two things of each key: an entry, which ends at an instant fixed when it was read
// from the store, and a tombstone, the least version that may still be answered, which lives for as long as
// an older entry could. They are kept apart, so that filling an entry never shortens a tombstone. What the
// cache loses (eviction, restart) costs freshness within the life of an entry, never more.
namespace finalmile::cache {

// Shared and immutable, so that an answer is not copied on its way to the network (rpc::SharedBytes).
using Bytes = std::shared_ptr<const std::string>;

struct Entry {
  // ≥ 0, grows with each change of the thing in the store. 0: it was never there.
  int64_t version = 0;
  // Null: there is no such thing.
  Bytes value;
};

struct Found {
  // When the look-up was made, by the cache's clock, which is no clock of this process. To be handed to Fill.
  absl::Time time;
  // Neither ended nor older than the tombstone.
  std::optional<Entry> entry;
  // How long `entry` may still be answered, from the moment at which Lookup was called.
  absl::Duration remaining = absl::ZeroDuration();
};

struct Tombstone {
  std::string key;
  // The version that was committed.
  int64_t version = 0;
};

struct Invalidations {
  // Any key may have changed: the feed begins, it was interrupted, or the cache was emptied.
  bool all = false;
  std::vector<std::string> keys;
  // Whether changes are being heard of now.
  bool connected = false;
  // When to poll next, as a Step returns it.
  absl::Duration next = absl::ZeroDuration();
};

// Tells which keys were buried, by any process. Not thread-safe; must not outlive its cache.
class Feed {
 public:
  virtual ~Feed() = default;
  // What has come since the last call. Waits for it 100 ms at most, a second when it has to connect, or (in
  // process) not at all. After an interruption the keys missed are unknown: `all` is set when it is noticed
  // and again when it is over.
  virtual Invalidations Poll() = 0;
};

// Thread-safe. Calls block, none longer than its deadline (steady), but for the time that finding the address
// of a host takes when a connection is made. UNAVAILABLE, without waiting: the cache cannot be reached.
// DEADLINE_EXCEEDED: it does not answer; what was asked may or may not be done. Every call may be repeated.
// Keys are any bytes; callers put a kind of thing before its name: "asset/assets/7".
class Cache {
 public:
  virtual ~Cache() = default;

  virtual absl::StatusOr<Found> Lookup(std::string_view key, absl::Duration deadline) = 0;

  // Sets the entry, to end at `expires` (the cache's clock: Found::time of the look-up that preceded the
  // reading of the store, plus a life). False, and nothing is set: a newer version is known, or the entry has
  // ended already. An entry of the same version that ends later is kept.
  virtual absl::StatusOr<bool> Fill(std::string_view key, const Entry& entry, absl::Time expires,
                                    absl::Duration deadline) = 0;

  // After the commit of each: entries older than the tombstone are no longer found, nor can they be filled
  // while it lives, which is for `life`; every feed hears of the key. An older tombstone than the one that is
  // there has no effect.
  virtual absl::Status Bury(std::span<const Tombstone> tombstones, absl::Duration life,
                            absl::Duration deadline) = 0;

  // `wake` is set when Poll may have something before the time it named; it must outlive the feed.
  virtual std::unique_ptr<Feed> Listen(WaitEvent& wake) = 0;
};

struct OpenOptions {
  // Before every key, with ":" behind it: services that share a Redis differ in it. Of [a-z0-9_.-].
  std::string prefix = "finalmile";
  // Redis: most connections beside those of feeds.
  int connections = 8;
  // Redis: a feed from which nothing came for so long, though asked, is given up and connected anew.
  absl::Duration keepalive = absl::Seconds(3);
  // In process: most bytes held; what was used last is kept.
  int64_t local_bytes = 64 << 20;
};

// Opens `local:` (in this process), `redis://host:port` or `redis+unix:PATH`; the latter two may go on with
// `?user=NAME&password.file=PATH`. The file's first line is the password, read at each connection, so that it
// can be changed. INVALID_ARGUMENT for another scheme and for a secret in the address;
// FAILED_PRECONDITION when the file cannot be read. Makes no connection
// yet: a cache that is away is no reason not to start. Ignores SIGPIPE in this process where nobody handles
// it (Redis: a write to a dead socket raises it). `clock` must outlive the cache.
absl::StatusOr<std::unique_ptr<Cache>> Open(std::string_view url, Clock& clock, const OpenOptions& options);

// What a key takes in memory beside its bytes, about: used where memory is bounded.
inline constexpr int64_t kEntryOverhead = 160;

}  // namespace finalmile::cache

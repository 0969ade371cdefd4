#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/cache/cache.h"
#include "libs/cache/frequency.h"
#include "libs/cache/observer.h"

namespace finalmile::cache {

// What a look-up brings.
struct FetchResult {
  absl::StatusOr<Entry> entry;
  // Until when `entry` may be answered.
  absl::Duration ends;
  // Whether it may be kept until then.
  bool keep = false;
};

// A look-up under way, which every caller for its key waits for.
struct Flight {
  Flight(Clock& clock, absl::Duration started) : done(clock.NewWaitEvent()), started(started) {}
  // Set when the next two are there.
  const std::unique_ptr<WaitEvent> done;
  absl::StatusOr<Entry> result;
  absl::Duration ends;
  const absl::Duration started;
  // Guarded by the table: the key was changed meanwhile, so what the flight brings is not kept.
  bool overtaken = false;
};

// The entries of this process and the flights under way: what NearCache keeps under locks, none of which is
// held while anything is called. Split into shards by key. Times are steady. Thread-safe.
//
// What is worth its room is decided by TinyLFU (frequency.h): where room must be made, the newcomer is let in
// only if it was asked for more often of late than each of those that would have to go, least recently used
// first.
class NearTable {
 public:
  // `bytes`: the most it holds. `observer` must outlive it.
  NearTable(int64_t bytes, Observer& observer);

  struct Hit {
    Entry entry;
    // This caller is to look the key up again; others are answered from the table meanwhile.
    bool refresh = false;
  };
  // The entry if it has not ended and is at least `min_version`. One caller is elected to refresh it once
  // `now` has reached the time for that; another after `lease`, should nothing have come of it.
  std::optional<Hit> Find(std::string_view key, int64_t min_version, absl::Duration now,
                          absl::Duration lease);
  // As Find, for a caller that cannot look anything up: nullopt also when it was elected, and then the next
  // caller of Find is elected in its stead.
  std::optional<Entry> Peek(std::string_view key, int64_t min_version, absl::Duration now,
                            absl::Duration lease);

  // The flight for `key` that began after `not_before`, or a new one; true: the caller leads it.
  std::pair<std::shared_ptr<Flight>, bool> Join(std::string_view key, absl::Duration now,
                                                absl::Duration not_before, Clock& clock);
  // The least version that may still be kept or taken from the cache: this process wrote it of late.
  int64_t Least(std::string_view key, absl::Duration now);
  // The leader's last act: keeps the entry if that is allowed, and lets the waiters go. `refresh_at`: when it
  // is to be looked up again.
  void Land(std::string_view key, const std::shared_ptr<Flight>& flight, FetchResult fetched,
            absl::Duration refresh_at, absl::Duration now);

  // This process committed `version`: nothing older is kept from now on, nor until `until`.
  void Wrote(std::string_view key, int64_t version, absl::Duration now, absl::Duration until);
  // Somebody changed the key, or any key.
  void Drop(std::string_view key);
  void DropAll();

  std::pair<size_t, size_t> held() const;  // entries, bytes

 private:
  static constexpr size_t kShards = 16;

  struct Slot {
    std::string_view key;
    Entry entry;
    absl::Duration ends;
    absl::Duration refresh_at;
    bool wanted = false;
    uint64_t hash = 0;
  };
  using Slots = std::list<Slot>;
  struct Written {
    int64_t version = 0;
    absl::Duration until;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
  };
  template <typename T>
  using Map = std::unordered_map<std::string, T, Hash, std::equal_to<>>;

  struct Shard {
    explicit Shard(size_t keys) : frequency(keys) {}
    mutable std::mutex mutex;
    Map<Slots::iterator> slots;
    // The one used last comes first.
    Slots uses;
    int64_t bytes = 0;
    Frequency frequency;
    Map<std::shared_ptr<Flight>> flights;
    Map<Written> written;
    // In order of the time at which they end.
    std::deque<std::pair<absl::Duration, std::string>> written_ends;
  };

  Shard& ShardOf(uint64_t hash) { return *shards_[hash >> 60]; }
  // What is left to do once the lock is free: to count, and to free the values.
  struct Outcome {
    std::vector<Bytes> garbage;
    int evicted = 0;
    bool refused = false;
  };
  static uint64_t HashOf(std::string_view key);
  static int64_t Size(const Slot& slot);
  static int64_t LeastIn(Shard& shard, std::string_view key, absl::Duration now);
  void Remove(Shard& shard, Slots::iterator slot, Outcome& outcome);
  void Detach(Shard& shard, std::string_view key);
  void Keep(Shard& shard, std::string_view key, uint64_t hash, Slot slot, absl::Duration now,
            Outcome& outcome);
  bool MakeRoom(Shard& shard, int64_t bytes, uint64_t hash, absl::Duration now, Outcome& outcome);

  const int64_t shard_bytes_;
  Observer& observer_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace finalmile::cache

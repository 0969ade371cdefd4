#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/base/step.h"
#include "libs/cache/breaker.h"
#include "libs/cache/cache.h"
#include "libs/cache/near_table.h"
#include "libs/cache/observer.h"

namespace finalmile::cache {

struct NearCacheOptions {
  // The name its steps and metrics begin with: "catalog".
  std::string name;
  // S: the oldest that an answer may be, whatever is lost.
  absl::Duration staleness = absl::Seconds(30);
  // The same for the answer that there is no such thing; at most `staleness`.
  absl::Duration missing_staleness = absl::Seconds(5);
  int64_t near_bytes = 64 << 20;
  // How long a read waits for the cache before it goes to the store.
  absl::Duration cache_timeout = absl::Milliseconds(50);
  // The breaker: opens after so many failures in a row; first and longest pause until it is tried again.
  int breaker_failures = 5;
  absl::Duration first_pause = absl::Milliseconds(100);
  absl::Duration last_pause = absl::Seconds(5);
  // Most reads of the store at once while the cache is away.
  int store_reads = 8;
  // Writes that the cache has not been told of; those beyond are lost (readers see them within S).
  size_t most_tombstones = 100'000;
};

// `entry` as the store has it now, or FAILED_PRECONDITION where that is older than `min_version`.
absl::StatusOr<Entry> NotOlder(Entry entry, int64_t min_version);

// Reads what a store holds, out of this process's memory, then the cache, then the store, and fills the
// former two. Thread-safe.
//
// Promise: an answer was current at some moment within the last S, measured when its look-up began (plus what
// the cache's own clock was set back), even if every invalidation is lost. While the steps run and nothing
// fails it is older by no more than an invalidation takes to arrive. After Wrote has returned, Get in this
// process answers nothing older.
//
// Why: the age of an entry counts from before the store was read, t0: by the cache's clock in the cache, by
// this process's in its memory. An entry read from the cache is kept for what was left of its life there,
// counted from before it was asked for. A write leaves a tombstone that lives S: a reader that read the store
// before the commit has t0 before it too, and cannot fill once the tombstone is gone, because its entry would
// have ended. libs/cache/model has this checked by Spin, and shows what goes wrong without each rule.
class NearCache {
 public:
  // Reads the store: the thing (already serialised as it is to be answered) with its version, or an Entry
  // without value when there is none. Not called twice at once for a key unless the key is changed meanwhile,
  // or the tombstone of its last change ends: feeds hear of that as of a change. Errors go to whoever waits
  // and are not kept.
  using Loader = std::function<absl::StatusOr<Entry>(absl::Duration deadline)>;

  // All outlive it. `options.missing_staleness` ≤ `options.staleness`.
  NearCache(Cache& cache, Clock& clock, Rng& rng, Observer& observer, NearCacheOptions options);
  ~NearCache();

  // Blocks until `deadline` (steady) at most. Never older than `min_version`: FAILED_PRECONDITION when the
  // store has no such version. UNAVAILABLE, at once: the cache is away and `store_reads` reads of the store
  // are under way. DEADLINE_EXCEEDED; what `load` says.
  absl::StatusOr<Entry> Get(std::string_view key, int64_t min_version, const Loader& load,
                            absl::Duration deadline);

  // Answers from this process's memory, or nullopt: then call Get. Takes under a microsecond and waits for
  // nothing, so it may run on the network's threads. nullopt also for the one caller that is to refresh the
  // entry before it ends.
  std::optional<Entry> TryGet(std::string_view key, int64_t min_version);

  // To be called after the commit of `version`. Does not wait for the cache: a step buries the older versions
  // there, and tries again until no reader could hold one.
  void Wrote(std::string_view key, int64_t version);

  // Something else told that the key changed (a tail of the event log): as if the feed had.
  void Invalidate(std::string_view key);

  // The feed and the burials: run by the runtime while this is in use.
  std::vector<Step*> steps();

  // Whether look-ups reach the cache: the breaker is closed, and the feed was connected when last polled.
  bool cache_reached() const { return feed_connected_ && breaker_.state() == Breaker::State::kClosed; }

 private:
  class ListenStep;
  class BuryStep;
  struct PendingTombstone {
    int64_t version = 0;
    // No reader can hold an older version then.
    absl::Duration until;
  };

  // Looks the key up in the cache and the store. `least_left`: an entry of the cache with less life is
  // passed.
  FetchResult Fetch(std::string_view key, int64_t min_version, absl::Duration least_left, const Loader& load,
                    absl::Duration deadline);
  absl::StatusOr<Entry> Load(const Loader& load, bool capped, absl::Duration deadline);
  absl::StatusOr<Entry> FetchForAll(std::string_view key, const std::shared_ptr<Flight>& flight,
                                    int64_t min_version, bool refresh, const Loader& load,
                                    absl::Duration deadline);
  void Report(const absl::Status& status);
  absl::Duration LifeOf(const Entry& entry) const;

  Cache& cache_;
  Clock& clock_;
  Rng& rng_;
  Observer& observer_;
  const NearCacheOptions options_;
  NearTable table_;
  Breaker breaker_;
  std::atomic<bool> feed_connected_ = true;
  std::atomic<int> capped_reads_ = 0;
  // The writes that the cache is to be told of.
  std::mutex pending_mutex_;
  std::unordered_map<std::string, PendingTombstone> pending_tombstones_;
  const std::unique_ptr<ListenStep> listen_;
  const std::unique_ptr<BuryStep> bury_;
};

}  // namespace finalmile::cache

#pragma once

#include <cstddef>

namespace finalmile::cache {

// What happens at a near cache, as it is counted.
enum class Happening : size_t {
  // Where an answer came from: this process, the cache, the store, another caller's look-up.
  kNearHit,
  kCacheHit,
  kStoreRead,
  kShared,
  // A look-up made before its entry ended, by one caller for all.
  kRefresh,
  // The store gave what a newer version had overtaken; it was not kept.
  kFillRefused,
  // The cache failed or did not answer in time.
  kCacheFailure,
  // A read that found neither the cache nor a place at the store.
  kStoreRefused,
  // A key that another process, or this one, has changed; everything dropped at once.
  kInvalidation,
  kFlush,
  // An entry that was not worth its room, or had to make room.
  kNotAdmitted,
  kEvicted,
  // A write that the cache was not told of in time; readers elsewhere see it when their entries end.
  kTombstoneLost,
};
inline constexpr size_t kHappenings = static_cast<size_t>(Happening::kTombstoneLost) + 1;

// Where a near cache reports; libs/telemetry turns it into metrics. Thread-safe; does not block.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void Count(Happening what) = 0;
  // Whether look-ups reach the cache (see NearCache::cache_reached) and whether invalidations are heard of.
  virtual void CacheReached(bool reached) = 0;
  virtual void FeedConnected(bool connected) = 0;
  // What the near cache holds.
  virtual void Held(size_t entries, size_t bytes) = 0;
};

}  // namespace finalmile::cache

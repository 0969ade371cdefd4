#include "libs/cache/near_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace finalmile::cache {
namespace {

constexpr size_t kBurialsAtOnce = 256;
constexpr absl::Duration kHeldInterval = absl::Seconds(10);

}  // namespace

absl::StatusOr<Entry> NotOlder(Entry entry, int64_t min_version) {
  if (entry.version >= min_version) return entry;
  return absl::FailedPreconditionError(
      fmt::format("version {} was asked for; the store has version {}", min_version, entry.version));
}

// Drops what others have changed.
class NearCache::ListenStep final : public Step {
 public:
  explicit ListenStep(NearCache& owner)
      : owner_(owner),
        name_(owner.options_.name + ".cache_feed"),
        wake_(owner.clock_.NewWaitEvent()),
        feed_(owner.cache_.Listen(*wake_)) {}

  std::string_view name() const override { return name_; }
  WaitEvent& wake() override { return *wake_; }
  absl::Duration Run() override;

 private:
  NearCache& owner_;
  const std::string name_;
  const std::unique_ptr<WaitEvent> wake_;
  const std::unique_ptr<Feed> feed_;
};

// Buries in the cache what this process has overwritten.
class NearCache::BuryStep final : public Step {
 public:
  explicit BuryStep(NearCache& owner)
      : owner_(owner), name_(owner.options_.name + ".cache_burials"), wake_(owner.clock_.NewWaitEvent()) {}

  std::string_view name() const override { return name_; }
  WaitEvent& wake() override { return *wake_; }
  absl::Duration Run() override;

 private:
  // Some of what is pending; what is of no use any more is struck off.
  std::vector<Tombstone> Take(absl::Duration now);
  // Whether more is pending.
  bool StrikeOff(const std::vector<Tombstone>& buried);

  NearCache& owner_;
  const std::string name_;
  const std::unique_ptr<WaitEvent> wake_;
};

NearCache::NearCache(Cache& cache, Clock& clock, Rng& rng, Observer& observer, NearCacheOptions options)
    : cache_(cache),
      clock_(clock),
      rng_(rng),
      observer_(observer),
      options_(std::move(options)),
      table_(options_.near_bytes, observer),
      breaker_(options_.breaker_failures, options_.first_pause, options_.last_pause),
      listen_(std::make_unique<ListenStep>(*this)),
      bury_(std::make_unique<BuryStep>(*this)) {
  observer_.CacheReached(true);
}

NearCache::~NearCache() = default;

std::vector<Step*> NearCache::steps() { return {listen_.get(), bury_.get()}; }

absl::Duration NearCache::LifeOf(const Entry& entry) const {
  return entry.value == nullptr ? options_.missing_staleness : options_.staleness;
}

std::optional<Entry> NearCache::TryGet(std::string_view key, int64_t min_version) {
  std::optional<Entry> entry = table_.Peek(key, min_version, clock_.Steady(), options_.staleness / 10);
  if (entry) observer_.Count(Happening::kNearHit);
  return entry;
}

absl::StatusOr<Entry> NearCache::Get(std::string_view key, int64_t min_version, const Loader& load,
                                     absl::Duration deadline) {
  for (;;) {
    const absl::Duration now = clock_.Steady();
    if (now >= deadline) return absl::DeadlineExceededError("the deadline has passed");
    const std::optional<NearTable::Hit> hit = table_.Find(key, min_version, now, options_.staleness / 10);
    if (hit && !hit->refresh) {
      observer_.Count(Happening::kNearHit);
      return hit->entry;
    }
    const auto [flight, leads] = table_.Join(key, now, now - options_.missing_staleness, clock_);
    if (leads) {
      if (hit) observer_.Count(Happening::kRefresh);
      absl::StatusOr<Entry> entry = FetchForAll(key, flight, min_version, hit.has_value(), load, deadline);
      // What was to be refreshed had not ended when this look-up began.
      if (hit && (!entry.ok() || entry->version < min_version)) return hit->entry;
      if (!entry.ok()) return entry;
      return NotOlder(*std::move(entry), min_version);
    }
    if (hit) {
      observer_.Count(Happening::kNearHit);
      return hit->entry;
    }
    if (!flight->done->WaitUntil(deadline)) return absl::DeadlineExceededError("the look-up took too long");
    if (flight->result.ok() && flight->result->version >= min_version && now < flight->ends) {
      observer_.Count(Happening::kShared);
      return flight->result;
    }
    // The leader may have had less time, asked for less, or asked earlier, than this caller.
    const absl::Status& failed = flight->result.status();
    if (!failed.ok() && !absl::IsDeadlineExceeded(failed) && !absl::IsCancelled(failed)) return failed;
  }
}

absl::StatusOr<Entry> NearCache::FetchForAll(std::string_view key, const std::shared_ptr<Flight>& flight,
                                             int64_t min_version, bool refresh, const Loader& load,
                                             absl::Duration deadline) {
  // The last fifth of a life is when an entry is looked up again, each process at a moment of its own.
  const absl::Duration least_left = refresh ? options_.staleness / 5 : absl::ZeroDuration();
  FetchResult fetched = Fetch(key, min_version, least_left, load, deadline);
  const absl::Duration now = clock_.Steady();
  absl::Duration refresh_at = absl::InfiniteDuration();
  if (fetched.entry.ok()) {
    refresh_at = fetched.ends - LifeOf(*fetched.entry) * (0.1 + 0.1 * rng_.Uniform());
  }
  absl::StatusOr<Entry> entry = fetched.entry;
  table_.Land(key, flight, std::move(fetched), refresh_at, now);
  return entry;
}

FetchResult NearCache::Fetch(std::string_view key, int64_t min_version, absl::Duration least_left,
                             const Loader& load, absl::Duration deadline) {
  const absl::Duration begin = clock_.Steady();
  const int64_t least = std::max(min_version, table_.Least(key, begin));
  absl::StatusOr<Found> found = absl::UnavailableError("the breaker is open");
  if (breaker_.Allow(begin)) {
    found = cache_.Lookup(key, std::min(deadline, begin + options_.cache_timeout));
    Report(found.status());
  }
  if (found.ok() && found->entry && found->entry->version >= least &&
      found->remaining > std::min(least_left, LifeOf(*found->entry) / 5)) {
    observer_.Count(Happening::kCacheHit);
    return {.entry = *std::move(found->entry), .ends = begin + found->remaining, .keep = true};
  }

  absl::StatusOr<Entry> loaded = Load(load, !found.ok(), deadline);
  if (!loaded.ok()) return {.entry = std::move(loaded), .ends = begin};
  const absl::Duration life = LifeOf(*loaded);
  bool keep = true;
  if (found.ok() && breaker_.Allow(clock_.Steady())) {
    const absl::StatusOr<bool> stands =
        cache_.Fill(key, *loaded, found->time + life, clock_.Steady() + options_.cache_timeout);
    Report(stands.status());
    if (stands.ok() && !*stands) {
      observer_.Count(Happening::kFillRefused);
      keep = false;
    }
  }
  return {.entry = std::move(loaded), .ends = begin + life, .keep = keep};
}

absl::StatusOr<Entry> NearCache::Load(const Loader& load, bool capped, absl::Duration deadline) {
  if (!capped) {
    observer_.Count(Happening::kStoreRead);
    return load(deadline);
  }
  if (capped_reads_.fetch_add(1) >= options_.store_reads) {
    --capped_reads_;
    observer_.Count(Happening::kStoreRefused);
    return absl::UnavailableError(
        fmt::format("the cache is away and {} reads of the store are under way already; try again",
                    options_.store_reads));
  }
  observer_.Count(Happening::kStoreRead);
  absl::StatusOr<Entry> loaded = load(deadline);
  --capped_reads_;
  return loaded;
}

void NearCache::Report(const absl::Status& status) {
  if (!status.ok()) observer_.Count(Happening::kCacheFailure);
  // One damaged entry says nothing about the cache.
  breaker_.Report(status.ok() || absl::IsDataLoss(status), clock_.Steady());
  observer_.CacheReached(cache_reached());
}

void NearCache::Wrote(std::string_view key, int64_t version) {
  const absl::Duration now = clock_.Steady();
  const absl::Duration until = now + options_.staleness;
  table_.Wrote(key, version, now, until);
  bool lost = false;
  {
    std::lock_guard lock(pending_mutex_);
    if (pending_tombstones_.size() >= options_.most_tombstones &&
        !pending_tombstones_.contains(std::string(key))) {
      lost = true;
    } else {
      PendingTombstone& pending = pending_tombstones_[std::string(key)];
      pending.version = std::max(pending.version, version);
      pending.until = until;
    }
  }
  if (lost) observer_.Count(Happening::kTombstoneLost);
  bury_->wake().Set();
}

void NearCache::Invalidate(std::string_view key) {
  table_.Drop(key);
  observer_.Count(Happening::kInvalidation);
}

absl::Duration NearCache::ListenStep::Run() {
  const Invalidations heard = feed_->Poll();
  if (heard.all) {
    owner_.table_.DropAll();
    owner_.observer_.Count(Happening::kFlush);
  }
  for (const std::string& key : heard.keys) owner_.Invalidate(key);
  owner_.feed_connected_ = heard.connected;
  owner_.observer_.FeedConnected(heard.connected);
  // Where few reads go past the near table nobody else would notice for a while.
  owner_.observer_.CacheReached(owner_.cache_reached());
  const auto [entries, bytes] = owner_.table_.held();
  owner_.observer_.Held(entries, bytes);
  return std::min(heard.next, owner_.clock_.Steady() + kHeldInterval);
}

std::vector<Tombstone> NearCache::BuryStep::Take(absl::Duration now) {
  std::vector<Tombstone> taken;
  int lost = 0;
  {
    std::lock_guard lock(owner_.pending_mutex_);
    for (auto pending = owner_.pending_tombstones_.begin();
         pending != owner_.pending_tombstones_.end() && taken.size() < kBurialsAtOnce;) {
      if (pending->second.until <= now) {
        pending = owner_.pending_tombstones_.erase(pending);
        ++lost;
      } else {
        taken.push_back({.key = pending->first, .version = pending->second.version});
        ++pending;
      }
    }
  }
  for (; lost > 0; --lost) owner_.observer_.Count(Happening::kTombstoneLost);
  return taken;
}

bool NearCache::BuryStep::StrikeOff(const std::vector<Tombstone>& buried) {
  std::lock_guard lock(owner_.pending_mutex_);
  for (const Tombstone& tombstone : buried) {
    const auto pending = owner_.pending_tombstones_.find(tombstone.key);
    if (pending != owner_.pending_tombstones_.end() && pending->second.version <= tombstone.version)
      owner_.pending_tombstones_.erase(pending);
  }
  return !owner_.pending_tombstones_.empty();
}

absl::Duration NearCache::BuryStep::Run() {
  const absl::Duration now = owner_.clock_.Steady();
  const std::vector<Tombstone> tombstones = Take(now);
  if (tombstones.empty()) return absl::InfiniteDuration();
  if (!owner_.breaker_.Allow(now)) return owner_.breaker_.probe_at();
  const absl::Status buried =
      owner_.cache_.Bury(tombstones, owner_.options_.staleness, now + 2 * owner_.options_.cache_timeout);
  owner_.Report(buried);
  if (!buried.ok()) return owner_.clock_.Steady() + owner_.options_.first_pause;
  return StrikeOff(tombstones) ? absl::ZeroDuration() : absl::InfiniteDuration();
}

}  // namespace finalmile::cache

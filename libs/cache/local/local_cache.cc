#include "libs/cache/local/local_cache.h"

#include <algorithm>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <utility>

namespace finalmile::cache {
namespace {

class LocalCache final : public Cache {
 public:
  LocalCache(Clock& clock, int64_t bytes) : clock_(clock), most_bytes_(bytes) {}

  absl::StatusOr<Found> Lookup(std::string_view key, absl::Duration deadline) override;
  absl::StatusOr<bool> Fill(std::string_view key, const Entry& entry, absl::Time expires,
                            absl::Duration deadline) override;
  absl::Status Bury(std::span<const Tombstone> tombstones, absl::Duration life,
                    absl::Duration deadline) override;
  std::unique_ptr<Feed> Listen(WaitEvent& wake) override;

 private:
  class LocalFeed;

  struct Slot {
    // Ends at `expires`; absent when null.
    std::optional<Entry> entry;
    absl::Time expires;
    // The tombstone, until `buried_until`.
    int64_t least = 0;
    absl::Time buried_until = absl::InfinitePast();
    std::list<const std::string*>::iterator use;
  };
  using Slots = std::map<std::string, Slot, std::less<>>;

  absl::Time Now() const { return absl::UnixEpoch() + clock_.Steady(); }
  absl::Status InTime(absl::Duration deadline) const {
    return clock_.Steady() < deadline ? absl::OkStatus()
                                      : absl::DeadlineExceededError("the deadline has passed");
  }
  static int64_t Size(const std::string& key, const Slot& slot) {
    const bool valued = slot.entry && slot.entry->value != nullptr;
    return kEntryOverhead + static_cast<int64_t>(key.size() + (valued ? slot.entry->value->size() : 0));
  }
  // The slot of `key`, made if absent, as the one used last. What has ended in it is gone.
  Slots::iterator Touch(std::string_view key);
  void Clean(Slot& slot, absl::Time now);
  void Remove(Slots::iterator slot);
  void MakeRoom();

  Clock& clock_;
  const int64_t most_bytes_;
  std::mutex mutex_;
  Slots slots_;
  // The one used last comes first.
  std::list<const std::string*> uses_;
  int64_t bytes_ = 0;
  std::set<LocalFeed*> feeds_;
};

class LocalCache::LocalFeed final : public Feed {
 public:
  LocalFeed(LocalCache& cache, WaitEvent& wake) : cache_(cache), wake_(wake) {
    std::lock_guard lock(cache_.mutex_);
    cache_.feeds_.insert(this);
  }
  ~LocalFeed() override {
    std::lock_guard lock(cache_.mutex_);
    cache_.feeds_.erase(this);
  }

  Invalidations Poll() override {
    std::lock_guard lock(cache_.mutex_);
    return {.all = std::exchange(begins_, false),
            .keys = std::exchange(keys_, {}),
            .connected = true,
            .next = absl::InfiniteDuration()};
  }

  // Under the cache's mutex: the feed may go away as soon as it is free.
  void Tell(const std::string& key) {
    keys_.push_back(key);
    wake_.Set();
  }

 private:
  LocalCache& cache_;
  WaitEvent& wake_;
  bool begins_ = true;
  std::vector<std::string> keys_;
};

LocalCache::Slots::iterator LocalCache::Touch(std::string_view key) {
  auto slot = slots_.find(key);
  if (slot == slots_.end()) {
    slot = slots_.emplace(std::string(key), Slot()).first;
    slot->second.use = uses_.insert(uses_.begin(), &slot->first);
    bytes_ += Size(slot->first, slot->second);
  } else {
    uses_.splice(uses_.begin(), uses_, slot->second.use);
  }
  Clean(slot->second, Now());
  return slot;
}

void LocalCache::Clean(Slot& slot, absl::Time now) {
  if (now >= slot.buried_until) slot.least = 0;
  if (!slot.entry || (now < slot.expires && slot.entry->version >= slot.least)) return;
  if (slot.entry->value != nullptr) bytes_ -= static_cast<int64_t>(slot.entry->value->size());
  slot.entry.reset();
}

void LocalCache::Remove(Slots::iterator slot) {
  bytes_ -= Size(slot->first, slot->second);
  uses_.erase(slot->second.use);
  slots_.erase(slot);
}

void LocalCache::MakeRoom() {
  while (bytes_ > most_bytes_ && !uses_.empty()) Remove(slots_.find(*uses_.back()));
}

absl::StatusOr<Found> LocalCache::Lookup(std::string_view key, absl::Duration deadline) {
  if (absl::Status late = InTime(deadline); !late.ok()) return late;
  std::lock_guard lock(mutex_);
  Found found{.time = Now(), .entry = std::nullopt};
  if (slots_.find(key) == slots_.end()) return found;
  const auto slot = Touch(key);
  if (slot->second.entry) {
    found.entry = slot->second.entry;
    found.remaining = slot->second.expires - found.time;
  } else if (slot->second.least == 0) {
    Remove(slot);
  }
  return found;
}

absl::StatusOr<bool> LocalCache::Fill(std::string_view key, const Entry& entry, absl::Time expires,
                                      absl::Duration deadline) {
  if (absl::Status late = InTime(deadline); !late.ok()) return late;
  std::lock_guard lock(mutex_);
  if (Now() >= expires) return false;
  const auto place = Touch(key);
  Slot& slot = place->second;
  if (entry.version < slot.least) return false;
  if (slot.entry) {
    if (slot.entry->version > entry.version) return false;
    if (slot.entry->version == entry.version && slot.expires >= expires) return true;
  }
  bytes_ -= Size(place->first, slot);
  slot.entry = entry;
  slot.expires = expires;
  bytes_ += Size(place->first, slot);
  MakeRoom();
  return true;
}

absl::Status LocalCache::Bury(std::span<const Tombstone> tombstones, absl::Duration life,
                              absl::Duration deadline) {
  if (absl::Status late = InTime(deadline); !late.ok()) return late;
  std::lock_guard lock(mutex_);
  for (const Tombstone& tombstone : tombstones) {
    Slot& slot = Touch(tombstone.key)->second;
    if (slot.least > tombstone.version) continue;
    slot.least = tombstone.version;
    slot.buried_until = Now() + life;
    Clean(slot, Now());
    for (LocalFeed* feed : feeds_) feed->Tell(tombstone.key);
  }
  MakeRoom();
  return absl::OkStatus();
}

std::unique_ptr<Feed> LocalCache::Listen(WaitEvent& wake) { return std::make_unique<LocalFeed>(*this, wake); }

}  // namespace

std::unique_ptr<Cache> OpenLocal(Clock& clock, int64_t bytes) {
  return std::make_unique<LocalCache>(clock, bytes);
}

}  // namespace finalmile::cache

#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "libs/base/clock.h"
#include "libs/cache/cache.h"
#include "libs/cache/near_cache.h"
#include "libs/cache/observer.h"

namespace finalmile::cache {

class Counts final : public Observer {
 public:
  void Count(Happening what) override { ++counts_[static_cast<size_t>(what)]; }
  void CacheReached(bool reached) override { reached_ = reached; }
  void FeedConnected(bool connected) override { connected_ = connected; }
  void Held(size_t entries, size_t) override { entries_ = entries; }

  int of(Happening what) const { return counts_[static_cast<size_t>(what)]; }
  bool reached() const { return reached_; }
  bool connected() const { return connected_; }

 private:
  std::atomic<int> counts_[kHappenings] = {};
  std::atomic<bool> reached_ = false;
  std::atomic<bool> connected_ = false;
  std::atomic<size_t> entries_ = 0;
};

// A store that remembers when each version was current, so that an answer's age can be told. Thread-safe.
class VersionedStore {
 public:
  explicit VersionedStore(Clock& clock) : clock_(clock) {}

  // Changes the thing and returns its new version, 1 at first.
  int64_t Commit(const std::string& key) {
    std::lock_guard lock(mutex_);
    auto& commits = commits_[key];
    commits.push_back(clock_.Steady());
    return static_cast<int64_t>(commits.size());
  }

  Entry Read(const std::string& key) {
    ++reads_;
    std::lock_guard lock(mutex_);
    const auto version = static_cast<int64_t>(commits_[key].size());
    if (version == 0) return {};
    return {.version = version,
            .value = std::make_shared<const std::string>(fmt::format("{} v{}", key, version))};
  }

  NearCache::Loader Loader(const std::string& key) {
    return [this, key](absl::Duration) -> absl::StatusOr<Entry> { return Read(key); };
  }

  // How long before `when` the version had ceased to be current; zero if it had not.
  absl::Duration AgeAt(const std::string& key, int64_t version, absl::Duration when) {
    std::lock_guard lock(mutex_);
    const auto& commits = commits_[key];
    const auto next = static_cast<size_t>(version);
    if (next >= commits.size() || commits[next] >= when) return absl::ZeroDuration();
    return when - commits[next];
  }

  int reads() const { return reads_; }

 private:
  Clock& clock_;
  std::mutex mutex_;
  // Version v was committed at [v - 1].
  std::map<std::string, std::vector<absl::Duration>> commits_;
  std::atomic<int> reads_ = 0;
};

// Another cache that can be away, and whose feed can lose what comes or have everything dropped. Thread-safe.
class FaultyCache final : public Cache {
 public:
  explicit FaultyCache(Cache& target) : target_(target) {}

  std::atomic<bool> away = false;
  std::atomic<bool> deaf = false;
  std::atomic<bool> flushed = false;
  std::atomic<int> calls = 0;

  absl::StatusOr<Found> Lookup(std::string_view key, absl::Duration deadline) override {
    ++calls;
    if (away) return Away();
    return target_.Lookup(key, deadline);
  }
  absl::StatusOr<bool> Fill(std::string_view key, const Entry& entry, absl::Time expires,
                            absl::Duration deadline) override {
    ++calls;
    if (away) return Away();
    return target_.Fill(key, entry, expires, deadline);
  }
  absl::Status Bury(std::span<const Tombstone> tombstones, absl::Duration life,
                    absl::Duration deadline) override {
    ++calls;
    return away ? Away() : target_.Bury(tombstones, life, deadline);
  }
  std::unique_ptr<Feed> Listen(WaitEvent& wake) override {
    return std::make_unique<FaultyFeed>(*this, target_.Listen(wake));
  }

 private:
  class FaultyFeed final : public Feed {
   public:
    FaultyFeed(FaultyCache& owner, std::unique_ptr<Feed> target)
        : owner_(owner), target_(std::move(target)) {}
    Invalidations Poll() override {
      Invalidations heard = target_->Poll();
      if (owner_.deaf) {
        heard.all = false;
        heard.keys.clear();
      }
      heard.all = heard.all || owner_.flushed.exchange(false);
      heard.connected = heard.connected && !owner_.away;
      return heard;
    }

   private:
    FaultyCache& owner_;
    const std::unique_ptr<Feed> target_;
  };

  static absl::Status Away() { return absl::UnavailableError("away"); }

  Cache& target_;
};

}  // namespace finalmile::cache

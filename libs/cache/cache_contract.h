#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include "libs/base/clock.h"
#include "libs/cache/cache.h"

namespace finalmile::cache {

// One engine under the contract suite. Instantiate CacheContract with one for each engine.
struct ContractEngine {
  std::string name;
  // The URL of a cache. Fails with the reason for skipping.
  std::function<absl::StatusOr<std::string>()> url;
  // Whether a test without the engine fails instead of being skipped.
  bool required = false;
};

inline std::ostream& operator<<(std::ostream& out, const ContractEngine& engine) {
  return out << engine.name;
}

// What every Cache promises. Each test has keys of its own.
class CacheContract : public ::testing::TestWithParam<ContractEngine> {
 protected:
  void SetUp() override;

  absl::Duration Soon() const { return clock_->Steady() + absl::Seconds(10); }
  std::string Key(std::string_view name) const;
  Found Lookup(const std::string& key);
  // Fills with a life of a minute from the time of a look-up, or of `life`.
  bool Fill(const std::string& key, int64_t version, std::string_view value,
            absl::Duration life = absl::Minutes(1));
  void Bury(const std::string& key, int64_t version, absl::Duration life = absl::Minutes(1));
  // The version found, 0 for none.
  int64_t VersionOf(const std::string& key);
  // Polls until `done` says so of what has been heard since the call; fails after ten seconds.
  void PollUntil(Feed& feed, WaitEvent& wake, const std::function<bool(const Invalidations&)>& done);

  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  std::unique_ptr<Cache> cache_;
};

inline Entry Text(int64_t version, std::string_view value) {
  return {.version = version, .value = std::make_shared<const std::string>(value)};
}

}  // namespace finalmile::cache

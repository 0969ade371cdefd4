#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/random.h"
#include "libs/base/step.h"
#include "libs/storage/database.h"

namespace finalmile::catalog::usage {

// Searches that found nothing, on their way into gaps. A search only leaves its terms here, in memory, and
// neither waits nor fails for it; the step writes them to the store. At most kWaiting sets of terms wait,
// further ones are dropped, and what waits is lost with the process: these are figures, not promises.
// Thread-safe.
class MissedSearches final : public Step {
 public:
  static constexpr size_t kWaiting = 1'000;

  // Whether an asset on the shelf has a term, as search::Index::HasTerm.
  using KnowsTerm = std::function<bool(const std::string& term)>;

  // The references outlive it.
  MissedSearches(storage::Database& database, KnowsTerm knows_term, Clock& clock, Rng& rng, Log& log);

  // `query` found nothing on the shelf. One that looks like an address or a number (an @, or seven digits) is
  // not kept, since it may name a person.
  void Add(std::string_view query);

  std::string_view name() const override { return "catalog.missed_searches"; }
  absl::Duration Run() override;
  WaitEvent& wake() override { return *wake_; }

 private:
  struct Miss {
    // The first of these searches, as it was typed.
    std::string words;
    int64_t count = 0;
  };
  // By the sorted terms with a blank between them.
  using Misses = std::map<std::string, Miss>;

  // Some of those that wait.
  Misses Take();
  absl::Status Write(const Misses& misses);

  storage::Database& database_;
  const KnowsTerm knows_term_;
  Clock& clock_;
  Rng& rng_;
  Log& log_;
  const std::unique_ptr<WaitEvent> wake_;
  std::mutex mutex_;
  Misses waiting_;
};

}  // namespace finalmile::catalog::usage

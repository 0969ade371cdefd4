#include "libs/testing/faulty_cache.h"

#include <utility>

namespace finalmile::testing {
namespace {

absl::Status CacheLost() { return absl::UnavailableError("simulated: the cache cannot be reached"); }

absl::Status StatusOf(const absl::Status& status) { return status; }
template <typename T>
absl::Status StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

}  // namespace

class CacheServer::FaultyFeed final : public cache::Feed {
 public:
  FaultyFeed(Simulation& simulation, std::unique_ptr<cache::Feed> inner)
      : simulation_(simulation), inner_(std::move(inner)) {}

  cache::Invalidations Poll() override {
    simulation_.Gate("poll cache");
    cache::Invalidations heard;
    {
      Simulation::EngineScope engine(simulation_);
      heard = inner_->Poll();
    }
    if (simulation_.Strikes(simulation_.faults().lose_reply)) heard.keys.clear();
    if (simulation_.Strikes(simulation_.faults().fail)) {
      heard.keys.clear();
      heard.all = true;
    }
    return heard;
  }

 private:
  Simulation& simulation_;
  const std::unique_ptr<cache::Feed> inner_;
};

class CacheServer::Session final : public cache::Cache {
 public:
  explicit Session(CacheServer& server) : server_(server) {}

  absl::StatusOr<cache::Found> Lookup(std::string_view key, absl::Duration deadline) override {
    return Call<absl::StatusOr<cache::Found>>("look up",
                                              [&] { return server_.cache_.Lookup(key, deadline); });
  }
  absl::StatusOr<bool> Fill(std::string_view key, const cache::Entry& entry, absl::Time expires,
                            absl::Duration deadline) override {
    return Call<absl::StatusOr<bool>>("fill",
                                      [&] { return server_.cache_.Fill(key, entry, expires, deadline); });
  }
  absl::Status Bury(std::span<const cache::Tombstone> tombstones, absl::Duration life,
                    absl::Duration deadline) override {
    return Call<absl::Status>("bury", [&] { return server_.cache_.Bury(tombstones, life, deadline); });
  }
  std::unique_ptr<cache::Feed> Listen(WaitEvent& wake) override {
    return std::make_unique<FaultyFeed>(server_.simulation_, server_.cache_.Listen(wake));
  }

 private:
  template <typename Result, typename Function>
  Result Call(std::string_view what, const Function& function) {
    Simulation& simulation = server_.simulation_;
    simulation.Gate(what);
    if (simulation.Strikes(simulation.faults().fail)) return CacheLost();
    Result result = [&] {
      Simulation::EngineScope engine(simulation);
      return function();
    }();
    simulation.Gate("answer of the cache");
    if (StatusOf(result).ok() && simulation.Strikes(simulation.faults().lose_reply)) return CacheLost();
    return result;
  }

  CacheServer& server_;
};

std::unique_ptr<cache::Cache> CacheServer::Connect() { return std::make_unique<Session>(*this); }

}  // namespace finalmile::testing

#include <fmt/format.h>
#include <hiredis/hiredis.h>

#include <cstdlib>

#include "grpc/health/v1/health.pb.h"
#include "libs/base/status.h"
#include "tests/bench/catalog_world.h"
#include "tests/bench/rows.h"

namespace finalmile::bench {
namespace {

constexpr size_t kReplyBytes = 1024;
// What an asset has beside its body.
constexpr size_t kOtherBytes = 200;

std::string Page(size_t i) {
  const std::string head =
      fmt::format("---\naudience: sales\nmessages: [Say it short]\n---\n# Page {}\n\n", i);
  std::string text;
  while (text.size() < kReplyBytes - kOtherBytes) text += "An hour that nobody sells costs as much. ";
  return head + text.substr(0, kReplyBytes - kOtherBytes);
}

class HotAsset {
 public:
  HotAsset(World& world, CatalogWorld& catalog, int calls)
      : world_(world), catalog_(catalog), channel_(catalog.service().NewChannel()), calls_(calls) {}

  ~HotAsset() {
    if (redis_ != nullptr) redisFree(redis_);
  }

  absl::Status Prepare() {
    RETURN_IF_ERROR(catalog_.Publish(static_cast<size_t>(calls_), Page));
    // Into Redis.
    for (int i = 0; i < calls_; ++i) RETURN_IF_ERROR(Get(static_cast<size_t>(i)));
    catalog::v1::GetAssetRequest request;
    request.set_name(AssetName(0));
    get_.emplace(catalog_, std::string(kCatalogService) + "GetAsset", request, reply_bytes_);
    grpc::health::v1::HealthCheckResponse serving;
    serving.set_status(grpc::health::v1::HealthCheckResponse::SERVING);
    empty_.emplace(catalog_, "/grpc.health.v1.Health/Check", grpc::health::v1::HealthCheckRequest(),
                   serving.ByteSizeLong());
    redis_ = redisConnect("127.0.0.1", catalog_.redis().port());
    if (redis_ == nullptr || redis_->err != 0) return absl::UnavailableError("Redis cannot be reached");
    return absl::OkStatus();
  }

  size_t reply_bytes() const { return reply_bytes_; }

  absl::StatusOr<Sample> Hot(int64_t calls) { return get_->Run(calls); }
  absl::StatusOr<Sample> Empty(int64_t calls) { return empty_->Run(calls); }

  // What a caller waits longer for an asset that Redis holds than for one that is near; one call at a time.
  absl::StatusOr<Sample> NearMiss() {
    RETURN_IF_ERROR(ForgetNear());
    ASSIGN_OR_RETURN(Sample miss, Time([&](size_t i) { return Get(i); }));
    ASSIGN_OR_RETURN(const int64_t asked, LookUps());
    ASSIGN_OR_RETURN(Sample hit, Time([&](size_t) { return Get(0); }));
    ASSIGN_OR_RETURN(const int64_t asked_by_hits, LookUps());
    if (asked - asked_before_ < calls_ || asked_by_hits - asked > 1) {
      return absl::DataLossError(fmt::format("{} calls made {} look-ups in Redis, {} others {}", calls_,
                                             asked - asked_before_, calls_, asked_by_hits - asked));
    }
    return Sample{{"p50", miss["p50"] - hit["p50"]}, {"miss", miss["p50"]}, {"hit", hit["p50"]}};
  }

  absl::StatusOr<Sample> RedisGet() {
    const OnServiceCore pinned;
    return Time([&](size_t i) -> absl::Status {
      const std::string key = "finalmile-catalog:v:asset/" + AssetName(i).substr(sizeof("assets/") - 1);
      auto* reply = static_cast<redisReply*>(redisCommand(redis_, "GET %s", key.c_str()));
      const bool found = reply != nullptr && reply->type == REDIS_REPLY_STRING;
      freeReplyObject(reply);
      return found ? absl::OkStatus() : absl::DataLossError("Redis does not hold " + key);
    });
  }

 private:
  absl::Status Get(size_t i) {
    catalog::v1::GetAssetRequest request;
    request.set_name(AssetName(i));
    const auto asset = channel_->Call<catalog::v1::Asset>(std::string(kCatalogService) + "GetAsset", request);
    RETURN_IF_ERROR(asset.status());
    if (i == 0) reply_bytes_ = asset->ByteSizeLong();
    return absl::OkStatus();
  }

  // A feed that was cut off may have missed anything, so what is near is dropped, and again when it is back.
  absl::Status ForgetNear() {
    RETURN_IF_ERROR(catalog_.redis().Command({"CLIENT", "KILL", "TYPE", "pubsub"}).status());
    RETURN_IF_ERROR(world_.Await("the feed", [&]() -> absl::StatusOr<bool> {
      ASSIGN_OR_RETURN(const std::string clients,
                       catalog_.redis().Command({"CLIENT", "LIST", "TYPE", "pubsub"}));
      return clients.find("sub=1") != std::string::npos;
    }));
    ASSIGN_OR_RETURN(asked_before_, LookUps());
    return absl::OkStatus();
  }

  // That Redis has answered.
  absl::StatusOr<int64_t> LookUps() {
    ASSIGN_OR_RETURN(const std::string stats, catalog_.redis().Command({"INFO", "commandstats"}));
    constexpr std::string_view kCalls = "cmdstat_mget:calls=";
    const size_t at = stats.find(kCalls);
    return at == std::string::npos ? 0 : std::atoll(stats.c_str() + at + kCalls.size());
  }

  absl::StatusOr<Sample> Time(const std::function<absl::Status(size_t)>& call) {
    std::vector<double> latencies;
    for (int i = 0; i < calls_; ++i) {
      const absl::Duration start = world_.clock().Steady();
      RETURN_IF_ERROR(call(static_cast<size_t>(i)));
      latencies.push_back(absl::ToDoubleMicroseconds(world_.clock().Steady() - start));
    }
    return Latencies(latencies);
  }

  World& world_;
  CatalogWorld& catalog_;
  const std::unique_ptr<rpc::Channel> channel_;
  const int calls_;
  size_t reply_bytes_ = 0;
  std::optional<Load> get_;
  std::optional<Load> empty_;
  redisContext* redis_ = nullptr;
  int64_t asked_before_ = 0;
};

}  // namespace

absl::Status MeasureHotAsset(World& world, const Options& options, Report& report) {
  ASSIGN_OR_RETURN(const auto catalog, CatalogWorld::Start(world));
  const int calls = options.full ? 5000 : 1000;
  HotAsset asset(world, *catalog, calls);
  RETURN_IF_ERROR(asset.Prepare());
  const int64_t load = options.full ? 500'000 : 100'000;
  ASSIGN_OR_RETURN(
      const std::vector<Samples> samples,
      Alternate(options.pairs, {[&] { return asset.Hot(load); }, [&] { return asset.Empty(load); }}));
  ASSIGN_OR_RETURN(
      const std::vector<Samples> misses,
      Alternate(options.pairs, {[&] { return asset.NearMiss(); }, [&] { return asset.RedisGet(); }}));
  const std::string work = fmt::format("hot GetAsset of {} bytes", asset.reply_bytes());
  const std::string reference = "Health.Check of the same server, which gRPC answers by itself";
  report.Add({"P1", work, reference, "rate", "1/s", 0.9}, samples[0], samples[1]);
  report.Add({"P2", work + ", CPU", reference, "cpu", "µs", {}, 1.1}, samples[0], samples[1]);
  report.Add({"P3",
              "GetAsset from Redis, beyond a hot one, p50",
              "GET of the same by hiredis, p50",
              "p50",
              "µs",
              {},
              1.5},
             misses[0], misses[1]);
  return absl::OkStatus();
}

}  // namespace finalmile::bench

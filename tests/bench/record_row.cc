#include <fmt/format.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/base/status.h"
#include "tests/bench/rows.h"

namespace finalmile::bench {
namespace {

constexpr std::string_view kService = "/finalmile.leads.v1.LeadService/";

class Recording {
 public:
  Recording(World& world, absl::Duration length) : world_(world), length_(length) {
    // A process has few connections to one service, and many calls on each.
    for (int i = 0; i < 4; ++i) channels_.push_back(world_.NewChannel());
  }

  absl::StatusOr<Sample> Service() {
    const double cpu = world_.ServiceCpu();
    ASSIGN_OR_RETURN(int64_t before, world_.Consumed());
    ASSIGN_OR_RETURN(Sample sample, Clients([&](int client, int64_t turn) {
                       leads::v1::RecordActivityRequest request;
                       if (!request.mutable_activity()->ParseFromString(Bytes(client, turn))) std::abort();
                       return channels_[client % channels_.size()]
                           ->Call<leads::v1::RecordActivityResponse>(std::string(kService) + "RecordActivity",
                                                                     request, {.retry = false})
                           .status();
                     }));
    sample["cpu"] = (world_.ServiceCpu() - cpu) * 1e6 / sample["answers"];
    RETURN_IF_ERROR(world_.AwaitConsumed(before + static_cast<int64_t>(sample["answers"])));
    RETURN_IF_ERROR(world_.AwaitSent());
    return sample;
  }

  // The same calls without work: a batch of no activity at all.
  absl::StatusOr<Sample> Empty() {
    const double cpu = world_.ServiceCpu();
    ASSIGN_OR_RETURN(Sample sample, Clients([&](int client, int64_t) {
                       return channels_[client % channels_.size()]
                           ->Call<leads::v1::RecordActivitiesResponse>(
                               std::string(kService) + "RecordActivities",
                               leads::v1::RecordActivitiesRequest(), {.retry = false})
                           .status();
                     }));
    sample["cpu"] = (world_.ServiceCpu() - cpu) * 1e6 / sample["answers"];
    return sample;
  }

  absl::StatusOr<Sample> Append() {
    const double cpu = OwnCpu();
    ASSIGN_OR_RETURN(Sample sample, Clients([&](int client, int64_t turn) {
                       return world_.events().Append(
                           {{std::string(kRawTopic), "leads/" + Lead(client, turn), Bytes(client, turn), {}}},
                           world_.clock().Steady() + absl::Seconds(10));
                     }));
    sample["cpu"] = (OwnCpu() - cpu) * 1e6 / sample["answers"];
    return sample;
  }

  // A broker that has just started compiles its code for half a minute under load, and small requests feel
  // that most. Until a round is hardly faster than the one before it.
  absl::Status WarmUp() {
    double last = 0;
    for (int round = 0; round < kMostWarmUps; ++round) {
      ASSIGN_OR_RETURN(Sample sample, Service());
      RETURN_IF_ERROR(Append().status());
      if (round > 1 && sample["rate"] < 1.05 * last) break;
      last = sample["rate"];
    }
    return absl::OkStatus();
  }

  static constexpr int kMostWarmUps = 10;
  static constexpr int kClients = 32;
  static constexpr size_t kLeads = 10'000;

 private:
  std::string Lead(int client, int64_t turn) const {
    return LeadId(static_cast<size_t>(client * 7919 + turn) % kLeads);
  }

  std::string Bytes(int client, int64_t turn) const {
    return ActivityBytes(Lead(client, turn), "page_view", "product",
                         fmt::format("p7-{}-{}-{}", run_, client, turn), world_.clock().Now());
  }

  absl::StatusOr<Sample> Clients(const std::function<absl::Status(int, int64_t)>& call) {
    ++run_;
    std::atomic<int64_t> answers = 0;
    std::mutex mutex;
    absl::Status failure;
    const absl::Duration start = world_.clock().Steady();
    std::vector<std::thread> clients;
    for (int client = 0; client < kClients; ++client) {
      clients.emplace_back([&, client] {
        for (int64_t turn = 0; world_.clock().Steady() < start + length_; ++turn) {
          if (absl::Status status = call(client, turn); !status.ok()) {
            std::lock_guard lock(mutex);
            failure = status;
            return;
          }
          ++answers;
        }
      });
    }
    for (std::thread& client : clients) client.join();
    RETURN_IF_ERROR(failure);
    const auto count = static_cast<double>(answers);
    return Sample{{"rate", count / absl::ToDoubleSeconds(world_.clock().Steady() - start)},
                  {"answers", count}};
  }

  World& world_;
  const absl::Duration length_;
  std::vector<std::unique_ptr<rpc::Channel>> channels_;
  int run_ = 0;
};

}  // namespace

absl::Status MeasureRecord(World& world, const Options& options, Report& report) {
  RETURN_IF_ERROR(world.Fill(world.store(), Recording::kLeads, {}));
  RETURN_IF_ERROR(world.StartService());
  Recording recording(world, options.full ? absl::Seconds(10) : absl::Seconds(3));
  RETURN_IF_ERROR(recording.WarmUp());
  ASSIGN_OR_RETURN(
      std::vector<Samples> samples,
      Alternate(options.pairs, {[&] { return recording.Service(); }, [&] { return recording.Append(); },
                                [&] { return recording.Empty(); }}));
  world.StopService();
  report.Add({"P7", fmt::format("RecordActivity, durable, {} clients", Recording::kClients),
              "append with acks=all by as many threads of the driver", "rate", "1/s", 0.7},
             samples[0], samples[1]);
  report.Add(
      {"P7", "  share of calls that do nothing", "an empty RecordActivities, as many clients", "rate", "1/s"},
      samples[0], samples[2]);
  return absl::OkStatus();
}
}  // namespace finalmile::bench

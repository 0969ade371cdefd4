// The catalog service in two processes on one store, one log and one shared cache. Clients create, change,
// publish, retire and use a few assets that they share, read and search them, while processes crash
// and freeze, the cache loses what it was told, and clocks move.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "finalmile/catalog/v1/catalog_event.pb.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/cache/local/local_cache.h"
#include "libs/outbox/schema.h"
#include "libs/outbox/topic.h"
#include "libs/rpc/timestamps.h"
#include "services/catalog/assets/asset_batch.h"
#include "services/catalog/usage/consumers/credit_consumer.h"
#include "services/catalog/usage/consumers/lead_consumer.h"
#include "services/catalog/wiring.h"
#include "tests/simulation/catalog_checks.h"
#include "tests/simulation/catalog_program.h"
#include "tests/simulation/catalog_usage.h"
#include "tests/simulation/world.h"

namespace finalmile::simulation {
namespace {

namespace v1 = catalog::v1;
using testing::Simulation;

constexpr int kClients = 3;
constexpr int kActions = 12;
constexpr uint64_t kAssets = 4;

class Run {
 public:
  Run(uint64_t seed, const RunOptions& options)
      : simulation_(seed, {.trace = options.trace, .replay = options.replay}),
        servers_(simulation_, {{"outbox", outbox::Migrations()}, {"catalog", catalog::kModule.migrations}},
                 {{.name = outbox::TopicName<catalog::v1::CatalogEvent>(), .partitions = 3},
                  {.name = outbox::TopicName<appointments::v1::AppointmentEvent>(), .partitions = 1},
                  {.name = outbox::TopicName<leads::v1::LeadEvent>(), .partitions = 1}}),
        shared_cache_(cache::OpenLocal(simulation_.clock(), 1 << 20)),
        cache_(simulation_, *shared_cache_),
        client_{"finalmile.catalog.v1", simulation_, replicas_, violations_},
        usage_(client_, servers_) {}

  Outcome Play() {
    Rng& rng = simulation_.rng();
    simulation_.faults() = testing::Faults::Draw(rng);
    for (const char* name : {"p1", "p2"}) {
      const std::string index = fmt::format("{}/{}.db", folder_.path(), name);
      replicas_.push_back(
          std::make_unique<Replica>(simulation_, name, [this, index](Simulation::Process& process) {
            return StartCatalog(servers_, cache_, index, process);
          }));
    }
    for (int client = 0; client < kClients; ++client) {
      simulation_.Spawn(fmt::format("client {}", client), [this, client] { Client(client); });
    }
    for (int i = 0; i < 8; ++i) Trouble();
    while (clients_done_ < kClients) simulation_.Sleep(absl::Seconds(1));
    simulation_.faults() = {};
    Settle();
    // Windows open and end, and reviews fall due.
    for (const absl::Duration later : {absl::Hours(2), absl::Hours(24 * 200)}) {
      simulation_.ShiftWallClock(later);
      Settle();
    }
    for (const auto& replica : replicas_) replica->Stop();
    simulation_.JoinAll();
    return {violations_, simulation_.trace_hash(), simulation_.points(), simulation_.clock().Steady()};
  }

 private:
  void Violated(std::string what) { violations_.push_back(std::move(what)); }

  void Trouble() {
    if (Meddle(simulation_, replicas_, absl::Seconds(5), 6) == 2) {
      simulation_.ShiftWallClock((simulation_.rng().Uniform() - 0.3) * absl::Hours(1));
    }
  }

  void Client(int client) {
    for (int i = 0; i < kActions; ++i) {
      simulation_.Sleep(simulation_.rng().Uniform() * absl::Seconds(2));
      const std::string request = fmt::format("{}-{}", client, i);
      switch (simulation_.rng().Below(16)) {
        case 0:
        case 1:
          CreateAsset(request);
          break;
        case 2:
        case 3:
          UpdateAsset(request);
          break;
        case 4:
        case 5:
          PublishAsset(request);
          break;
        case 6:
          RetireAsset(request);
          break;
        case 7:
          Search();
          break;
        case 8:
        case 9:
        case 10:
        case 11:
          usage_.Act(request, "assets/" + SharedId());
          break;
        default:
          for (uint64_t reads = simulation_.rng().Below(12); reads > 0; --reads) Read();
      }
    }
    ++clients_done_;
  }

  // One of a few assets that the clients share, created or not.
  std::string SharedId() { return fmt::format("a{}", simulation_.rng().Below(kAssets)); }

  // A body that nobody else tries to give to an asset.
  std::string NewBody(const std::string& request, const std::string& name) {
    std::string body = fmt::format("Written everywhere by request {}.", request);
    model_.bodies[body] = name;
    ++model_.assets[name].attempted;
    return body;
  }

  // Notes what an answer says. `change` is empty where it is the answer to a reading.
  void Learn(const v1::Asset& asset, const std::string& change) {
    AssetModel& model = model_.assets[asset.name()];
    const auto& [body, is_new] = model.bodies.try_emplace(asset.version(), asset.body());
    if (body->second != asset.body())
      Violated(fmt::format("{}: version {} has two bodies", asset.name(), asset.version()));
    if (change.empty()) return;
    const auto& [known, is_first] = model.revisions.try_emplace(
        asset.revision(), AssetModel::Known{change, simulation_.clock().Steady()});
    if (known->second.change != change) {
      Violated(fmt::format("{}: {} and {} both led to revision {}", asset.name(), known->second.change,
                           change, asset.revision()));
    }
  }

  void CreateAsset(const std::string& id) {
    v1::CreateAssetRequest request;
    request.set_request_id("create-" + id);
    request.set_asset_id(SharedId());
    const std::string name = "assets/" + request.asset_id();
    v1::Asset& asset = *request.mutable_asset();
    asset.set_kind(v1::ASSET_KIND_TALK_TRACK_SOURCE);
    asset.set_title("Renewal");
    asset.set_owner("mia");
    asset.set_body(NewBody(request.request_id(), name));
    // Tells afterwards which request made the asset.
    asset.set_summary(request.request_id());
    asset.mutable_talk_track_source()->set_situation("renewal");
    const auto created =
        client_.Call<v1::Asset>("CatalogService/CreateAsset", request, {absl::StatusCode::kAlreadyExists});
    if (!created) return;
    model_.created[request.request_id()] = created->name();
    if (created->revision() != 1 || created->version() != 1 || created->body() != asset.body())
      Violated(fmt::format("{} was answered with another asset", request.request_id()));
    Learn(*created, request.request_id());
    if (simulation_.rng().Below(3) != 0) return;
    const auto again = client_.Call<v1::Asset>("CatalogService/CreateAsset", request);
    if (again && again->SerializeAsString() != created->SerializeAsString())
      Violated(fmt::format("{} was answered in two ways", request.request_id()));
    asset.set_owner("someone-else");
    if (client_.Call<v1::Asset>("CatalogService/CreateAsset", request, {absl::StatusCode::kInvalidArgument}))
      Violated(fmt::format("{} took another body", request.request_id()));
  }

  void UpdateAsset(const std::string& id) {
    v1::UpdateAssetRequest request;
    request.set_request_id("update-" + id);
    request.mutable_asset()->set_name("assets/" + SharedId());
    request.mutable_asset()->set_body(NewBody(request.request_id(), request.asset().name()));
    request.mutable_update_mask()->add_paths("body");
    const auto updated =
        client_.Call<v1::Asset>("CatalogService/UpdateAsset", request, {absl::StatusCode::kNotFound});
    if (!updated) return;
    if (updated->body() != request.asset().body())
      Violated(fmt::format("{} was answered with another body", request.request_id()));
    Learn(*updated, request.request_id());
    ReadAtLeast(*updated);
  }

  void PublishAsset(const std::string& id) {
    Rng& rng = simulation_.rng();
    v1::PublishAssetRequest request;
    request.set_request_id("publish-" + id);
    request.set_name("assets/" + SharedId());
    request.set_reviewer("tom");
    const absl::Time now = simulation_.clock().Now();
    if (rng.Below(4) == 0)
      *request.mutable_publish_time() = rpc::ToTimestamp(now + rng.Uniform() * absl::Minutes(10));
    if (rng.Below(3) == 0)
      *request.mutable_expire_time() =
          rpc::ToTimestamp(now + absl::Minutes(11) + rng.Uniform() * absl::Hours(1));
    ++model_.assets[request.name()].attempted;
    // Refused: the clock may have been moved past the window, or another version is live.
    const auto published = client_.Call<v1::PublishAssetResponse>(
        "CatalogService/PublishAsset", request,
        {absl::StatusCode::kNotFound, absl::StatusCode::kFailedPrecondition});
    if (!published) return;
    Learn(published->asset(), request.request_id());
    model_.assets[request.name()].published[published->asset().revision()] =
        published->asset().published_version();
    ReadAtLeast(published->asset());
  }

  void RetireAsset(const std::string& id) {
    v1::RetireAssetRequest request;
    request.set_request_id("retire-" + id);
    request.set_name("assets/" + SharedId());
    ++model_.assets[request.name()].attempted;
    const auto retired = client_.Call<v1::RetireAssetResponse>(
        "CatalogService/RetireAsset", request,
        {absl::StatusCode::kNotFound, absl::StatusCode::kFailedPrecondition});
    if (!retired) return;
    Learn(retired->asset(), request.request_id());
    model_.assets[request.name()].retired.insert(retired->asset().revision());
    ReadAtLeast(retired->asset());
  }

  // Whoever has seen a revision reads nothing older, at any replica.
  void ReadAtLeast(const v1::Asset& seen) {
    v1::GetAssetRequest request;
    request.set_name(seen.name());
    request.set_min_revision(seen.revision());
    const auto asset = client_.Call<v1::Asset>("CatalogService/GetAsset", request);
    if (!asset) return;
    Learn(*asset, "");
    if (asset->revision() < seen.revision()) {
      Violated(fmt::format("{}: revision {} for one who has seen {}", seen.name(), asset->revision(),
                           seen.revision()));
    }
  }

  // One reading, tried once: nothing acknowledged more than S ago is unknown to it.
  void Read() {
    v1::GetAssetRequest request;
    request.set_name("assets/" + SharedId());
    const absl::Duration begin = simulation_.clock().Steady();
    v1::Asset asset;
    absl::Status status = absl::UnavailableError("");
    AnyOf(simulation_, replicas_).Serve([&](Program& program, Simulation::Process&) {
      status = client_.CallOnce(program, "CatalogService/GetAsset", request, asset);
    });
    if (!status.ok() && !absl::IsNotFound(status)) return;
    if (status.ok()) Learn(asset, "");
    for (const auto& [revision, known] : model_.assets[request.name()].revisions) {
      const absl::Duration age = begin - known.acknowledged;
      if (revision > asset.revision() && age > kStaleness) {
        Violated(fmt::format("{}: revision {} is answered {} after {} was acknowledged", request.name(),
                             asset.revision(), absl::FormatDuration(age), revision));
      }
    }
    simulation_.Sleep(simulation_.rng().Uniform() * absl::Seconds(3));
  }

  void Search() {
    v1::SearchAssetsRequest request;
    request.set_query("everywhere");
    request.set_unpublished(simulation_.rng().Below(2) == 0);
    const auto found = client_.Call<v1::SearchAssetsResponse>("CatalogService/SearchAssets", request);
    if (!found) return;
    for (const auto& hit : found->hits()) {
      if (!request.unpublished() && hit.asset().state() != v1::ASSET_STATE_PUBLISHED)
        Violated(fmt::format("{} is found and is not published", hit.asset().name()));
    }
  }

  void Settle() {
    const absl::Duration limit = simulation_.clock().Steady() + kSettleLimit;
    // What was read before is forgotten by then.
    simulation_.Sleep(kStaleness);
    std::vector<std::string> left;
    do {
      simulation_.Sleep(absl::Seconds(5));
      left.clear();
      const int64_t outbox = servers_.Query("SELECT COUNT(*) FROM outbox")[0].Int(0);
      const int64_t due = servers_
                              .Query(fmt::format("SELECT COUNT(*) FROM assets WHERE due_time <= {}",
                                                 ToMicros(simulation_.clock().Now() - absl::Seconds(5))))[0]
                              .Int(0);
      const int64_t uses = CatalogUsage::ToMature(servers_, simulation_.clock().Now() - absl::Seconds(5));
      const int64_t events =
          servers_.Lag(catalog::usage::consumers::kLeadConsumer, outbox::TopicName<leads::v1::LeadEvent>());
      if (outbox + due + uses + events > 0) {
        left.push_back(
            fmt::format("{} rows in the outbox, {} assets and {} uses and trials due, {} events of leads",
                        outbox, due, uses, events));
        continue;
      }
      left = ReplicasDiffer(
          simulation_, servers_, replicas_.size(),
          [this](size_t replica, const std::string& method, const google::protobuf::Message& request,
                 google::protobuf::Message& response) {
            absl::Status status = absl::UnavailableError("it is down");
            replicas_[replica]->Serve([&](Program& program, Simulation::Process&) {
              status = client_.CallOnce(program, "CatalogService/" + method, request, response);
            });
            return status;
          });
      if (left.empty()) break;
    } while (simulation_.clock().Steady() < limit);
    for (const std::string& what : left) Violated("does not come to rest: " + what);
    // The searches above may have found nothing, which is told too.
    do {
      simulation_.Sleep(absl::Seconds(5));
    } while (servers_.Query("SELECT COUNT(*) FROM outbox")[0].Int(0) > 0 &&
             simulation_.clock().Steady() < limit);
    CheckCatalogWorld(model_, simulation_, servers_, violations_);
    usage_.Check(servers_);
  }

  const testing::TemporaryFolder folder_{MemoryDisk()};
  Simulation simulation_;
  Servers servers_;
  const std::unique_ptr<cache::Cache> shared_cache_;
  testing::CacheServer cache_;
  Replicas replicas_;
  std::vector<std::string> violations_;
  const ServiceClient client_;
  CatalogUsage usage_;
  int clients_done_ = 0;
  CatalogModel model_;
};

}  // namespace

Outcome RunCatalogWorld(uint64_t seed, const RunOptions& options) { return Run(seed, options).Play(); }

}  // namespace finalmile::simulation

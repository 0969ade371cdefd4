#include "tests/simulation/catalog_checks.h"

#include <fmt/format.h>

#include "finalmile/catalog/v1/catalog_event.pb.h"
#include "libs/base/status.h"
#include "services/catalog/assets/asset_batch.h"
#include "services/catalog/assets/asset_proto.h"
#include "services/catalog/domain/asset_id.h"
#include "services/catalog/store/asset_store.h"
#include "services/catalog/store/version_store.h"
#include "tests/simulation/event_topic.h"

namespace finalmile::simulation {
namespace {

namespace v1 = catalog::v1;
using catalog::domain::AssetId;
using catalog::domain::AssetState;

// What stands in the store.
struct Stored {
  std::vector<catalog::store::AssetRow> rows;
  // Asset -> version -> content.
  std::map<AssetId, std::map<int64_t, v1::Asset>> versions;
};

Stored ReadStore(testing::Simulation& simulation, Servers& servers, std::vector<std::string>& violations) {
  Stored stored;
  std::vector<AssetId> ids;
  std::vector<catalog::store::VersionKey> keys;
  for (const storage::Row& row : servers.Query("SELECT id FROM assets ORDER BY id"))
    ids.emplace_back(row.Text(0));
  for (const storage::Row& row : servers.Query("SELECT asset, version FROM asset_versions"))
    keys.emplace_back(AssetId(row.Text(0)), row.Int(1));
  if (ids.empty()) return stored;
  const absl::Status read = servers.store().Transact(
      {.deadline = simulation.clock().Steady() + absl::Hours(1), .read_only = true},
      [&](storage::Transaction& transaction) -> absl::Status {
        ASSIGN_OR_RETURN(stored.rows, catalog::store::ReadAssets(transaction, ids));
        ASSIGN_OR_RETURN(const auto versions, catalog::store::ReadVersions(transaction, keys, true));
        stored.versions.clear();
        for (const auto& [key, version] : versions) {
          ASSIGN_OR_RETURN(stored.versions[key.first][key.second], catalog::assets::ContentOf(version));
        }
        return absl::OkStatus();
      });
  if (!read.ok()) violations.push_back("the assets cannot be read: " + read.ToString());
  return stored;
}

// What the topic tells of one asset, its events taken in order.
struct Told {
  int64_t seq = 0;
  int64_t revision = 0;
  int64_t latest = 0;
  int64_t published = 0;
  AssetState shelf = AssetState::kUnspecified;
  int due = 0;
  std::map<int64_t, int64_t> published_at;
  std::set<int64_t> retired_at;
};

class Check {
 public:
  Check(const CatalogModel& model, testing::Simulation& simulation, Servers& servers,
        std::vector<std::string>& violations)
      : model_(model), simulation_(simulation), servers_(servers), violations_(violations) {}

  void CheckAll() {
    CheckEventTopic<v1::CatalogEvent>(
        servers_, violations_, [&](const v1::CatalogEvent& event) { Take(event, told_[event.key()]); });
    const Stored stored = ReadStore(simulation_, servers_, violations_);
    std::set<std::string> names;
    for (const catalog::store::AssetRow& row : stored.rows) {
      names.insert(catalog::domain::AssetName(row.id));
      CheckAsset(row, stored.versions.at(row.id));
    }
    for (const auto& [name, asset] : model_.assets) {
      if (!asset.revisions.empty() && !names.contains(name)) Violated("lost: " + name);
    }
    for (const auto& [request, name] : model_.created) {
      const auto made = made_.find(request);
      if (made == made_.end() || made->second != name)
        Violated(fmt::format("lost: create {}, which made {}", request, name));
    }
  }

 private:
  void Violated(std::string what) { violations_.push_back(std::move(what)); }

  void Take(const v1::CatalogEvent& event, Told& told) {
    const auto wrong = [&](std::string_view what) {
      Violated(fmt::format("{}: seq {}: {}", event.key(), event.seq(), what));
    };
    told.seq = event.seq();
    if (event.revision() == 0) return;
    if (event.revision() < told.revision) wrong("the revision goes back");
    told.revision = event.revision();
    switch (event.event_case()) {
      case v1::CatalogEvent::kAssetVersioned:
        if (event.asset_versioned().version() != ++told.latest) wrong("versions are not 1, 2, 3, …");
        // What was retired before it was ever published is written anew.
        if (told.published == 0) told.shelf = AssetState::kUnspecified;
        break;
      case v1::CatalogEvent::kAssetPublished:
        if (event.asset_published().version() != told.latest) wrong("another than the newest is published");
        if (event.asset_published().previous_version() != told.published)
          wrong("the previous version is another");
        told.published = event.asset_published().version();
        told.shelf = AssetState::kPublished;
        told.published_at[event.revision()] = told.published;
        break;
      case v1::CatalogEvent::kAssetRetired:
        if (told.shelf == AssetState::kRetired) wrong("it was retired before");
        told.shelf = AssetState::kRetired;
        told.retired_at.insert(event.revision());
        break;
      case v1::CatalogEvent::kAssetExpired:
        if (told.shelf != AssetState::kPublished) wrong("what expires was not published");
        told.shelf = AssetState::kExpired;
        ++told.due;
        break;
      default:
        ++told.due;
    }
  }

  void CheckAsset(const catalog::store::AssetRow& row, const std::map<int64_t, v1::Asset>& versions) {
    const std::string name = catalog::domain::AssetName(row.id);
    const auto wrong = [&](const std::string& what) { Violated(fmt::format("{}: {}", name, what)); };
    const catalog::domain::Life& life = row.life;
    const AssetModel unknown;
    const auto known = model_.assets.find(name);
    const AssetModel& model = known == model_.assets.end() ? unknown : known->second;

    int64_t number = 0;
    std::set<std::string> bodies;
    for (const auto& [version, content] : versions) {
      if (version != ++number) wrong(fmt::format("version {} follows {}", version, number - 1));
      const auto tried = model_.bodies.find(content.body());
      if (tried == model_.bodies.end() || tried->second != name)
        wrong(fmt::format("version {} comes from nowhere", version));
      if (!bodies.insert(content.body()).second) wrong(fmt::format("version {} was written twice", version));
      const auto acknowledged = model.bodies.find(version);
      if (acknowledged != model.bodies.end() && acknowledged->second != content.body())
        wrong(fmt::format("version {} was another when it was answered", version));
    }
    if (number != life.latest_version)
      wrong(fmt::format("{} versions, the row says {}", number, life.latest_version));
    if (!model.bodies.empty() && model.bodies.rbegin()->first > number) wrong("lost: its newest version");
    // Its first version names the request that made it.
    if (!versions.empty() && !made_.emplace(versions.begin()->second.summary(), name).second)
      wrong(fmt::format("create {} made two assets", versions.begin()->second.summary()));

    const Told& told = told_[name];
    if (told.seq != row.seq) wrong(fmt::format("the topic ends at seq {}, the row at {}", told.seq, row.seq));
    if (told.latest != life.latest_version || told.published != life.published_version ||
        told.shelf != life.shelf) {
      wrong("the row does not stand where its events lead");
    }
    if (told.revision > row.revision) wrong("the topic knows a revision that the row does not");
    if (!model.revisions.empty() && model.revisions.rbegin()->first > row.revision)
      wrong(fmt::format("lost: {}", model.revisions.rbegin()->second.change));
    if (row.revision > model.attempted + told.due)
      wrong(fmt::format("revision {} after {} changes tried", row.revision, model.attempted));
    for (const auto& [revision, version] : model.published) {
      const auto at = told.published_at.find(revision);
      if (at == told.published_at.end() || at->second != version)
        wrong(fmt::format("no event tells that version {} was published", version));
    }
    for (const int64_t revision : model.retired) {
      if (!told.retired_at.contains(revision)) wrong("no event tells that it was retired");
    }
  }

  const CatalogModel& model_;
  testing::Simulation& simulation_;
  Servers& servers_;
  std::vector<std::string>& violations_;
  // Request -> asset, as stored.
  std::map<std::string, std::string> made_;
  std::map<std::string, Told> told_;
};

// What a search for the word that all bodies hold finds: asset -> version.
std::map<std::string, int64_t> Found(size_t replica, bool unpublished, const CallReplica& call,
                                     std::vector<std::string>& differences) {
  std::map<std::string, int64_t> found;
  v1::SearchAssetsRequest request;
  request.set_query("everywhere");
  request.set_page_size(100);
  request.set_unpublished(unpublished);
  v1::SearchAssetsResponse response;
  if (const absl::Status status = call(replica, "SearchAssets", request, response); !status.ok())
    differences.push_back(fmt::format("p{}: a search fails: {}", replica + 1, status.ToString()));
  for (const auto& hit : response.hits()) found[hit.asset().name()] = hit.asset().version();
  if (response.total() != response.hits_size() || response.filling()) {
    differences.push_back(fmt::format("p{}: {} hits of {}{}", replica + 1, response.hits_size(),
                                      response.total(),
                                      response.filling() ? ", and the index is still being filled" : ""));
  }
  return found;
}

std::string TextOf(const std::map<std::string, int64_t>& versions) {
  std::string text;
  for (const auto& [name, version] : versions) text += fmt::format(" {}@{}", name, version);
  return text.empty() ? " nothing" : text;
}

}  // namespace

void CheckCatalogWorld(const CatalogModel& model, testing::Simulation& simulation, Servers& servers,
                       std::vector<std::string>& violations) {
  Check(model, simulation, servers, violations).CheckAll();
}

std::vector<std::string> ReplicasDiffer(testing::Simulation& simulation, Servers& servers, size_t replicas,
                                        const CallReplica& call) {
  std::vector<std::string> differences;
  const Stored stored = ReadStore(simulation, servers, differences);
  std::map<std::string, int64_t> shelf;
  std::map<std::string, int64_t> newest;
  for (const catalog::store::AssetRow& row : stored.rows) {
    const std::string name = catalog::domain::AssetName(row.id);
    newest[name] = row.life.latest_version;
    if (catalog::domain::IsLive(row.life, simulation.clock().Now())) shelf[name] = row.life.published_version;
  }
  for (size_t replica = 0; replica < replicas; ++replica) {
    for (const bool unpublished : {false, true}) {
      const auto found = Found(replica, unpublished, call, differences);
      const auto& wanted = unpublished ? newest : shelf;
      if (found == wanted) continue;
      differences.push_back(fmt::format("p{}: the index of {} has{}, the store{}", replica + 1,
                                        unpublished ? "everything" : "the shelf", TextOf(found),
                                        TextOf(wanted)));
    }
    for (const catalog::store::AssetRow& row : stored.rows) {
      v1::GetAssetRequest request;
      request.set_name(catalog::domain::AssetName(row.id));
      v1::Asset asset;
      const absl::Status status = call(replica, "GetAsset", request, asset);
      const int64_t shown = catalog::store::ShownVersion(row.life);
      if (!status.ok() || asset.revision() != row.revision || asset.version() != shown ||
          asset.body() != stored.versions.at(row.id).at(shown).body()) {
        differences.push_back(fmt::format("p{}: {} is answered at revision {}, the store has {} ({})",
                                          replica + 1, request.name(), asset.revision(), row.revision,
                                          status.ToString()));
      }
    }
  }
  return differences;
}

}  // namespace finalmile::simulation

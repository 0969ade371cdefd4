#include "services/catalog/wiring.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "finalmile/catalog/v1/catalog_event.pb.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/app/diagnose.h"
#include "libs/base/status.h"
#include "libs/cache/diagnose.h"
#include "libs/cache/near_cache.h"
#include "libs/config/schema.h"
#include "libs/outbox/secret.h"
#include "libs/outbox/topic.h"
#include "libs/telemetry/cache_metrics.h"
#include "services/catalog/assets/heads.h"
#include "services/catalog/assets/hot_assets.h"
#include "services/catalog/consumers/shelf_watch.h"
#include "services/catalog/handlers/catalog_handlers.h"
#include "services/catalog/search/indexes.h"
#include "services/catalog/store/schema.h"
#include "services/catalog/timers/due_timer.h"
#include "services/catalog/usage/consumers/credit_consumer.h"
#include "services/catalog/usage/consumers/lead_consumer.h"
#include "services/catalog/usage/handlers/usage_handlers.h"
#include "services/catalog/usage/missed_searches.h"
#include "services/catalog/usage/timers/maturity_timer.h"
#include "services/catalog/usage/timers/usage_sweeper.h"

namespace finalmile::catalog {
namespace {

constexpr absl::Duration kStartTimeout = absl::Seconds(10);
// An index is read into memory whole: some 5 s for 100,000 assets.
constexpr absl::Duration kIndexTimeout = absl::Minutes(2);

// Enough for some 50,000 assets.
constexpr size_t kHeadBytes = 32 << 20;

constexpr app::MessageType kTopics[] = {&v1::CatalogEvent::descriptor,
                                        &appointments::v1::AppointmentEvent::descriptor,
                                        &leads::v1::LeadEvent::descriptor};
constexpr outbox::AggregateTable kAggregates[] = {{"assets/", "assets"}, {"gaps/", "gaps"}};

constexpr app::GroupSpec kGroups[] = {
    {usage::consumers::kCreditConsumer, &appointments::v1::AppointmentEvent::descriptor},
    {usage::consumers::kLeadConsumer, &leads::v1::LeadEvent::descriptor}};

// In order of making; destroyed in the reverse order.
struct State {
  std::unique_ptr<cache::Cache> cache;
  std::unique_ptr<cache::Observer> observer;
  std::unique_ptr<cache::NearCache> near;
  std::unique_ptr<assets::HotAssets> hot;
  assets::Heads heads{kHeadBytes};
  std::unique_ptr<storage::Database> shelf_database;
  std::unique_ptr<storage::Database> newest_database;
  search::Indexes indexes;
  std::unique_ptr<usage::MissedSearches> missed;
};

void Declare(config::Schema& schema) {
  schema
      .Url("catalog-cache", "local:",
           "cache that replicas share: redis://host:port or redis+unix:PATH; local: is this process's memory")
      .Duration("catalog-cache-ttl", absl::Seconds(30), absl::Seconds(1), absl::Hours(1),
                "the oldest that an answered asset may be, whatever is lost")
      .Path("catalog-index", "",
            "this process's own search index, a file, with a second one, PATH.newest, beside it; made when "
            "absent; empty: a file in the data folder");
}

absl::Status OpenIndex(const std::string& path, app::Runtime& runtime,
                       std::unique_ptr<storage::Database>& database, std::unique_ptr<search::Index>& index) {
  auto opened = storage::Open("sqlite:" + path, runtime.clock, {});
  if (!opened.ok()) {
    return absl::Status(opened.status().code(),
                        fmt::format("the search index: {}; every replica on a machine keeps an index of its "
                                    "own: give this one another --data or --catalog-index",
                                    std::string(opened.status().message())));
  }
  database = *std::move(opened);
  ASSIGN_OR_RETURN(index, search::Index::Open(*database, runtime.clock.Steady() + kIndexTimeout));
  return absl::OkStatus();
}

std::string IndexPath(const config::Config& config) {
  const std::string& given = config.Text("catalog-index");
  return given.empty() ? fmt::format("{}/catalog-index.db", config.Text("data")) : given;
}

absl::Status OpenIndexes(const config::Config& config, app::Runtime& runtime, State& state) {
  const std::filesystem::path path = IndexPath(config);
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  RETURN_IF_ERROR(OpenIndex(path.string(), runtime, state.shelf_database, state.indexes.shelf));
  return OpenIndex(path.string() + ".newest", runtime, state.newest_database, state.indexes.newest);
}

std::vector<FindingGroup> Diagnose(const config::Config& config, Clock& clock, absl::Duration patience) {
  FindingGroup cache{"cache", cache::Diagnose(config.Text("catalog-cache"), clock, kCachePrefix, patience)};
  FindingGroup index{"search index", {app::DiagnoseFolder(IndexPath(config))}};
  return {std::move(cache), std::move(index)};
}

absl::StatusOr<app::Module> Build(const config::Config& config, app::Runtime& runtime) {
  ASSIGN_OR_RETURN(auto cache, cache::Open(config.Text("catalog-cache"), runtime.clock,
                                           {.prefix = std::string(kCachePrefix)}));
  return BuildOn(std::move(cache), config, runtime);
}

}  // namespace

absl::StatusOr<app::Module> BuildOn(std::unique_ptr<cache::Cache> cache, const config::Config& config,
                                    app::Runtime& runtime) {
  auto state = std::make_shared<State>();
  state->cache = std::move(cache);
  state->observer = telemetry::NewCacheMetrics(runtime.metrics, "catalog");
  cache::NearCacheOptions options;
  options.name = "catalog";
  options.staleness = config.Duration("catalog-cache-ttl");
  options.missing_staleness = std::min(options.missing_staleness, options.staleness);
  state->near = std::make_unique<cache::NearCache>(*state->cache, runtime.clock, runtime.rng,
                                                   *state->observer, options);
  state->hot = std::make_unique<assets::HotAssets>(*state->near, runtime.database);
  RETURN_IF_ERROR(OpenIndexes(config, runtime, *state));
  ASSIGN_OR_RETURN(std::string key,
                   outbox::SharedSecret(runtime.database, "use_token", runtime.clock, runtime.rng,
                                        runtime.clock.Steady() + kStartTimeout));
  state->missed = std::make_unique<usage::MissedSearches>(
      runtime.database,
      [&index = *state->indexes.shelf](const std::string& term) { return index.HasTerm(term); },
      runtime.clock, runtime.rng, runtime.log);

  app::Module module;
  auto catalog_service =
      handlers::NewCatalogService({runtime.clock, runtime.rng, runtime.database, *state->hot, state->heads,
                                   state->indexes, *state->missed, key});
  auto usage_service = usage::handlers::NewUsageService(
      {runtime.clock, runtime.rng, runtime.database, std::move(key)}, *catalog_service);
  module.services.push_back(std::move(catalog_service));
  module.services.push_back(std::move(usage_service));
  module.consumers.push_back(app::ConsumerOf<appointments::v1::AppointmentEvent>(
      usage::consumers::kCreditConsumer, std::make_unique<usage::consumers::CreditConsumer>(runtime.clock)));
  module.consumers.push_back(app::ConsumerOf<leads::v1::LeadEvent>(
      usage::consumers::kLeadConsumer, std::make_unique<usage::consumers::LeadConsumer>(runtime.clock)));
  module.leader_tasks.push_back(std::make_unique<timers::DueTimer>(runtime.clock, runtime.rng, *state->hot));
  module.leader_tasks.push_back(std::make_unique<usage::timers::MaturityTimer>(runtime.clock));
  module.leader_tasks.push_back(std::make_unique<usage::timers::UsageSweeper>(runtime.clock, runtime.rng));
  module.steps.push_back(std::make_unique<consumers::ShelfWatch>(
      runtime.events, runtime.database, state->indexes, *state->hot, runtime.clock, runtime.log));
  module.shared_steps = state->near->steps();
  for (storage::Database* database : {state->shelf_database.get(), state->newest_database.get()}) {
    for (Step* step : database->steps()) module.shared_steps.push_back(step);
  }
  module.shared_steps.push_back(state->missed.get());
  module.state = std::move(state);
  return module;
}

const app::ModuleSpec kModule{.name = "catalog",
                              .migrations = store::Migrations(),
                              .topics = kTopics,
                              .event = &v1::CatalogEvent::descriptor,
                              .aggregates = kAggregates,
                              .groups = kGroups,
                              .declare = &Declare,
                              .build = &Build,
                              .diagnose = &Diagnose};

}  // namespace finalmile::catalog

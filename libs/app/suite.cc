#include "libs/app/suite.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "libs/app/assembly.h"
#include "libs/app/credentials_step.h"
#include "libs/app/deployment.h"
#include "libs/app/events_service.h"
#include "libs/app/events_watch.h"
#include "libs/app/operations.h"
#include "libs/app/process_limits.h"
#include "libs/app/readiness.h"
#include "libs/app/settings.h"
#include "libs/app/step_runner.h"
#include "libs/app/thread_pool.h"
#include "libs/app/traces.h"
#include "libs/app/version.h"
#include "libs/base/status.h"
#include "libs/events/library_log.h"
#include "libs/outbox/secret.h"
#include "libs/rpc/credentials.h"
#include "libs/rpc/grpc_log.h"
#include "libs/rpc/server.h"
#include "libs/telemetry/admin_server.h"
#include "libs/telemetry/call_metrics.h"
#include "libs/telemetry/logger.h"

namespace finalmile::app {
namespace {

// How long one try at a store or an event log takes at most at the start.
constexpr absl::Duration kOpenTimeout = absl::Seconds(10);
// The same for an event log that the start does not wait for.
constexpr absl::Duration kEventsTimeout = absl::Seconds(5);

absl::Status Within(std::string_view what, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(), fmt::format("{}: {}", what, std::string(status.message())));
}

// A service of the suite, from its store upwards.
struct RunningModule {
  const ModuleSpec& spec;
  std::unique_ptr<telemetry::Logger> log;
  std::unique_ptr<storage::Database> owned_database;
  storage::Database* database = nullptr;
  std::unique_ptr<Assembly> assembly;
};

}  // namespace

class Suite::Impl {
 public:
  explicit Impl(SuiteOptions options)
      : options_(std::move(options)),
        owned_clock_(options_.clock == nullptr ? NewSystemClock() : nullptr),
        clock_(options_.clock == nullptr ? *owned_clock_ : *options_.clock),
        owned_rng_(options_.rng == nullptr ? NewSystemRng() : nullptr),
        rng_(options_.rng == nullptr ? *owned_rng_ : *options_.rng),
        log_(telemetry::NewLogger(options_.modules.size() == 1 ? options_.modules.front()->name : "finalmile",
                                  LoggerOptionsFrom(options_.config, options_.log_output), clock_)),
        engine_steps_(clock_, *log_, metrics_),
        module_steps_(clock_, *log_, metrics_) {}

  ~Impl() { Stop(); }

  absl::Status Start() {
    BoundMalloc();
    RETURN_IF_ERROR(StartAdmin());
    // What is wrong by itself is said before anything is waited for.
    RETURN_IF_ERROR(LoadCredentials());
    ASSIGN_OR_RETURN(traces_, Traces::Open(options_.config, options_.modules, clock_, rng_, *log_, metrics_));
    if (traces_->step() != nullptr) engine_steps_.Add(*traces_->step());
    // Stores first: who finds one in use learns from its lock file where its holder can be reached.
    for (const ModuleSpec* spec : options_.modules) RETURN_IF_ERROR(OpenStore(*spec));
    RETURN_IF_ERROR(OpenEvents());
    RETURN_IF_ERROR(PrepareTopics());
    for (const auto& module : modules_) {
      RETURN_IF_ERROR(readiness_.Await(fmt::format("the store of {}", module->spec.name),
                                       [&] { return Within(module->spec.name, Prepare(*module)); }));
    }
    RETURN_IF_ERROR(Serve());
    for (const auto& module : modules_) {
      for (Step* step : module->assembly->steps()) module_steps_.Add(*step);
    }
    module_steps_.Add(*events_watch_);
    server_->SetServing(true);
    readiness_.Set("");
    for (const auto& module : modules_) {
      RETURN_IF_ERROR(Within(module->spec.name, module->database->Advertise(address_)));
    }
    log_->Info("serving",
               {telemetry::Field("address", server_->address()), telemetry::Field("admin", admin_address()),
                telemetry::Field("version", Version())});
    return absl::OkStatus();
  }

  void Stop() {
    if (std::exchange(stopped_, true)) return;
    readiness_.Set("stopping");
    const bool served = server_ != nullptr;
    if (served) {
      log_->Info("stopping");
      SetListening(false);
      server_->SetServing(false);
      clock_.NewWaitEvent()->WaitUntil(clock_.Steady() + LameDuckOf(options_.config));
      server_->Drain(clock_.Steady() + options_.config.Duration("drain"));
    }
    module_steps_.Stop();
    updates_.clear();
    server_.reset();
    if (pool_ != nullptr) pool_->Stop();
    // From here on nobody asks the modules or the stores anything any more.
    admin_.reset();
    operations_.reset();
    events_service_.reset();
    events_watch_.reset();
    for (const auto& module : modules_) module->assembly.reset();
    engine_steps_.Stop();
    if (traces_ != nullptr) traces_->Flush();
    modules_.clear();
    owned_events_.reset();
    if (served) log_->Info("stopped");
  }

  const std::string& address() const { return address_; }
  const std::string& admin_address() const { return admin_address_; }
  const std::map<std::string, std::string, std::less<>>& stores() const { return stores_; }
  const std::string& events() const { return events_url_; }

 private:
  void SetListening(bool listening) {
    std::lock_guard lock(listener_mutex_);
    listening_ = listening;
  }

  absl::Status StartAdmin() {
    metrics_
        .Gauge("finalmile_build_info", "1, with the version of the program.",
               {{"version", std::string(Version())}})
        .Set(1);
    health_.AddReady("serving", [this] { return readiness_.Check(); });
    const absl::Duration limit = options_.config.Duration("stuck-after");
    health_.AddLive("steps", [this, limit] {
      const absl::Status engines = engine_steps_.CheckProgress(limit);
      return engines.ok() ? module_steps_.CheckProgress(limit) : engines;
    });
    const std::string& listen = options_.config.Text("admin");
    if (listen.empty()) return absl::OkStatus();
    const std::string service(options_.modules.size() == 1 ? options_.modules.front()->name : "finalmile");
    ASSIGN_OR_RETURN(
        admin_, telemetry::AdminServer::Start({listen, service, std::string(Version())}, metrics_, health_));
    admin_address_ = admin_->address();
    return absl::OkStatus();
  }

  absl::Status LoadCredentials() {
    const std::string& tokens = options_.config.Text("tokens-file");
    if (tokens.empty()) return absl::OkStatus();
    auto loaded = rpc::Credentials::Load(tokens);
    if (!loaded.ok()) {
      return absl::InvalidArgumentError(fmt::format("{}: {}", options_.config.origin("tokens-file"),
                                                    std::string(loaded.status().message())));
    }
    credentials_ = *std::move(loaded);
    health_.AddNote("tokens file", [this] { return std::string(credentials_->problem().message()); });
    return absl::OkStatus();
  }

  absl::Status OpenEvents() {
    events_ = options_.events;
    if (events_ != nullptr) return absl::OkStatus();
    events_url_ = EventsUrl(options_.config);
    RETURN_IF_ERROR(MakeFolderOf(events_url_));
    ASSIGN_OR_RETURN(owned_events_, events::Open(events_url_, clock_));
    events_ = owned_events_.get();
    for (Step* step : events_->steps()) engine_steps_.Add(*step);
    return absl::OkStatus();
  }

  absl::Status OpenStore(const ModuleSpec& spec) {
    auto module = std::make_unique<RunningModule>(
        RunningModule{spec, log_->Named(spec.name), nullptr, nullptr, nullptr});
    if (const auto given = options_.databases.find(spec.name); given != options_.databases.end()) {
      module->database = given->second;
    } else {
      const std::string url = StoreUrl(options_.config, spec.name, options_.modules.size());
      RETURN_IF_ERROR(MakeFolderOf(url));
      storage::OpenOptions open;
      open.application = fmt::format("finalmile-{}", spec.name);
      open.connections =
          SessionsOf(static_cast<int>(options_.config.Int("threads"))) - storage::kOtherSessions;
      open.waited = [wait = metrics_.Histogram(
                         "finalmile_pool_wait_seconds",
                         "How long a transaction waited for a connection to the store, its opening included.",
                         telemetry::LatencyBuckets(), {{"service", std::string(spec.name)}})](
                        absl::Duration waited) { wait.Observe(absl::ToDoubleSeconds(waited)); };
      auto opened = storage::Open(url, clock_, open);
      RETURN_IF_ERROR(Within(spec.name, opened.status()));
      module->owned_database = *std::move(opened);
      module->database = module->owned_database.get();
      stores_.emplace(spec.name, url);
      for (Step* step : module->database->steps()) engine_steps_.Add(*step);
    }
    ShowConnections(*module);
    modules_.push_back(std::move(module));
    return absl::OkStatus();
  }

  void ShowConnections(const RunningModule& module) {
    const std::string service(module.spec.name);
    const auto gauge = [&](const char* state) {
      return metrics_.Gauge("finalmile_pool_connections", "Connections to the store, by state.",
                            {{"service", service}, {"state", state}});
    };
    updates_.push_back(
        metrics_.BeforeEach([database = module.database, in_use = gauge("in_use"), idle = gauge("idle"),
                             most = metrics_.Gauge("finalmile_pool_connections_max",
                                                   "Connections to the store that may be open at once.",
                                                   {{"service", service}})] {
          const PoolUse use = database->connections();
          in_use.Set(use.in_use);
          idle.Set(use.idle);
          most.Set(use.most);
        }));
  }

  absl::Status PrepareTopics() {
    ASSIGN_OR_RETURN(const std::vector<events::TopicSpec> topics, TopicsOf(options_.modules));
    std::vector<std::string> names;
    for (const events::TopicSpec& topic : topics) names.push_back(topic.name);
    events_watch_ = std::make_unique<EventsWatch>(*events_, std::move(names), clock_, *log_, metrics_);
    health_.AddNote("events", [this] { return events_watch_->problem(); });
    // A log that was given opened is the caller's own, and so embedded.
    const bool embedded = owned_events_ == nullptr || !EmbeddedPath(events_url_).empty();
    if (embedded) return events_->ApplyTopics(topics, clock_.Steady() + kOpenTimeout);
    return readiness_.Await("the topics", [&]() -> absl::Status {
      const bool degrades = options_.patience > absl::ZeroDuration();
      absl::Status status =
          CheckTopics(topics, *events_, clock_.Steady() + (degrades ? kEventsTimeout : kOpenTimeout));
      // `finalmile topics apply` mends it.
      if (absl::IsFailedPrecondition(status)) return absl::UnavailableError(status.message());
      if (!degrades || !Readiness::MayPass(status)) return status;
      events_watch_->Note(status);
      return absl::OkStatus();
    });
  }

  absl::Status Prepare(RunningModule& module) {
    const bool embedded = module.database->engine() == storage::Engine::kSqlite;
    RETURN_IF_ERROR(module.database->CheckSessions(clock_.Steady() + kOpenTimeout));
    RETURN_IF_ERROR(embedded ? MigrateStore(module.spec, *module.database, clock_)
                             : CheckStore(module.spec, *module.database, clock_));
    ASSIGN_OR_RETURN(module.assembly, Assembly::Build(module.spec, options_.config,
                                                      {clock_, rng_, *module.database, *events_, *module.log,
                                                       metrics_, traces_->Of(module.spec.name)}));
    const StoreWatch& watch = module.assembly->watch();
    health_.AddNote(fmt::format("{} store", module.spec.name),
                    [&watch] { return std::string(watch.last().message()); });
    for (const auto& consumer : module.assembly->consumers()) {
      health_.AddNote(fmt::format("{} consumer", consumer->name()),
                      [&watch, &consumer = *consumer] { return watch.TroubleOf(consumer); });
    }
    return absl::OkStatus();
  }

  absl::Status Serve() {
    rpc::ServerOptions options;
    options.listen = options_.config.Text("listen");
    options.max_message_bytes = static_cast<size_t>(options_.config.Int("max-message"));
    options.answers.most = static_cast<size_t>(options_.config.Int("max-answer"));
    // Where several services share the process, the key of the first one signs for all: replicas run the same
    // ones.
    RETURN_IF_ERROR(
        readiness_.Await(fmt::format("the store of {}", modules_.front()->spec.name), [&]() -> absl::Status {
          ASSIGN_OR_RETURN(options.answers.page_key,
                           outbox::SharedSecret(*modules_.front()->database, "page_token", clock_, rng_,
                                                clock_.Steady() + kOpenTimeout));
          return absl::OkStatus();
        }));
    options.max_connection_age = options_.config.Duration("connection-age");
    options.max_connections = static_cast<int>(options_.config.Int("max-connections"));
    const int affordable = ConnectionsFor(RaiseOpenFiles());
    if (affordable < options.max_connections) {
      log_->Warning(
          "the limit of open files (ulimit -n) allows fewer connections than the setting "
          "max-connections: raise it",
          {telemetry::Field("max_connections", options.max_connections),
           telemetry::Field("allowed", affordable)});
      options.max_connections = affordable;
    }
    if (credentials_ != nullptr) {
      credentials_step_ = std::make_unique<CredentialsStep>(*credentials_, clock_, *log_, metrics_);
      module_steps_.Add(*credentials_step_);
    }
    pool_ = std::make_unique<ThreadPool>(static_cast<int>(options_.config.Int("threads")),
                                         static_cast<size_t>(options.max_pending + 2 * options.max_streams),
                                         *log_);
    observer_ = telemetry::NewCallMetrics(metrics_);
    std::vector<const Assembly*> assemblies;
    std::vector<const rpc::Service*> services;
    for (const auto& module : modules_) {
      assemblies.push_back(module->assembly.get());
      for (const rpc::Service* service : module->assembly->services()) services.push_back(service);
    }
    operations_ = NewOperationsService(std::string(Version()), std::move(assemblies), credentials_.get(),
                                       clock_, *log_);
    services.push_back(operations_.get());
    events_service_ = NewEventsService(*events_, clock_);
    services.push_back(events_service_.get());
    const auto tracer_of = [this](const auto& service) {
      return traces_->OfPackage(service.file()->package());
    };
    auto started = rpc::Server::Start(
        options, services, {*pool_, clock_, *log_, observer_.get(), credentials_.get(), tracer_of});
    if (!started.ok()) {
      return absl::Status(started.status().code(), fmt::format("{} (settings: --listen, --tokens-file)",
                                                               std::string(started.status().message())));
    }
    server_ = *std::move(started);
    health_.AddLive("listener", [this] {
      std::lock_guard lock(listener_mutex_);
      return listening_ ? server_->CheckListening() : absl::OkStatus();
    });
    SetListening(true);
    updates_.push_back(metrics_.BeforeEach(
        [this,
         limit = metrics_.Gauge("finalmile_admission_limit", "Unary calls that may wait or run at once."),
         inside = metrics_.Gauge("finalmile_admission_inside", "Unary calls that wait or run.")] {
          const rpc::Server::Load load = server_->load();
          limit.Set(load.limit);
          inside.Set(load.inside);
        }));
    for (Step* step : server_->steps()) module_steps_.Add(*step);
    module_steps_.Add(memory_return_);
    address_ = Reachable(server_->address());
    return absl::OkStatus();
  }

  // Made first, destroyed last; Stop ends the lower ones in its own order.
  const SuiteOptions options_;
  const std::unique_ptr<Clock> owned_clock_;
  Clock& clock_;
  const std::unique_ptr<Rng> owned_rng_;
  Rng& rng_;
  const std::unique_ptr<telemetry::Logger> log_;
  const rpc::GrpcLog grpc_log_{*log_};
  const events::LibraryLog events_log_{*log_};
  telemetry::Metrics metrics_;
  telemetry::Health health_;
  MemoryReturn memory_return_{clock_};
  std::unique_ptr<Traces> traces_;
  StepRunner engine_steps_;
  StepRunner module_steps_;
  Readiness readiness_{*log_, clock_, rng_, options_.patience, options_.stop};
  std::mutex listener_mutex_;
  // Whether the server is there to be asked.
  bool listening_ = false;
  bool stopped_ = false;
  // Each ends before what it reads.
  std::vector<std::shared_ptr<void>> updates_;
  std::unique_ptr<telemetry::AdminServer> admin_;
  std::unique_ptr<events::EventLog> owned_events_;
  events::EventLog* events_ = nullptr;
  std::vector<std::unique_ptr<RunningModule>> modules_;
  std::unique_ptr<EventsWatch> events_watch_;
  std::unique_ptr<rpc::Credentials> credentials_;
  std::unique_ptr<CredentialsStep> credentials_step_;
  std::unique_ptr<ThreadPool> pool_;
  std::unique_ptr<rpc::CallObserver> observer_;
  std::unique_ptr<rpc::Service> operations_;
  std::unique_ptr<rpc::Service> events_service_;
  std::unique_ptr<rpc::Server> server_;
  std::string address_;
  std::string admin_address_;
  std::map<std::string, std::string, std::less<>> stores_;
  std::string events_url_;
};

absl::StatusOr<std::unique_ptr<Suite>> Suite::Start(SuiteOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<Suite>(new Suite(std::move(impl)));
}

Suite::Suite(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Suite::~Suite() = default;

const std::string& Suite::address() const { return impl_->address(); }
const std::string& Suite::admin_address() const { return impl_->admin_address(); }
const std::map<std::string, std::string, std::less<>>& Suite::stores() const { return impl_->stores(); }
const std::string& Suite::events() const { return impl_->events(); }
void Suite::Stop() { impl_->Stop(); }

}  // namespace finalmile::app

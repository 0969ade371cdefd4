#include "tests/bench/world.h"

#include <fmt/format.h>

#include <ctime>
#include <filesystem>

#include "finalmile/leads/v1/activity.pb.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/app/deployment.h"
#include "libs/base/status.h"
#include "libs/events/headers.h"
#include "libs/outbox/outbox.h"
#include "libs/outbox/topic.h"
#include "services/leads/store/profile_store.h"
#include "services/leads/wiring.h"

namespace finalmile::bench {
namespace {

constexpr int kServiceCore = 0;
constexpr int kDriverCore = 1;

void Pin(int core) {
  if (std::thread::hardware_concurrency() < 2) return;
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  sched_setaffinity(0, sizeof(cores), &cores);
}

double Seconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// The name of a column's type in {rows: …}.
std::string RowsType(const std::string& type) {
  if (type == "text") return "TEXT";
  if (type == "bigint") return "BIGINT";
  if (type == "boolean") return "BOOLEAN";
  return type == "bytea" ? "BYTES" : "DOUBLE";
}

}  // namespace

OnServiceCore::OnServiceCore() {
  sched_getaffinity(0, sizeof(before_), &before_);
  Pin(kServiceCore);
}
OnServiceCore::~OnServiceCore() { sched_setaffinity(0, sizeof(before_), &before_); }

void PinDriver() { Pin(kDriverCore); }

double ThreadCpu() { return Seconds(CLOCK_THREAD_CPUTIME_ID); }
double OwnCpu() { return Seconds(CLOCK_PROCESS_CPUTIME_ID); }
double ProcessCpu(pid_t pid) {
  clockid_t clock{};
  return clock_getcpuclockid(pid, &clock) == 0 ? Seconds(clock) : 0;
}

std::vector<std::vector<storage::Row>> TableRows::Batches(size_t size) const {
  std::vector<std::vector<storage::Row>> batches;
  for (size_t begin = 0; begin < rows.size(); begin += size) {
    const size_t end = std::min(rows.size(), begin + size);
    batches.emplace_back(rows.begin() + static_cast<ptrdiff_t>(begin),
                         rows.begin() + static_cast<ptrdiff_t>(end));
  }
  return batches;
}

absl::StatusOr<std::unique_ptr<World>> World::Start() {
  auto world = std::unique_ptr<World>(new World());
  world->clock_ = NewSystemClock();
  world->rng_ = NewSystemRng();
  ASSIGN_OR_RETURN(
      world->postgres_,
      testing::PostgresServer::Start(
          {.fsync = true, .settings = {"shared_buffers=1GB", "max_wal_size=8GB", "checkpoint_timeout=1h"}}));
  ASSIGN_OR_RETURN(world->kafka_, testing::KafkaBroker::Start({.quick = false}));
  PinDriver();
  ASSIGN_OR_RETURN(std::string store, world->postgres_->CreateDatabase());
  ASSIGN_OR_RETURN(std::string twin, world->postgres_->CreateDatabase());
  world->store_url_ = world->postgres_->url(store);
  world->twin_url_ = world->postgres_->url(twin);
  world->log_path_ =
      (std::filesystem::temp_directory_path() / fmt::format("finalmile-bench-{}.log", getpid())).string();
  ASSIGN_OR_RETURN(world->store_, storage::Open(world->store_url_, *world->clock_, {}));
  ASSIGN_OR_RETURN(world->twin_, storage::Open(world->twin_url_, *world->clock_, {}));
  ASSIGN_OR_RETURN(world->events_, events::Open(world->kafka_->url(), *world->clock_));
  for (storage::Database* database : {world->store_.get(), world->twin_.get()}) {
    RETURN_IF_ERROR(app::MigrateStore(leads::kModule, *database, *world->clock_));
  }
  ASSIGN_OR_RETURN(std::vector<events::TopicSpec> topics, app::TopicsOf({&leads::kModule}));
  for (const std::string_view topic : {kRawTopic, kByHandActivities, kByHandEvents})
    topics.push_back({.name = std::string(topic)});
  RETURN_IF_ERROR(world->events_->ApplyTopics(topics, world->clock_->Steady() + absl::Seconds(30)));
  RETURN_IF_ERROR(world->store_->Transact(
      {.deadline = world->clock_->Steady() + kPatience},
      [&](storage::Transaction& transaction) -> absl::Status {
        ASSIGN_OR_RETURN(
            storage::Result result,
            transaction.Execute("SELECT setting FROM pg_settings WHERE name = 'data_directory'"));
        world->server_folder_ = result.rows[0].Text(0);
        return absl::OkStatus();
      }));
  return world;
}

absl::StatusOr<std::unique_ptr<Replica>> Replica::Start(World& world, const std::string& program,
                                                        const std::string& store_url,
                                                        const std::vector<std::string>& settings) {
  const std::string address = fmt::format("127.0.0.1:{}", testing::FreePort());
  std::vector<std::string> arguments = {program,    "--store", store_url, "--events", world.kafka().url(),
                                        "--listen", address,   "--admin", "",         "--log-level",
                                        "warning"};
  arguments.insert(arguments.end(), settings.begin(), settings.end());
  std::unique_ptr<Replica> replica(new Replica(world, address));
  const OnServiceCore pinned;
  ASSIGN_OR_RETURN(replica->process_, testing::Process::Start(arguments, world.log_path()));
  if (replica->process_->ReadLine().ok()) return replica;
  return absl::InternalError(fmt::format("{} did not start; see {}", program, world.log_path()));
}

std::unique_ptr<rpc::Channel> Replica::NewChannel() {
  return rpc::NewGrpcChannel({.target = address_, .token = ""}, world_.clock(), world_.rng());
}

absl::Status World::StartService(int threads) {
  ASSIGN_OR_RETURN(service_, Replica::Start(*this, FINALMILE_LEADS_BINARY, store_url_,
                                            {"--threads", std::to_string(threads)}));
  return absl::OkStatus();
}

absl::StatusOr<Contestant> World::StartLeads() {
  ASSIGN_OR_RETURN(auto replica,
                   Replica::Start(*this, FINALMILE_LEADS_BINARY, store_url_, {"--threads", "8"}));
  return Contestant{*store_, outbox::TopicName<leads::v1::Activity>(),
                    outbox::TopicName<leads::v1::LeadEvent>(), std::move(replica)};
}

absl::StatusOr<Contestant> World::StartByHand() {
  Contestant contestant{*twin_, std::string(kByHandActivities), std::string(kByHandEvents), nullptr};
  ASSIGN_OR_RETURN(contestant.replica, Replica::Start(*this, FINALMILE_BY_HAND_BINARY, twin_url_,
                                                      {"--activities", contestant.activities, "--emitted",
                                                       contestant.events, "--members", "1"}));
  return contestant;
}

absl::Status World::Execute(storage::Database& database, const std::vector<std::string>& statements) {
  return database.Transact({.deadline = clock_->Steady() + kPatience},
                           [&](storage::Transaction& transaction) -> absl::Status {
                             for (const std::string& statement : statements) {
                               RETURN_IF_ERROR(transaction.Execute(statement).status());
                             }
                             return absl::OkStatus();
                           });
}

absl::StatusOr<int64_t> World::Number(storage::Database& database, std::string_view sql) {
  int64_t number = 0;
  RETURN_IF_ERROR(database.Transact({.deadline = clock_->Steady() + kPatience, .read_only = true},
                                    [&](storage::Transaction& transaction) -> absl::Status {
                                      ASSIGN_OR_RETURN(storage::Result result, transaction.Execute(sql));
                                      number = result.rows[0].Int(0);
                                      return absl::OkStatus();
                                    }));
  return number;
}

absl::StatusOr<TableRows> World::Capture(storage::Database& database, std::string_view table) {
  TableRows captured;
  RETURN_IF_ERROR(database.Transact(
      {.deadline = clock_->Steady() + kPatience, .read_only = true},
      [&](storage::Transaction& transaction) -> absl::Status {
        ASSIGN_OR_RETURN(storage::Result columns,
                         transaction.Execute(
                             "SELECT CAST(column_name AS TEXT), CAST(data_type AS TEXT) FROM "
                             "information_schema.columns WHERE table_name = $1 AND table_schema = 'public' "
                             "AND is_identity = 'NO' ORDER BY ordinal_position",
                             {std::string(table)}));
        std::string names;
        std::string types;
        for (const storage::Row& column : columns.rows) {
          const std::string_view comma = names.empty() ? "" : ", ";
          names += fmt::format("{}{}", comma, column.Text(0));
          types += fmt::format("{}{} {}", comma, column.Text(0), RowsType(column.Text(1)));
        }
        captured.insert =
            fmt::format("INSERT INTO {} ({}) SELECT r.* FROM {{rows: {}}} AS r", table, names, types);
        ASSIGN_OR_RETURN(storage::Result rows,
                         transaction.Execute(fmt::format("SELECT {} FROM {}", names, table)));
        captured.rows = std::move(rows.rows);
        return absl::OkStatus();
      }));
  return captured;
}

absl::Status World::Fill(storage::Database& database, size_t count,
                         const std::function<void(size_t, leads::store::LeadState&)>& adjust) {
  constexpr size_t kChunk = 10'000;
  RETURN_IF_ERROR(Execute(
      database, {"TRUNCATE leads, profiles, external_ids, fact_history, activities, outbox, parked, "
                 "consumer_seqs, requests, imports, source_rows, import_changes, deleted_activities"}));
  leads::domain::Lead profile;
  profile.company = "Example";
  profile.company_domain = "example.com";
  profile.lead_source = "webinar";
  profile.attributes["staff"] = 300.0;
  for (size_t begin = 0; begin < count; begin += kChunk) {
    std::vector<leads::store::LeadState> states(std::min(kChunk, count - begin));
    std::vector<const leads::store::LeadState*> pointers;
    std::vector<leads::store::Profile> profiles;
    for (size_t i = 0; i < states.size(); ++i) {
      leads::store::LeadState& state = states[i];
      state.id = leads::domain::LeadId(LeadId(begin + i));
      state.created = true;
      state.version = state.seq = state.stage = state.policy = 1;
      state.fit = 60;
      state.readiness.grade = "B4";
      if (adjust) adjust(begin + i, state);
      pointers.push_back(&state);
      profiles.push_back({state.id, profile});
    }
    RETURN_IF_ERROR(database.Transact({.deadline = clock_->Steady() + kPatience},
                                      [&](storage::Transaction& transaction) -> absl::Status {
                                        RETURN_IF_ERROR(leads::store::kLeads.Insert(transaction, pointers));
                                        return leads::store::WriteProfiles(transaction, profiles);
                                      }));
  }
  return Execute(database, {"ANALYZE", "CHECKPOINT"});
}

absl::StatusOr<int64_t> World::Consumed(storage::Database& store) {
  return Number(store,
                "SELECT CAST(COALESCE(SUM(next_offset), 0) AS BIGINT) FROM consumer_offsets WHERE consumer = "
                "'leads.activities'");
}

absl::Status World::Await(std::string_view what, const std::function<absl::StatusOr<bool>()>& done) {
  const absl::Duration give_up = clock_->Steady() + kPatience;
  const auto pause = clock_->NewWaitEvent();
  while (clock_->Steady() < give_up) {
    ASSIGN_OR_RETURN(bool reached, done());
    if (reached) return absl::OkStatus();
    pause->WaitUntil(clock_->Steady() + absl::Milliseconds(10));
  }
  return absl::DeadlineExceededError(fmt::format("{}: not after ten minutes; see {}", what, log_path_));
}

absl::Status World::AwaitConsumed(storage::Database& store, int64_t activities) {
  return Await("taking the activities", [&]() -> absl::StatusOr<bool> {
    ASSIGN_OR_RETURN(int64_t consumed, Consumed(store));
    return consumed >= activities;
  });
}

absl::Status World::AwaitSent(storage::Database& store) {
  return Await("sending the events", [&]() -> absl::StatusOr<bool> {
    ASSIGN_OR_RETURN(int64_t unsent, Number(store, "SELECT COUNT(*) FROM outbox"));
    return unsent == 0;
  });
}

std::string LeadId(size_t i) { return fmt::format("01930000-0000-7000-8000-{:012x}", i); }

std::string ActivityBytes(std::string_view lead, std::string_view type, std::string_view subject,
                          std::string_view id, absl::Time time) {
  leads::v1::Activity activity;
  activity.set_lead(fmt::format("leads/{}", lead));
  activity.set_source("web");
  activity.set_activity_id(std::string(id));
  activity.set_type(std::string(type));
  activity.set_subject(std::string(subject));
  activity.mutable_event_time()->set_seconds(absl::ToUnixSeconds(time));
  return activity.SerializeAsString();
}

absl::StatusOr<std::unique_ptr<Watch>> Watch::Start(World& world, std::string_view topic,
                                                    OnRecord on_record) {
  auto watch = std::unique_ptr<Watch>(new Watch());
  watch->clock_ = &world.clock();
  watch->wake_ = world.clock().NewWaitEvent();
  watch->on_record_ = std::move(on_record);
  ASSIGN_OR_RETURN(watch->tail_,
                   world.events().OpenTail({std::string(topic)}, events::TailFrom::kEnd,
                                           world.clock().Steady() + absl::Seconds(10), *watch->wake_));
  watch->thread_ = std::thread([self = watch.get()] { self->Loop(); });
  return watch;
}

Watch::~Watch() {
  stop_ = true;
  wake_->Set();
  if (thread_.joinable()) thread_.join();
}

void Watch::Loop() {
  while (!stop_) {
    wake_->Clear();
    const auto records = tail_->Poll(5000);
    const absl::Duration at = clock_->Steady();
    if (records.ok()) {
      for (const events::Record& record : *records) on_record_(record, at);
    }
    if (!records.ok() || records->empty()) wake_->WaitUntil(clock_->Steady() + absl::Milliseconds(100));
  }
}

absl::StatusOr<std::unique_ptr<SentEvents>> SentEvents::Start(World& world) {
  auto sent = std::make_unique<SentEvents>();
  ASSIGN_OR_RETURN(sent->watch_,
                   Watch::Start(world, outbox::TopicName<leads::v1::LeadEvent>(),
                                [self = sent.get()](const events::Record& record, absl::Duration) {
                                  self->rows_.emplace_back(std::vector<storage::Value>{
                                      record.topic, record.key, storage::Bytes{record.value},
                                      storage::Bytes{events::EncodeHeaders(record.headers)}});
                                  ++self->count_;
                                }));
  return sent;
}

absl::StatusOr<std::vector<storage::Row>> SentEvents::Take(World& world, int64_t events) {
  RETURN_IF_ERROR(world.Await("the events", [&]() -> absl::StatusOr<bool> { return count_ >= events; }));
  watch_.reset();
  return std::move(rows_);
}

}  // namespace finalmile::bench

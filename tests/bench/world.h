#pragma once

#include <sched.h>
#include <sys/types.h>

#include <atomic>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/events/event_log.h"
#include "libs/rpc/client.h"
#include "libs/storage/database.h"
#include "libs/testing/kafka_broker.h"
#include "libs/testing/postgres_server.h"
#include "libs/testing/process.h"
#include "services/leads/store/lead_store.h"

namespace finalmile::bench {

inline constexpr std::string_view kEventsTopic = "finalmile.leads.events.v1";
// What references produce to.
inline constexpr std::string_view kRawTopic = "finalmile.bench.raw.v1";
// What the program by hand consumes and emits.
inline constexpr std::string_view kByHandActivities = "finalmile.bench.activities.v1";
inline constexpr std::string_view kByHandEvents = "finalmile.bench.events.v1";

// The longest that anything measured, and one append, may take.
inline constexpr absl::Duration kPatience = absl::Minutes(10);
inline constexpr absl::Duration kAppendLimit = absl::Minutes(1);

// While it lives, this thread, and what it starts meanwhile, run on the service's core. The driver has the
// other one; PostgreSQL and Kafka run where the system puts them. No effect on a machine with one core.
class OnServiceCore {
 public:
  OnServiceCore();
  ~OnServiceCore();

 private:
  cpu_set_t before_;
};

void PinDriver();

// CPU time used so far, in seconds, by this thread, this process, another process.
double ThreadCpu();
double OwnCpu();
double ProcessCpu(pid_t pid);

// The rows of a table, with the statement that inserts any part of them in bulk.
struct TableRows {
  std::string insert;
  std::vector<storage::Row> rows;

  // The rows in batches of so many.
  std::vector<std::vector<storage::Row>> Batches(size_t size) const;
};

class World;

// A replica of a service on the service's core; it ends with this.
class Replica {
 public:
  // Starts `program` on the store, the world's Kafka and a free port, with `settings` besides; returns when
  // it serves.
  static absl::StatusOr<std::unique_ptr<Replica>> Start(World& world, const std::string& program,
                                                        const std::string& store_url,
                                                        const std::vector<std::string>& settings);
  ~Replica() {
    if (process_) process_->Terminate();
  }

  // Seconds used so far.
  double Cpu() const { return ProcessCpu(process_->pid()); }
  pid_t pid() const { return process_->pid(); }
  const std::string& address() const { return address_; }
  // A connection of its own to it.
  std::unique_ptr<rpc::Channel> NewChannel();

 private:
  Replica(World& world, std::string address) : world_(world), address_(std::move(address)) {}

  World& world_;
  const std::string address_;
  std::unique_ptr<testing::Process> process_;
};

// One of two that a row compares, running: a leads service, or the program by hand that does the same with an
// activity (tests/bench/by_hand).
struct Contestant {
  storage::Database& store;
  // The topic that it consumes, and appends to at RecordActivity; the one that it sends its events to.
  std::string activities;
  std::string events;
  std::unique_ptr<Replica> replica;
};

// One PostgreSQL with two equal databases, one Kafka, and one replica of finalmile-leads, started and stopped
// by the rows.
class World {
 public:
  static absl::StatusOr<std::unique_ptr<World>> Start();

  Clock& clock() { return *clock_; }
  Rng& rng() { return *rng_; }
  testing::PostgresServer& postgres() { return *postgres_; }
  testing::KafkaBroker& kafka() { return *kafka_; }
  // What services print.
  const std::string& log_path() const { return log_path_; }
  events::EventLog& events() { return *events_; }
  // The service's store.
  storage::Database& store() { return *store_; }
  // The same tables, for references.
  storage::Database& twin() { return *twin_; }
  // Where the server may read and write files.
  const std::string& server_folder() const { return server_folder_; }

  // Starts the service on the store, with so many threads for calls; returns when it serves.
  absl::Status StartService(int threads = 8);
  void StopService() { service_.reset(); }
  // The service on the store, and the program by hand on the twin and topics of its own.
  absl::StatusOr<Contestant> StartLeads();
  absl::StatusOr<Contestant> StartByHand();
  pid_t service_pid() const { return service_->pid(); }
  // A connection of its own to the service.
  std::unique_ptr<rpc::Channel> NewChannel() { return service_->NewChannel(); }

  // Each of `statements` in one transaction.
  absl::Status Execute(storage::Database& database, const std::vector<std::string>& statements);
  absl::StatusOr<int64_t> Number(storage::Database& database, std::string_view sql);
  absl::StatusOr<TableRows> Capture(storage::Database& database, std::string_view table);

  // Replaces all leads and what belongs to them. While the service is stopped.
  absl::Status Fill(storage::Database& database, size_t leads,
                    const std::function<void(size_t, leads::store::LeadState&)>& adjust);
  // How many activities have been taken into a store since the topic began.
  absl::StatusOr<int64_t> Consumed(storage::Database& store);
  absl::StatusOr<int64_t> Consumed() { return Consumed(*store_); }
  // Until so many are taken and every event is sent; at most ten minutes.
  absl::Status AwaitConsumed(storage::Database& store, int64_t activities);
  absl::Status AwaitConsumed(int64_t activities) { return AwaitConsumed(*store_, activities); }
  absl::Status AwaitSent(storage::Database& store);
  absl::Status AwaitSent() { return AwaitSent(*store_); }
  // Until `done` says so, asked every few milliseconds; at most ten minutes.
  absl::Status Await(std::string_view what, const std::function<absl::StatusOr<bool>()>& done);

 private:
  World() = default;

  std::unique_ptr<Clock> clock_;
  std::unique_ptr<Rng> rng_;
  std::unique_ptr<testing::PostgresServer> postgres_;
  std::unique_ptr<testing::KafkaBroker> kafka_;
  std::string store_url_;
  std::string twin_url_;
  std::string server_folder_;
  std::string log_path_;
  std::unique_ptr<storage::Database> store_;
  std::unique_ptr<storage::Database> twin_;
  std::unique_ptr<events::EventLog> events_;
  std::unique_ptr<Replica> service_;
};

// The id of the i-th lead of Fill, and an activity of a lead as bytes.
std::string LeadId(size_t i);
std::string ActivityBytes(std::string_view lead, std::string_view type, std::string_view subject,
                          std::string_view id, absl::Time time);

// Hands on every record that comes into a topic after its start, on a thread of its own.
class Watch {
 public:
  // `at` is the steady time at which the record was seen.
  using OnRecord = std::function<void(const events::Record& record, absl::Duration at)>;
  static absl::StatusOr<std::unique_ptr<Watch>> Start(World& world, std::string_view topic,
                                                      OnRecord on_record);
  ~Watch();

 private:
  Watch() = default;
  void Loop();

  Clock* clock_ = nullptr;
  std::unique_ptr<WaitEvent> wake_;
  std::unique_ptr<events::Tail> tail_;
  OnRecord on_record_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

// The outbox rows of the events that the service sends from its start on: topic, key, value, headers.
class SentEvents {
 public:
  static absl::StatusOr<std::unique_ptr<SentEvents>> Start(World& world);
  // Waits for so many, and ends.
  absl::StatusOr<std::vector<storage::Row>> Take(World& world, int64_t events);

 private:
  std::vector<storage::Row> rows_;
  std::atomic<int64_t> count_ = 0;
  std::unique_ptr<Watch> watch_;
};

}  // namespace finalmile::bench

#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/events/event_log.h"
#include "libs/rpc/client.h"
#include "libs/storage/database.h"
#include "libs/testing/kafka_broker.h"
#include "libs/testing/postgres_server.h"
#include "libs/testing/process.h"
#include "tests/faults/ledger.h"

namespace finalmile::chaos {

// Two replicas of finalmile-leads on a real PostgreSQL and a real Kafka, clients that write and remember each
// acknowledgement, and the check that nothing of it is lost or doubled.
class World {
 public:
  // Starts replicas against an empty database and an empty pair of topics of `kafka`, which serves one world
  // at a time.
  static absl::StatusOr<std::unique_ptr<World>> Start(testing::PostgresServer& postgres,
                                                      testing::KafkaBroker& kafka);
  ~World();

  Clock& clock() { return *clock_; }
  Rng& rng() { return *rng_; }
  int replicas() const { return static_cast<int>(replicas_.size()); }
  testing::Process& process(int replica) { return *replicas_[replica].process; }

  // Clients write until StopClients, each call with a request id and repeated as a client may: after
  // UNAVAILABLE, after RESOURCE_EXHAUSTED that names a delay, and when it has given up itself.
  void StartClients(int clients);
  void StopClients();
  // Returns when the clients have had so many more acknowledgements, or with false after two minutes without.
  bool AwaitAcknowledged(int64_t more);

  // kill -9, then up again on the same address.
  absl::Status Crash(int replica);
  // SIGTERM, then up again; FAILED_PRECONDITION when it did not end by itself with code 0.
  absl::Status Restart(int replica);

  // Waits until everything has been taken in, then holds store and topics against what the clients remember.
  // The error says what is lost or doubled.
  absl::StatusOr<faults::Counts> Check();
  // Calls that were repeated.
  int64_t retries() const { return retries_; }
  // Attempts that ended CANCELLED, which no client repeats by itself.
  int64_t cancelled() const { return cancelled_; }

 private:
  struct Replica {
    int port = 0;
    std::unique_ptr<testing::Process> process;
    std::unique_ptr<rpc::Channel> channel;
  };

  World() = default;
  absl::Status Launch(Replica& replica);
  void Write(int client);
  bool Call(const std::string& method, const google::protobuf::Message& request, uint64_t first,
            google::protobuf::Message& response);

  std::unique_ptr<Clock> clock_;
  std::unique_ptr<Rng> rng_;
  std::string store_;
  std::string log_path_;
  testing::KafkaBroker* kafka_ = nullptr;
  std::unique_ptr<faults::Ledger> ledger_;
  std::unique_ptr<storage::Database> database_;
  std::unique_ptr<events::EventLog> events_;
  std::vector<Replica> replicas_;
  std::vector<std::thread> clients_;
  std::atomic<bool> writing_ = false;
  std::unique_ptr<WaitEvent> progress_;
  std::atomic<int64_t> acknowledged_ = 0;
  std::atomic<int64_t> retries_ = 0;
  std::atomic<int64_t> cancelled_ = 0;
  // Calls that were not answered, and how the last of them ended.
  std::mutex failed_mutex_;
  int64_t failed_ = 0;
  absl::Status last_failure_;
};

}  // namespace finalmile::chaos

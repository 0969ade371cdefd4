#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/testing/kafka_broker.h"
#include "libs/testing/postgres_server.h"
#include "libs/testing/replicas.h"
#include "tests/chaos/clients.h"
#include "tests/faults/ledger.h"

namespace finalmile::chaos {

// Replicas of finalmile-leads on a real PostgreSQL and a real Kafka, clients that write and remember each
// acknowledgement, and the check that nothing of it is lost or doubled.
class World {
 public:
  // Starts as many replicas as `replicas` says against an empty database and an empty pair of topics of
  // `kafka`, which serves one world at a time.
  static absl::StatusOr<std::unique_ptr<World>> Start(testing::PostgresServer& postgres,
                                                      testing::KafkaBroker& kafka, int replicas);

  testing::Replicas& replicas() { return *replicas_; }
  Clock& clock() { return replicas_->clock(); }
  Rng& rng() { return replicas_->rng(); }

  Clients& clients() { return *clients_; }

  // Clients write until they are stopped, each call with a request id.
  void StartClients(int clients);

  // Waits until everything has been taken in, then holds store and topics against what the clients remember.
  // The error says what is lost or doubled.
  absl::StatusOr<faults::Counts> Check();

 private:
  World() = default;
  void Write(int client, int64_t turn);
  bool Call(const std::string& method, const google::protobuf::Message& request, uint64_t first,
            google::protobuf::Message& response);

  std::string log_path_;
  std::unique_ptr<faults::Ledger> ledger_;
  std::unique_ptr<testing::Replicas> replicas_;
  // The leads that each client made.
  std::vector<std::vector<std::string>> made_;
  // Ends before what it writes to.
  std::unique_ptr<Clients> clients_;
};

}  // namespace finalmile::chaos

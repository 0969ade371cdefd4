#pragma once

#include <map>
#include <memory>
#include <string>

#include "libs/storage/database.h"
#include "libs/testing/simulation.h"

namespace finalmile::testing {

// A store's server as simulated processes see it: one open database, which outlives them, behind sessions
// whose calls meet the simulation's faults.
//
// What a fault does follows the contract of storage::Database: UNAVAILABLE before a commit leaves nothing
// behind; after a lost reply to a commit a repeatable transaction runs again and another one ends with
// UNKNOWN; after a conflict the function runs again; a crash rolls back what is open. A leader that is silent
// for three heartbeats loses its lock to the next one who asks.
class DatabaseServer {
 public:
  // `database` was opened on the simulation's clock.
  DatabaseServer(Simulation& simulation, storage::Database& database);

  // The store as one process sees it. It must not outlive the server.
  std::unique_ptr<storage::Database> Connect();

 private:
  class Session;
  class FaultyTransaction;
  class FaultyLeadership;
  struct Lock;

  // A lost connection, unless `lock` is null that of a leader.
  absl::Status Run(const storage::TransactOptions& options, const storage::TransactionFunction& function,
                   storage::Companion* companion, Lock* lock);
  bool Expired(const Lock& lock) const;

  Simulation& simulation_;
  storage::Database& database_;
  std::map<std::string, std::shared_ptr<Lock>, std::less<>> locks_;
};

}  // namespace finalmile::testing

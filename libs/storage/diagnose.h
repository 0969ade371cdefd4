#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/finding.h"
#include "libs/storage/migrate.h"

namespace finalmile::storage {

// The needs of a service that its store has to meet.
struct StoreNeeds {
  struct Component {
    std::string_view name;
    std::span<const Migration> migrations;
  };

  Owner owner;
  std::vector<Component> components;
};

// The sessions of a server of PostgreSQL.
struct ServerSessions {
  // Which server it is; the same for each of its databases.
  std::string server;
  // What it gives to services: max_connections less those that it keeps for administrators.
  int64_t most = 0;
  // Held now: all, and those of this database.
  int64_t held = 0;
  int64_t held_here = 0;
};

struct StoreDiagnosis {
  std::vector<Finding> findings;
  // Absent where the store is embedded, or did not answer.
  std::optional<ServerSessions> sessions;
};

// Looks at the store at `url`, and changes nothing there. PostgreSQL: "reach" (who answers, as whom, over
// what), "pooler", "version", "rights" of the role to each table of the components, "schema", "clock".
// Embedded: "file" (who holds it) and "schema"; where nobody does, it is held for the moment of the look.
// Blocks for some times `patience` at most, which bounds each question.
StoreDiagnosis Diagnose(std::string_view url, Clock& clock, const StoreNeeds& needs, absl::Duration patience);

// The checks of an embedded file that take no look into it: whether it is there, and who holds it. True: it
// is there, and free.
bool DiagnoseFile(const std::string& path, std::vector<Finding>& findings);

// "schema": the versions of the store against those of the program.
void DiagnoseSchema(Database& database, Clock& clock, const StoreNeeds& needs, absl::Duration patience,
                    std::vector<Finding>& findings);

}  // namespace finalmile::storage

#pragma once

#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/storage/database.h"
#include "services/leads/domain/import_change.h"
#include "services/leads/domain/source_row.h"

namespace finalmile::leads::store {

// What a source last said of an identity, and whose lead it is.
struct StoredRow {
  std::string source;
  std::string identity;
  domain::LeadId lead;
  domain::SourceRow row;
};

// Rows of one source by identity; absent ones are left out. Settle, then RowsOf.
absl::StatusOr<storage::Deferred> DeferSourceRows(storage::Transaction& transaction,
                                                  const std::string& source,
                                                  const std::vector<std::string>& identities);
absl::StatusOr<std::vector<StoredRow>> RowsOf(const storage::Result& read);
// All rows about these leads, of every source.
absl::StatusOr<std::vector<StoredRow>> SourceRowsAbout(storage::Transaction& transaction,
                                                       const std::vector<domain::LeadId>& leads);
// Inserts or overwrites. Deferred.
absl::Status WriteSourceRows(storage::Transaction& transaction, const std::vector<StoredRow>& rows);
// Deferred.
absl::Status DeleteSourceRow(storage::Transaction& transaction, const std::string& source,
                             const std::string& identity);

// Leads whose e-mail or name key (domain::NameKey) is one of `keys`, with the key: at most a few of each.
absl::StatusOr<storage::Deferred> DeferByEmail(storage::Transaction& transaction,
                                               const std::vector<std::string>& keys);
absl::StatusOr<storage::Deferred> DeferByName(storage::Transaction& transaction,
                                              const std::vector<std::string>& keys);
std::multimap<std::string, domain::LeadId> LeadsByKey(const storage::Result& read);

// What a source's activities of these leads sum up to, by (type, subject): units, and seconds.
struct ActivitySum {
  double units = 0;
  double seconds = 0;
};
using ActivitySums = std::map<std::pair<std::string, std::string>, ActivitySum>;
absl::StatusOr<std::map<domain::LeadId, ActivitySums>> SumActivities(
    storage::Transaction& transaction, const std::string& source, const std::vector<domain::LeadId>& leads);

// What the import `number` did to these identities; absent ones are left out.
absl::StatusOr<std::vector<domain::ImportChange>> ReadChanges(storage::Transaction& transaction,
                                                              int64_t number,
                                                              const std::vector<std::string>& identities);
// The first `limit` changes of an import.
absl::StatusOr<std::vector<domain::ImportChange>> FirstChanges(storage::Transaction& transaction,
                                                               int64_t number, int limit);
// Inserts or overwrites. Deferred.
absl::Status WriteChanges(storage::Transaction& transaction, std::span<const domain::ImportChange> changes);
absl::Status DeleteChanges(storage::Transaction& transaction, std::span<const domain::ImportChange> changes);
// Deletes at most `limit` changes of imports that last moved on before `time`, and returns how many.
absl::StatusOr<int64_t> DeleteOldChanges(storage::Transaction& transaction, absl::Time time, int limit);

}  // namespace finalmile::leads::store

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "finalmile/leads/v1/import.pb.h"
#include "libs/rpc/client.h"
#include "services/finalmile/csv/reader.h"

namespace finalmile::cli {

struct ImportOptions {
  // See ImportHeader.
  std::string request_id = {};
  bool dry_run = false;
  bool prefer_source = false;
  std::string file_name = {};
  std::string file_digest = {};
  // Bounds of one message, and how many may wait for their answer: what is held in memory is their product.
  size_t chunk_rows = 1000;
  size_t chunk_bytes = 256 << 10;
  size_t window = 4;
  absl::Duration timeout = absl::Hours(6);
};

struct ImportTotals {
  // Rows read in this run, without those that an earlier run had stored.
  int64_t rows = 0;
  // Totals of the whole import: under the same request id, earlier runs included.
  int64_t created = 0;
  int64_t updated = 0;
  int64_t unchanged = 0;
  int64_t activities = 0;
  int64_t rejected = 0;
  // Activities left out because they happened too long ago; their rows are stored.
  int64_t aged_activities = 0;
  // `imports/{import}`; empty: a dry run.
  std::string import;
  // See ImportLeadsResponse.
  int64_t not_taken = 0;
  int64_t conflicts = 0;
  int64_t kept_denials = 0;
  int64_t fallen_counters = 0;
  int64_t known_activities = 0;
  int64_t repeated_rows = 0;
  // Totals of this run: cells that could not be read, whose rows are stored without them; rows that are
  // blank, or had fewer cells than the header; columns without a name, and the cells in them that are not
  // empty. The last four are left out, or taken for empty.
  int64_t unread_cells = 0;
  int64_t blank_rows = 0;
  int64_t short_rows = 0;
  int64_t nameless_columns = 0;
  int64_t nameless_cells = 0;
  // Every row up to this line is stored or rejected.
  int64_t acknowledged_line = 0;
  // Where an earlier run had stopped; 0: this is the first.
  int64_t resumed_after_line = 0;
};

// Hears what happens. Called from the importing thread.
class ImportObserver {
 public:
  virtual ~ImportObserver() = default;
  // Once, before the rows: the header line, and where an earlier run had stopped (0: nowhere).
  virtual absl::Status Started(const std::vector<std::string>& columns, int64_t resumed_after_line) = 0;
  // After every answer.
  virtual void Progressed(const ImportTotals& totals) = 0;
  virtual absl::Status Rejected(const leads::v1::ImportReject& reject, const csv::Row& row) = 0;
  // A value that was not taken, because a person set it since.
  virtual void Conflicted(const leads::v1::ImportConflict& conflict) = 0;
  // A cell that could not be read; its row is stored without it.
  virtual absl::Status Unread(const leads::v1::ImportReject& cell, const csv::Row& row) = 0;
};

// Sends the rows of `reader`, whose first row is the header, to ImportLeads. Memory is bounded by the
// options. Rows with a fault, or that are not UTF-8 or hold U+0000, are rejected here, the others by the
// server. `totals` holds what was reached also when an error is returned: the reader's, the server's or the
// observer's. Rows up to totals.acknowledged_line are then stored, and the same request id goes on after
// them.
absl::Status ImportRows(csv::Reader& reader, const leads::v1::ImportMapping& mapping,
                        const ImportOptions& options, rpc::Channel& channel, ImportObserver& observer,
                        ImportTotals& totals);

}  // namespace finalmile::cli

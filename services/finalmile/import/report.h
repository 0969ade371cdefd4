#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "services/finalmile/import/importer.h"
#include "services/finalmile/output/output.h"

namespace finalmile::cli {

// Tells people how an import goes: a progress line, the rejects file, a closing line.
class ImportReport final : public ImportObserver {
 public:
  struct Options {
    // Empty: the first rejects go to standard error instead.
    std::string rejects_file = {};
    // For the ETA; 0: not known.
    int64_t file_bytes = 0;
    bool dry_run = false;
  };

  // The references outlive the report.
  ImportReport(Options options, const csv::Reader& reader, Output& output, Clock& clock);

  // INVALID_ARGUMENT: the rejects file cannot be written. A run that resumes appends to it.
  absl::Status Started(const std::vector<std::string>& columns, int64_t resumed_after_line) override;
  void Progressed(const ImportTotals& totals) override;
  absl::Status Rejected(const leads::v1::ImportReject& reject, const csv::Row& row) override;

  void Conflicted(const leads::v1::ImportConflict& conflict) override;

  // Clears the progress line, closes the rejects file, prints the closing line or JSON object. `complete`:
  // the file was read to its end.
  absl::Status Close(const ImportTotals& totals, bool complete);

 private:
  double RowsPerSecond(int64_t rows) const;
  absl::Status RejectsLost() const;
  // What was not taken, and why.
  void ShowNotTaken(const ImportTotals& totals);

  const Options options_;
  const csv::Reader& reader_;
  Output& output_;
  Clock& clock_;
  const absl::Duration start_;
  absl::Duration shown_ = -absl::InfiniteDuration();
  std::ofstream rejects_;
  int64_t told_ = 0;
  int64_t told_conflicts_ = 0;
};

}  // namespace finalmile::cli

#pragma once

#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/clock.h"
#include "nlohmann/json_fwd.hpp"
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
  // Kinds of unread cells that are told apart; further ones are counted together.
  static constexpr size_t kMaxKinds = 20;

  // The references outlive the report.
  ImportReport(Options options, const csv::Reader& reader, Output& output, Clock& clock);

  // INVALID_ARGUMENT: the rejects file cannot be written. A run that resumes appends to it.
  absl::Status Started(const std::vector<std::string>& columns, int64_t resumed_after_line) override;
  void Progressed(const ImportTotals& totals) override;
  absl::Status Rejected(const leads::v1::ImportReject& reject, const csv::Row& row) override;
  absl::Status Unread(const leads::v1::ImportReject& cell, const csv::Row& row) override;

  void Conflicted(const leads::v1::ImportConflict& conflict) override;

  // Clears the progress line, closes the rejects file, prints the closing line or JSON object. `complete`:
  // the file was read to its end.
  absl::Status Close(const ImportTotals& totals, bool complete);

 private:
  double RowsPerSecond(int64_t rows) const;
  absl::Status RejectsLost() const;
  // What was not taken, and why.
  void ShowNotTaken(const ImportTotals& totals);
  absl::Status WriteReject(const leads::v1::ImportReject& reject, const std::string& reason,
                           const csv::Row& row);
  void TellUnread(const ImportTotals& totals) const;
  nlohmann::ordered_json UnreadAsJson() const;
  void TellLeftOut(const ImportTotals& totals) const;

  // Unread cells of one column for one reason.
  struct Kind {
    int64_t first_line = 0;
    int64_t cells = 0;
  };
  const Options options_;
  const csv::Reader& reader_;
  Output& output_;
  Clock& clock_;
  const absl::Duration start_;
  absl::Duration shown_ = -absl::InfiniteDuration();
  std::ofstream rejects_;
  int64_t told_ = 0;
  int64_t told_conflicts_ = 0;
  // By column and reason.
  std::map<std::pair<std::string, std::string>, Kind> unread_;
};

}  // namespace finalmile::cli

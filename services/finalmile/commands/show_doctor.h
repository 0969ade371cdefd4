#pragma once

#include <cstddef>
#include <vector>

#include "libs/base/finding.h"
#include "services/finalmile/errors.h"
#include "services/finalmile/output/output.h"

namespace finalmile::cli {

// What `finalmile doctor` says: a line for each check as soon as its group is known and a sum at the end, or,
// with
// --json, one document at the end.
class DoctorReport {
 public:
  // `output` outlives it.
  explicit DoctorReport(Output& output) : output_(output) {}

  void Add(FindingGroup group);
  // Ends it. kFailed: something fails; kUnavailable: nothing does, but something did not answer.
  ExitCode Finish();

 private:
  size_t Count(Verdict verdict) const;
  void ShowJson() const;

  Output& output_;
  std::vector<FindingGroup> groups_;
};

}  // namespace finalmile::cli

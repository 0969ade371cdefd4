#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

// What `finalmile doctor` finds. Each library looks at what it is about (Diagnose in storage, events and
// cache).
namespace finalmile {

enum class Verdict {
  kOk,
  // It works; somebody should look at it.
  kWarn,
  // It does not work, or will not.
  kFail,
  // It does not answer now, so that trying again later may help.
  kAway,
  // It was not looked at; the text says why.
  kSkipped,
};

// What was found of one thing.
struct Finding {
  Verdict verdict = Verdict::kOk;
  // What was looked at: "schema". A fixed word, or the name of a setting.
  std::string check;
  // One line, without secrets.
  std::string text;
  // What to do; empty where nothing is to be done.
  std::string advice = {};

  bool operator==(const Finding&) const = default;
};

// What was found of one part: "store of leads".
struct FindingGroup {
  std::string name;
  std::vector<Finding> findings;
};

// What an error of a library means for what it was asked about.
inline Verdict VerdictOf(const absl::Status& status) {
  if (status.ok()) return Verdict::kOk;
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ? Verdict::kAway : Verdict::kFail;
}

// The checks that cannot be made, for one reason.
inline void Skip(const std::vector<std::string_view>& checks, const std::string& reason,
                 std::vector<Finding>& findings) {
  for (const std::string_view check : checks)
    findings.push_back({Verdict::kSkipped, std::string(check), reason});
}

}  // namespace finalmile

#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

// The results of `finalmile doctor`. Each library checks its own kind (Diagnose in storage, events and
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

// The result of one check.
struct Finding {
  Verdict verdict = Verdict::kOk;
  // The name of the check, "schema": a fixed word, or the name of a setting.
  std::string check;
  // One line, without secrets.
  std::string text;
  // The advice says what to do; it is empty where nothing is to be done.
  std::string advice = {};

  bool operator==(const Finding&) const = default;
};

// The results of the checks of one part: "store of leads".
struct FindingGroup {
  std::string name;
  std::vector<Finding> findings;
};

// The verdict on a thing about which a library answered so.
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

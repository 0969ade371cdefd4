#pragma once

#include <string>

#include "absl/status/status.h"

namespace finalmile::cli {

// What the process answers to the shell; part of the interface, listed by --help.
enum class ExitCode {
  kOk = 0,
  kFailed = 1,
  // The command line, a file it names or a field of the request is wrong.
  kUsage = 2,
  kNotFound = 3,
  // Not allowed, or not as things stand now.
  kRefused = 4,
  // Nobody answers, or not in time: try again later.
  kUnavailable = 5,
  // An import stored what it could; rows were rejected.
  kPartly = 6,
  // Somebody else was faster.
  kFaster = 7,
};

// The lines of --help.
std::string ExitCodesHelp();

ExitCode ExitCodeOf(const absl::Status& status);

// One line without "finalmile: ": what is wrong, the fields with what they must be, and what to do.
std::string ErrorLine(const absl::Status& status);

}  // namespace finalmile::cli

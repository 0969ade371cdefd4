#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "libs/testing/temporary_folder.h"
#include "services/finalmile/connection.h"

namespace finalmile::cli {

// Runs command lines as a user does on a fresh machine: nothing is started, each brings the suite up for
// itself.
class SuiteTest : public ::testing::Test {
 protected:
  struct Result {
    ExitCode code = ExitCode::kOk;
    std::string out;
    std::string error;
    // What stands on standard error beside the error.
    std::string notes;
  };

  Result Invoke(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--data", folder_ + "/data"});
    const CommandLine line = ParseCommandLine(AllVerbs(), arguments);
    EXPECT_EQ(line.text, "");
    std::ostringstream out;
    std::ostringstream err;
    std::istringstream in;
    Output output(out, err, *clock_, {.json = line.common.json});
    Result result;
    {
      SuiteConnector connector(line.common, *clock_, *rng_);
      Session session{output, in, *clock_, *rng_, connector};
      const absl::StatusOr<ExitCode> code = line.action(session);
      result.code = code.ok() ? *code : ExitCodeOf(code.status());
      if (!code.ok()) result.error = ErrorLine(code.status());
    }
    result.out = out.str();
    result.notes = err.str();
    return result;
  }

  const testing::TemporaryFolder root_;
  std::string folder_ = root_.path();
  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  const std::unique_ptr<Rng> rng_ = NewSystemRng();
};

}  // namespace finalmile::cli

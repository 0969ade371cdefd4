#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "services/finalmile/command_line.h"
#include "services/finalmile/testing/fake_channel.h"

namespace finalmile::cli {

// Runs verbs of the command line on fake services.
class VerbsTest : public ::testing::Test {
 protected:
  struct Result {
    absl::StatusOr<ExitCode> code;
    std::string out;
    std::string err;
  };

  Result Invoke(const std::vector<std::string>& arguments, const std::string& input = "") {
    const CommandLine line = ParseCommandLine(ChannelVerbs(), arguments);
    EXPECT_EQ(line.text, "");
    std::ostringstream out;
    std::ostringstream err;
    std::istringstream in(input);
    Output output(out, err, *clock_, {.json = line.common.json, .colour = colour_});
    Session session{output, in, *clock_, *rng_, connector_};
    Result result{line.action(session), "", ""};
    result.out = out.str();
    result.err = err.str();
    return result;
  }

  bool colour_ = false;
  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  const std::unique_ptr<Rng> rng_ = NewSeededRng(1);
  FakeConnector connector_;
};

}  // namespace finalmile::cli

#include "libs/base/log_target.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace finalmile {
namespace {

class Lines final : public Log {
 public:
  void Write(Severity, std::string_view message, std::initializer_list<LogField>) override {
    lines.emplace_back(message);
  }
  std::vector<std::string> lines;
};

void WriteTo(LogTarget& target, const std::string& text) {
  target.WriteLine([&](Log& log, int64_t) { log.Info(text); });
}

TEST(LogTargetTest, LinesGoToTheLogThatWasNamedLast) {
  LogTarget target(100);
  Lines first;
  Lines second;
  WriteTo(target, "to nobody");
  std::optional<LogTarget::Hold> early(std::in_place, target, first);
  WriteTo(target, "a");
  {
    const LogTarget::Hold late(target, second);
    WriteTo(target, "b");
    early.reset();
    WriteTo(target, "c");
  }
  WriteTo(target, "to nobody again");
  EXPECT_EQ(first.lines, std::vector<std::string>{"a"});
  EXPECT_EQ(second.lines, (std::vector<std::string>{"b", "c"}));
}

}  // namespace
}  // namespace finalmile

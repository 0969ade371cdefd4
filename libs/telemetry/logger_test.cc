#include "libs/telemetry/logger.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "libs/base/trace_context.h"

namespace finalmile::telemetry {
namespace {

class FixedClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::FromUnixMicros(1'700'000'000'123'456); }
  absl::Duration Steady() const override { return absl::ZeroDuration(); }
  std::unique_ptr<WaitEvent> NewWaitEvent() override { return nullptr; }
};

class LoggerTest : public ::testing::Test {
 protected:
  ~LoggerTest() override {
    std::fclose(file_);
    std::free(buffer_);
  }

  std::unique_ptr<Logger> Make(LogFormat format, Severity level = Severity::kInfo) {
    return NewLogger("leads", {level, format, file_}, clock_);
  }
  std::string Written() {
    std::fflush(file_);
    return std::string(buffer_, size_);
  }

  FixedClock clock_;
  char* buffer_ = nullptr;
  size_t size_ = 0;
  std::FILE* file_ = open_memstream(&buffer_, &size_);
};

TEST_F(LoggerTest, JsonHasTheFixedFieldsFirst) {
  Make(LogFormat::kJson)->Info("batch applied", {Field("rows", 5), Field("took", absl::Milliseconds(1500))});
  EXPECT_EQ(Written(),
            "{\"time\":\"2023-11-14T22:13:20.123456Z\",\"level\":\"info\",\"service\":\"leads\",\"message\":"
            "\"batch "
            "applied\",\"rows\":\"5\",\"took\":\"1.5\"}\n");
}

TEST_F(LoggerTest, AnythingStaysOneLineOfValidJson) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  all += "é日🙂\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82";  // the last three are not UTF-8
  Make(LogFormat::kJson)->Error("failed", {{"what", all}, {"message", "x"}});
  const std::string line = Written();
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const nlohmann::json parsed = nlohmann::json::parse(line);
  EXPECT_EQ(parsed["level"], "error");
  EXPECT_EQ(parsed["message"], "failed");
  EXPECT_EQ(parsed["_message"], "x");
  const std::string what = parsed["what"];
  EXPECT_EQ(what.substr(0, 128), all.substr(0, 128));
  EXPECT_NE(what.find("é日🙂\ufffd"), std::string::npos);
}

TEST_F(LoggerTest, TheLevelFilters) {
  const auto log = Make(LogFormat::kJson, Severity::kWarning);
  log->Info("hidden");
  EXPECT_EQ(Written(), "");
  log->Warning("shown");
  EXPECT_NE(Written().find("\"level\":\"warning\""), std::string::npos);
}

TEST_F(LoggerTest, TextIsForPeople) {
  Make(LogFormat::kText)->Warning("store is slow", {Field("took", 2.5), Field("why", "disk \"a\"\n")});
  const std::string line = Written();
  EXPECT_NE(line.find(" warning leads: store is slow took=2.5 why=\"disk \\\"a\\\"\\n\"\n"),
            std::string::npos)
      << line;
}

TEST_F(LoggerTest, LinesOfATraceNameIt) {
  const TraceScope scope(ParseTraceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
  Make(LogFormat::kJson)->Info("hello", {{"trace_id", "mine"}});
  const nlohmann::json parsed = nlohmann::json::parse(Written());
  EXPECT_EQ(parsed["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(parsed["span_id"], "00f067aa0ba902b7");
  EXPECT_EQ(parsed["_trace_id"], "mine");
  Make(LogFormat::kText)->Info("hello");
  EXPECT_NE(Written().find("hello trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7\n"),
            std::string::npos)
      << Written();
}

TEST_F(LoggerTest, NamedLoggersShareTheOutputAndOutliveTheRoot) {
  auto root = Make(LogFormat::kJson);
  const auto other = root->Named("catalog");
  root.reset();
  other->Info("hello");
  EXPECT_NE(Written().find("\"service\":\"catalog\""), std::string::npos);
}

TEST_F(LoggerTest, LinesOfSeveralThreadsDoNotMix) {
  const auto log = Make(LogFormat::kJson);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&log, i] {
      const auto mine = log->Named("service");
      for (int j = 0; j < 200; ++j) mine->Info("line", {Field("thread", i), Field("count", j)});
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::istringstream lines(Written());
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count)
    EXPECT_TRUE(nlohmann::json::accept(line)) << line;
  EXPECT_EQ(count, 800);
}

TEST(FieldTest, Types) {
  EXPECT_EQ(Field("a", true).second, "true");
  EXPECT_EQ(Field("a", int64_t{-1} << 62).second, "-4611686018427387904");
  EXPECT_EQ(Field("a", size_t{7}).second, "7");
  EXPECT_EQ(Field("a", "text").second, "text");
  EXPECT_EQ(Field("a", absl::FromUnixSeconds(0)).second, "1970-01-01T00:00:00Z");
  EXPECT_EQ(Field("a", absl::NotFoundError("no lead")).second, "NOT_FOUND: no lead");
}

}  // namespace
}  // namespace finalmile::telemetry

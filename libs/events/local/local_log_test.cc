#include "libs/events/local/local_log.h"
#include "libs/events/headers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "fmt/format.h"
#include "libs/events/event_log_contract.h"
#include "libs/events/local/appender.h"
#include "libs/testing/temporary_folder.h"

namespace finalmile::events {
namespace {

// Removed with the process's last test.
class Folder : public ::testing::Environment {
 public:
  const std::string& path() {
    if (folder_ == nullptr) folder_ = std::make_unique<testing::TemporaryFolder>();
    return folder_->path();
  }
  void TearDown() override { folder_.reset(); }

 private:
  std::unique_ptr<testing::TemporaryFolder> folder_;
};

Folder& TheFolder() {
  static Folder* folder = static_cast<Folder*>(::testing::AddGlobalTestEnvironment(new Folder));
  return *folder;
}

std::string UrlFor(std::string_view test) {
  std::string name(test.substr(0, test.find('/')));
  return fmt::format("local:{}", TheFolder().path() + "/" + name + ".db");
}

INSTANTIATE_TEST_SUITE_P(Local, EventLogContract,
                         ::testing::Values(ContractEngine{
                             .name = "local",
                             .url = [](std::string_view test) -> absl::StatusOr<std::string> {
                               return UrlFor(test);
                             },
                             .required = true}),
                         [](const auto& info) { return info.param.name; });

// A clock whose wall time the test sets.
class ShiftedClock final : public Clock {
 public:
  absl::Time Now() const override { return base_->Now() + shift; }
  absl::Duration Steady() const override { return base_->Steady(); }
  std::unique_ptr<WaitEvent> NewWaitEvent() override { return base_->NewWaitEvent(); }

  absl::Duration shift = absl::ZeroDuration();

 private:
  const std::unique_ptr<Clock> base_ = NewSystemClock();
};

class LocalLogTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }
  void Open() {
    log_.reset();
    auto log = events::Open(UrlFor(::testing::UnitTest::GetInstance()->current_test_info()->name()), clock_);
    ASSERT_TRUE(log.ok()) << log.status();
    log_ = std::move(*log);
  }
  absl::Duration Soon() const { return clock_.Steady() + absl::Seconds(30); }
  void Append(int count, const std::string& value) {
    const std::vector<Message> messages(static_cast<size_t>(count),
                                        Message{.topic = "t", .key = "k", .value = value, .headers = {}});
    const absl::Status status = log_->Append(messages, Soon());
    ASSERT_TRUE(status.ok()) << status;
  }
  Step& Retention() {
    for (Step* step : log_->steps()) {
      if (step->name() == "events.retention") return *step;
    }
    ADD_FAILURE() << "no step trims";
    abort();
  }

  ShiftedClock clock_;
  std::unique_ptr<EventLog> log_;
};

TEST_F(LocalLogTest, TrimsByTimeInBoundedPiecesAndReportsIt) {
  ASSERT_TRUE(log_->ApplyTopics({{.name = "t", .partitions = 1, .retention = absl::Hours(1)}}, Soon()).ok());
  Append(2'500, "old");
  clock_.shift = absl::Minutes(30);
  Append(10, "young");
  const auto wake = clock_.NewWaitEvent();
  auto consumer = log_->Join("g", {"t"}, *wake);
  ASSERT_TRUE(consumer.ok());
  ASSERT_TRUE((*consumer)->Poll(1)->assigned);
  ASSERT_TRUE((*consumer)->Start({{{"t", 0}, 0}}).ok());

  // Nothing is old enough.
  EXPECT_GT(Retention().Run(), clock_.Steady());
  EXPECT_EQ((*consumer)->Poll(1)->records[0].offset, 0);

  clock_.shift = absl::Minutes(61);
  EXPECT_EQ(Retention().Run(), absl::ZeroDuration()) << "a full piece wants to go on at once";
  absl::StatusOr<Polled> polled = (*consumer)->Poll(10);
  ASSERT_TRUE(polled.ok()) << polled.status();
  EXPECT_TRUE(polled->records.empty());
  ASSERT_EQ(polled->truncated.size(), 1u);
  EXPECT_EQ(polled->truncated[0].offset, 1'000);
  EXPECT_TRUE((*consumer)->Poll(10)->records.empty()) << "goes on only after Start";
  EXPECT_EQ(Retention().Run(), absl::ZeroDuration());
  EXPECT_GT(Retention().Run(), clock_.Steady());
  ASSERT_TRUE((*consumer)->Start({{{"t", 0}, 2'500}}).ok());
  polled = (*consumer)->Poll(100);
  ASSERT_EQ(polled->records.size(), 10u);
  EXPECT_EQ(polled->records[0].value, "young");

  // Offsets go on after everything was trimmed and the file was opened again.
  clock_.shift = absl::Hours(3);
  Retention().Run();
  consumer->reset();
  Open();
  Append(1, "new");
  auto tail = log_->OpenTail({"t"}, TailFrom::kStart, Soon(), *wake);
  ASSERT_TRUE(tail.ok());
  const auto records = (*tail)->Poll(10);
  ASSERT_TRUE(records.ok());
  ASSERT_EQ(records->size(), 1u);
  EXPECT_EQ((*records)[0].offset, 2'510);
}

TEST_F(LocalLogTest, ATailIsCarriedOverWhatIsTrimmed) {
  ASSERT_TRUE(log_->ApplyTopics({{.name = "t", .partitions = 1, .retention = absl::Hours(1)}}, Soon()).ok());
  Append(5, "old");
  const auto wake = clock_.NewWaitEvent();
  auto tail = log_->OpenTail({"t"}, TailFrom::kStart, Soon(), *wake);
  ASSERT_TRUE(tail.ok());
  clock_.shift = absl::Hours(2);
  Append(1, "young");
  Retention().Run();
  ASSERT_TRUE((*tail)->Poll(10).ok());
  const auto records = (*tail)->Poll(10);
  ASSERT_TRUE(records.ok());
  ASSERT_EQ(records->size(), 1u);
  EXPECT_EQ((*records)[0].value, "young");
  EXPECT_TRUE((*tail)->caught_up());
}

TEST_F(LocalLogTest, ForEverIsKept) {
  ASSERT_TRUE(log_->ApplyTopics({{.name = "t", .partitions = 1}}, Soon()).ok());
  Append(3, "kept");
  clock_.shift = absl::Hours(24 * 365 * 50);
  EXPECT_GT(Retention().Run(), clock_.Steady());
  const auto wake = clock_.NewWaitEvent();
  auto tail = log_->OpenTail({"t"}, TailFrom::kStart, Soon(), *wake);
  ASSERT_TRUE(tail.ok());
  EXPECT_EQ((*tail)->Poll(10)->size(), 3u);
}

TEST_F(LocalLogTest, ASecondOpenIsRefused) {
  const auto second =
      events::Open(UrlFor(::testing::UnitTest::GetInstance()->current_test_info()->name()), clock_);
  EXPECT_TRUE(absl::IsFailedPrecondition(second.status())) << second.status();
}

TEST_F(LocalLogTest, ATopicMadeLaterIsAssigned) {
  const auto wake = clock_.NewWaitEvent();
  auto consumer = log_->Join("g", {"t"}, *wake);
  ASSERT_TRUE(consumer.ok());
  EXPECT_TRUE((*consumer)->Poll(1)->partitions.empty());
  EXPECT_TRUE(absl::IsNotFound((*consumer)->Poll(1).status()));
  wake->Clear();
  ASSERT_TRUE(log_->ApplyTopics({{.name = "t", .partitions = 2}}, Soon()).ok());
  EXPECT_TRUE(wake->WaitUntil(Soon()));
  const auto polled = (*consumer)->Poll(1);
  ASSERT_TRUE(polled.ok()) << polled.status();
  EXPECT_TRUE(polled->assigned);
  EXPECT_EQ(polled->partitions.size(), 2u);
}

TEST_F(LocalLogTest, PollReturnsAtMostWhatIsAskedAndStarvesNoPartition) {
  ASSERT_TRUE(log_->ApplyTopics({{.name = "t", .partitions = 3}}, Soon()).ok());
  for (int i = 0; i < 300; ++i)
    ASSERT_TRUE(
        log_->Append({{.topic = "t", .key = std::to_string(i), .value = "", .headers = {}}}, Soon()).ok());
  const auto wake = clock_.NewWaitEvent();
  auto tail = log_->OpenTail({"t"}, TailFrom::kStart, Soon(), *wake);
  ASSERT_TRUE(tail.ok());
  std::set<int32_t> seen;
  for (int i = 0; i < 3; ++i) {
    const auto records = (*tail)->Poll(7);
    ASSERT_TRUE(records.ok());
    ASSERT_EQ(records->size(), 7u);
    seen.insert((*records)[0].partition);
  }
  EXPECT_EQ(seen.size(), 3u);
}

TEST(HeadersTest, SurviveAndAreRefusedWhenCut) {
  const Headers headers = {{"", ""}, {"a", std::string("\0\xff", 2)}};
  const std::string bytes = EncodeHeaders(headers);
  EXPECT_EQ(*DecodeHeaders(bytes), headers);
  for (size_t size = 1; size < bytes.size(); ++size) {
    const auto cut = DecodeHeaders(std::string_view(bytes).substr(0, size));
    EXPECT_TRUE(!cut.ok() || *cut != headers) << size;
  }
}

}  // namespace
}  // namespace finalmile::events

// Calls that wait for something under way and hold no thread meanwhile.
#include "libs/rpc/pending_replies.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/rpc/dispatch.h"
#include "libs/rpc/local_channel.h"
#include "libs/rpc/testdata/server_fixture.h"
#include "libs/testing/manual_clock.h"

namespace finalmile::rpc {
namespace {

using absl::StatusCode;

// What a test ends when it likes, as an engine would from a thread of its own.
class Work {
 public:
  std::unique_ptr<Pending> Start(std::shared_ptr<Signal> signal) {
    ++started;
    return std::make_unique<Waiter>(*this, std::move(signal));
  }
  void End(const absl::Status& status) {
    std::vector<std::shared_ptr<Signal>> signals;
    {
      std::lock_guard lock(mutex_);
      outcome_ = status;
      signals = signals_;
    }
    for (const auto& signal : signals) signal->Set();
  }
  size_t waiting() {
    std::lock_guard lock(mutex_);
    return signals_.size();
  }

  std::atomic<int> started{0};

 private:
  struct Waiter final : Pending {
    Waiter(Work& work, std::shared_ptr<Signal> given) : work(work), signal(std::move(given)) {
      std::lock_guard lock(work.mutex_);
      work.signals_.push_back(signal);
    }
    ~Waiter() override {
      std::lock_guard lock(work.mutex_);
      work.signals_.erase(std::find(work.signals_.begin(), work.signals_.end(), signal));
    }
    std::optional<absl::Status> Outcome() override {
      std::lock_guard lock(work.mutex_);
      return work.outcome_;
    }
    absl::Status GiveUp() override { return absl::DeadlineExceededError("the work was slow"); }
    Work& work;
    const std::shared_ptr<Signal> signal;
  };

  std::mutex mutex_;
  std::optional<absl::Status> outcome_;
  std::vector<std::shared_ptr<Signal>> signals_;
};

class PendingRepliesTest : public ::testing::Test {
 protected:
  void Add(absl::Duration in) {
    const auto reply = replies_.NewReply();
    replies_.Await(reply, work_.Start(reply), clock_.Steady() + in,
                   [this](const absl::Status& status) { told_.push_back(status.code()); });
  }
  bool Woken() { return replies_.wake().WaitUntil(absl::ZeroDuration()); }

  testing::ManualClock clock_;
  Work work_;
  PendingReplies replies_{clock_};
  std::vector<StatusCode> told_;
};

TEST_F(PendingRepliesTest, OutcomeIsToldOnce) {
  Add(absl::Seconds(1));
  EXPECT_EQ(replies_.Run(), clock_.Steady() + absl::Seconds(1));
  EXPECT_TRUE(told_.empty());
  work_.End(absl::UnavailableError("down"));
  EXPECT_EQ(told_, std::vector{StatusCode::kUnavailable}) << "on the thread that set the signal";
  EXPECT_EQ(replies_.Run(), absl::InfiniteDuration());
  EXPECT_EQ(work_.waiting(), 0u);
  replies_.Run();
  EXPECT_EQ(told_.size(), 1u);
}

TEST_F(PendingRepliesTest, WhatIsOverIsToldAtOnce) {
  work_.End(absl::OkStatus());
  Add(absl::Seconds(1));
  EXPECT_EQ(told_, std::vector{StatusCode::kOk});
}

TEST_F(PendingRepliesTest, DeadlineMinusOneZeroPlusOne) {
  Add(absl::Microseconds(99));
  Add(absl::Microseconds(100));
  Add(absl::Microseconds(101));
  clock_.Advance(absl::Microseconds(100));
  EXPECT_EQ(replies_.Run(), clock_.Steady() + absl::Microseconds(1));
  EXPECT_EQ(told_, (std::vector{StatusCode::kDeadlineExceeded, StatusCode::kDeadlineExceeded}));
  work_.End(absl::OkStatus());
  replies_.Run();
  EXPECT_EQ(told_.back(), StatusCode::kOk);
}

TEST_F(PendingRepliesTest, OnlyAnEarlierDeadlineWakes) {
  Add(absl::Seconds(2));
  replies_.wake().Clear();
  replies_.Run();
  Add(absl::Seconds(2));
  EXPECT_FALSE(Woken());
  Add(absl::Seconds(1));
  EXPECT_TRUE(Woken());
}

TEST_F(PendingRepliesTest, CloseEndsWhatWaitsAndWhatComes) {
  Add(absl::Seconds(1));
  replies_.Run();
  Add(absl::Seconds(1));
  replies_.Close();
  Add(absl::Seconds(1));
  EXPECT_EQ(told_, (std::vector{StatusCode::kCancelled, StatusCode::kCancelled, StatusCode::kCancelled}));
  EXPECT_EQ(work_.waiting(), 0u);
}

class PendingCallsTest : public ServerTest {
 protected:
  // Calls that still wait go with the server, before what they wait for.
  ~PendingCallsTest() override {
    StopSteps();
    server_.reset();
  }
  void Start() {
    echo_.after = [this](CallContext& context) { return work_.Start(context.signal()); };
    ServerTest::Start();
    RunSteps();
  }
  void AwaitStarted(int count) {
    while (work_.started < count) std::this_thread::yield();
  }
  Work work_;
};

TEST_F(PendingCallsTest, MoreCallsThanThreadsWaitAndOthersGoOn) {
  Start();
  constexpr int kCalls = 16;
  std::atomic<int> answered{0};
  std::vector<std::thread> calls;
  for (int i = 0; i < kCalls; ++i) {
    calls.emplace_back([&] {
      const auto reply = Say(SayOf("x"));
      if (reply.ok() && reply->text() == "x") ++answered;
    });
  }
  AwaitStarted(kCalls);
  // Four threads, sixteen calls that wait on them, and there is room for another.
  auto other = channel_->Open(kChat, {});
  ASSERT_TRUE(other->Write(SayOf("t", 1)));
  pb::SayResponse reply;
  EXPECT_TRUE(other->Read(reply));
  EXPECT_EQ(answered, 0);
  work_.End(absl::OkStatus());
  for (std::thread& call : calls) call.join();
  EXPECT_EQ(answered, kCalls);
  EXPECT_EQ(other->Finish(), absl::OkStatus());
}

// A call whose work is started on the network's thread, as `started` says.
class InlineStartTest : public PendingCallsTest {
 protected:
  InlineStartTest() {
    echo_.say = [this](CallContext&, const pb::SayRequest&) {
      ++handled_;
      return Said("handler");
    };
    echo_.service.InlineAfter<pb::SayRequest, pb::SayResponse>(
        "Say",
        [this](CallContext& context,
               const pb::SayRequest& request) -> std::optional<absl::StatusOr<After<pb::SayResponse>>> {
          if (request.text() == "blocks") return std::nullopt;
          if (request.text() == "bad") return InvalidField("text", "must not be bad");
          return After<pb::SayResponse>{work_.Start(context.signal()), Said("inline")};
        });
  }
  std::atomic<int> handled_{0};
};

TEST_F(InlineStartTest, IsAnsweredWithoutTheExecutor) {
  Start();
  executor_.Refuse(1'000);
  absl::StatusOr<pb::SayResponse> reply;
  std::thread call([&] { reply = Say(SayOf("x"), {.retry = false}); });
  AwaitStarted(1);
  work_.End(absl::OkStatus());
  call.join();
  ASSERT_EQ(reply.status(), absl::OkStatus());
  EXPECT_EQ(reply->text(), "inline");
  EXPECT_EQ(handled_, 0);
}

TEST_F(InlineStartTest, TheHandlerTakesWhatWouldBlockAndWhatIsLarge) {
  Start();
  work_.End(absl::OkStatus());
  EXPECT_EQ(Say(SayOf("blocks"))->text(), "handler");
  // With the field's tag and length a message of 16 KiB.
  EXPECT_EQ(Say(SayOf(std::string((16 << 10) - 3, 'x')))->text(), "inline");
  EXPECT_EQ(Say(SayOf(std::string((16 << 10) - 2, 'x')))->text(), "handler");
  EXPECT_EQ(handled_, 2);
}

TEST_F(InlineStartTest, ItsRefusalIsTheCallsOwn) {
  Start();
  EXPECT_EQ(Say(SayOf("bad")).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(handled_, 0);
}

TEST_F(InlineStartTest, CountsAgainstTheLimitUntilItIsAnswered) {
  options_.max_pending = 1;
  Start();
  std::thread call([&] { EXPECT_EQ(Say(SayOf("")).status(), absl::OkStatus()); });
  AwaitStarted(1);
  EXPECT_EQ(ReasonOf(Say(SayOf(""), {.retry = false}).status()), "OVERLOADED");
  work_.End(absl::OkStatus());
  call.join();
  EXPECT_EQ(Say(SayOf("")).status(), absl::OkStatus());
}

TEST_F(PendingCallsTest, FailureIsTheCallsOwn) {
  Start();
  work_.End(absl::NotFoundError("no such topic"));
  EXPECT_EQ(Say(SayOf("")).status().code(), StatusCode::kNotFound);
}

TEST_F(PendingCallsTest, SlowWorkIsNamedBeforeTheCallersDeadline) {
  Start();
  const absl::Status status = Say(SayOf(""), {.timeout = absl::Milliseconds(500)}).status();
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(status.message(), "the work was slow");
}

TEST_F(PendingCallsTest, WaitingCallsCountAgainstTheLimit) {
  options_.max_pending = 2;
  Start();
  std::vector<std::thread> calls;
  calls.emplace_back([&] { EXPECT_EQ(Say(SayOf("")).status(), absl::OkStatus()); });
  AwaitStarted(1);
  calls.emplace_back([&] { EXPECT_EQ(Say(SayOf("")).status(), absl::OkStatus()); });
  AwaitStarted(2);
  EXPECT_EQ(ReasonOf(Say(SayOf(""), {.retry = false}).status()), "OVERLOADED");
  work_.End(absl::OkStatus());
  for (std::thread& call : calls) call.join();
  EXPECT_EQ(Say(SayOf("")).status(), absl::OkStatus());
}

TEST_F(PendingCallsTest, DrainWaitsForThem) {
  Start();
  absl::StatusOr<pb::SayResponse> reply;
  std::thread call([&] { reply = Say(SayOf("kept"), {.retry = false}); });
  AwaitStarted(1);
  std::thread drain([&] { server_->Drain(absl::InfiniteDuration()); });
  work_.End(absl::OkStatus());
  call.join();
  drain.join();
  ASSERT_EQ(reply.status(), absl::OkStatus());
  EXPECT_EQ(reply->text(), "kept");
}

TEST_F(PendingCallsTest, DrainGivesUpAtItsDeadline) {
  Start();
  absl::Status status;
  std::thread call([&] { status = Say(SayOf(""), {.retry = false}).status(); });
  AwaitStarted(1);
  server_->Drain(clock_->Steady() + absl::Milliseconds(20));
  call.join();
  EXPECT_FALSE(status.ok());
}

TEST(LocalPendingTest, LocalCallWaitsAndGivesUpAtItsDeadline) {
  const auto clock = NewSystemClock();
  Work work;
  Echo echo;
  echo.after = [&](CallContext& context) { return work.Start(context.signal()); };
  auto channel = NewLocalChannel({&echo.service}, LocalAdmin(), *clock);
  ASSERT_EQ(channel.status(), absl::OkStatus());
  const auto say = [&](absl::Duration timeout) {
    return (*channel)->Call<pb::SayResponse>(kSay, SayOf("x"), {.timeout = timeout}).status();
  };
  EXPECT_EQ(say(absl::Milliseconds(50)).code(), StatusCode::kDeadlineExceeded);
  std::thread ends([&] {
    while (work.started < 2) std::this_thread::yield();
    work.End(absl::OkStatus());
  });
  EXPECT_EQ(say(absl::Seconds(30)), absl::OkStatus());
  ends.join();
  EXPECT_EQ(work.waiting(), 0u);
}

}  // namespace
}  // namespace finalmile::rpc

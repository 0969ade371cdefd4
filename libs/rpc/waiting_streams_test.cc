// Server streams that have nothing to send now: they hold no thread, and their number is bounded.
#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/rpc/dispatch.h"
#include "libs/rpc/local_channel.h"
#include "libs/rpc/open_streams.h"
#include "libs/rpc/testdata/server_fixture.h"

namespace finalmile::rpc {
namespace {

using absl::StatusCode;
using Replies = absl::StatusOr<std::optional<std::vector<pb::SayResponse>>>;

// Repeat gives nothing until Say opens it, then one reply, then it ends.
class Gate {
 public:
  explicit Gate(Echo& echo) {
    echo.repeat = [this](CallContext& context,
                         const pb::SayRequest&) -> absl::StatusOr<Chunks<pb::SayResponse>> {
      return [this, visit = std::make_shared<Visit>(*this, context.wake()),
              said = false](CallContext&) mutable -> Replies {
        ++asked;
        if (!open_) return std::vector<pb::SayResponse>();
        if (std::exchange(said, true)) return std::nullopt;
        return std::vector<pb::SayResponse>{Said("open")};
      };
    };
  }
  void Open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    for (WaitEvent* wake : wakes_) wake->Set();
  }
  void Wake() {
    std::lock_guard lock(mutex_);
    for (WaitEvent* wake : wakes_) wake->Set();
  }
  size_t streams() {
    std::lock_guard lock(mutex_);
    return wakes_.size();
  }
  std::atomic<int> asked{0};

 private:
  struct Visit {
    Visit(Gate& gate, WaitEvent& wake) : gate(gate), wake(wake) {
      std::lock_guard lock(gate.mutex_);
      gate.wakes_.push_back(&wake);
    }
    ~Visit() {
      std::lock_guard lock(gate.mutex_);
      gate.wakes_.erase(std::find(gate.wakes_.begin(), gate.wakes_.end(), &wake));
    }
    Gate& gate;
    WaitEvent& wake;
  };

  std::mutex mutex_;
  std::atomic<bool> open_{false};
  std::vector<WaitEvent*> wakes_;
};

class WaitingStreamsTest : public ServerTest {
 protected:
  ~WaitingStreamsTest() override {
    StopSteps();
    server_.reset();
    // A stream that has ended is destroyed on the executor, and then leaves the gate.
    executor_.Stop();
  }
  void Start() {
    ServerTest::Start();
    RunSteps();
  }
  std::unique_ptr<Stream> Open(absl::Duration timeout = absl::Minutes(1)) {
    auto stream = channel_->Open(kRepeat, {.timeout = timeout});
    EXPECT_TRUE(stream->Write(SayOf("x")));
    stream->WritesDone();
    return stream;
  }
  void AwaitAsked(int count) {
    while (gate_.asked < count) std::this_thread::yield();
  }
  Gate gate_{echo_};
};

TEST_F(WaitingStreamsTest, MoreStreamsThanThreadsWaitAndCallsGoOn) {
  Start();
  constexpr int kStreams = 16;
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < kStreams; ++i) streams.push_back(Open());
  AwaitAsked(kStreams);
  // Four threads, sixteen streams that wait, and a call is answered.
  EXPECT_EQ(Say(SayOf("hello")).status(), absl::OkStatus());
  gate_.Open();
  for (const auto& stream : streams) {
    pb::SayResponse reply;
    EXPECT_TRUE(stream->Read(reply));
    EXPECT_EQ(reply.text(), "open");
    EXPECT_FALSE(stream->Read(reply));
    EXPECT_EQ(stream->Finish(), absl::OkStatus());
  }
}

TEST_F(WaitingStreamsTest, AStreamIsAskedOnlyWhenItIsWoken) {
  Start();
  const auto stream = Open();
  for (int i = 1; i <= 3; ++i) {
    AwaitAsked(i);
    EXPECT_EQ(Say(SayOf("hello")).status(), absl::OkStatus());
    EXPECT_EQ(gate_.asked, i);
    gate_.Wake();
  }
}

TEST_F(WaitingStreamsTest, WhatALeavingClientsStreamHoldsIsGivenBack) {
  Start();
  auto stream = Open();
  AwaitAsked(1);
  EXPECT_EQ(gate_.streams(), 1u);
  stream.reset();
  while (gate_.streams() > 0) std::this_thread::yield();
  EXPECT_EQ(gate_.asked, 1);
}

TEST_F(WaitingStreamsTest, AWaitEndsAtTheDeadline) {
  Start();
  EXPECT_EQ(Open(absl::Milliseconds(300))->Finish().code(), StatusCode::kDeadlineExceeded);
}

TEST_F(WaitingStreamsTest, DrainEndsThemAtOnce) {
  Start();
  const auto stream = Open();
  AwaitAsked(1);
  server_->Drain(absl::InfiniteDuration());
  const absl::Status status = stream->Finish();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "the server is stopping: open the stream again");
}

TEST_F(WaitingStreamsTest, ThoseOfOneCallerAreLimited) {
  options_.max_streams_per_caller = 2;
  Start();
  auto first = Open();
  auto second = Open();
  AwaitAsked(2);
  const absl::Status refused = channel_->Open(kRepeat, {})->Finish();
  EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(refused), "TOO_MANY_STREAMS");
  EXPECT_EQ(refused.message(), "local has 2 streams open, which is the limit: close one of them first");
  gate_.Open();
  EXPECT_EQ(first->Finish(), absl::OkStatus());
  EXPECT_EQ(second->Finish(), absl::OkStatus());
  // Freed when gRPC is through with them, a moment after their end. Until then a stream may be refused before
  // its message is written.
  const auto again = [&] {
    const auto stream = channel_->Open(kRepeat, {.timeout = absl::Minutes(1)});
    stream->Write(SayOf("x"));
    stream->WritesDone();
    return stream->Finish();
  };
  while (!again().ok()) std::this_thread::yield();
}

TEST(OpenStreamsTest, LimitsOfOneCallerAndOfAll) {
  OpenStreams streams(3, 2);
  EXPECT_EQ(streams.Open("a"), absl::OkStatus());
  EXPECT_EQ(streams.Open("a"), absl::OkStatus());
  EXPECT_EQ(streams.Open("a").message(), "a has 2 streams open, which is the limit: close one of them first");
  EXPECT_EQ(streams.Open("b"), absl::OkStatus());
  EXPECT_EQ(
      streams.Open("b").message(),
      "the server has 3 streams open, which is the limit: try again when another caller has closed one");
  streams.Close("a");
  EXPECT_EQ(streams.Open("b"), absl::OkStatus());
  EXPECT_FALSE(streams.Open("b").ok());
}

TEST(LocalStreamTest, ReadBlocksUntilTheStreamIsWoken) {
  const auto clock = NewSystemClock();
  Echo echo;
  Gate gate(echo);
  const auto channel = NewLocalChannel({&echo.service}, LocalAdmin(), *clock);
  ASSERT_EQ(channel.status(), absl::OkStatus());
  const auto open = [&](absl::Duration timeout) {
    auto stream = (*channel)->Open(kRepeat, {.timeout = timeout});
    EXPECT_TRUE(stream->Write(SayOf("x")));
    stream->WritesDone();
    return stream;
  };
  EXPECT_EQ(open(absl::Milliseconds(50))->Finish().code(), StatusCode::kDeadlineExceeded);
  const auto stream = open(absl::Seconds(30));
  std::thread opens([&] {
    while (gate.asked < 2) std::this_thread::yield();
    gate.Open();
  });
  pb::SayResponse reply;
  EXPECT_TRUE(stream->Read(reply));
  opens.join();
  EXPECT_EQ(stream->Finish(), absl::OkStatus());
}

}  // namespace
}  // namespace finalmile::rpc

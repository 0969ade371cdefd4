// Limits, overload, leaving clients, draining.
#include "libs/rpc/server.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <optional>
#include <thread>

#include "gmock/gmock.h"
#include "google/protobuf/empty.pb.h"
#include "gtest/gtest.h"
#include "libs/rpc/listen_address.h"
#include "libs/rpc/testdata/server_fixture.h"

namespace finalmile::rpc {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

TEST_F(ServerTest, DeadlineIsAtMostTheServersOwn) {
  options_.max_timeout = absl::Seconds(1);
  std::optional<absl::Duration> remaining;
  echo_.say = [&](CallContext& context, const pb::SayRequest&) {
    remaining = context.Remaining();
    return Said("");
  };
  Start();
  ASSERT_EQ(Say(SayOf(""), {.timeout = absl::Seconds(60)}).status(), absl::OkStatus());
  EXPECT_LE(*remaining, absl::Milliseconds(900));
}

TEST_F(ServerTest, SlowReaderHoldsTheStreamBackAndPinsNoThread) {
  std::atomic<int> pulls{0};
  // Opens the latch when the last of the streams is gone.
  std::shared_ptr<void> at_end(nullptr, [&](void*) { ended_.Open(); });
  const std::weak_ptr<void> streams_end = at_end;
  echo_.repeat = [&](CallContext&, const pb::SayRequest&) -> absl::StatusOr<Chunks<pb::SayResponse>> {
    return [&pulls, at_end = streams_end.lock()](
               CallContext&) -> absl::StatusOr<std::optional<std::vector<pb::SayResponse>>> {
      ++pulls;
      return std::vector<pb::SayResponse>{Said(std::string(64 << 10, 'x'))};
    };
  };
  Start();
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 8; ++i) {
    auto& stream = streams.emplace_back(channel_->Open(kRepeat, {}));
    ASSERT_TRUE(stream->Write(SayOf("x")));
    stream->WritesDone();
    pb::SayResponse reply;
    ASSERT_TRUE(stream->Read(reply));
  }
  // Twice as many endless streams as threads, and there is still room for a call.
  EXPECT_EQ(Say(SayOf("hello")).status(), absl::OkStatus());
  streams.clear();
  at_end.reset();
  ended_.Wait();
  EXPECT_LT(pulls, 8 * 1000);
}

TEST_F(ServerTest, LeavingClientEndsTheSession) {
  echo_.on_chat_end = [&] { ended_.Open(); };
  Start();
  auto stream = channel_->Open(kChat, {});
  ASSERT_TRUE(stream->Write(SayOf("t", 1)));
  pb::SayResponse reply;
  ASSERT_TRUE(stream->Read(reply));
  stream.reset();
  ended_.Wait();
}

TEST_F(ServerTest, HandlerSeesThatItsCallerHasGone) {
  echo_.on_chat = [&](CallContext& context) {
    entered_.Open();
    while (!context.cancelled()) std::this_thread::yield();
    EXPECT_EQ(context.Check().code(), StatusCode::kCancelled);
    ended_.Open();
  };
  Start();
  auto stream = channel_->Open(kChat, {});
  ASSERT_TRUE(stream->Write(SayOf("t", 1)));
  entered_.Wait();
  stream.reset();
  ended_.Wait();
}

TEST_F(ServerTest, MessageSizeLimit) {
  options_.max_message_bytes = 1000;
  std::atomic<int> handled{0};
  echo_.say = [&](CallContext&, const pb::SayRequest&) {
    ++handled;
    return Said("");
  };
  Start();
  const auto of_size = [](size_t size) {
    pb::SayRequest request;
    request.set_data(std::string(size - 3, 'x'));
    EXPECT_EQ(request.ByteSizeLong(), size);
    return request;
  };
  EXPECT_EQ(Say(of_size(999)).status(), absl::OkStatus());
  EXPECT_EQ(Say(of_size(1000)).status(), absl::OkStatus());
  const absl::Status above = Say(of_size(1001)).status();
  EXPECT_EQ(above.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(above), "MESSAGE_TOO_LARGE");
  EXPECT_THAT(std::string(above.message()), HasSubstr("1001 bytes, the limit is 1000"));
  EXPECT_EQ(Say(of_size(2001)).status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(handled, 2);

  auto stream = channel_->Open(kChat, {});
  EXPECT_TRUE(stream->Write(of_size(1001)));
  EXPECT_EQ(ReasonOf(stream->Finish()), "MESSAGE_TOO_LARGE");
}

TEST_F(ServerTest, BusyPortIsNamed) {
  Start();
  const std::unique_ptr<Server> first = std::move(server_);
  options_.listen = first->address();
  const absl::Status status = TryStart();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), fmt::format("cannot listen on {}: Address already in use", first->address()));
  // And it is free again afterwards.
  first->Drain(clock_->Steady());
  channel_.reset();
  EXPECT_EQ(TryStart(), absl::OkStatus());
}

TEST_F(ServerTest, OnlyLoopbackWithoutCredentials) {
  for (const char* listen : {"localhost:0", "127.9.9.9:7000", "[::1]:65535"}) {
    const auto address = ParseListenAddress(listen);
    ASSERT_EQ(address.status(), absl::OkStatus()) << listen;
    EXPECT_TRUE(address->loopback) << listen;
  }
  for (const char* listen : {"0.0.0.0:0", "[::]:0"}) {
    options_.listen = listen;
    const absl::Status status = TryStart();
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << listen;
    EXPECT_THAT(std::string(status.message()), HasSubstr(listen));
  }
  for (const char* listen : {"", "7000", "host:", "127.0.0.1:65536", "127.0.0.1:-1", ":7000", "::1:7000"}) {
    options_.listen = listen;
    EXPECT_EQ(TryStart().code(), StatusCode::kInvalidArgument) << listen;
  }
}

TEST_F(ServerTest, FullQueueRefusesFastAndTheClientRepeats) {
  Start();
  executor_.Refuse(1);
  const absl::Status refused = Say(SayOf(""), {.retry = false}).status();
  EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(refused), "OVERLOADED");
  EXPECT_EQ(RetryDelayOf(refused), options_.target_wait);
  executor_.Refuse(1);
  EXPECT_EQ(Say(SayOf("")).status(), absl::OkStatus());
  std::lock_guard lock(observer_.mutex);
  EXPECT_EQ(observer_.counts["unary Say"].codes[StatusCode::kResourceExhausted], 2);
}

TEST_F(ServerTest, ClientGivesUpAtItsDeadline) {
  Start();
  executor_.Refuse(1'000'000);
  const absl::Duration start = clock_->Steady();
  const absl::Status status = Say(SayOf(""), {.timeout = absl::Milliseconds(300)}).status();
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_LT(clock_->Steady() - start, absl::Seconds(5));
  executor_.Refuse(0);
}

TEST_F(ServerTest, PendingCallsAreLimited) {
  options_.max_pending = 1;
  echo_.say = [&](CallContext&, const pb::SayRequest&) {
    entered_.Open();
    leave_.Wait();
    return Said("");
  };
  Start();
  std::thread first([&] { EXPECT_EQ(Say(SayOf("")).status(), absl::OkStatus()); });
  entered_.Wait();
  EXPECT_EQ(ReasonOf(Say(SayOf(""), {.retry = false}).status()), "OVERLOADED");
  leave_.Open();
  first.join();
  EXPECT_EQ(Say(SayOf("")).status(), absl::OkStatus());
}

TEST_F(ServerTest, StreamsAreLimited) {
  options_.max_streams = 1;
  Start();
  auto first = channel_->Open(kChat, {});
  ASSERT_TRUE(first->Write(SayOf("t", 1)));
  pb::SayResponse reply;
  ASSERT_TRUE(first->Read(reply));
  const absl::Status refused = channel_->Open(kChat, {})->Finish();
  EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(refused), "TOO_MANY_STREAMS");
  EXPECT_EQ(
      refused.message(),
      "the server has 1 streams open, which is the limit: try again when another caller has closed one");
  EXPECT_EQ(first->Finish(), absl::OkStatus());
}

TEST_F(ServerTest, DrainLetsRunningCallsFinish) {
  echo_.say = [&](CallContext&, const pb::SayRequest&) {
    entered_.Open();
    leave_.Wait();
    return Said("done");
  };
  Start();
  absl::StatusOr<pb::SayResponse> reply;
  std::thread call([&] { reply = Say(SayOf(""), {.retry = false}); });
  entered_.Wait();
  // A client that watches health for ever does not hold the server up.
  auto watch = channel_->Open("/grpc.health.v1.Health/Watch", {.timeout = absl::Minutes(10)});
  google::protobuf::Empty any;
  EXPECT_TRUE(watch->Write(any));
  watch->WritesDone();
  EXPECT_TRUE(watch->Read(any));
  std::thread drain([&] { server_->Drain(absl::InfiniteDuration()); });
  // New calls are refused while the old one runs.
  const auto other = NewChannel();
  while (IsServing(*other, "", absl::Seconds(5)).value_or(false)) {
  }
  leave_.Open();
  call.join();
  drain.join();
  ASSERT_EQ(reply.status(), absl::OkStatus());
  EXPECT_EQ(reply->text(), "done");
  EXPECT_EQ(Say(SayOf(""), {.retry = false}).status().code(), StatusCode::kUnavailable);
  EXPECT_FALSE(watch->Finish().ok());
}

TEST_F(ServerTest, DrainDoesNotWaitForAHandlerThatNeverReturns) {
  echo_.say = [&](CallContext& context, const pb::SayRequest&) {
    entered_.Open();
    leave_.Wait();
    EXPECT_TRUE(context.cancelled());
    return Said("too late");
  };
  Start();
  absl::StatusOr<pb::SayResponse> reply;
  std::thread call([&] { reply = Say(SayOf(""), {.retry = false}); });
  entered_.Wait();
  server_->Drain(clock_->Steady() + absl::Milliseconds(20));
  call.join();
  EXPECT_FALSE(reply.ok());
  server_.reset();
  leave_.Open();
}

TEST_F(ServerTest, DrainEndsStreamsAtTheDeadline) {
  echo_.on_chat_end = [&] { ended_.Open(); };
  Start();
  auto stream = channel_->Open(kChat, {.timeout = absl::Minutes(10)});
  ASSERT_TRUE(stream->Write(SayOf("t", 1)));
  pb::SayResponse reply;
  ASSERT_TRUE(stream->Read(reply));
  server_->Drain(clock_->Steady() + absl::Milliseconds(20));
  EXPECT_FALSE(stream->Read(reply));
  EXPECT_FALSE(stream->Finish().ok());
  ended_.Wait();
}

// Accepts connections and never says a word.
class SilentListener {
 public:
  SilentListener() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* bare = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(socket_, bare, size), 0);
    EXPECT_EQ(listen(socket_, 8), 0);
    EXPECT_EQ(getsockname(socket_, bare, &size), 0);
    address_ = fmt::format("127.0.0.1:{}", ntohs(address.sin_port));
  }
  ~SilentListener() { close(socket_); }
  const std::string& address() const { return address_; }

 private:
  const int socket_;
  std::string address_;
};

// Without Connect the call would go on trying until its own timeout.
TEST(ConnectTest, WhereNobodyListensIsToldAtOnceWithTheReason) {
  const auto clock = NewSystemClock();
  const auto rng = NewSeededRng(1);
  const auto why = [&](const std::string& target) {
    const absl::Status status = NewGrpcChannel({.target = target}, *clock, *rng)->Connect(absl::Hours(1));
    EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
    return std::string(status.message());
  };
  EXPECT_EQ(why("127.0.0.1:1"), "nobody answers at 127.0.0.1:1: Connection refused");
  EXPECT_THAT(why("unix:/nowhere/socket"), HasSubstr("No such file"));
  EXPECT_THAT(why("no.such.host.invalid:7000"), HasSubstr("no.such.host.invalid:7000: "));
  const SilentListener silent;
  EXPECT_THAT(why(silent.address()), HasSubstr(silent.address()));
}

TEST_F(ServerTest, WhoeverAnswersIsConnected) {
  Start();
  EXPECT_EQ(channel_->Connect(absl::Seconds(30)), absl::OkStatus());
  server_->SetServing(false);
  EXPECT_EQ(channel_->Connect(absl::Seconds(30)), absl::OkStatus()) << "although it says NOT_SERVING";
}

TEST_F(ServerTest, CallsLeaveAServerThatSaysNotServingBeforeItStops) {
  std::atomic<int> here{0};
  echo_.say = [&](CallContext&, const pb::SayRequest&) {
    ++here;
    return Said("here");
  };
  Start();
  RunSteps();
  Echo other_echo;
  const auto other =
      Server::Start(options_, {&other_echo.service}, {.executor = executor_, .clock = *clock_, .log = log_});
  ASSERT_EQ(other.status(), absl::OkStatus());
  (*other)->SetServing(true);
  const auto channel = NewGrpcChannel(
      {.target = fmt::format("ipv4:{},{}", server_->address(), (*other)->address())}, *clock_, *rng_);
  const auto say = [&] { return channel->Call<pb::SayResponse>(kSay, SayOf(""), {.retry = false}).status(); };
  while (here == 0) ASSERT_EQ(say(), absl::OkStatus());
  server_->SetServing(false);
  // The lame duck: calls are answered until the client has heard of it.
  for (int elsewhere = 0; elsewhere < 10; ++elsewhere) {
    const int before = here;
    ASSERT_EQ(say(), absl::OkStatus());
    if (here != before) elsewhere = 0;
  }
  server_->Drain(clock_->Steady());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(say(), absl::OkStatus());
  StopSteps();
}

TEST_F(ServerTest, WhereNobodyServesACallWaitsForItsRetries) {
  Start();
  RunSteps();
  server_->SetServing(false);
  EXPECT_EQ(Say(SayOf(""), {.retry = false}).status().code(), StatusCode::kUnavailable);
  std::thread call([&] { EXPECT_EQ(Say(SayOf("")).status(), absl::OkStatus()); });
  server_->SetServing(true);
  call.join();
}

// The executor belongs to the test, so that a call stays queued until its caller has given up.
TEST(ServerQueueTest, CallWhoseDeadlinePassedInTheQueueIsNotRun) {
  const auto clock = NewSystemClock();
  const auto rng = NewSeededRng(1);
  testing::NullLog log;
  TestExecutor executor(0);
  Echo echo;
  std::atomic<int> handled{0};
  echo.say = [&](CallContext&, const pb::SayRequest&) {
    ++handled;
    return Said("");
  };
  auto server = Server::Start({.listen = "127.0.0.1:0"}, {&echo.service},
                              {.executor = executor, .clock = *clock, .log = log});
  ASSERT_EQ(server.status(), absl::OkStatus());
  (*server)->SetServing(true);
  const auto channel = NewGrpcChannel({.target = (*server)->address()}, *clock, *rng);
  EXPECT_EQ(
      channel->Call<pb::SayResponse>(kSay, SayOf(""), {.timeout = absl::Milliseconds(50)}).status().code(),
      StatusCode::kDeadlineExceeded);
  executor.Next()();
  EXPECT_EQ(handled, 0);
}

}  // namespace
}  // namespace finalmile::rpc

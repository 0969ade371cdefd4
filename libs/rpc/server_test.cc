#include "libs/rpc/server.h"

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "google/protobuf/empty.pb.h"
#include "gtest/gtest.h"
#include "libs/rpc/client.h"
#include "libs/rpc/testdata/echo_fixture.h"
#include "libs/testing/logs.h"

namespace finalmile::rpc {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

struct Count {
  int started = 0;
  int64_t received = 0;
  int64_t sent = 0;
  std::map<absl::StatusCode, int> codes;
};

// Counts calls by "type Method".
class CountingObserver final : public CallObserver {
 public:
  struct One final : MethodObserver {
    One(CountingObserver& all, std::string name) : all(all), name(std::move(name)) {}
    void Started() override {
      std::lock_guard lock(all.mutex);
      ++all.counts[name].started;
    }
    void Finished(absl::StatusCode code, absl::Duration took, int64_t received, int64_t sent) override {
      EXPECT_GE(took, absl::ZeroDuration());
      std::lock_guard lock(all.mutex);
      Count& count = all.counts[name];
      ++count.codes[code];
      count.received += received;
      count.sent += sent;
    }
    CountingObserver& all;
    const std::string name;
  };
  std::unique_ptr<MethodObserver> ForMethod(const MethodLabels& labels) override {
    EXPECT_EQ(labels.service, "finalmile.rpctest.v1.EchoService");
    return std::make_unique<One>(*this, fmt::format("{} {}", labels.type, labels.method));
  }
  std::mutex mutex;
  std::map<std::string, Count> counts;
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() { options_.listen = "127.0.0.1:0"; }

  absl::Status TryStart() {
    auto server = Server::Start(options_, {&echo_.service},
                                {.executor = executor_,
                                 .clock = *clock_,
                                 .log = log_,
                                 .observer = &observer_,
                                 .credentials = credentials_});
    if (server.ok()) server_ = *std::move(server);
    return server.status();
  }
  void Start() {
    ASSERT_EQ(TryStart(), absl::OkStatus());
    channel_ = NewChannel();
  }
  std::unique_ptr<Channel> NewChannel() {
    return NewGrpcChannel({.target = server_->address()}, *clock_, *rng_);
  }

  absl::StatusOr<pb::SayResponse> Say(const pb::SayRequest& request, const CallOptions& options = {}) {
    return channel_->Call<pb::SayResponse>(kSay, request, options);
  }

  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  const std::unique_ptr<Rng> rng_ = NewSeededRng(1);
  testing::CapturingLog log_;
  CountingObserver observer_;
  // Outlive the executor's threads, whose last act may be to open one.
  Latch entered_, leave_, ended_;
  Echo echo_;
  TestExecutor executor_{4};
  ServerOptions options_;
  const Credentials* credentials_ = nullptr;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Channel> channel_;
};

TEST_F(ServerTest, UnaryCallReachesTheHandlerWithItsContext) {
  std::optional<absl::Duration> remaining;
  echo_.say = [&](CallContext& context, const pb::SayRequest& request) {
    EXPECT_EQ(context.method(), kSay);
    EXPECT_EQ(context.principal().name(), "local");
    EXPECT_TRUE(context.HasRole(v1::ROLE_ADMIN));
    EXPECT_EQ(context.metadata("authorization"), "");
    EXPECT_FALSE(context.cancelled());
    remaining = context.Remaining();
    return Said(request.text() + std::string(context.traceparent()));
  };
  Start();
  const auto reply =
      Say(SayOf("hello "),
          {.timeout = absl::Seconds(5), .token = "ignored", .metadata = {{"traceparent", "00-1"}}});
  ASSERT_EQ(reply.status(), absl::OkStatus());
  EXPECT_EQ(reply->text(), "hello 00-1");
  // Five seconds less the margin of 200 ms and the way here; gRPC rounds the timeout up on the wire.
  EXPECT_LT(*remaining, absl::Milliseconds(4900));
  EXPECT_GT(*remaining, absl::Seconds(2));
}

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

TEST_F(ServerTest, ServerStreamGivesEveryReplyInOrder) {
  Start();
  for (const int count : {0, 1, 10, 11, 1000}) {
    auto stream = channel_->Open(kRepeat, {});
    EXPECT_TRUE(stream->Write(SayOf("x", count)));
    stream->WritesDone();
    pb::SayResponse reply;
    int read = 0;
    while (stream->Read(reply)) EXPECT_EQ(reply.count(), ++read);
    EXPECT_EQ(read, count);
    EXPECT_EQ(stream->Finish(), absl::OkStatus());
  }
}

TEST_F(ServerTest, ServerStreamTakesExactlyOneRequest) {
  Start();
  auto none = channel_->Open(kRepeat, {});
  EXPECT_EQ(none->Finish().code(), StatusCode::kInvalidArgument);
  auto two = channel_->Open(kRepeat, {});
  EXPECT_TRUE(two->Write(SayOf("x", 1)));
  two->Write(SayOf("y", 1));
  EXPECT_EQ(two->Finish().code(), StatusCode::kInvalidArgument);
}

TEST_F(ServerTest, SlowReaderHoldsTheStreamBackAndPinsNoThread) {
  std::atomic<int> pulls{0};
  // Opens the latch when the last of the streams is gone.
  std::shared_ptr<void> at_end(nullptr, [&](void*) { ended_.Open(); });
  const std::weak_ptr<void> streams_end = at_end;
  echo_.repeat = [&](CallContext&, const pb::SayRequest&) -> absl::StatusOr<Chunks<pb::SayResponse>> {
    return
        [&pulls, at_end = streams_end.lock()](CallContext&) -> absl::StatusOr<std::vector<pb::SayResponse>> {
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

TEST_F(ServerTest, ClientStreamAnswersAtTheEnd) {
  Start();
  auto stream = channel_->Open(kJoin, {});
  for (const char* text : {"a", "b", "c"}) EXPECT_TRUE(stream->Write(SayOf(text)));
  stream->WritesDone();
  pb::SayResponse reply;
  ASSERT_TRUE(stream->Read(reply));
  EXPECT_EQ(reply.text(), "abc");
  EXPECT_FALSE(stream->Read(reply));
  EXPECT_EQ(stream->Finish(), absl::OkStatus());

  auto bad = channel_->Open(kJoin, {});
  EXPECT_TRUE(bad->Write(SayOf("bad")));
  const absl::Status status = bad->Finish();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  ASSERT_EQ(ViolationsOf(status).size(), 1u);
}

TEST_F(ServerTest, BidiStreamAnswersEachMessage) {
  Start();
  auto stream = channel_->Open(kChat, {});
  pb::SayResponse reply;
  for (int i = 1; i <= 3; ++i) {
    EXPECT_TRUE(stream->Write(SayOf("t", 2)));
    for (int twice = 0; twice < 2; ++twice) {
      ASSERT_TRUE(stream->Read(reply));
      EXPECT_EQ(reply.count(), i);
    }
  }
  stream->WritesDone();
  ASSERT_TRUE(stream->Read(reply));
  EXPECT_EQ(reply.text(), "end");
  EXPECT_EQ(reply.count(), 3);
  EXPECT_FALSE(stream->Read(reply));
  EXPECT_EQ(stream->Finish(), absl::OkStatus());
}

TEST_F(ServerTest, BidiStreamTakesManyMessagesAheadOfItsReplies) {
  Start();
  auto stream = channel_->Open(kChat, {.timeout = absl::Seconds(30)});
  std::thread writer([&] {
    for (int i = 0; i < 2000; ++i) EXPECT_TRUE(stream->Write(SayOf(std::string(1000, 'x'), 1)));
    stream->WritesDone();
  });
  pb::SayResponse reply;
  int read = 0;
  while (stream->Read(reply)) ++read;
  writer.join();
  EXPECT_EQ(read, 2001);
  EXPECT_EQ(stream->Finish(), absl::OkStatus());
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

TEST_F(ServerTest, ErrorsArriveWithTheirDetails) {
  echo_.say = [](CallContext&, const pb::SayRequest& request) -> absl::StatusOr<pb::SayResponse> {
    if (request.text() == "missing") return NotFound("things/7", "thing");
    FieldViolations violations;
    violations.Add("thing.name", "is missing");
    violations.Add("count", "must be 1 to 9");
    return violations.ToStatus();
  };
  Start();
  const absl::Status missing = Say(SayOf("missing")).status();
  EXPECT_EQ(missing.code(), StatusCode::kNotFound);
  EXPECT_EQ(missing.message(), "there is no thing things/7");
  EXPECT_EQ(ReasonOf(missing), "THING_NOT_FOUND");
  EXPECT_EQ(ErrorInfoOf(missing)->domain(), "rpctest.finalmile");
  EXPECT_EQ(ErrorInfoOf(missing)->metadata().at("resource"), "things/7");

  const absl::Status wrong = Say(SayOf("")).status();
  EXPECT_EQ(wrong.code(), StatusCode::kInvalidArgument);
  ASSERT_EQ(ViolationsOf(wrong).size(), 2u);
  EXPECT_EQ(ViolationsOf(wrong)[1].field(), "count");
}

TEST_F(ServerTest, ErrorWithManyDetailsStillFitsTheTrailer) {
  echo_.say = [](CallContext&, const pb::SayRequest&) -> absl::StatusOr<pb::SayResponse> {
    FieldViolations violations;
    for (int i = 0; i < 1000; ++i) violations.Add("thing.name", std::string(200, 'x'));
    return violations.ToStatus();
  };
  Start();
  const absl::Status status = Say(SayOf("")).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_FALSE(ViolationsOf(status).empty());
}

TEST_F(ServerTest, FaultsOfTheServerAreLoggedNotTold) {
  echo_.say = [](CallContext&, const pb::SayRequest& request) -> absl::StatusOr<pb::SayResponse> {
    if (request.text() == "throw") throw std::runtime_error("secret of the library");
    return absl::InternalError("secret of the store");
  };
  Start();
  for (const char* text : {"", "throw"}) {
    const absl::Status status = Say(SayOf(text)).status();
    EXPECT_EQ(status.code(), StatusCode::kInternal);
    EXPECT_THAT(std::string(status.ToString()), Not(HasSubstr("secret")));
  }
  EXPECT_EQ(log_.Count(Severity::kError, "secret of the store"), 1);
  EXPECT_EQ(log_.Count(Severity::kError, "secret of the library"), 1);
}

TEST_F(ServerTest, TextIsCheckedAtTheEdge) {
  std::atomic<int> handled{0};
  echo_.say = [&](CallContext&, const pb::SayRequest&) {
    ++handled;
    return Said("");
  };
  Start();
  pb::SayRequest request;
  (*request.mutable_thing()->mutable_labels())["k"] = std::string("a\0b", 3);
  const absl::Status nul = Say(request).status();
  EXPECT_EQ(nul.code(), StatusCode::kInvalidArgument);
  ASSERT_EQ(ViolationsOf(nul).size(), 1u);
  EXPECT_EQ(ViolationsOf(nul)[0].field(), "thing.labels[k]");

  const absl::Status utf8 = Say(SayOf("\xff")).status();
  EXPECT_EQ(utf8.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(utf8), "MALFORMED_REQUEST");

  auto stream = channel_->Open(kChat, {});
  EXPECT_TRUE(stream->Write(SayOf(std::string("\0", 1))));
  EXPECT_EQ(stream->Finish().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(handled, 0);

  // Zero bytes elsewhere are none of its business.
  pb::SayRequest data;
  data.set_data(std::string(3, '\0'));
  data.mutable_thing()->set_weight(0.5);
  EXPECT_EQ(Say(data).status(), absl::OkStatus());
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

TEST_F(ServerTest, UnknownMethodIsUnimplemented) {
  Start();
  EXPECT_EQ(
      channel_->Call<pb::SayResponse>("/finalmile.rpctest.v1.EchoService/Shout", SayOf("")).status().code(),
      StatusCode::kUnimplemented);
}

TEST_F(ServerTest, ServiceWithMistakesIsNotServed) {
  Service open(Descriptor("OpenService"));
  const auto server =
      Server::Start(options_, {&open}, {.executor = executor_, .clock = *clock_, .log = log_});
  EXPECT_EQ(server.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("Say has no handler"));
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

TEST_F(ServerTest, TokensDecideWhoCalls) {
  const std::string path = ::testing::TempDir() + fmt::format("/server-credentials-{}", getpid());
  // sha256 of "secret" and of "other".
  std::ofstream(path)
      << "sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b sam setter\n"
         "sha256:d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa cleo coach\n";
  const auto credentials = Credentials::Load(path);
  ASSERT_EQ(credentials.status(), absl::OkStatus());
  credentials_ = credentials->get();
  // With credentials every address may be listened on.
  options_.listen = "0.0.0.0:0";
  echo_.say = [](CallContext& context, const pb::SayRequest&) { return Said(context.principal().name()); };
  Start();
  const auto say_as = [&](const std::string& token) { return Say(SayOf(""), {.token = token}); };
  EXPECT_EQ(say_as("secret")->text(), "sam");
  EXPECT_EQ(ReasonOf(say_as("").status()), "TOKEN_MISSING");
  const absl::Status unknown = say_as("guess").status();
  EXPECT_EQ(unknown.code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(ErrorInfoOf(unknown)->domain(), "rpctest.finalmile");
  EXPECT_EQ(ReasonOf(say_as("other").status()), "ROLE_MISSING");
  EXPECT_EQ(channel_->Open(kChat, {.token = "other"})->Finish().code(), StatusCode::kPermissionDenied);
  // The channel's own token is used where the call has none.
  const auto channel = NewGrpcChannel({.target = server_->address(), .token = "secret"}, *clock_, *rng_);
  EXPECT_EQ(channel->Call<pb::SayResponse>(kSay, SayOf(""))->text(), "sam");
  server_.reset();
  std::filesystem::remove(path);
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
  EXPECT_EQ(ReasonOf(channel_->Open(kChat, {})->Finish()), "OVERLOADED");
  EXPECT_EQ(first->Finish(), absl::OkStatus());
}

TEST_F(ServerTest, InlineAnswerNeedsNoThread) {
  const auto bytes = std::make_shared<const std::string>(Said("ready").SerializeAsString());
  echo_.service.Inline<pb::SayRequest>(
      "Say", [&](CallContext&, const pb::SayRequest& request) -> std::optional<absl::StatusOr<SharedBytes>> {
        if (request.text() == "hot") return bytes;
        if (request.text() == "gone") return NotFound("things/1", "thing");
        return std::nullopt;
      });
  Start();
  executor_.Refuse(1);
  EXPECT_EQ(Say(SayOf("hot"))->text(), "ready");
  EXPECT_EQ(ReasonOf(Say(SayOf("gone")).status()), "THING_NOT_FOUND");
  EXPECT_EQ(ViolationsOf(Say(SayOf(std::string("\0", 1))).status()).size(), 1u);
  EXPECT_EQ(ReasonOf(Say(SayOf("cold"), {.retry = false}).status()), "OVERLOADED");
  EXPECT_EQ(Say(SayOf("cold"))->text(), "cold");
}

TEST_F(ServerTest, HealthFollowsSetServing) {
  Start();
  const auto serving = [&](std::string_view service) {
    return IsServing(*channel_, service, absl::Seconds(5));
  };
  EXPECT_EQ(*serving(""), false);
  server_->SetServing(true);
  EXPECT_EQ(*serving(""), true);
  EXPECT_EQ(*serving("finalmile.rpctest.v1.EchoService"), true);
  EXPECT_EQ(serving("no.such.Service").status().code(), StatusCode::kNotFound);
}

// Empty stands in for reflection's messages: what it does not know it carries along.
TEST_F(ServerTest, ReflectionShowsServices) {
  Start();
  const auto ask = [&](int field, const std::string& text) {
    google::protobuf::Empty request, reply;
    request.GetReflection()->MutableUnknownFields(&request)->AddLengthDelimited(field, text);
    auto stream = channel_->Open("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", {});
    EXPECT_TRUE(stream->Write(request));
    EXPECT_TRUE(stream->Read(reply));
    EXPECT_EQ(stream->Finish(), absl::OkStatus());
    return reply.SerializeAsString();
  };
  const std::string services = ask(7, "*");
  EXPECT_THAT(services, HasSubstr("finalmile.rpctest.v1.EchoService"));
  EXPECT_THAT(services, HasSubstr("grpc.health.v1.Health"));
  EXPECT_THAT(ask(4, "finalmile.rpctest.v1.EchoService"), HasSubstr("SayRequest"));
  EXPECT_THAT(ask(4, "grpc.health.v1.Health"), HasSubstr("HealthCheckRequest"));
}

TEST_F(ServerTest, ObserverSeesEveryCall) {
  Start();
  EXPECT_EQ(Say(SayOf("x")).status(), absl::OkStatus());
  auto stream = channel_->Open(kChat, {});
  EXPECT_TRUE(stream->Write(SayOf("t", 2)));
  EXPECT_EQ(stream->Finish(), absl::OkStatus());
  server_->Drain(absl::InfiniteDuration());
  std::lock_guard lock(observer_.mutex);
  EXPECT_EQ(observer_.counts.size(), 2u);
  const Count& say = observer_.counts["unary Say"];
  EXPECT_EQ(say.started, 1);
  EXPECT_EQ(say.codes.at(StatusCode::kOk), 1);
  EXPECT_EQ(say.received, 1);
  EXPECT_EQ(say.sent, 1);
  const Count& chat = observer_.counts["bidi_stream Chat"];
  EXPECT_EQ(chat.started, 1);
  EXPECT_EQ(chat.received, 1);
  EXPECT_EQ(chat.sent, 3);
}

TEST_F(ServerTest, DrainLetsRunningCallsFinish) {
  echo_.say = [&](CallContext&, const pb::SayRequest&) {
    entered_.Open();
    leave_.Wait();
    return Said("done");
  };
  Start();
  server_->SetServing(true);
  absl::StatusOr<pb::SayResponse> reply;
  std::thread call([&] { reply = Say(SayOf(""), {.retry = false}); });
  entered_.Wait();
  // A client that watches health for ever does not hold the server up.
  auto watch = channel_->Open("/grpc.health.v1.Health/Watch", {.timeout = absl::Minutes(10)});
  google::protobuf::Empty any;
  EXPECT_TRUE(watch->Write(any));
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
  auto server = Server::Start({.listen = "localhost:0"}, {&echo.service},
                              {.executor = executor, .clock = *clock, .log = log});
  ASSERT_EQ(server.status(), absl::OkStatus());
  const auto channel = NewGrpcChannel({.target = (*server)->address()}, *clock, *rng);
  EXPECT_EQ(
      channel->Call<pb::SayResponse>(kSay, SayOf(""), {.timeout = absl::Milliseconds(50)}).status().code(),
      StatusCode::kDeadlineExceeded);
  executor.Next()();
  EXPECT_EQ(handled, 0);
}

}  // namespace
}  // namespace finalmile::rpc

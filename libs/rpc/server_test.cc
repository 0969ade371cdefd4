#include "libs/rpc/server.h"

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "gmock/gmock.h"
#include "google/protobuf/empty.pb.h"
#include "gtest/gtest.h"
#include "libs/rpc/dispatch.h"
#include "libs/rpc/testdata/server_fixture.h"

namespace finalmile::rpc {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

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

TEST_F(ServerTest, ACallerWithoutATokenActsForWhomItNames) {
  echo_.say = [&](CallContext& context, const pb::SayRequest&) {
    return Said(context.principal().name() + (context.HasRole(v1::ROLE_SETTER) ? ", a setter" : ""));
  };
  Start();
  const auto as = [&](const std::string& who) {
    return Say(SayOf(""), {.metadata = {{std::string(kActAs), who}}});
  };
  EXPECT_EQ(as("kim")->text(), "kim, a setter");
  EXPECT_EQ(as("mia:setter,manager")->text(), "mia, a setter");
  EXPECT_EQ(ReasonOf(as("cleo:coach").status()), "ROLE_MISSING");
  EXPECT_EQ(ReasonOf(as("cleo:boss").status()), "ACT_AS_MALFORMED");
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
  server_->SetServing(false);
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
    google::protobuf::Empty::GetReflection()->MutableUnknownFields(&request)->AddLengthDelimited(field, text);
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

// gRPC itself would look every 5 s, once for each step of a connection.
TEST_F(ServerTest, AClientWhoseCallsAreRefusedAtOnceFindsTheServerWhenItIsBack) {
  Start();
  ASSERT_EQ(Say(SayOf("a")).status(), absl::OkStatus());
  options_.listen = server_->address();
  server_.reset();
  while (Say(SayOf("b"), {.retry = false}).ok()) {
  }
  ASSERT_EQ(TryStart(), absl::OkStatus());
  server_->SetServing(true);
  const absl::Duration start = clock_->Steady();
  const auto pause = clock_->NewWaitEvent();
  while (!Say(SayOf("c"), {.retry = false}).ok()) {
    ASSERT_LT(clock_->Steady() - start, absl::Seconds(4));
    pause->WaitUntil(clock_->Steady() + absl::Milliseconds(20));
  }
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

}  // namespace
}  // namespace finalmile::rpc

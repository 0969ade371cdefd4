// What a server tells its operators of failed calls, and how its end looks to clients.

#include <gmock/gmock.h>

#include <thread>

#include "grpc/health/v1/health.pb.h"
#include "libs/base/trace_context.h"
#include "libs/rpc/testdata/server_fixture.h"

namespace finalmile::rpc {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kTraceparent[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

using ServerLifeTest = ServerTest;

TEST_F(ServerLifeTest, AFailedCallLeavesALineWithoutWhatTheCallerWrote) {
  echo_.say = [](CallContext&, const pb::SayRequest& request) -> absl::StatusOr<pb::SayResponse> {
    return InvalidField("text", "must not be " + request.text());
  };
  Start();
  EXPECT_EQ(Say(SayOf("ann@example.org")).status().code(), StatusCode::kInvalidArgument);
  ASSERT_EQ(log_.Count(Severity::kInfo, "a call failed"), 1);
  const std::string line = log_.lines().back();
  EXPECT_THAT(line, HasSubstr(fmt::format(
                        "method={} code=INVALID_ARGUMENT reason=INVALID_FIELDS principal=local ms=", kSay)));
  EXPECT_THAT(line, Not(HasSubstr("ann@")));
}

TEST_F(ServerLifeTest, ACallThatSucceedsLeavesNoLine) {
  Start();
  EXPECT_EQ(Say(SayOf("x")).status(), absl::OkStatus());
  EXPECT_EQ(log_.Count(Severity::kInfo, "a call failed"), 0);
}

TEST_F(ServerLifeTest, LinesAboutFailedCallsAreBounded) {
  Start();
  constexpr int kCalls = 200;
  for (int i = 0; i < kCalls; ++i) {
    EXPECT_EQ(channel_->Call<pb::SayResponse>(kSay, SayOf(std::string("\0", 1))).status().code(),
              StatusCode::kInvalidArgument);
  }
  const int lines = log_.Count(Severity::kInfo, "a call failed");
  EXPECT_GT(lines, 0);
  EXPECT_LT(lines, kCalls);
}

TEST_F(ServerLifeTest, WhatACallDoesBelongsToItsTrace) {
  std::optional<TraceContext> unary;
  echo_.say = [&](CallContext&, const pb::SayRequest&) {
    unary = TraceScope::Current();
    return pb::SayResponse();
  };
  std::optional<TraceContext> streamed;
  echo_.on_chat = [&](CallContext&) { streamed = TraceScope::Current(); };
  Start();
  const CallOptions traced{.metadata = {{"traceparent", kTraceparent}}};
  EXPECT_EQ(Say(SayOf("x"), traced).status(), absl::OkStatus());
  EXPECT_EQ(unary, ParseTraceparent(kTraceparent));
  auto stream = channel_->Open(kChat, traced);
  EXPECT_TRUE(stream->Write(SayOf("t", 1)));
  EXPECT_EQ(stream->Finish(), absl::OkStatus());
  EXPECT_EQ(streamed, ParseTraceparent(kTraceparent));
  EXPECT_EQ(Say(SayOf("x")).status(), absl::OkStatus());
  EXPECT_EQ(unary, std::nullopt) << "the thread has left the call before";
}

TEST_F(ServerLifeTest, RefusalsAreReportedByReason) {
  Start();
  executor_.Refuse(1);
  EXPECT_EQ(ReasonOf(Say(SayOf("x"), {.retry = false}).status()), "OVERLOADED");
  std::lock_guard lock(observer_.mutex);
  EXPECT_EQ(observer_.refused, (std::map<std::string, int>{{"OVERLOADED", 1}}));
}

TEST_F(ServerLifeTest, LoadCountsTheCallsInside) {
  echo_.say = [&](CallContext&, const pb::SayRequest&) {
    entered_.Open();
    leave_.Wait();
    return pb::SayResponse();
  };
  Start();
  EXPECT_EQ(server_->load().inside, 0);
  EXPECT_GT(server_->load().limit, 0);
  std::thread caller([&] { EXPECT_EQ(Say(SayOf("x")).status(), absl::OkStatus()); });
  entered_.Wait();
  EXPECT_EQ(server_->load().inside, 1);
  leave_.Open();
  caller.join();
}

TEST_F(ServerLifeTest, ACallThatTheServerCancelsIsRepeated) {
  std::atomic<int> tries = 0;
  echo_.say = [&](CallContext&, const pb::SayRequest&) -> absl::StatusOr<pb::SayResponse> {
    if (++tries % 3 != 0) return absl::CancelledError("the server is stopping");
    return pb::SayResponse();
  };
  Start();
  EXPECT_EQ(Say(SayOf("x"), {.retry = false}).status().code(), StatusCode::kCancelled);
  EXPECT_EQ(Say(SayOf("x")).status(), absl::OkStatus());
  EXPECT_EQ(tries, 3);
}

TEST_F(ServerLifeTest, WatchesOfHealthEndBeforeTheServerCutsThemOff) {
  Start();
  RunSteps();
  using grpc::health::v1::HealthCheckResponse;
  auto watch = channel_->Open("/grpc.health.v1.Health/Watch", {.timeout = absl::Seconds(30)});
  watch->Write(grpc::health::v1::HealthCheckRequest());
  watch->WritesDone();
  HealthCheckResponse reply;
  ASSERT_TRUE(watch->Read(reply));
  EXPECT_EQ(reply.status(), HealthCheckResponse::SERVING);
  server_->SetServing(false);
  ASSERT_TRUE(watch->Read(reply));
  EXPECT_EQ(reply.status(), HealthCheckResponse::NOT_SERVING);
  server_->Drain(clock_->Steady() + absl::Seconds(30));
  EXPECT_FALSE(watch->Read(reply));
  EXPECT_EQ(watch->Finish().message(), "the server is stopping: open the stream again");
}

}  // namespace
}  // namespace finalmile::rpc

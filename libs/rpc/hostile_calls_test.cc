// Calls such as no client of ours makes.
#include <grpc/support/log.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/byte_buffer.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/rpc/dispatch.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/grpc_log.h"
#include "libs/rpc/testdata/server_fixture.h"
#include "libs/telemetry/logger.h"
#include "libs/testing/raw_http2.h"

namespace finalmile::rpc {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

// One call as gRPC's own client makes it, with what `prepare` does to its context.
grpc::Status CallBare(const std::string& target, const std::function<void(grpc::ClientContext&)>& prepare) {
  grpc::GenericStub stub(grpc::CreateChannel(target, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_seconds(30, GPR_TIMESPAN)));
  prepare(context);
  const std::string bytes = SayOf(std::string(1000, 'x')).SerializeAsString();
  const grpc::Slice slice(bytes);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer reply;
  std::promise<grpc::Status> status;
  stub.UnaryCall(&context, kSay, {}, &request, &reply,
                 [&](grpc::Status outcome) { status.set_value(std::move(outcome)); });
  return status.get_future().get();
}

TEST_F(ServerTest, CompressedRequestsAreRefusedUnread) {
  std::atomic<int> handled{0};
  echo_.say = [&](CallContext&, const pb::SayRequest&) {
    ++handled;
    return Said("");
  };
  Start();
  for (const auto algorithm : {GRPC_COMPRESS_GZIP, GRPC_COMPRESS_DEFLATE}) {
    const grpc::Status status =
        CallBare(server_->address(), [&](auto& context) { context.set_compression_algorithm(algorithm); });
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << status.error_message();
  }
  EXPECT_EQ(handled, 0);
  EXPECT_TRUE(CallBare(server_->address(), [](auto&) {}).ok());
  EXPECT_EQ(handled, 1);
}

TEST_F(ServerTest, TwoTokensAreRefusedWhateverTheyAre) {
  const std::string path = ::testing::TempDir() + fmt::format("/two-tokens-{}", getpid());
  // sha256 of "secret".
  std::ofstream(path)
      << "sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b sam setter\n";
  const auto credentials = Credentials::Load(path);
  ASSERT_EQ(credentials.status(), absl::OkStatus());
  credentials_ = credentials->get();
  Start();
  for (const char* second : {"Bearer secret", "Bearer guess", ""}) {
    const auto reply = Say(SayOf(""), {.token = "secret", .metadata = {{"authorization", second}}});
    EXPECT_EQ(reply.status().code(), StatusCode::kUnauthenticated) << second;
    EXPECT_EQ(ReasonOf(reply.status()), "TOKEN_AMBIGUOUS") << second;
  }
  const auto other = Say(SayOf(""), {.token = "secret", .metadata = {{std::string(kActAs), "mia:manager"}}});
  EXPECT_EQ(ReasonOf(other.status()), "ACT_AS_REFUSED");
  EXPECT_EQ(Say(SayOf(""), {.token = "secret"}).status(), absl::OkStatus());
  server_.reset();
  std::filesystem::remove(path);
}

class UnreadAnswersTest : public ServerTest {
 protected:
  static constexpr size_t kLarge = 1 << 20;

  UnreadAnswersTest() {
    options_.answers.most = 2 * kLarge;
    options_.answer_memory = 4 * kLarge;
    echo_.say = [](CallContext&, const pb::SayRequest& request) {
      return Said(request.text() == "large" ? std::string(kLarge, 'x') : "small");
    };
  }

  // Calls whose answers the server may never send.
  std::unique_ptr<testing::RawHttp2> Unread(int calls) {
    auto caller =
        std::make_unique<testing::RawHttp2>(server_->port(), testing::RawHttp2::Options{.answer_window = 0});
    for (int i = 0; i < calls; ++i) {
      caller->StartUnread({.path = std::string(kSay), .message = SayOf("large").SerializeAsString()});
    }
    return caller;
  }

  // Until one is refused, since those that nobody reads come to their handlers in their own time.
  absl::Status SayLargeUntilRefused() {
    absl::Status status;
    while (status.ok()) status = Say(SayOf("large"), {.retry = false}).status();
    return status;
  }
};

TEST_F(UnreadAnswersTest, TheirMemoryIsBoundedAndSmallAnswersGoOn) {
  options_.answer_patience = absl::Hours(1);
  Start();
  auto hostile = Unread(20);
  const absl::Status refused = SayLargeUntilRefused();
  EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(refused), "OVERLOADED");
  EXPECT_EQ(RetryDelayOf(refused), options_.target_wait);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Say(SayOf(""), {.retry = false}).status(), absl::OkStatus());
  // The client repeats a call that is refused, until there is room.
  hostile.reset();
  EXPECT_EQ(Say(SayOf("large")).status(), absl::OkStatus());
}

TEST_F(UnreadAnswersTest, ThoseThatNobodyHasReadForLongMakeRoom) {
  options_.answer_patience = absl::ZeroDuration();
  Start();
  // Those that find no room end those before them.
  const auto hostile = Unread(20);
  const auto cancelled = [&] {
    int count = 0;
    for (const auto& [stream, answer] : hostile->ended()) {
      if (answer.status != static_cast<int>(StatusCode::kResourceExhausted)) ++count;
    }
    return count;
  };
  while (cancelled() == 0) ASSERT_TRUE(hostile->Read(absl::Seconds(10)));
  EXPECT_EQ(Say(SayOf("large")).status(), absl::OkStatus());
}

TEST(GrpcLogTest, WhatGrpcWritesComesAsLinesOfJsonAndNotTooMany) {
  const auto clock = NewSystemClock();
  std::FILE* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  {
    const auto log = telemetry::NewLogger("toy", {.output = file}, *clock);
    const GrpcLog grpc_log(*log);
    // The bound counts the lines of the same second, also those of earlier tests.
    for (int i = 0; i < 1000 || std::ftell(file) == 0; ++i) gpr_log(GPR_ERROR, "the \"peer\"\nsends %d", i);
  }
  std::rewind(file);
  std::string text(1 << 20, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  std::istringstream lines(text);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    ASSERT_TRUE(json.is_object()) << line;
    EXPECT_EQ(json.value("message", ""), "gRPC writes");
    EXPECT_THAT(json.value("text", ""), HasSubstr("the \"peer\"\nsends "));
    EXPECT_EQ(json.value("service", ""), "toy");
  }
  EXPECT_GE(count, 1);
  // A slow machine may need some seconds for a thousand.
  EXPECT_LT(count, 500);
}

}  // namespace
}  // namespace finalmile::rpc

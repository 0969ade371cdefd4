#include "libs/rpc/service.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/rpc/dispatch.h"
#include "libs/rpc/local_channel.h"
#include "libs/rpc/testdata/echo_fixture.h"
#include "libs/testing/manual_clock.h"

namespace finalmile::rpc {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

absl::StatusOr<pb::SayResponse> SayNothing(CallContext&, const pb::SayRequest&) { return pb::SayResponse(); }

TEST(ServiceTest, CompleteServicePasses) {
  Echo echo;
  EXPECT_EQ(echo.service.Check(), absl::OkStatus());
  const auto methods = echo.service.methods();
  ASSERT_EQ(methods.size(), 5u);
  EXPECT_EQ(methods[0]->descriptor->name(), "Say");
  EXPECT_TRUE(methods[0]->unary);
  EXPECT_TRUE(methods[2]->stream);
}

TEST(ServiceTest, EveryMistakeIsNamed) {
  Service service(Descriptor("EchoService"));
  service.Unary<pb::SayRequest, pb::SayResponse>("Say", &SayNothing);
  service.Unary<pb::SayRequest, pb::SayResponse>("Say", &SayNothing);
  service.Unary<pb::SayRequest, pb::SayResponse>("Shout", &SayNothing);
  service.Unary<pb::SayRequest, pb::SayResponse>("Repeat", &SayNothing);
  service.Unary<pb::SayRequest, pb::SayResponse>("ListThings", &SayNothing);
  service.Inline<pb::SayRequest>("Chat", [](CallContext&, const pb::SayRequest&) {
    return std::optional<absl::StatusOr<SharedBytes>>();
  });
  service.Inline<pb::ListThingsRequest>("Say", [](CallContext&, const pb::ListThingsRequest&) {
    return std::optional<absl::StatusOr<SharedBytes>>();
  });
  const absl::Status status = service.Check();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  const std::string message(status.message());
  for (const char* part :
       {"finalmile.rpctest.v1.EchoService", "Say is registered twice",
        "Shout is registered but the service has no such method",
        "Repeat is registered as unary but is a server stream",
        ("ListThings is registered as finalmile.rpctest.v1.SayRequest -> finalmile.rpctest.v1.SayResponse "
         "but "
         "is finalmile.rpctest.v1.ListThingsRequest -> finalmile.rpctest.v1.ListThingsResponse"),
        "Chat has an inline handler but is not registered before it",
        "Say has an inline handler of another type", "Chat has no handler"}) {
    EXPECT_THAT(message, HasSubstr(part));
  }
}

TEST(ServiceTest, MethodWithoutAllowIsAMistake) {
  Service service(Descriptor("OpenService"));
  service.Unary<pb::SayRequest, pb::SayResponse>("Say", &SayNothing);
  EXPECT_THAT(std::string(service.Check().message()), HasSubstr("Say lacks option (finalmile.v1.allow)"));
}

TEST(ServiceTest, ClientStreamIsNotServed) {
  Service service(Descriptor("OpenService"));
  service.BidiStream<pb::SayRequest, pb::SayResponse>(
      "Join",
      [](CallContext&) -> absl::StatusOr<std::unique_ptr<BidiSession<pb::SayRequest, pb::SayResponse>>> {
        return absl::UnimplementedError("");
      });
  EXPECT_THAT(std::string(service.Check().message()),
              HasSubstr("Join is registered as a bidirectional stream but is a client stream"));
}

TEST(DispatchTest, ServesEachServiceOnce) {
  Echo echo;
  const auto methods = Serve({&echo.service}, nullptr);
  ASSERT_EQ(methods.status(), absl::OkStatus());
  EXPECT_EQ((*methods)[0]->path, kSay);
  EXPECT_EQ((*methods)[0]->domain, "rpctest.finalmile");
  EXPECT_EQ(Serve({&echo.service, &echo.service}, nullptr).status().code(), StatusCode::kFailedPrecondition);
}

TEST(DispatchTest, RolesDecide) {
  Echo echo;
  const auto methods = Serve({&echo.service}, nullptr);
  const ServedMethod& say = *(*methods)[0];
  const ServedMethod& list = *(*methods)[3];
  v1::Principal setter, coach, nobody;
  setter.set_name("sam");
  setter.add_roles(v1::ROLE_COACH);
  setter.add_roles(v1::ROLE_SETTER);
  coach.set_name("cleo");
  coach.add_roles(v1::ROLE_COACH);
  EXPECT_EQ(Authorise(say, setter), absl::OkStatus());
  EXPECT_EQ(Authorise(say, *LocalAdmin()), absl::OkStatus());
  EXPECT_EQ(Authorise(list, *LocalAdmin()), absl::OkStatus());
  // An empty list: admins only.
  EXPECT_EQ(Authorise(list, setter).code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(Authorise(say, nobody).code(), StatusCode::kPermissionDenied);
  const absl::Status denied = Authorise(say, coach);
  EXPECT_EQ(denied.code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonOf(denied), "ROLE_MISSING");
  EXPECT_EQ(ErrorInfoOf(denied)->metadata().at("principal"), "cleo");
  EXPECT_EQ(ErrorInfoOf(denied)->metadata().at("roles"), "admin, setter");
}

TEST(DispatchTest, WhoActsIsNamedWithRoles) {
  const auto roles = [](std::string_view text) {
    const auto principal = ActAs(text);
    if (!principal.ok()) return ReasonOf(principal.status());
    std::string names = (*principal)->name();
    for (const int role : (*principal)->roles()) names += " " + v1::Role_Name(role);
    return names;
  };
  EXPECT_EQ(roles("kim"), "kim ROLE_SETTER ROLE_HOST");
  EXPECT_EQ(roles("mia.k:manager,coach"), "mia.k ROLE_MANAGER ROLE_COACH");
  for (const char* wrong : {"", ":manager", "Kim", "kim:", "kim:boss", "kim:manager,", "kim:manager:coach"})
    EXPECT_EQ(roles(wrong), "ACT_AS_MALFORMED") << wrong;
}

TEST(DispatchTest, DeadlineKeepsAMargin) {
  const absl::Duration now = absl::Hours(1);
  const auto deadline = [&](absl::Duration timeout) {
    return HandlerDeadline(now, timeout, absl::Seconds(10), absl::Seconds(20)) - now;
  };
  EXPECT_EQ(deadline(absl::InfiniteDuration()), absl::Milliseconds(9800));
  EXPECT_EQ(deadline(absl::Seconds(1)), absl::Milliseconds(900));
  EXPECT_EQ(deadline(absl::Seconds(2)), absl::Milliseconds(1800));
  EXPECT_EQ(deadline(absl::Seconds(20)), absl::Milliseconds(19800));
  EXPECT_EQ(deadline(absl::Seconds(21)), absl::Milliseconds(19800));
  EXPECT_LE(deadline(-absl::Seconds(1)), absl::ZeroDuration());
}

class LocalChannelTest : public ::testing::Test {
 protected:
  std::unique_ptr<Channel> Open(std::shared_ptr<const v1::Principal> principal = LocalAdmin()) {
    auto channel = NewLocalChannel({&echo_.service}, std::move(principal), clock_);
    EXPECT_EQ(channel.status(), absl::OkStatus());
    return *std::move(channel);
  }
  testing::ManualClock clock_;
  Echo echo_;
};

TEST_F(LocalChannelTest, Unary) {
  const auto channel = Open();
  const auto reply =
      channel->Call<pb::SayResponse>(kSay, SayOf("x"), {.metadata = {{"traceparent", "00-1"}}});
  ASSERT_EQ(reply.status(), absl::OkStatus());
  EXPECT_EQ(reply->text(), "x");
  EXPECT_EQ(reply->traceparent(), "00-1");
  EXPECT_EQ(channel->Call<pb::SayResponse>(kSay, SayOf(std::string("\0", 1))).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(channel->Call<pb::SayResponse>("/x/y", SayOf("")).status().code(), StatusCode::kUnimplemented);
  EXPECT_EQ(channel->Call<pb::SayResponse>(kChat, SayOf("")).status().code(), StatusCode::kUnimplemented);
  EXPECT_EQ(
      channel->Call<pb::SayResponse>(kSay, SayOf(""), {.timeout = absl::ZeroDuration()}).status().code(),
      StatusCode::kDeadlineExceeded);
}

TEST_F(LocalChannelTest, ErrorsAreMappedAsOnTheWire) {
  echo_.say = [](CallContext&, const pb::SayRequest&) { return absl::InternalError("secret"); };
  const absl::Status status = Open()->Call<pb::SayResponse>(kSay, SayOf("")).status();
  EXPECT_EQ(status.message(), "the server failed; its log says why");
  EXPECT_EQ(ErrorInfoOf(status)->domain(), "rpctest.finalmile");
  const auto nobody = Open(std::make_shared<v1::Principal>());
  EXPECT_EQ(ReasonOf(nobody->Call<pb::SayResponse>(kSay, SayOf("")).status()), "ROLE_MISSING");
  EXPECT_EQ(ReasonOf(nobody->Open(kChat, {})->Finish()), "ROLE_MISSING");
  EXPECT_EQ(nobody->Open("/x/y", {})->Finish().code(), StatusCode::kUnimplemented);
}

TEST_F(LocalChannelTest, Streams) {
  const auto channel = Open();
  pb::SayResponse reply;

  auto repeat = channel->Open(kRepeat, {});
  EXPECT_TRUE(repeat->Write(SayOf("x", 25)));
  repeat->WritesDone();
  int read = 0;
  while (repeat->Read(reply)) EXPECT_EQ(reply.count(), ++read);
  EXPECT_EQ(read, 25);
  EXPECT_EQ(repeat->Finish(), absl::OkStatus());

  auto chat = channel->Open(kChat, {});
  EXPECT_TRUE(chat->Write(SayOf("t", 1)));
  ASSERT_TRUE(chat->Read(reply));
  EXPECT_EQ(reply.text(), "t");
  EXPECT_FALSE(chat->Write(SayOf("bad")));
  EXPECT_EQ(ViolationsOf(chat->Finish()).size(), 1u);
}

}  // namespace
}  // namespace finalmile::rpc

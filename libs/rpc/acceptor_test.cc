// The bound on connections, and what is refused before a call is looked at.
#include "libs/rpc/acceptor.h"

#include <arpa/inet.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gmock/gmock.h"
#include "google/protobuf/empty.pb.h"
#include "gtest/gtest.h"
#include "libs/rpc/testdata/server_fixture.h"

namespace finalmile::rpc {
namespace {

using absl::StatusCode;

// A TCP connection that says nothing.
class Silent {
 public:
  explicit Silent(int port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  }
  ~Silent() { close(socket_); }
  Silent(const Silent&) = delete;
  Silent& operator=(const Silent&) = delete;
  // Blocks until the server has said something or closed the connection.
  bool Closed() const {
    char byte;
    return recv(socket_, &byte, 1, 0) <= 0;
  }

 private:
  const int socket_;
};

TEST_F(ServerTest, ConnectionsAreLimited) {
  options_.max_connections = 3;
  Start();
  // The fixture's channel holds one.
  ASSERT_EQ(Say(SayOf("")).status(), absl::OkStatus());
  {
    Silent second(server_->port());
    Silent third(server_->port());
    EXPECT_FALSE(second.Closed()) << "gRPC sends its settings first";
    EXPECT_FALSE(third.Closed());
    Silent beyond(server_->port());
    EXPECT_TRUE(beyond.Closed());
    EXPECT_EQ(server_->CheckListening(), absl::OkStatus());
    EXPECT_EQ(Say(SayOf("")).status(), absl::OkStatus());
  }
  // Once gRPC has closed those, others are taken.
  while (Silent(server_->port()).Closed()) {
  }
}

TEST_F(ServerTest, WithoutAFreeDescriptorTheListenerSaysSoAndComesBack) {
  Start();
  ASSERT_EQ(Say(SayOf("")).status(), absl::OkStatus());
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  // The descriptors below the lowest free one are taken, and there are no others.
  Silent waits(server_->port());
  EXPECT_FALSE(waits.Closed());
  const int lowest = dup(0);
  close(lowest);
  const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const rlimit none{static_cast<rlim_t>(client) + 1, before.rlim_max};
  std::vector<int> fill;
  for (int fd; (fd = dup(0)) >= 0 && fd < client;) fill.push_back(fd);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(server_->port()));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(client, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  while (server_->CheckListening().ok()) {
  }
  EXPECT_EQ(server_->CheckListening().code(), StatusCode::kUnavailable);
  EXPECT_EQ(Say(SayOf("")).status(), absl::OkStatus()) << "connections that stand go on";
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  while (!server_->CheckListening().ok()) {
  }
  char byte;
  EXPECT_EQ(recv(client, &byte, 1, 0), 1) << "the one that waited is served";
  close(client);
  for (const int fd : fill) close(fd);
}

TEST_F(ServerTest, SilentReflectionStreamsAreLimitedAndCallsGoOn) {
  Start();
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 20; ++i) {
    streams.push_back(channel_->Open("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                                     {.timeout = absl::Seconds(2)}));
  }
  std::map<StatusCode, int> ends;
  google::protobuf::Empty reply;
  for (const auto& stream : streams) {
    stream->Read(reply);
    ++ends[stream->Finish().code()];
  }
  EXPECT_EQ(ends[StatusCode::kResourceExhausted], 13) << "seven wait, each with a thread of its own";
  EXPECT_EQ(Say(SayOf("")).status(), absl::OkStatus());
}

TEST_F(ServerTest, WatchesOfHealthAreLimited) {
  options_.max_connections = 5;
  Start();
  RunSteps();
  ASSERT_EQ(Say(SayOf("")).status(), absl::OkStatus());
  google::protobuf::Empty any;
  std::vector<std::unique_ptr<Stream>> watches;
  // The fixture's channel has one of the five.
  for (int i = 0; i < 4; ++i) {
    watches.push_back(channel_->Open("/grpc.health.v1.Health/Watch", {}));
    EXPECT_TRUE(watches.back()->Write(any));
    watches.back()->WritesDone();
    EXPECT_TRUE(watches.back()->Read(any));
  }
  EXPECT_EQ(ReasonOf(channel_->Open("/grpc.health.v1.Health/Watch", {})->Finish()), "TOO_MANY_STREAMS");
  server_->SetServing(false);
  for (const auto& watch : watches) EXPECT_TRUE(watch->Read(any));
}

TEST_F(ServerTest, ARequestOfManyElementsIsRefusedBeforeItIsParsed) {
  options_.max_message_bytes = 64 << 10;
  Start();
  const auto of = [](int parts) {
    pb::SayRequest request;
    for (int i = 0; i < parts; ++i) request.mutable_thing()->add_spares();
    return request;
  };
  EXPECT_EQ(Say(of(9'000)).status(), absl::OkStatus());
  const absl::Status refused = Say(of(31'000)).status();
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(refused), "MESSAGE_TOO_LARGE");
  EXPECT_THAT(std::string(refused.message()), ::testing::HasSubstr("1048576 bytes of memory"));
  auto stream = channel_->Open(kChat, {});
  EXPECT_TRUE(stream->Write(of(31'000)));
  EXPECT_EQ(ReasonOf(stream->Finish()), "MESSAGE_TOO_LARGE");
}

}  // namespace
}  // namespace finalmile::rpc

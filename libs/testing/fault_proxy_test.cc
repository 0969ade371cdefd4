#include "libs/testing/fault_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

#include <string>
#include <thread>

#include "gtest/gtest.h"

namespace finalmile::testing {
namespace {

// Answers every piece with itself, one connection after the other, and notes what it heard.
class EchoServer {
 public:
  EchoServer() {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 8), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Run(); });
  }
  ~EchoServer() { Stop(); }

  // What was heard, once the server has ended.
  std::string Stop() {
    if (thread_.joinable()) {
      shutdown(listener_, SHUT_RDWR);
      thread_.join();
      close(listener_);
    }
    return heard_;
  }
  std::string target() const { return fmt::format("127.0.0.1:{}", port_); }

 private:
  void Run() {
    for (int client; (client = accept(listener_, nullptr, nullptr)) >= 0; close(client)) {
      char buffer[4096];
      for (ssize_t size; (size = recv(client, buffer, sizeof buffer, 0)) > 0;) {
        heard_.append(buffer, static_cast<size_t>(size));
        send(client, buffer, static_cast<size_t>(size), MSG_NOSIGNAL);
      }
    }
  }

  int listener_;
  int port_;
  std::string heard_;
  std::thread thread_;
};

class Client {
 public:
  explicit Client(const FaultProxy& proxy) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(proxy.port()));
    EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~Client() { close(socket_); }

  void Send(const std::string& text) const { send(socket_, text.data(), text.size(), MSG_NOSIGNAL); }
  // The next bytes; empty when the connection has ended, "…" when nothing came within `timeout`.
  std::string Receive(absl::Duration timeout = absl::Seconds(20)) const {
    const timeval limit = absl::ToTimeval(timeout);
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    char buffer[4096];
    const ssize_t size = recv(socket_, buffer, sizeof buffer, 0);
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return "…";
    return size <= 0 ? "" : std::string(buffer, static_cast<size_t>(size));
  }
  std::string Ask(const std::string& text) const {
    Send(text);
    return Receive();
  }

 private:
  const int socket_;
};

class FaultProxyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto proxy = FaultProxy::Start(server_.target(), *clock_);
    ASSERT_TRUE(proxy.ok()) << proxy.status();
    proxy_ = *std::move(proxy);
  }

  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  EchoServer server_;
  std::unique_ptr<FaultProxy> proxy_;
};

TEST_F(FaultProxyTest, PassesBytesAndEndsBothWays) {
  {
    Client client(*proxy_);
    EXPECT_EQ(client.Ask("one"), "one");
    EXPECT_EQ(client.Ask("two"), "two");
  }
  Client next(*proxy_);
  EXPECT_EQ(next.Ask("three"), "three") << "the server saw the first connection end";
  EXPECT_EQ(proxy_->connections(), 2);
}

TEST_F(FaultProxyTest, CutsAndRefuses) {
  Client client(*proxy_);
  EXPECT_EQ(client.Ask("one"), "one");
  proxy_->Cut();
  EXPECT_EQ(client.Receive(), "");
  proxy_->Refuse(true);
  EXPECT_EQ(Client(*proxy_).Ask("two"), "");
  proxy_->Refuse(false);
  EXPECT_EQ(Client(*proxy_).Ask("three"), "three");
}

TEST_F(FaultProxyTest, LosesTheAnswerToAPattern) {
  proxy_->CutAt({.pattern = "COMMIT"});
  {
    Client client(*proxy_);
    EXPECT_EQ(client.Ask("BEGIN;"), "BEGIN;");
    EXPECT_EQ(client.Ask("COMMIT;"), "");
  }
  EXPECT_EQ(proxy_->cuts(), 1);
  EXPECT_EQ(Client(*proxy_).Ask("again"), "again") << "once";
  EXPECT_EQ(server_.Stop(), "BEGIN;COMMIT;again");
}

TEST_F(FaultProxyTest, CutsBeforeAPatternReachesTheServer) {
  proxy_->CutAt({.pattern = "COMMIT", .forward = false});
  {
    Client client(*proxy_);
    EXPECT_EQ(client.Ask("BEGIN;"), "BEGIN;");
    EXPECT_EQ(client.Ask("COMMIT;"), "");
  }
  EXPECT_EQ(Client(*proxy_).Ask("again"), "again");
  EXPECT_EQ(server_.Stop(), "BEGIN;again");
}

TEST_F(FaultProxyTest, CutsAfterSoManyBytesOfTheAnswer) {
  proxy_->CutAt({.direction = FaultProxy::Direction::kToClient, .after_bytes = 6, .forward = false});
  Client client(*proxy_);
  EXPECT_EQ(client.Ask("123"), "123");
  EXPECT_EQ(client.Ask("456"), "456") << "six are let through";
  EXPECT_EQ(client.Ask("7"), "");
}

TEST_F(FaultProxyTest, FreezesAndGoesOn) {
  Client client(*proxy_);
  EXPECT_EQ(client.Ask("one"), "one");
  proxy_->Freeze(true);
  client.Send("two");
  EXPECT_EQ(client.Receive(absl::Milliseconds(60)), "…");
  proxy_->Freeze(false);
  EXPECT_EQ(client.Receive(), "two");
}

TEST_F(FaultProxyTest, FreezesThoseThatSentAPattern) {
  Client client(*proxy_);
  EXPECT_EQ(client.Ask("SUBSCRIBE"), "SUBSCRIBE");
  proxy_->FreezeThose("COMMIT");
  EXPECT_EQ(client.Ask("one"), "one");
  proxy_->FreezeThose("SCRIBE");
  client.Send("two");
  EXPECT_EQ(client.Receive(absl::Milliseconds(60)), "…");
  proxy_->FreezeThose("");
  EXPECT_EQ(client.Receive(), "two");
}

TEST_F(FaultProxyTest, Delays) {
  proxy_->Delay(absl::Milliseconds(20));
  Client client(*proxy_);
  const absl::Duration start = clock_->Steady();
  EXPECT_EQ(client.Ask("one"), "one");
  EXPECT_GE(clock_->Steady() - start, absl::Milliseconds(40)) << "there and back";
}

}  // namespace
}  // namespace finalmile::testing

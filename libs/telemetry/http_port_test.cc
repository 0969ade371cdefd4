#include "libs/telemetry/http_port.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace finalmile::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// A connection to the port, closed at its end.
class Client {
 public:
  explicit Client(const HttpPort& port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(port.port()));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  }
  ~Client() { close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void Send(std::string_view text) const { send(socket_, text.data(), text.size(), MSG_NOSIGNAL); }
  // Everything until the port closes the connection.
  std::string Read() const {
    std::string all;
    char part[4096];
    for (ssize_t size; (size = recv(socket_, part, sizeof part, 0)) > 0;)
      all.append(part, static_cast<size_t>(size));
    return all;
  }
  std::string Ask(std::string_view text) {
    Send(text);
    return Read();
  }

 private:
  const int socket_;
};

class HttpPortTest : public ::testing::Test {
 protected:
  static std::unique_ptr<HttpPort> Start() {
    auto port = HttpPort::Start("127.0.0.1", 0, [](std::string_view path) {
      return HttpAnswer{.body = path == "/large" ? std::string(8 << 20, 'x') : std::string(path) + "\n"};
    });
    EXPECT_TRUE(port.ok()) << port.status();
    return *std::move(port);
  }
  const std::unique_ptr<HttpPort> port_ = Start();
};

TEST_F(HttpPortTest, AnswersAPathAndClosesTheConnection) {
  EXPECT_EQ(Client(*port_).Ask("GET /livez?verbose HTTP/1.1\r\nHost: x\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 7\r\n"
            "Connection: close\r\n\r\n/livez\n");
  EXPECT_THAT(Client(*port_).Ask("HEAD /livez HTTP/1.0\r\n\r\n"), ::testing::EndsWith("close\r\n\r\n"));
}

TEST_F(HttpPortTest, ARequestMayComeInPieces) {
  Client client(*port_);
  for (const char c : std::string_view("GET /a HTTP/1.1\r\n\r")) client.Send({&c, 1});
  EXPECT_THAT(client.Ask("\n"), HasSubstr("\r\n\r\n/a\n"));
}

TEST_F(HttpPortTest, RangesAndBodiesAreNotHonoured) {
  const std::string ranged = Client(*port_).Ask("GET /abc HTTP/1.1\r\nRange: bytes=0-0,0-0,0-0\r\n\r\n");
  EXPECT_THAT(ranged, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(ranged, HasSubstr("\r\n\r\n/abc\n"));
  EXPECT_THAT(Client(*port_).Ask("POST /abc HTTP/1.1\r\nContent-Length: 3\r\n\r\n"),
              StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(Client(*port_).Ask("nonsense\r\n\r\n"), StartsWith("HTTP/1.1 400"));
}

TEST_F(HttpPortTest, HeadersAreLimited) {
  const auto of_size = [](size_t size) {
    std::string request = "GET /a HTTP/1.1\r\nA: ";
    request.append(size - request.size() - 4, 'x');
    return request + "\r\n\r\n";
  };
  for (const size_t size : {HttpPort::kRequestBytes - 1, HttpPort::kRequestBytes})
    EXPECT_THAT(Client(*port_).Ask(of_size(size)), StartsWith("HTTP/1.1 200")) << size;
  // Without an end, so that all of it has been read when it is refused.
  const std::string endless = "GET /a HTTP/1.1\r\nA: " + std::string(HttpPort::kRequestBytes, 'x');
  EXPECT_THAT(Client(*port_).Ask(endless.substr(0, HttpPort::kRequestBytes + 1)), StartsWith("HTTP/1.1 431"));
}

TEST_F(HttpPortTest, SlowClientsHoldNobodyUp) {
  std::vector<std::unique_ptr<Client>> slow;
  for (int i = 0; i < 2 * HttpPort::kConnections; ++i) {
    slow.push_back(std::make_unique<Client>(*port_));
    // Some say nothing, some half a request, some read nothing of a large answer.
    if (i % 3 == 1) slow.back()->Send("GET /a HTTP/1.1\r\nA:");
    if (i % 3 == 2) slow.back()->Send("GET /large HTTP/1.1\r\n\r\n");
  }
  EXPECT_THAT(Client(*port_).Ask("GET /livez HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  // The oldest made room.
  EXPECT_EQ(slow.front()->Read(), "");
}

TEST_F(HttpPortTest, ALargeAnswerArrivesWhole) {
  EXPECT_GT(Client(*port_).Ask("GET /large HTTP/1.1\r\n\r\n").size(), 8u << 20);
}

}  // namespace
}  // namespace finalmile::telemetry

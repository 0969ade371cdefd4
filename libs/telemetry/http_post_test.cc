#include "libs/telemetry/http_post.h"

#include <gtest/gtest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

namespace finalmile::telemetry {
namespace {

TEST(HttpTargetTest, AnEndpointIsReadWhole) {
  struct Row {
    const char* url;
    const char* host;
    int port;
    const char* path;
  };
  for (const Row& row : {Row{"http://otel-collector:4318/v1/traces", "otel-collector", 4318, "/v1/traces"},
                         Row{"http://h", "h", 80, "/"}, Row{"http://h/", "h", 80, "/"},
                         Row{"http://127.0.0.1:65535", "127.0.0.1", 65535, "/"},
                         Row{"http://[::1]:4318/a:b", "::1", 4318, "/a:b"}}) {
    const auto target = ParseHttpTarget(row.url);
    ASSERT_TRUE(target.ok()) << target.status();
    EXPECT_EQ(target->host, row.host);
    EXPECT_EQ(target->port, row.port);
    EXPECT_EQ(target->path, row.path);
  }
}

TEST(HttpTargetTest, WhatIsNoEndpointIsRefused) {
  for (const char* url :
       {"", "otel-collector:4318", "grpc://h:1", "http://", "http://:4318", "http://h:0", "http://h:65536",
        "http://h:x", "http://h:", "http://[::1", "http://h/a b", "http://u@h/", "http://h\r\nx"}) {
    const auto target = ParseHttpTarget(url);
    EXPECT_TRUE(absl::IsInvalidArgument(target.status())) << url;
  }
  EXPECT_NE(ParseHttpTarget("https://h:4318").status().message().find("https is not spoken here"),
            absl::string_view::npos);
}

class HttpPostTest : public ::testing::Test {
 protected:
  absl::StatusOr<HttpReply> Post(int port, std::string_view body = "{}",
                                 absl::Duration patience = absl::Seconds(30)) {
    return HttpPost({"127.0.0.1", port, "/v1/traces"}, "application/json", body, *clock_,
                    clock_->Steady() + patience);
  }

  const std::unique_ptr<Clock> clock_ = NewSystemClock();
};

TEST_F(HttpPostTest, AServerTakesTheBodyAndAnswers) {
  httplib::Server server;
  std::string seen;
  server.Post("/v1/traces", [&](const httplib::Request& request, httplib::Response& response) {
    seen = request.get_header_value("Content-Type") + " " + request.body;
    response.status = 503;
    response.set_content("later", "text/plain");
  });
  const int port = server.bind_to_any_port("127.0.0.1");
  std::thread thread([&] { server.listen_after_bind(); });
  const std::string large(3 << 20, 'x');
  const auto reply = Post(port, large);
  server.stop();
  thread.join();
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->status, 503);
  EXPECT_EQ(reply->body, "later");
  EXPECT_EQ(seen, "application/json " + large);
}

// Accepts one connection, reads a little of it, and says what the test wants, a piece at a time.
class RawServer {
 public:
  explicit RawServer(std::string says, bool closes) : says_(std::move(says)), closes_(closes) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] {
      connection_ = accept(listener_, nullptr, nullptr);
      char part[4096];
      EXPECT_GT(read(connection_, part, sizeof part), 0);
      EXPECT_EQ(send(connection_, says_.data(), says_.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(says_.size()));
      if (closes_) shutdown(connection_, SHUT_RDWR);
    });
  }
  ~RawServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(connection_);
    close(listener_);
  }
  int port() const { return port_; }

 private:
  const std::string says_;
  const bool closes_;
  int listener_ = -1;
  int connection_ = -1;
  int port_ = 0;
  std::thread thread_;
};

TEST_F(HttpPostTest, AnAnswerEndsWhereItSaysSo) {
  for (const auto& [says, body] : std::vector<std::pair<std::string, std::string>>{
           {"HTTP/1.1 200 OK\r\ncontent-LENGTH:  2\r\n\r\n{}", "{}"},
           {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", ""},
           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            "2\r\n{}\r\n0\r\n\r\n"}}) {
    // It keeps the connection open.
    const RawServer server(says, false);
    const auto reply = Post(server.port());
    ASSERT_TRUE(reply.ok()) << reply.status();
    EXPECT_EQ(reply->status, 200);
    EXPECT_EQ(reply->body, body);
  }
  const RawServer closing("HTTP/1.1 200 OK\r\n\r\nabc", true);
  const auto reply = Post(closing.port());
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->body, "abc");
}

TEST_F(HttpPostTest, AServerThatDawdlesIsLeftAtTheDeadline) {
  for (const char* says :
       {"", "HTTP/1.1 200 OK\r\nX: y\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}"}) {
    const RawServer server(says, false);
    const absl::Duration begin = clock_->Steady();
    const auto reply = Post(server.port(), "{}", absl::Milliseconds(50));
    EXPECT_TRUE(absl::IsDeadlineExceeded(reply.status())) << reply.status();
    EXPECT_GE(clock_->Steady() - begin, absl::Milliseconds(50));
  }
}

TEST_F(HttpPostTest, WhatDoesNotSpeakHttpIsSaid) {
  for (const char* says :
       {"SSH-2.0-OpenSSH\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 OK\r\n\r\n", "HTTP/1.1 200"}) {
    const RawServer server(says, true);
    const auto reply = Post(server.port());
    EXPECT_TRUE(absl::IsUnavailable(reply.status())) << says << ": " << reply.status();
  }
}

TEST_F(HttpPostTest, AnEndpointThatIsAwayIsUnavailable) {
  // Taken, and not listened on.
  const int taken = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(taken, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(getsockname(taken, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const auto reply = Post(ntohs(address.sin_port));
  EXPECT_TRUE(absl::IsUnavailable(reply.status())) << reply.status();
  close(taken);
}

}  // namespace
}  // namespace finalmile::telemetry

#include "libs/telemetry/admin_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>

namespace finalmile::telemetry {
namespace {

class AdminServerTest : public ::testing::Test {
 protected:
  std::unique_ptr<AdminServer> Start() {
    auto server = AdminServer::Start({"127.0.0.1:0", "leads", "0.1.0"}, metrics_, health_);
    EXPECT_TRUE(server.ok()) << server.status();
    return server.ok() ? *std::move(server) : nullptr;
  }
  static httplib::Result Get(const AdminServer& server, const std::string& path) {
    return httplib::Client("http://" + server.address()).Get(path);
  }

  Metrics metrics_;
  Health health_;
};

TEST_F(AdminServerTest, ServesMetricsAndVersion) {
  metrics_.Gauge("depth", "Depth.").Set(3);
  const auto server = Start();
  const auto metrics = Get(*server, "/metrics");
  ASSERT_TRUE(metrics);
  EXPECT_EQ(metrics->status, 200);
  EXPECT_NE(metrics->body.find("depth 3\n"), std::string::npos);
  EXPECT_EQ(metrics->get_header_value("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  const auto version = Get(*server, "/version");
  ASSERT_TRUE(version);
  EXPECT_EQ(version->body, "{\"service\":\"leads\",\"version\":\"0.1.0\"}\n");
  const auto other = Get(*server, "/secrets");
  ASSERT_TRUE(other);
  EXPECT_EQ(other->status, 404);
}

TEST_F(AdminServerTest, HealthHasALinePerCheck) {
  std::atomic<bool> up = false;
  health_.AddReady("store", [] { return absl::OkStatus(); });
  health_.AddReady("events", [&up] { return up ? absl::OkStatus() : absl::UnavailableError("no broker"); });
  const auto server = Start();
  const auto before = Get(*server, "/readyz");
  ASSERT_TRUE(before);
  EXPECT_EQ(before->status, 503);
  EXPECT_EQ(before->body, "store: ok\nevents: no broker\n");
  up = true;
  const auto after = Get(*server, "/readyz");
  ASSERT_TRUE(after);
  EXPECT_EQ(after->status, 200);
  EXPECT_EQ(after->body, "store: ok\nevents: ok\n");
  const auto live = Get(*server, "/livez");
  ASSERT_TRUE(live);
  EXPECT_EQ(live->status, 200);
  EXPECT_EQ(live->body, "ok\n");
}

TEST_F(AdminServerTest, ABusyPortIsOneClearLine) {
  const auto first = Start();
  const auto second = AdminServer::Start({first->address(), "leads", "0.1.0"}, metrics_, health_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(std::string(second.status().message()),
            "admin: " + first->address() + " is in use by another process; give a free port with --admin");
}

TEST_F(AdminServerTest, AddressesThatAreNone) {
  for (const char* listen :
       {"", "7001", ":7001", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:x"}) {
    const auto server = AdminServer::Start({listen, "leads", "0.1.0"}, metrics_, health_);
    EXPECT_EQ(server.status().code(), absl::StatusCode::kInvalidArgument) << listen;
    EXPECT_NE(std::string(server.status().message()).find("host:port"), std::string::npos);
  }
  const auto elsewhere = AdminServer::Start({"192.0.2.1:7001", "leads", "0.1.0"}, metrics_, health_);
  EXPECT_EQ(elsewhere.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(std::string(elsewhere.status().message()).find("192.0.2.1:7001"), std::string::npos)
      << elsewhere.status();
}

TEST_F(AdminServerTest, ServesIpv6Loopback) {
  const auto server = AdminServer::Start({"[::1]:0", "leads", "0.1.0"}, metrics_, health_);
  if (!server.ok()) GTEST_SKIP() << "no IPv6 here: " << server.status();
  EXPECT_TRUE((*server)->address().starts_with("[::1]:")) << (*server)->address();
  const auto live = Get(**server, "/livez");
  ASSERT_TRUE(live);
  EXPECT_EQ(live->status, 200);
}

TEST_F(AdminServerTest, StopsAtOnceAndFreesThePort) {
  std::string address;
  for (int i = 0; i < 20; ++i) {
    const auto server = Start();
    address = server->address();
  }
  EXPECT_TRUE(AdminServer::Start({address, "leads", "0.1.0"}, metrics_, health_).ok());
}

TEST_F(AdminServerTest, ASilentClientDoesNotBlockTheOthers) {
  const auto server = Start();
  const int silent = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port =
      htons(static_cast<uint16_t>(std::stoi(server->address().substr(server->address().rfind(':') + 1))));
  inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
  ASSERT_EQ(connect(silent, reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0);
  const auto live = Get(*server, "/livez");
  EXPECT_TRUE(live && live->status == 200);
  close(silent);
}

}  // namespace
}  // namespace finalmile::telemetry

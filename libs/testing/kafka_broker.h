#pragma once

#include <sys/types.h>

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace finalmile::testing {

struct KafkaOptions {
  // Brokers of the cluster.
  int nodes = 1;
  // Starts faster and runs slower: not for figures.
  bool quick = true;
};

// A private Apache Kafka on free ports of 127.0.0.1, in a temporary folder. A supervisor
// (deploy/kafka/broker) stops it and removes the folder when this process ends, however it ends. Nodes are
// numbered from 1. Not thread-safe, but for bootstrap and url.
class KafkaBroker {
 public:
  // Starts one; takes some seconds. NOT_FOUND: the broker has not been fetched (`make kafka`).
  static absl::StatusOr<std::unique_ptr<KafkaBroker>> Start(const KafkaOptions& options);
  ~KafkaBroker();
  KafkaBroker(const KafkaBroker&) = delete;
  KafkaBroker& operator=(const KafkaBroker&) = delete;

  // "127.0.0.1:PORT,…"
  const std::string& bootstrap() const { return bootstrap_; }
  // For events::Open.
  std::string url() const { return "kafka://" + bootstrap_; }

  // kill -9.
  absl::Status Kill(int node = 1) { return Command("kill", node); }
  // A clean shutdown.
  absl::Status Stop(int node = 1) { return Command("stop", node); }
  // Starts a node again after Kill or Stop, on the same port and data; returns when it answers.
  absl::Status Resume(int node = 1) { return Command("start", node); }
  // SIGSTOP and SIGCONT.
  absl::Status Freeze(int node = 1) { return Command("freeze", node); }
  absl::Status Thaw(int node = 1) { return Command("thaw", node); }

 private:
  KafkaBroker() = default;
  absl::Status Command(std::string_view verb, int node);
  absl::StatusOr<std::string> ReadLine();

  pid_t supervisor_ = -1;
  FILE* input_ = nullptr;
  FILE* output_ = nullptr;
  std::string bootstrap_;
};

// The broker that the tests of this process share, started by the first call. It is stopped when the process
// ends.
absl::StatusOr<KafkaBroker*> SharedKafka();

// Whether a test without Kafka is to fail rather than to be skipped: REQUIRE_KAFKA=1.
bool KafkaRequired();

}  // namespace finalmile::testing

// Ends the test, or SetUp, when `status_or`, a StatusOr of a broker, is not OK: skipped loudly, or failed
// (see above).
#define FINALMILE_NEEDS_KAFKA(status_or)                                                  \
  if (!(status_or).ok()) {                                                                \
    if (::finalmile::testing::KafkaRequired()) FAIL() << (status_or).status().ToString(); \
    GTEST_SKIP() << "SKIPPED without Kafka: " << (status_or).status().ToString();         \
  }

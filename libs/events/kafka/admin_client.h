#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/events/kafka/client.h"
#include "libs/events/kafka/config.h"

struct rd_kafka_op_s;
struct rd_kafka_AdminOptions_s;

namespace finalmile::events::kafka {

struct FreeAnswer {
  void operator()(rd_kafka_op_s* answer) const;
};
struct FreeOptions {
  void operator()(rd_kafka_AdminOptions_s* options) const;
};
using Answer = std::unique_ptr<rd_kafka_op_s, FreeAnswer>;
using AdminOptions = std::unique_ptr<rd_kafka_AdminOptions_s, FreeOptions>;

// A client that asks the brokers what their administrators ask, each time until `deadline` (steady). Not
// thread-safe.
class AdminClient {
 public:
  // The references outlive it.
  AdminClient(const Config& config, Clock& clock, absl::Duration deadline)
      : config_(config), clock_(clock), deadline_(deadline) {}

  // Before all else. INVALID_ARGUMENT names a property with which no client can be made.
  absl::Status Open();

  rd_kafka_s* client() const { return client_.get(); }
  rd_kafka_queue_s* queue() const { return queue_.get(); }
  const Config& config() const { return config_; }
  const Trouble& trouble() const { return trouble_; }
  Clock& clock() const { return clock_; }
  absl::Duration deadline() const { return deadline_; }
  void set_deadline(absl::Duration deadline) { deadline_ = deadline; }

  // DEADLINE_EXCEEDED that tells what went wrong with the connections.
  absl::Status Unreachable() const;
  // The answer to what was asked into queue(). `what` begins an error's text.
  absl::StatusOr<Answer> Await(std::string_view what) const;
  // For an rd_kafka_admin_op_t. Each call copies them.
  AdminOptions Options(int operation) const;

  // The settings of topics, by name; of one that may not be asked about, the broker's error.
  using Settings = std::map<std::string, std::string, std::less<>>;
  absl::StatusOr<std::map<std::string, absl::StatusOr<Settings>, std::less<>>> SettingsOf(
      const std::vector<std::string>& topics) const;

 private:
  const Config& config_;
  Clock& clock_;
  absl::Duration deadline_;
  Trouble trouble_;
  Client client_;
  Queue queue_;
};

}  // namespace finalmile::events::kafka

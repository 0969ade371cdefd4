#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/config/config.h"
#include "libs/events/event_log.h"
#include "services/finalmile/command_line.h"
#include "services/finalmile/local_suite.h"
#include "services/finalmile/session.h"

namespace finalmile::cli {

// The ways to the suite that the common flags and the environment (FINALMILE_ADDRESS, FINALMILE_TOKEN_FILE,
// FINALMILE_AS, FINALMILE_STORE, FINALMILE_EVENTS) give.
class SuiteConnector final : public Connector {
 public:
  // The references outlive the connector.
  SuiteConnector(CommonFlags flags, Clock& clock, Rng& rng);
  ~SuiteConnector() override;

  absl::StatusOr<rpc::Channel*> Channel() override;
  std::string Where() const override;
  absl::StatusOr<std::vector<Process>> Processes() override;
  bool IsOwn() const override { return suite_ != nullptr; }
  absl::StatusOr<events::EventLog*> Events() override;
  config::Assignments Settings() const override;
  absl::Status Settle() override;

 private:
  absl::Status Connect();
  absl::Status UseHolderOrStart();
  absl::Status Dial(const std::string& target);
  absl::StatusOr<std::unique_ptr<rpc::Channel>> NewChannel(const std::string& target);
  // Dials what --address names.
  absl::Status DialAddress();
  // What --address names, checked: by service, or for the empty one.
  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> Targets() const;

  CommonFlags flags_;
  Clock& clock_;
  Rng& rng_;
  std::unique_ptr<app::Suite> suite_;
  std::unique_ptr<rpc::Channel> channel_;
  std::unique_ptr<events::EventLog> events_;
  std::string where_;
};

}  // namespace finalmile::cli

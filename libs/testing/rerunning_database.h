#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "libs/storage/database.h"

namespace finalmile::testing {

// A store where every transaction meets a conflict: its function runs once and is rolled back, then runs
// again for good. So whatever the function has changed outside of the transaction takes effect twice, which
// tests of the code above notice. A run that fails is not repeated. Transactions of a leadership run once.
class RerunningDatabase final : public storage::Database {
 public:
  // `inner` outlives it.
  explicit RerunningDatabase(storage::Database& inner) : inner_(inner) {}

  storage::Engine engine() const override { return inner_.engine(); }
  absl::Status Transact(const storage::TransactOptions& options,
                        const storage::TransactionFunction& function) override;
  absl::StatusOr<std::unique_ptr<storage::Leadership>> Elect(std::string_view name,
                                                             absl::Duration deadline) override {
    return inner_.Elect(name, deadline);
  }
  std::unique_ptr<storage::Subscription> Subscribe(std::string_view channel, WaitEvent& event) override {
    return inner_.Subscribe(channel, event);
  }
  void SetCompanion(storage::Companion* companion) override { inner_.SetCompanion(companion); }
  std::vector<Step*> steps() override { return inner_.steps(); }
  absl::Status Advertise(std::string_view address) override { return inner_.Advertise(address); }

 private:
  storage::Database& inner_;
};

}  // namespace finalmile::testing

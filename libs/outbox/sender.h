#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/span.h"
#include "libs/base/step.h"
#include "libs/events/event_log.h"
#include "libs/storage/database.h"

namespace finalmile::outbox {

// Sends the events of this process's transactions from memory as soon as those have committed, so that they
// reach the log without the relay's round trips, and deletes their rows with the next transaction that writes
// events or, when none comes, a moment later. It is the companion of the store. What it does not send,
// because the process ends, an append fails or an earlier event of the key is not sent yet, stands in the
// outbox for the relay, which therefore takes rows only when they have been there for kRelayPatience.
// SendOrder keeps the order of each key. Thread-safe.
class Sender final : public storage::Companion, public Step {
 public:
  // The references outlive the sender, which outlives the last transaction of `database`. `service` names the
  // step. `tracer` outlives it too; null: nothing is recorded.
  Sender(std::string_view service, storage::Database& database, events::EventLog& log, Clock& clock,
         Log& logger, Tracer* tracer);
  ~Sender() override;

  // That of the store of `transaction`; null: the relay sends everything.
  static Sender* Of(const storage::Transaction& transaction);

  // Writes the rows of `messages`, as outbox::Write says, and sends them after the commit.
  absl::Status Write(storage::Transaction& transaction, std::vector<events::Message> messages);

  // Events that were left to the relay since the start.
  int64_t left() const;

  std::string_view name() const override { return name_; }
  // Does what would hold up a committing thread: appends that block, those that are late, rows to be deleted.
  absl::Duration Run() override;
  WaitEvent& wake() override;

 private:
  class Core;
  class Flight;
  class SentRows;

  void DeleteSent();

  const std::string name_;
  storage::Database& database_;
  Log& logger_;
  // Shared with appends under way, which may be over after the sender's end.
  const std::shared_ptr<Core> core_;
};

}  // namespace finalmile::outbox

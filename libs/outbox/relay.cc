#include "libs/outbox/relay.h"

#include <vector>

#include "libs/base/status.h"
#include "libs/outbox/outbox.h"

namespace finalmile::outbox {

Relay::Relay(events::EventLog& log, Clock& clock, Options options)
    : log_(log), clock_(clock), options_(options) {}

std::string_view Relay::channel() const { return kOutboxChannel; }

absl::StatusOr<absl::Duration> Relay::Run(storage::Leadership& leadership) {
  const absl::Duration beat = leadership.heartbeat_interval();
  storage::Result unsent;
  RETURN_IF_ERROR(leadership.Transact(
      {.deadline = clock_.Steady() + beat, .read_only = true},
      [&](storage::Transaction& transaction) -> absl::Status {
        ASSIGN_OR_RETURN(unsent, transaction.Execute(
                                     "SELECT id, topic, key, value, headers FROM outbox ORDER BY id LIMIT $1",
                                     {int64_t{options_.batch}}));
        return absl::OkStatus();
      }));
  if (unsent.rows.empty()) return absl::InfiniteDuration();

  std::vector<events::Message> messages;
  std::vector<storage::Row> sent;
  messages.reserve(unsent.rows.size());
  sent.reserve(unsent.rows.size());
  for (const storage::Row& row : unsent.rows) {
    ASSIGN_OR_RETURN(events::Headers headers, DecodeHeaders(row.Blob(4)));
    messages.push_back({row.Text(1), row.Text(2), row.Blob(3), std::move(headers)});
    sent.emplace_back(std::vector<storage::Value>{row.Int(0)});
  }
  // Within two heartbeats, so that a broker that is down does not cost the lock.
  RETURN_IF_ERROR(log_.Append(messages, clock_.Steady() + 2 * beat));
  RETURN_IF_ERROR(leadership.Transact(
      {.deadline = clock_.Steady() + beat}, [&](storage::Transaction& transaction) -> absl::Status {
        return transaction
            .ExecuteMany("DELETE FROM outbox WHERE id IN (SELECT r.id FROM {rows: id BIGINT} AS r)", sent)
            .status();
      }));
  return absl::ZeroDuration();
}

absl::StatusOr<int64_t> OutboxDepth(storage::Database& database, absl::Duration deadline) {
  int64_t depth = 0;
  RETURN_IF_ERROR(database.Transact(
      {.deadline = deadline, .read_only = true}, [&](storage::Transaction& transaction) -> absl::Status {
        ASSIGN_OR_RETURN(storage::Result result, transaction.Execute("SELECT COUNT(*) FROM outbox"));
        depth = result.rows.front().Int(0);
        return absl::OkStatus();
      }));
  return depth;
}

}  // namespace finalmile::outbox

#include "libs/outbox/relay.h"

#include <vector>

#include "libs/base/status.h"
#include "libs/events/headers.h"
#include "libs/outbox/batch_spans.h"
#include "libs/outbox/outbox.h"
#include "libs/storage/transact.h"

namespace finalmile::outbox {
namespace {

// Then the step gives its thread a chance to stop.
constexpr absl::Duration kLongestRun = absl::Milliseconds(50);
constexpr absl::Duration kSendTimeout = absl::Seconds(2);
// A lost notification delays an event by no more than this. An empty outbox costs next to nothing to look at.
constexpr absl::Duration kLookInterval = absl::Seconds(1);

}  // namespace

Relay::Relay(events::EventLog& log, Clock& clock, Options options)
    : log_(log), clock_(clock), options_(options) {}

std::string_view Relay::channel() const { return kOutboxChannel; }

absl::StatusOr<absl::Duration> Relay::Run(storage::Leadership& leadership) {
  const absl::Duration start = clock_.Steady();
  ASSIGN_OR_RETURN(storage::Result unsent,
                   storage::Read(leadership, start + kTurnTimeout,
                                 [&](storage::Transaction& transaction) { return Unsent(transaction); }));
  while (!unsent.rows.empty()) {
    RETURN_IF_ERROR(Send(unsent, clock_.Steady() + kSendTimeout));
    std::vector<storage::Row> sent;
    sent.reserve(unsent.rows.size());
    for (const storage::Row& row : unsent.rows) {
      sent.emplace_back(std::vector<storage::Value>{row.Int(0)});
    }
    ASSIGN_OR_RETURN(
        unsent,
        storage::Transact(
            leadership, {.deadline = clock_.Steady() + kTurnTimeout, .durable = false},
            [&](storage::Transaction& transaction) -> absl::StatusOr<storage::Result> {
              RETURN_IF_ERROR(
                  transaction
                      .DeferMany("DELETE FROM outbox WHERE id IN (SELECT r.id FROM {rows: id BIGINT} AS r)",
                                 sent)
                      .status());
              return Unsent(transaction);
            }));
    if (clock_.Steady() - start > kLongestRun) return absl::ZeroDuration();
  }
  return clock_.Steady() + kLookInterval;
}

absl::StatusOr<storage::Result> Relay::Unsent(storage::Transaction& transaction) const {
  return transaction.Execute("SELECT id, topic, key, value, headers FROM outbox ORDER BY id LIMIT $1",
                             {int64_t{options_.batch}});
}

absl::Status Relay::Send(const storage::Result& rows, absl::Duration deadline) {
  std::vector<events::Message> messages;
  messages.reserve(rows.rows.size());
  for (const storage::Row& row : rows.rows) {
    ASSIGN_OR_RETURN(events::Headers headers, events::DecodeHeaders(row.Blob(4)));
    messages.push_back({row.Text(1), row.Text(2), row.Blob(3), std::move(headers)});
  }
  if (options_.tracer == nullptr) return log_.Append(messages, deadline);
  BatchSpans spans(options_.tracer, SpanKind::kProducer, "send", log_.system());
  for (const events::Message& message : messages) spans.Add(message.topic, message.headers);
  for (events::Message& message : messages)
    SetTrace(spans.TraceFor(message.topic, message.headers), message.headers);
  absl::Status sent = log_.Append(messages, deadline);
  spans.End(sent);
  return sent;
}

absl::StatusOr<int64_t> OutboxDepth(storage::Database& database, absl::Duration deadline) {
  return storage::Read(database, deadline, [&](storage::Transaction& transaction) -> absl::StatusOr<int64_t> {
    ASSIGN_OR_RETURN(
        const storage::Result result,
        transaction.Execute("SELECT COUNT(*) FROM (SELECT 1 FROM outbox LIMIT $1) AS counted", {kDepthCap}));
    return result.rows.front().Int(0);
  });
}

absl::StatusOr<absl::Time> OldestInOutbox(storage::Database& database, absl::Duration deadline) {
  ASSIGN_OR_RETURN(const storage::Result result,
                   storage::Read(database, deadline, [&](storage::Transaction& transaction) {
                     return transaction.Execute("SELECT headers FROM outbox ORDER BY id LIMIT 1");
                   }));
  if (result.rows.empty()) return absl::InfinitePast();
  ASSIGN_OR_RETURN(const events::Headers headers, events::DecodeHeaders(result.rows.front().Blob(0)));
  return TimeOf(headers);
}

}  // namespace finalmile::outbox

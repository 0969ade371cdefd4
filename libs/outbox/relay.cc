#include "libs/outbox/relay.h"

#include <limits>
#include <utility>
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

std::string_view Relay::channel() const {
  return options_.patience == absl::ZeroDuration() ? kOutboxChannel : std::string_view();
}

absl::StatusOr<absl::Duration> Relay::Run(storage::Leadership& leadership) {
  const absl::Duration start = clock_.Steady();
  const bool patient = options_.patience > absl::ZeroDuration();
  const bool waited = start - seen_at_ >= options_.patience;
  if (patient && !waited) return seen_at_ + options_.patience;
  // Rows of a key are sent in order of their ids, up to one that they all have reached: so none is passed
  // over.
  const int64_t last = patient ? seen_ : std::numeric_limits<int64_t>::max();
  struct Look {
    std::vector<UnsentRow> unsent;
    int64_t newest = 0;
  };
  const auto look = [&](storage::Transaction& transaction) -> absl::StatusOr<Look> {
    Look found;
    ASSIGN_OR_RETURN(found.unsent, ReadRows(transaction, last, options_.batch));
    if (patient && found.unsent.empty()) {
      ASSIGN_OR_RETURN(found.newest, NewestRow(transaction));
    }
    return found;
  };
  ASSIGN_OR_RETURN(Look found, storage::Read(leadership, start + kTurnTimeout, look));
  while (!found.unsent.empty()) {
    std::vector<int64_t> sent;
    sent.reserve(found.unsent.size());
    for (const UnsentRow& row : found.unsent) sent.push_back(row.id);
    RETURN_IF_ERROR(Send(std::move(found.unsent), clock_.Steady() + kSendTimeout));
    ASSIGN_OR_RETURN(
        found, storage::Transact(leadership, {.deadline = clock_.Steady() + kTurnTimeout, .durable = false},
                                 [&](storage::Transaction& transaction) -> absl::StatusOr<Look> {
                                   RETURN_IF_ERROR(DeleteRows(transaction, sent));
                                   return look(transaction);
                                 }));
    if (clock_.Steady() - start > kLongestRun) return absl::ZeroDuration();
  }
  if (!patient) return clock_.Steady() + kLookInterval;
  seen_ = found.newest;
  seen_at_ = clock_.Steady();
  return seen_at_ + options_.patience;
}

absl::Status Relay::Send(std::vector<UnsentRow> rows, absl::Duration deadline) {
  std::vector<events::Message> messages;
  messages.reserve(rows.size());
  for (UnsentRow& row : rows) messages.push_back(std::move(row.message));
  BatchSpans spans(options_.tracer, SpanKind::kProducer, "send", log_.system());
  spans.AddToSend(messages);
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

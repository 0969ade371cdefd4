#include "libs/outbox/outbox.h"

#include <charconv>

#include <fmt/format.h>

#include "libs/base/span.h"
#include "libs/base/status.h"
#include "libs/events/headers.h"
#include "libs/outbox/batch_spans.h"
#include "libs/outbox/outbox_table.h"
#include "libs/outbox/sender.h"

namespace finalmile::outbox {

events::Message ToMessage(const OutgoingEvent& event) {
  events::Message message{event.topic, event.key, event.value, {}};
  message.headers = {{"ce_specversion", "1.0"},
                     {"ce_id", event.id},
                     {"ce_source", event.source},
                     {"ce_type", event.type},
                     {"ce_time", absl::FormatTime(absl::RFC3339_full, event.time, absl::UTCTimeZone())},
                     {"ce_subject", event.key},
                     {"ce_sequence", std::to_string(event.seq)},
                     {"content-type", "application/protobuf"}};
  SetTrace(event.trace, message.headers);
  return message;
}

absl::StatusOr<int64_t> SeqOf(const events::Record& record) {
  for (const auto& [name, value] : record.headers) {
    if (name != "ce_sequence") continue;
    int64_t seq = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seq);
    if (error != std::errc() || end != value.data() + value.size() || seq <= 0 || seq > kHighestSeq) {
      return absl::InvalidArgumentError("header ce_sequence is not a number from 1 to 2^62");
    }
    return seq;
  }
  return 0;
}

absl::Time TimeOf(const events::Headers& headers) {
  absl::Time time = absl::InfinitePast();
  for (const auto& [name, value] : headers) {
    if (name == "ce_time" && !absl::ParseTime(absl::RFC3339_full, value, &time, nullptr))
      return absl::InfinitePast();
  }
  return time;
}

absl::Status Write(storage::Transaction& transaction, const std::vector<OutgoingEvent>& events) {
  if (events.empty()) return absl::OkStatus();
  const std::optional<TraceContext> around = TraceScope::Current();
  std::optional<ChildSpan> span;
  if (SpanScope::Recording() != nullptr) {
    span.emplace(fmt::format("create {}", events.front().topic), SpanKind::kProducer);
    (*span)->Set("messaging.operation.name", "create");
    (*span)->Set("messaging.operation.type", "create");
    (*span)->Set("messaging.destination.name", events.front().topic);
    (*span)->Set("messaging.batch.message_count", static_cast<int64_t>(events.size()));
  }
  std::vector<events::Message> messages;
  messages.reserve(events.size());
  for (const OutgoingEvent& event : events) {
    messages.push_back(ToMessage(event));
    if (span && event.trace == around) SetTrace((*span)->context(), messages.back().headers);
  }
  if (Sender* sender = Sender::Of(transaction); sender != nullptr)
    return sender->Write(transaction, std::move(messages));
  RETURN_IF_ERROR(InsertRows(transaction, messages).status());
  return transaction.Notify(kOutboxChannel);
}

}  // namespace finalmile::outbox

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/trace_context.h"
#include "libs/events/event_log.h"
#include "libs/storage/database.h"

namespace finalmile::outbox {

// Beyond so many rows what waits is not counted further.
inline constexpr int64_t kDepthCap = 100'000;

// Channel notified when a transaction wrote outbox rows.
inline constexpr std::string_view kOutboxChannel = "outbox";

// The attributes of an event that stand beside its value as CloudEvents 1.0 binary-mode headers (Kafka
// protocol binding).
struct OutgoingEvent {
  std::string topic;
  // Resource name of the aggregate; the record's key and ce_subject.
  std::string key;
  // 1, 2, 3, … per key, counted on the key's own row in the same transaction.
  int64_t seq = 0;
  std::string id;
  // "/finalmile/leads".
  std::string source;
  // Full name of the event's message: "finalmile.leads.v1.LeadCreated".
  std::string type;
  absl::Time time;
  // What it belongs to, if that is known.
  std::optional<TraceContext> trace;
  // The serialised envelope message.
  std::string value;
};

// The record that `event` becomes.
events::Message ToMessage(const OutgoingEvent& event);

// The highest seq; far above what is ever counted, and so that one more never overflows.
inline constexpr int64_t kHighestSeq = int64_t{1} << 62;
// ce_sequence of a record; 0 when it has none. INVALID_ARGUMENT when it is not a number from 1 to
// kHighestSeq.
absl::StatusOr<int64_t> SeqOf(const events::Record& record);

// ce_time among the headers; InfinitePast when it is missing or malformed.
absl::Time TimeOf(const events::Headers& headers);

// Writes events with the state they tell of: call once per transaction, after the aggregates' rows were
// locked, with the events of one key in order of seq.
absl::Status Write(storage::Transaction& transaction, const std::vector<OutgoingEvent>& events);

}  // namespace finalmile::outbox

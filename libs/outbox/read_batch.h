#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "libs/base/trace_context.h"
#include "libs/events/event_log.h"
#include "libs/outbox/handler.h"
#include "libs/rpc/edge.h"

namespace finalmile::outbox {

// Parses the records of a batch as messages of one type, in order, and gives each to
// `take(size_t index, Message& message, const events::Record& record)`, which returns a status. A record that
// is no such message is parked, and so is one for which `take` returns RecordFault before it has written
// anything; any other error ends the reading and is returned. The message is used again for the next record.
// `take` runs in the TraceScope of its record.
template <class Message, class Take>
absl::Status ReadBatch(Batch& batch, Take&& take) {
  Message message;
  for (size_t i = 0; i < batch.deliveries().size(); ++i) {
    const events::Record& record = *batch.deliveries()[i].record;
    const TraceScope scope(batch.deliveries()[i].trace);
    absl::Status status = rpc::ParseRequest(record.value, message);
    const bool parsed = status.ok();
    if (parsed) status = take(i, message, record);
    if (!parsed || IsRecordFault(status)) {
      batch.Park(i, std::string(status.message()));
    } else if (!status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

}  // namespace finalmile::outbox

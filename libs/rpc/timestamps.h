#pragma once

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace finalmile::rpc {

// To the nanosecond; `time` is finite.
google::protobuf::Timestamp ToTimestamp(absl::Time time);
absl::Time FromTimestamp(const google::protobuf::Timestamp& time);
// The same to the microsecond, rounded down: what a store gives back of it.
absl::Time StoredTime(const google::protobuf::Timestamp& time);

// To the nanosecond; `span` is finite.
google::protobuf::Duration ToDuration(absl::Duration span);
absl::Duration FromDuration(const google::protobuf::Duration& span);

}  // namespace finalmile::rpc

#pragma once

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace finalmile::rpc {

// To the nanosecond; `time` is finite.
google::protobuf::Timestamp ToTimestamp(absl::Time time);
absl::Time FromTimestamp(const google::protobuf::Timestamp& time);

}  // namespace finalmile::rpc

#pragma once

#include <string>

#include "google/protobuf/message_lite.h"

namespace finalmile::rpc {

// The message's bytes, the same for equal messages of one build (maps are sorted). Thread-safe.
std::string DeterministicBytes(const google::protobuf::MessageLite& message);

}  // namespace finalmile::rpc

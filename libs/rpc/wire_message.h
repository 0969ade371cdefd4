#pragma once

#include <memory>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "libs/rpc/memory_budget.h"
#include "libs/rpc/server_core.h"
#include "libs/rpc/service.h"

namespace grpc {
class ByteBuffer;
}  // namespace grpc

// Messages between gRPC's buffers and protobuf, within the server's bounds of memory; no part of the
// library's interface.
namespace finalmile::rpc {

// Whatever a message of this size is parsed into is small.
inline constexpr size_t kSmallMessage = 16 << 10;
// How many times its largest size a request message may take when it is parsed.
inline constexpr int64_t kMostGrowth = 16;

// Takes the room of a message as it came from the budget of all calls. Small ones are bounded by the number
// of calls.
absl::Status TakeRoom(const grpc::ByteBuffer& bytes, const ServerOptions& options, MemoryShare& memory);

// Parses a message whose own bytes have been taken from `memory` already, if it is large.
absl::Status Parse(const grpc::ByteBuffer& bytes, const ServedMethod& method, const ServerOptions& options,
                   MemoryShare& memory, google::protobuf::Message& request);

bool IsSmall(const google::protobuf::Message& message);
grpc::ByteBuffer SerialiseSmall(const google::protobuf::Message& message);
// The share of the budget has been taken. It is given back when the transport has written the last byte into
// the socket: a call ends earlier.
grpc::ByteBuffer SerialiseLarge(const google::protobuf::Message& message,
                                const std::shared_ptr<MemoryBudget>& budget);
grpc::ByteBuffer Share(const SharedBytes& bytes);

}  // namespace finalmile::rpc

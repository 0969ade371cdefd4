#pragma once

#include <memory>

#include "libs/rpc/server_core.h"

namespace grpc {
class ByteBuffer;
class CallbackServerContext;
class ServerUnaryReactor;
}  // namespace grpc

// No part of the library's interface.
namespace finalmile::rpc {

// Begins a call of a unary method, as gRPC's handlers of raw callback methods do; the reactor keeps itself.
grpc::ServerUnaryReactor* BeginUnaryCall(const std::shared_ptr<ServerCore>& core, const ServedMethod& method,
                                         grpc::CallbackServerContext& context,
                                         const grpc::ByteBuffer& request, grpc::ByteBuffer* response);

}  // namespace finalmile::rpc

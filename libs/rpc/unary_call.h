#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <memory>

#include "libs/rpc/server_core.h"

// No part of the library's interface.
namespace finalmile::rpc {

// Begins a call of a unary method, as gRPC's handlers of raw callback methods do; the reactor keeps itself.
grpc::ServerUnaryReactor* BeginUnaryCall(const std::shared_ptr<ServerCore>& core, const ServedMethod& method,
                                         grpc::CallbackServerContext& context,
                                         const grpc::ByteBuffer& request, grpc::ByteBuffer* response);

}  // namespace finalmile::rpc

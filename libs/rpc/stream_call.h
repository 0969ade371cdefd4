#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <memory>

#include "libs/rpc/server_core.h"

// No part of the library's interface.
namespace finalmile::rpc {

// Begins a call of a streaming method, as gRPC's handlers of raw callback methods do; the reactor keeps
// itself.
grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* BeginStreamCall(
    const std::shared_ptr<ServerCore>& core, const ServedMethod& method,
    const grpc::CallbackServerContext& context);

}  // namespace finalmile::rpc

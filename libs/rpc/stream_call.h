#pragma once

#include <memory>

#include "libs/rpc/server_core.h"

namespace grpc {
class ByteBuffer;
class CallbackServerContext;
template <class Request, class Response>
class ServerBidiReactor;
}  // namespace grpc

// No part of the library's interface.
namespace finalmile::rpc {

// Begins a call of a streaming method, as gRPC's handlers of raw callback methods do; the reactor keeps
// itself.
grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* BeginStreamCall(
    const std::shared_ptr<ServerCore>& core, const ServedMethod& method,
    const grpc::CallbackServerContext& context);

}  // namespace finalmile::rpc

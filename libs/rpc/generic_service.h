#pragma once

#include <memory>

#include "libs/rpc/server_core.h"
#include "libs/rpc/service.h"

namespace grpc {
class Service;
}  // namespace grpc

// Between server.cc and the reactors; no part of the library's interface.
namespace finalmile::rpc {

// A gRPC service of raw callback methods: those of `core` that belong to `service`. To outlive its
// grpc::Server.
std::unique_ptr<grpc::Service> NewGenericService(std::shared_ptr<ServerCore> core, const Service& service);

}  // namespace finalmile::rpc

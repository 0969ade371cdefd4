#include "libs/rpc/generic_service.h"

#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/support/byte_buffer.h>

#include "libs/rpc/stream_call.h"
#include "libs/rpc/unary_call.h"

namespace finalmile::rpc {
namespace {

using grpc::ByteBuffer;

class GenericService final : public grpc::Service {
 public:
  GenericService(const std::shared_ptr<ServerCore>& core, const rpc::Service& service) {
    int index = 0;
    for (const auto& served : core->methods) {
      const ServedMethod& method = *served;
      if (method.method->descriptor->service() != &service.descriptor()) continue;
      const bool unary = method.method->unary != nullptr;
      AddMethod(new grpc::internal::RpcServiceMethod(
          method.path.c_str(),
          unary ? grpc::internal::RpcMethod::NORMAL_RPC : grpc::internal::RpcMethod::BIDI_STREAMING,
          nullptr));
      MarkMethodRawCallback(index++, unary ? NewUnary(core, method) : NewStream(core, method));
    }
  }

 private:
  static grpc::internal::MethodHandler* NewUnary(const std::shared_ptr<ServerCore>& core,
                                                 const ServedMethod& method) {
    return new grpc::internal::CallbackUnaryHandler<ByteBuffer, ByteBuffer>(
        [core, &method](grpc::CallbackServerContext* context, const ByteBuffer* request,
                        ByteBuffer* response) {
          return BeginUnaryCall(core, method, *context, *request, response);
        });
  }

  static grpc::internal::MethodHandler* NewStream(const std::shared_ptr<ServerCore>& core,
                                                  const ServedMethod& method) {
    return new grpc::internal::CallbackBidiHandler<ByteBuffer, ByteBuffer>(
        [core, &method](grpc::CallbackServerContext* context) {
          return BeginStreamCall(core, method, *context);
        });
  }
};

}  // namespace

std::unique_ptr<grpc::Service> NewGenericService(std::shared_ptr<ServerCore> core, const Service& service) {
  return std::make_unique<GenericService>(core, service);
}

}  // namespace finalmile::rpc

#include "libs/outbox/envelope.h"

#include "google/protobuf/message.h"

namespace finalmile::outbox {

Cause CauseOf(const rpc::CallContext& context) {
  return {context.principal(), std::string(context.traceparent())};
}

std::string TypeOf(const google::protobuf::Message& envelope) {
  return envelope.GetReflection()
      ->GetOneofFieldDescriptor(envelope, envelope.GetDescriptor()->oneof_decl(0))
      ->message_type()
      ->full_name();
}

}  // namespace finalmile::outbox

#include "libs/outbox/envelope.h"

#include "absl/strings/str_replace.h"
#include "google/protobuf/message.h"

namespace finalmile::outbox {

Cause CauseOf(const rpc::CallContext& context) { return {context.principal()}; }

Cause CauseOf(std::string_view task) {
  Cause cause;
  cause.principal.set_name(std::string(task));
  return cause;
}

std::string TypeOf(const google::protobuf::Message& envelope) {
  return envelope.GetReflection()
      ->GetOneofFieldDescriptor(envelope, envelope.GetDescriptor()->oneof_decl(0))
      ->message_type()
      ->full_name();
}

std::string SourceOf(const google::protobuf::Descriptor& message) {
  const std::string& package = message.file()->package();
  return "/" + absl::StrReplaceAll(package.substr(0, package.rfind('.')), {{".", "/"}});
}

}  // namespace finalmile::outbox

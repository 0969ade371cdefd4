#include "libs/rpc/service.h"

#include "absl/strings/str_join.h"
#include "finalmile/v1/annotations.pb.h"
#include "fmt/format.h"

namespace finalmile::rpc {
namespace {

using google::protobuf::MethodDescriptor;

std::string_view KindName(bool client_streaming, bool server_streaming) {
  if (client_streaming) return server_streaming ? "a bidirectional stream" : "a client stream";
  return server_streaming ? "a server stream" : "unary";
}

}  // namespace

Method* Service::Register(std::string_view name, Kind kind, const Message& request, const Message& response) {
  const MethodDescriptor* descriptor = descriptor_->FindMethodByName(std::string(name));
  if (descriptor == nullptr) {
    mistakes_.push_back(fmt::format("{} is registered but the service has no such method", name));
    return nullptr;
  }
  const bool client_streaming = kind == Kind::kBidiStream;
  const bool server_streaming = kind != Kind::kUnary;
  if (descriptor->client_streaming() != client_streaming ||
      descriptor->server_streaming() != server_streaming) {
    mistakes_.push_back(
        fmt::format("{} is registered as {} but is {}", name, KindName(client_streaming, server_streaming),
                    KindName(descriptor->client_streaming(), descriptor->server_streaming())));
    return nullptr;
  }
  if (descriptor->input_type() != request.GetDescriptor() ||
      descriptor->output_type() != response.GetDescriptor()) {
    mistakes_.push_back(
        fmt::format("{} is registered as {} -> {} but is {} -> {}", name,
                    request.GetDescriptor()->full_name(), response.GetDescriptor()->full_name(),
                    descriptor->input_type()->full_name(), descriptor->output_type()->full_name()));
    return nullptr;
  }
  for (const auto& method : methods_) {
    if (method->descriptor == descriptor) {
      mistakes_.push_back(fmt::format("{} is registered twice", name));
      return nullptr;
    }
  }
  auto method = std::make_unique<Method>();
  method->descriptor = descriptor;
  method->request = &request;
  method->response = &response;
  return methods_.emplace_back(std::move(method)).get();
}

Method* Service::RegisterInline(std::string_view name, const Message& request) {
  for (const auto& method : methods_) {
    if (method->descriptor->name() != name) continue;
    if (method->unary && method->request == &request && !method->inline_answer && !method->inline_start)
      return method.get();
    mistakes_.push_back(
        fmt::format("{} has an inline handler of another type, or two, or is no unary method", name));
    return nullptr;
  }
  mistakes_.push_back(fmt::format("{} has an inline handler but is not registered before it", name));
  return nullptr;
}

std::vector<const Method*> Service::methods() const {
  std::vector<const Method*> methods(static_cast<size_t>(descriptor_->method_count()));
  for (const auto& method : methods_)
    methods[static_cast<size_t>(method->descriptor->index())] = method.get();
  return methods;
}

absl::Status Service::Check() const {
  std::vector<std::string> mistakes = mistakes_;
  const std::vector<const Method*> methods = this->methods();
  for (int i = 0; i < descriptor_->method_count(); ++i) {
    const MethodDescriptor& method = *descriptor_->method(i);
    if (methods[static_cast<size_t>(i)] == nullptr) {
      mistakes.push_back(fmt::format("{} has no handler", method.name()));
    }
    if (!method.options().HasExtension(v1::allow)) {
      mistakes.push_back(fmt::format("{} lacks option (finalmile.v1.allow)", method.name()));
    }
  }
  if (mistakes.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("{}: {}", descriptor_->full_name(), absl::StrJoin(mistakes, "; ")));
}

}  // namespace finalmile::rpc

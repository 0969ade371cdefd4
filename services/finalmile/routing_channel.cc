#include "services/finalmile/routing_channel.h"

#include <fmt/format.h>

namespace finalmile::cli {
namespace {

// "leads" of "/finalmile.leads.v1.LeadService/GetLead"; empty for what every process serves,
// "/finalmile.v1.OperationsService/GetStatus".
std::string_view ServiceOf(std::string_view method) {
  constexpr std::string_view kSuite = "/finalmile.";
  if (!method.starts_with(kSuite)) return {};
  method.remove_prefix(kSuite.size());
  const std::string_view first = method.substr(0, method.find('.'));
  return first == "v1" ? std::string_view() : first;
}

// A call that there is nobody to answer.
class NoStream final : public rpc::Stream {
 public:
  explicit NoStream(absl::Status status) : status_(std::move(status)) {}
  bool Write(const google::protobuf::Message&) override { return false; }
  void WritesDone() override {}
  bool Read(google::protobuf::Message&) override { return false; }
  absl::Status Finish() override { return status_; }

 private:
  const absl::Status status_;
};

}  // namespace

rpc::Channel* RoutingChannel::ChannelOf(std::string_view method) const {
  const std::string_view service = ServiceOf(method);
  if (service.empty()) return services_.begin()->second.get();
  const auto found = services_.find(service);
  return found == services_.end() ? nullptr : found->second.get();
}

absl::Status RoutingChannel::Missing(std::string_view method) const {
  return absl::NotFoundError(
      fmt::format("--address names no address of the service {}: give {}=HOST:PORT too", ServiceOf(method),
                  ServiceOf(method)));
}

absl::Status RoutingChannel::CallMessage(std::string_view method, const google::protobuf::Message& request,
                                         google::protobuf::Message& reply, const rpc::CallOptions& options) {
  rpc::Channel* channel = ChannelOf(method);
  return channel == nullptr ? Missing(method) : channel->CallMessage(method, request, reply, options);
}

std::unique_ptr<rpc::Stream> RoutingChannel::Open(std::string_view method, const rpc::CallOptions& options) {
  rpc::Channel* channel = ChannelOf(method);
  if (channel == nullptr) return std::make_unique<NoStream>(Missing(method));
  return channel->Open(method, options);
}

}  // namespace finalmile::cli

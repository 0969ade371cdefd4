#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "libs/rpc/client.h"

namespace finalmile::cli {

// Calls go to the service whose method it is: "/finalmile.leads.v1.…" to "leads". What every process serves
// goes to the first one. NOT_FOUND names a service without a channel. Thread-safe.
class RoutingChannel final : public rpc::Channel {
 public:
  // By the service's name; not empty.
  explicit RoutingChannel(std::map<std::string, std::unique_ptr<rpc::Channel>, std::less<>> services)
      : services_(std::move(services)) {}

  absl::Status CallMessage(std::string_view method, const google::protobuf::Message& request,
                           google::protobuf::Message& reply, const rpc::CallOptions& options) override;
  std::unique_ptr<rpc::Stream> Open(std::string_view method, const rpc::CallOptions& options) override;

 private:
  // Null: none.
  rpc::Channel* ChannelOf(std::string_view method) const;
  absl::Status Missing(std::string_view method) const;

  const std::map<std::string, std::unique_ptr<rpc::Channel>, std::less<>> services_;
};

}  // namespace finalmile::cli

#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "libs/rpc/service.h"

namespace finalmile::rpc {

// Registers a member function of shared handlers as a unary method:
//   Unary(service, "GetLead", handlers, &LeadHandlers::GetLead);
template <class Handlers, class Req, class Resp>
void Unary(Service& service, std::string_view name, const std::shared_ptr<Handlers>& handlers,
           absl::StatusOr<Resp> (Handlers::*method)(CallContext&, const Req&)) {
  service.Unary<Req, Resp>(name, [handlers, method](CallContext& context, const Req& request) {
    return ((*handlers).*method)(context, request);
  });
}

// The same for a method that ends in a wait.
template <class Handlers, class Req, class Resp>
void Unary(Service& service, std::string_view name, const std::shared_ptr<Handlers>& handlers,
           absl::StatusOr<After<Resp>> (Handlers::*method)(CallContext&, const Req&)) {
  service.UnaryAfter<Req, Resp>(name, [handlers, method](CallContext& context, const Req& request) {
    return ((*handlers).*method)(context, request);
  });
}

// The same for what such a method may do on the network's thread.
template <class Handlers, class Req, class Resp>
void InlineAfter(Service& service, std::string_view name, const std::shared_ptr<Handlers>& handlers,
                 std::optional<absl::StatusOr<After<Resp>>> (Handlers::*method)(CallContext&, const Req&)) {
  service.InlineAfter<Req, Resp>(name, [handlers, method](CallContext& context, const Req& request) {
    return ((*handlers).*method)(context, request);
  });
}

}  // namespace finalmile::rpc

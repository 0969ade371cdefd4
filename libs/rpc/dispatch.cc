#include "libs/rpc/dispatch.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "finalmile/v1/annotations.pb.h"
#include "fmt/format.h"
#include "libs/base/status.h"
#include "libs/rpc/errors.h"

namespace finalmile::rpc {
namespace {

using google::protobuf::MethodDescriptor;

std::string_view TypeLabel(const MethodDescriptor& method) {
  if (method.client_streaming()) return "bidi_stream";
  return method.server_streaming() ? "server_stream" : "unary";
}

// "finalmile.leads.v1" -> "leads.finalmile".
std::string DomainOf(const std::string& package) {
  const std::vector<std::string> parts = absl::StrSplit(package, '.');
  return parts.size() < 2 ? package : parts[1] + "." + parts[0];
}

uint32_t AllowedRoles(const MethodDescriptor& method) {
  uint32_t allowed = 1u << v1::ROLE_ADMIN;
  for (const int role : method.options().GetExtension(v1::allow).roles()) allowed |= 1u << role;
  return allowed;
}

std::unique_ptr<ServedMethod> Served(const Method& method) {
  auto served = std::make_unique<ServedMethod>();
  const google::protobuf::ServiceDescriptor& service = *method.descriptor->service();
  served->method = &method;
  served->path = fmt::format("/{}/{}", service.full_name(), method.descriptor->name());
  served->domain = DomainOf(service.file()->package());
  served->allowed = AllowedRoles(*method.descriptor);
  served->mutates = method.descriptor->input_type()->FindFieldByName("request_id") != nullptr;
  served->shape = std::make_unique<RequestShape>(*method.descriptor->input_type());
  return served;
}

}  // namespace

absl::StatusOr<std::vector<std::unique_ptr<ServedMethod>>> Serve(const std::vector<const Service*>& services,
                                                                 CallObserver* observer) {
  std::vector<std::unique_ptr<ServedMethod>> served;
  std::set<std::string> names;
  for (const Service* service : services) {
    const auto& descriptor = service->descriptor();
    RETURN_IF_ERROR(service->Check());
    if (!names.insert(descriptor.full_name()).second) {
      return absl::FailedPreconditionError(fmt::format("{} is served twice", descriptor.full_name()));
    }
    for (const Method* method : service->methods()) {
      auto one = Served(*method);
      if (observer != nullptr) {
        one->observer = observer->ForMethod(
            {descriptor.full_name(), method->descriptor->name(), TypeLabel(*method->descriptor)});
      }
      served.push_back(std::move(one));
    }
  }
  return served;
}

std::vector<std::unique_ptr<ServedMethod>> ServeOpenly(const Service& service) {
  std::vector<std::unique_ptr<ServedMethod>> served;
  for (const Method* method : service.methods()) served.emplace_back(Served(*method))->open = true;
  return served;
}

absl::StatusOr<std::shared_ptr<const v1::Principal>> Authenticate(const Credentials& credentials,
                                                                  std::string_view authorization) {
  constexpr std::string_view kBearer = "bearer ";
  const bool bearer = authorization.size() > kBearer.size() &&
                      std::equal(kBearer.begin(), kBearer.end(), authorization.begin(),
                                 [](char want, char c) { return want == (c | 0x20); });
  if (!bearer) {
    return Error(absl::StatusCode::kUnauthenticated, "TOKEN_MISSING",
                 "the call needs the header `authorization: Bearer <token>`");
  }
  std::shared_ptr<const v1::Principal> principal = credentials.Find(authorization.substr(kBearer.size()));
  if (principal == nullptr) {
    return Error(absl::StatusCode::kUnauthenticated, "TOKEN_UNKNOWN",
                 "the server does not know this bearer token");
  }
  return principal;
}

std::shared_ptr<const v1::Principal> LocalAdmin() {
  auto principal = std::make_shared<v1::Principal>();
  principal->set_name("local");
  principal->add_roles(v1::ROLE_ADMIN);
  return principal;
}

absl::StatusOr<std::shared_ptr<const v1::Principal>> ActAs(std::string_view text) {
  const size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  const auto malformed = [&](std::string_view what) {
    return Error(absl::StatusCode::kInvalidArgument, "ACT_AS_MALFORMED",
                 fmt::format("who acts must be NAME or NAME:ROLE,ROLE: {}", what));
  };
  if (!IsPrincipalName(name)) return malformed("the name must be 1 to 64 characters of a-z 0-9 . _ -");
  auto principal = std::make_shared<v1::Principal>();
  principal->set_name(std::string(name));
  if (colon == std::string_view::npos) {
    principal->add_roles(v1::ROLE_SETTER);
    principal->add_roles(v1::ROLE_HOST);
    return principal;
  }
  const std::string_view roles = text.substr(colon + 1);
  for (const auto& word : absl::StrSplit(absl::string_view(roles.data(), roles.size()), ',')) {
    const std::optional<v1::Role> role = RoleOf({word.data(), word.size()});
    if (!role) return malformed("a role is admin, marketer, setter, host, coach, manager or integration");
    principal->add_roles(*role);
  }
  return principal;
}

absl::Status Authorise(const ServedMethod& method, const v1::Principal& principal) {
  for (const int role : principal.roles()) {
    if (role > 0 && role < 32 && (method.allowed >> role & 1) != 0) return absl::OkStatus();
  }
  std::vector<std::string> names;
  for (int role = v1::Role_MIN; role <= v1::Role_MAX; ++role) {
    if ((method.allowed >> role & 1) != 0) names.push_back(RoleName(static_cast<v1::Role>(role)));
  }
  const std::string roles = absl::StrJoin(names, ", ");
  return Error(
      absl::StatusCode::kPermissionDenied, "ROLE_MISSING",
      fmt::format("{} may not call {}: it needs one of the roles {}", principal.name(), method.path, roles),
      {{"method", method.path}, {"principal", principal.name()}, {"roles", roles}});
}

absl::Duration HandlerDeadline(absl::Duration now, absl::Duration timeout, absl::Duration standard,
                               absl::Duration most) {
  const absl::Duration granted = std::min(timeout == absl::InfiniteDuration() ? standard : timeout, most);
  return now + granted - std::clamp(granted / 10, absl::ZeroDuration(), absl::Milliseconds(200));
}

}  // namespace finalmile::rpc

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/span.h"
#include "libs/rpc/credentials.h"
#include "libs/rpc/observer.h"
#include "libs/rpc/request_shape.h"
#include "libs/rpc/service.h"

// What a server knows of its methods and does with every call, whatever transport brought it.
namespace finalmile::rpc {

// A method as it is served.
struct ServedMethod {
  const Method* method = nullptr;
  // "/finalmile.leads.v1.LeadService/GetLead".
  std::string path;
  // ErrorInfo.domain: "leads.finalmile".
  std::string domain;
  // Bit i: v1::Role i may call.
  uint32_t allowed = 0;
  // May be called by anybody, without a token. Its handlers run on the network's threads, as inline answers
  // do.
  bool open = false;
  // Its request carries a request_id.
  bool mutates = false;
  // The shape of its request message.
  std::unique_ptr<const RequestShape> shape;
  // May be null.
  std::unique_ptr<MethodObserver> observer;
  Tracer* tracer = nullptr;
};

// Every method of `services`, after Service::Check of each; FAILED_PRECONDITION also for a service given
// twice.
absl::StatusOr<std::vector<std::unique_ptr<ServedMethod>>> Serve(const std::vector<const Service*>& services,
                                                                 CallObserver* observer);

// The methods of a service that anybody may call: Service::Check asks for the roles of others. Its unary
// methods have inline answers.
std::vector<std::unique_ptr<ServedMethod>> ServeOpenly(const Service& service);

// Who is behind the header `authorization` (empty: absent). UNAUTHENTICATED / TOKEN_MISSING, TOKEN_UNKNOWN.
absl::StatusOr<std::shared_ptr<const v1::Principal>> Authenticate(const Credentials& credentials,
                                                                  std::string_view authorization);
// "local", with the role of admin: who calls where there are no credentials.
std::shared_ptr<const v1::Principal> LocalAdmin();
// Whom the header kActAs names where there are no credentials: "kim", who has the roles of a setter and of a
// host, or "mia:manager,coach". INVALID_ARGUMENT / ACT_AS_MALFORMED.
inline constexpr std::string_view kActAs = "finalmile-as";
absl::StatusOr<std::shared_ptr<const v1::Principal>> ActAs(std::string_view text);

// PERMISSION_DENIED / ROLE_MISSING names the roles that may call.
absl::Status Authorise(const ServedMethod& method, const v1::Principal& principal);

// Steady deadline of a handler whose call arrives at `now` with `timeout` left (InfiniteDuration(): none
// given): at most `most`, `standard` when none is given, less a margin of a tenth (200 ms at most) in which
// to answer.
absl::Duration HandlerDeadline(absl::Duration now, absl::Duration timeout, absl::Duration standard,
                               absl::Duration most);

}  // namespace finalmile::rpc

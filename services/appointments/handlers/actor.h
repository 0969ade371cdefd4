#pragma once

#include "libs/rpc/context.h"
#include "services/appointments/domain/meeting_request.h"

namespace finalmile::appointments::handlers {

// The caller, as the rules of the domain see one.
inline domain::Actor ActorOf(const rpc::CallContext& context) {
  return {context.principal().name(),
          context.HasRole(finalmile::v1::ROLE_MANAGER) || context.HasRole(finalmile::v1::ROLE_ADMIN)};
}

}  // namespace finalmile::appointments::handlers

#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/outbox/ledger.h"
#include "libs/rpc/context.h"
#include "libs/rpc/errors.h"
#include "libs/storage/database.h"

namespace finalmile::outbox {

// OK for an empty request id or 1 to 64 printable ASCII characters; else INVALID_ARGUMENT naming request_id.
absl::Status CheckRequestId(const std::string& request_id);

// The message's bytes, the same for equal messages (maps are sorted).
std::string DeterministicBytes(const google::protobuf::Message& message);

// Serves a mutation in one transaction, once: with a request_id, a repeat of the same request answers the
// saved reply, and another request under that id is INVALID_ARGUMENT / REQUEST_ID_REUSED. `request` has a
// field request_id; `function` is re-runnable. A connection lost during COMMIT is survived where there is a
// request_id; without one the caller hears UNKNOWN, which no client repeats by itself, and has to look.
template <class Response, class Request>
absl::StatusOr<Response> Mutate(
    rpc::CallContext& context, storage::Database& database, const Request& request,
    const std::function<absl::StatusOr<Response>(storage::Transaction&, absl::Time now)>& function) {
  RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  const bool remembered = !request.request_id().empty();
  outbox::Request claim;
  if (remembered) {
    claim = {context.principal().name(), request.request_id(),
             Fingerprint(context.method(), DeterministicBytes(request))};
  }
  Response response;
  absl::Status done = database.Transact(
      {.deadline = context.deadline(), .repeatable = remembered},
      [&](storage::Transaction& transaction) -> absl::Status {
        const absl::Time now = context.clock().Now();
        if (remembered) {
          auto saved = Claim(transaction, claim, now);
          if (absl::IsInvalidArgument(saved.status())) {
            return rpc::Error(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED",
                              std::string(saved.status().message()));
          }
          if (!saved.ok()) return saved.status();
          if (saved->has_value()) {
            return response.ParseFromString(**saved) ? absl::OkStatus()
                                                     : absl::DataLossError("a saved reply is damaged");
          }
        }
        ASSIGN_OR_RETURN(response, function(transaction, now));
        return remembered ? Save(transaction, claim, response.SerializeAsString()) : absl::OkStatus();
      });
  if (!done.ok()) return done;
  return response;
}

// Serves a read from one snapshot of the store. `function` is re-runnable.
template <class Response>
absl::StatusOr<Response> Read(
    rpc::CallContext& context, storage::Database& database,
    const std::function<absl::StatusOr<Response>(storage::Transaction&)>& function) {
  Response response;
  RETURN_IF_ERROR(database.Transact({.deadline = context.deadline(), .read_only = true},
                                    [&](storage::Transaction& transaction) -> absl::Status {
                                      ASSIGN_OR_RETURN(response, function(transaction));
                                      return absl::OkStatus();
                                    }));
  return response;
}

}  // namespace finalmile::outbox

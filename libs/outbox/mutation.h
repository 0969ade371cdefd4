#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/outbox/ledger.h"
#include "libs/rpc/context.h"
#include "libs/rpc/deterministic.h"
#include "libs/rpc/errors.h"
#include "libs/storage/database.h"
#include "libs/storage/transact.h"

namespace finalmile::outbox {

// OK for an empty request id or 1 to 64 printable ASCII characters; else INVALID_ARGUMENT naming request_id.
absl::Status CheckRequestId(const std::string& request_id);

// FAILED_PRECONDITION / REPLY_AGED_OUT: the request took effect, and its reply is not kept any more.
absl::Status ReplyAgedOut(std::string_view request_id);

// Serves a mutation in one transaction, once: with a request_id, a repeat of the same request answers the
// saved reply, and another request under that id is INVALID_ARGUMENT / REQUEST_ID_REUSED. `request` has a
// field request_id; `function` is re-runnable. A reply of more than kLargeReply is kept for
// kLargeReplyLifetime; a later repeat is FAILED_PRECONDITION / REPLY_AGED_OUT. A connection lost during
// COMMIT is survived where there is a request_id; without one the caller hears UNKNOWN, which no client
// repeats by itself, and has to look. A response that is larger than an answer may be takes no effect.
template <class Response, class Request>
absl::StatusOr<Response> Mutate(
    rpc::CallContext& context, storage::Database& database, const Request& request,
    const std::function<absl::StatusOr<Response>(storage::Transaction&, absl::Time now)>& function) {
  RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  const bool remembered = !request.request_id().empty();
  outbox::Request claim;
  if (remembered) {
    claim = {context.principal().name(), request.request_id(),
             Fingerprint(context.method(), rpc::DeterministicBytes(request))};
  }
  return storage::Transact(database, {.deadline = context.deadline(), .repeatable = remembered},
                           [&](storage::Transaction& transaction) -> absl::StatusOr<Response> {
                             const absl::Time now = context.clock().Now();
                             Response response;
                             if (remembered) {
                               auto saved = Claim(transaction, claim, now);
                               if (absl::IsInvalidArgument(saved.status())) {
                                 return rpc::Error(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED",
                                                   std::string(saved.status().message()));
                               }
                               if (!saved.ok()) return saved.status();
                               if (saved->has_value()) {
                                 if (!(*saved)->reply) return ReplyAgedOut(claim.request_id);
                                 if (!response.ParseFromString(*(*saved)->reply))
                                   return absl::DataLossError("a saved reply is damaged");
                                 return response;
                               }
                             }
                             // Nothing is changed for a caller that has gone. From the claim on a repeat
                             // elsewhere waits for this transaction.
                             RETURN_IF_ERROR(context.Check());
                             ASSIGN_OR_RETURN(response, function(transaction, now));
                             // Nothing takes effect that could not be answered.
                             RETURN_IF_ERROR(rpc::CheckAnswer(response, context.answers().most));
                             if (remembered)
                               RETURN_IF_ERROR(Save(transaction, claim, response.SerializeAsString(), now));
                             return response;
                           });
}

// Serves a read from one snapshot of the store. `function` is re-runnable.
template <class Response>
absl::StatusOr<Response> Read(
    rpc::CallContext& context, storage::Database& database,
    const std::function<absl::StatusOr<Response>(storage::Transaction&)>& function) {
  return storage::Read(database, context.deadline(), function);
}

}  // namespace finalmile::outbox

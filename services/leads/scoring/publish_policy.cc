#include "services/leads/scoring/publish_policy.h"

#include <fmt/format.h>

#include "finalmile/leads/v1/lead_event.pb.h"
#include "google/protobuf/util/message_differencer.h"
#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/lead_batch.h"

namespace finalmile::leads::scoring {

v1::Policy ToStored(const v1::Policy& policy) {
  v1::Policy stored = policy;
  stored.clear_publish_time();
  stored.clear_in_force();
  return stored;
}

v1::Policy ToShown(const v1::Policy& stored, absl::Time publish_time, bool in_force) {
  v1::Policy shown = stored;
  *shown.mutable_publish_time() = ToProto(publish_time);
  shown.set_in_force(in_force);
  return shown;
}

absl::StatusOr<bool> IsInForce(storage::Transaction& transaction, const v1::Policy& policy) {
  ASSIGN_OR_RETURN(const auto same_name, store::PolicyByName(transaction, policy.name()));
  if (!same_name) return false;
  v1::Policy published;
  if (!published.ParseFromString(same_name->content))
    return absl::DataLossError("a stored policy is damaged");
  const bool same = google::protobuf::util::MessageDifferencer::Equals(published, ToStored(policy));
  ASSIGN_OR_RETURN(const int64_t in_force, store::PolicyInForce(transaction));
  if (same && same_name->number == in_force) return true;
  const std::string_view why =
      same ? "was published before, and others after it: give it a new name to put it in force again"
           : "was published before with other content; a policy never changes: give this one a new name";
  return rpc::Error(absl::StatusCode::kAlreadyExists, "POLICY_EXISTS",
                    fmt::format("{} {}", policy.name(), why));
}

absl::StatusOr<v1::Policy> PublishPolicy(storage::Transaction& transaction, Policies& policies,
                                         const v1::Policy& policy, const outbox::EventContext& context) {
  store::PolicyRow row{0, policy.name(), ToStored(policy).SerializeAsString(),
                       FromMicros(ToMicros(context.now))};
  ASSIGN_OR_RETURN(const bool in_force, IsInForce(transaction, policy));
  ASSIGN_OR_RETURN(const int64_t previous, store::PolicyInForce(transaction));
  if (in_force) {
    ASSIGN_OR_RETURN(const PolicyPointer published, policies.ByNumber(transaction, previous));
    return ToShown(published->message, published->publish_time, true);
  }
  absl::Status inserted = store::InsertPolicy(transaction, row);
  if (absl::IsAlreadyExists(inserted)) return storage::Conflict("another policy was published meanwhile");
  RETURN_IF_ERROR(inserted);
  v1::LeadEvent event = outbox::NewEvent<v1::LeadEvent>(context, row.name, 1);
  event.mutable_policy_published()->set_policy(row.name);
  if (previous > 0) {
    ASSIGN_OR_RETURN(PolicyPointer before, policies.ByNumber(transaction, previous));
    event.mutable_policy_published()->set_previous(before->message.name());
  }
  RETURN_IF_ERROR(outbox::WriteEvents<v1::LeadEvent>(transaction, {{event}}));
  RETURN_IF_ERROR(transaction.Notify(kRescoreChannel));
  return ToShown(policy, row.publish_time, true);
}

absl::Status EnsurePolicy(storage::Database& database, Policies& policies, const v1::Policy& policy,
                          Clock& clock, Rng& rng, absl::Duration deadline) {
  const outbox::Cause cause = outbox::CauseOf("leads.default_policy");
  return database.Transact(
      {.deadline = deadline, .repeatable = true}, [&](storage::Transaction& transaction) -> absl::Status {
        ASSIGN_OR_RETURN(int64_t number, store::PolicyInForce(transaction));
        if (number > 0) return absl::OkStatus();
        return PublishPolicy(transaction, policies, policy, {clock, rng, clock.Now(), cause}).status();
      });
}

}  // namespace finalmile::leads::scoring

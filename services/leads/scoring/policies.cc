#include "services/leads/scoring/policies.h"

#include "libs/base/status.h"
#include "services/leads/scoring/convert.h"

namespace finalmile::leads::scoring {

PolicyPointer Policies::Find(int64_t number) const {
  std::lock_guard lock(mutex_);
  const auto found = by_number_.find(number);
  return found == by_number_.end() ? nullptr : found->second;
}

absl::StatusOr<PolicyPointer> Policies::Keep(const store::PolicyRow& row) {
  v1::Policy message;
  if (!message.ParseFromString(row.content)) return absl::DataLossError("a stored policy is damaged");
  auto compiled = std::make_shared<const PublishedPolicy>(
      PublishedPolicy{row.number, row.publish_time, message, domain::CompiledPolicy(FromProto(message))});
  std::lock_guard lock(mutex_);
  return by_number_.try_emplace(row.number, std::move(compiled)).first->second;
}

absl::StatusOr<PolicyPointer> Policies::ByNumber(storage::Transaction& transaction, int64_t number) {
  if (PolicyPointer known = Find(number)) return known;
  ASSIGN_OR_RETURN(std::optional<store::PolicyRow> row, store::PolicyByNumber(transaction, number));
  if (!row) return absl::InternalError("no policy was published yet");
  return Keep(*row);
}

absl::StatusOr<PolicyPointer> Policies::InForce(storage::Transaction& transaction) {
  ASSIGN_OR_RETURN(int64_t number, store::PolicyInForce(transaction));
  return ByNumber(transaction, number);
}

absl::StatusOr<PolicyPointer> Policies::At(storage::Transaction& transaction, absl::Time time) {
  ASSIGN_OR_RETURN(std::optional<store::PolicyRow> row, store::PolicyAt(transaction, time));
  if (!row) return absl::InternalError("no policy was published yet");
  if (PolicyPointer known = Find(row->number)) return known;
  return Keep(*row);
}

}  // namespace finalmile::leads::scoring

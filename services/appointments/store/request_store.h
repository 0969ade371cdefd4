#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/condition.h"
#include "libs/storage/table.h"
#include "services/appointments/domain/ids.h"
#include "services/appointments/domain/meeting_request.h"
#include "services/appointments/domain/queue.h"

namespace finalmile::appointments::store {

struct RequestRow {
  domain::RequestId id;
  // Grows with every change; its etag.
  int64_t version = 1;
  // The seq of the last event with this request as key.
  int64_t seq = 0;
  // Empty: the lead was erased.
  domain::LeadName lead;
  domain::MeetingRequest request;
  // Principal name of the lead's owner; empty: nobody owns it.
  std::string owner;
  // When its setter last took it up; InfinitePast: never.
  absl::Time pick_time = absl::InfinitePast();
  // Empty: no meeting was booked.
  domain::AppointmentId appointment;
  absl::Time create_time = absl::UnixEpoch();
  absl::Time update_time = absl::UnixEpoch();
  // When time changes it next; InfiniteFuture: never.
  absl::Time due_time = absl::InfiniteFuture();
};

extern const storage::Table<RequestRow> kRequests;

// Those that exist, in any order.
absl::StatusOr<std::vector<RequestRow>> ReadRequests(storage::Transaction& transaction,
                                                     const std::vector<domain::RequestId>& ids);
// All requests of these leads, the newest first for each lead; the active ones alone.
absl::StatusOr<std::vector<domain::RequestId>> RequestsOf(storage::Transaction& transaction,
                                                          const std::vector<domain::LeadName>& leads);
absl::StatusOr<std::vector<domain::RequestId>> ActiveRequestsOf(storage::Transaction& transaction,
                                                                const std::vector<domain::LeadName>& leads);
// The first reads the newest request of a lead, the second locks its active one; each finds one row at most.
// Once the transaction has settled, kRequests.Records and RequestBatch::Take have them.
absl::StatusOr<storage::Deferred> DeferNewestOf(storage::Transaction& transaction,
                                                const domain::LeadName& lead);
absl::StatusOr<storage::Deferred> DeferLockActiveOf(storage::Transaction& transaction,
                                                    const domain::LeadName& lead);
// The first `limit` requests that a setter works on, in order of id.
absl::StatusOr<std::vector<domain::RequestId>> RequestsOfSetter(storage::Transaction& transaction,
                                                                const std::string& setter, int limit);
// The one that a setter works on and took up last; empty: works on none.
absl::StatusOr<domain::RequestId> CurrentRequestOf(storage::Transaction& transaction,
                                                   const std::string& setter);
// Every active request falls due at `now`, so that it is looked at again.
absl::Status VisitAll(storage::Transaction& transaction, absl::Time now);
// Deletes requests with their attempts. Deferred.
absl::Status DeleteRequests(storage::Transaction& transaction, const std::vector<domain::RequestId>& ids);

inline constexpr int kFirstParameter = 2;
// Which requests a list has.
struct QueueQuery {
  // The moment that the order holds for.
  absl::Time now;
  // The queue of `caller`, or what is open of it; else all that `condition` names, whose parameters begin at
  // kFirstParameter.
  bool own = false;
  bool open = false;
  std::string caller;
  storage::Condition condition;
};
// The queue as domain::Place orders it, behind `after` (null: from its beginning).
struct PlacedRequest {
  domain::Place place;
  RequestRow row;
};
absl::StatusOr<std::vector<PlacedRequest>> ReadQueue(storage::Transaction& transaction,
                                                     const QueueQuery& query, const domain::Place* after,
                                                     int limit);
// How many the list has, and how many of them are overdue; counted up to `most`.
struct QueueSize {
  int total = 0;
  int overdue = 0;
};
absl::StatusOr<QueueSize> CountQueue(storage::Transaction& transaction, const QueueQuery& query, int most);

}  // namespace finalmile::appointments::store

#include "services/appointments/store/attempt_store.h"

#include "libs/base/status.h"

namespace finalmile::appointments::store {

const storage::Table<AttemptRow> kAttempts("attempts", {"request", "number"},
                                           {{"request", &AttemptRow::request},
                                            {"number", &AttemptRow::number},
                                            {"setter", &AttemptRow::setter},
                                            {"channel", &AttemptRow::channel},
                                            {"disposition", &AttemptRow::disposition},
                                            {"attempt_time", &AttemptRow::attempt_time},
                                            {"callback_at", &AttemptRow::callback_at, absl::InfinitePast()},
                                            {"talk_track", &AttemptRow::talk_track},
                                            {"objection", &AttemptRow::objection},
                                            {"not_permitted", &AttemptRow::not_permitted}});

absl::StatusOr<std::vector<AttemptRow>> ListAttempts(storage::Transaction& transaction,
                                                     const domain::RequestId& request, int64_t after,
                                                     int limit) {
  ASSIGN_OR_RETURN(
      const storage::Result result,
      transaction.Execute(kAttempts.select() + " WHERE request = $1 AND number > $2 ORDER BY number LIMIT $3",
                          {request.text(), after, int64_t{limit}}));
  return kAttempts.Records(result);
}

}  // namespace finalmile::appointments::store

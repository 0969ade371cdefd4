#include "libs/rpc/unread_answers.h"

#include <grpc/grpc.h>

#include <vector>

namespace finalmile::rpc {

UnreadAnswers::Place UnreadAnswers::Add(grpc_call* call, absl::Duration now) {
  std::lock_guard lock(mutex_);
  return entries_.insert(entries_.end(), {call, now});
}

void UnreadAnswers::Remove(Place place) {
  std::lock_guard lock(mutex_);
  entries_.erase(place);
}

void UnreadAnswers::MakeRoom(absl::Duration now) {
  std::vector<grpc_call*> late;
  {
    std::lock_guard lock(mutex_);
    for (Entry& entry : entries_) {
      if (now - entry.since <= patience_) break;
      if (entry.call == nullptr) continue;
      grpc_call_ref(entry.call);
      late.push_back(std::exchange(entry.call, nullptr));
    }
  }
  // Their last callbacks, which remove them, may run in here.
  for (grpc_call* call : late) {
    grpc_call_cancel(call, nullptr);
    grpc_call_unref(call);
  }
}

}  // namespace finalmile::rpc

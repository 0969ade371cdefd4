#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "libs/base/line_budget.h"
#include "libs/rpc/admission.h"
#include "libs/rpc/dispatch.h"
#include "libs/rpc/health.h"
#include "libs/rpc/memory_budget.h"
#include "libs/rpc/open_streams.h"
#include "libs/rpc/pending_replies.h"
#include "libs/rpc/server.h"
#include "libs/rpc/standstill.h"
#include "libs/rpc/unread_answers.h"

// Between server.cc and the reactors; no part of the library's interface.
namespace finalmile::rpc {

// What all calls of a server share. A call keeps it alive, for its handler may return after the server is
// gone.
struct ServerCore {
  ServerCore(const ServerOptions& options, const ServerDeps& deps,
             const std::vector<const Service*>& services, std::vector<std::unique_ptr<ServedMethod>> methods);

  const ServerOptions options;
  const ServerDeps deps;
  Health health;
  // With those of health.
  std::vector<std::unique_ptr<ServedMethod>> methods;
  const std::shared_ptr<const v1::Principal> local_admin = LocalAdmin();
  const std::shared_ptr<const v1::Principal> anybody = std::make_shared<v1::Principal>();
  Admission admission;
  PendingReplies pending;
  Standstill standstill;
  OpenStreams streams;
  // The streams of clients that watch health: one for each of their connections.
  OpenStreams watches;
  MemoryBudget requests;
  UnreadAnswers answers;
  // Lines of the log about calls that failed: by the caller's fault or the times, and by the server's own.
  LineBudget failures;
  LineBudget faults;
  // Calls, but for those of health, between their arrival and the end of their last operation on the wire;
  // `idle` is set when the last one leaves while draining.
  std::atomic<int> calls{0};
  std::atomic<bool> draining{false};
  const std::unique_ptr<WaitEvent> idle;
  // The same for those of health.
  std::atomic<int> open_calls{0};
  const std::unique_ptr<WaitEvent> unwatched;
};

// What a call hears that the server cannot carry.
absl::Status Overloaded(const ServerOptions& options);

}  // namespace finalmile::rpc

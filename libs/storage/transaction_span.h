#pragma once

#include "absl/status/status.h"
#include "libs/base/span.h"
#include "libs/storage/database.h"

namespace finalmile::storage {

// Does what Database::Transact does, by `run(function)`, in a span below what the thread does, where that is
// recorded.
template <class Run>
absl::Status TransactInSpan(Engine engine, const TransactOptions& options,
                            const TransactionFunction& function, const Run& run) {
  ChildSpan span("transaction", SpanKind::kInternal);
  if (!span) return run(function);
  int64_t attempts = 0;
  absl::Status status = run([&](Transaction& transaction) {
    ++attempts;
    return function(transaction);
  });
  span->Set("db.system.name", engine == Engine::kSqlite ? "sqlite" : "postgresql");
  span->Set("finalmile.read_only", options.read_only);
  span->Set("finalmile.attempts", attempts);
  if (!status.ok()) span->Set("error.type", absl::StatusCodeToString(status.code()));
  return status;
}

}  // namespace finalmile::storage

#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/status.h"
#include "libs/storage/database.h"

// Transactions that return a value. A function given to Transact may run several times (see Database); one
// that returns what it found, and changes nothing outside of itself, is safe to run again without resetting
// anything.
namespace finalmile::storage {

// Runs `function`, which returns an absl::StatusOr<T>, by store.Transact and returns the value of the run
// that was committed, or an error of store.Transact. `store` is a Database or a Leadership.
template <class Store, class Function>
std::invoke_result_t<Function&, Transaction&> Transact(Store& store, const TransactOptions& options,
                                                       Function function) {
  std::optional<typename std::invoke_result_t<Function&, Transaction&>::value_type> value;
  RETURN_IF_ERROR(store.Transact(options, [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(value, function(transaction));
    return absl::OkStatus();
  }));
  return *std::move(value);
}

// The same from one snapshot of the store; `deadline` is a steady time.
template <class Store, class Function>
std::invoke_result_t<Function&, Transaction&> Read(Store& store, absl::Duration deadline, Function function) {
  return Transact(store, {.deadline = deadline, .read_only = true}, std::move(function));
}

}  // namespace finalmile::storage

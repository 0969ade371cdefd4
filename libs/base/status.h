#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns from the enclosing function when `expr`, an absl::Status, is not OK.
#define RETURN_IF_ERROR(expr)                                                 \
  do {                                                                        \
    if (absl::Status status_macro_value = (expr); !status_macro_value.ok()) { \
      return status_macro_value;                                              \
    }                                                                         \
  } while (false)

#define FINALMILE_STATUS_CONCAT_INNER(a, b) a##b
#define FINALMILE_STATUS_CONCAT(a, b) FINALMILE_STATUS_CONCAT_INNER(a, b)

// Assigns the value of `expr`, an absl::StatusOr, to `lhs` (a declaration or an lvalue), or returns its
// status.
#define ASSIGN_OR_RETURN(lhs, expr) \
  FINALMILE_ASSIGN_OR_RETURN(FINALMILE_STATUS_CONCAT(status_or_, __LINE__), lhs, expr)
#define FINALMILE_ASSIGN_OR_RETURN(temporary, lhs, expr) \
  auto temporary = (expr);                               \
  if (!temporary.ok()) return temporary.status();        \
  lhs = std::move(temporary).value()

#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

struct pg_conn;

namespace finalmile::storage::postgres {

// How sessions are opened.
struct SessionOptions {
  // libpq URI.
  std::string url;
  // Read for each session; empty: the URI, libpq's passfile or nothing says the password.
  std::string password_file = {};
  // Session name shown by the server.
  std::string application;
  // How long the server lets a transaction stand without a word; whole milliseconds > 0.
  absl::Duration idle_in_transaction = absl::Seconds(10);
  // The same outside a transaction; zero: for ever.
  absl::Duration idle_session = absl::ZeroDuration();
};

// INVALID_ARGUMENT when libpq cannot read the URI; the message does not repeat it.
absl::Status CheckUrl(const std::string& url);

// Begins to connect; the caller polls and finishes what is returned. UNAVAILABLE when the password's file
// cannot be read, RESOURCE_EXHAUSTED.
absl::StatusOr<pg_conn*> StartSession(const SessionOptions& options);

// `status`, with which connecting failed, saying more: FAILED_PRECONDITION where a pooler (PgBouncer) refused
// what it cannot keep for a session; which file holds a password that was refused.
absl::Status ExplainRefusal(const SessionOptions& options, const absl::Status& status);

}  // namespace finalmile::storage::postgres

#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/cache/address.h"

struct redisContext;
struct redisReply;

namespace finalmile::cache::redis {

struct FreeReply {
  void operator()(redisReply* reply) const;
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

// One connection. Every wait ends by its deadline, however slowly bytes come. After an error it is of no
// further use: an answer may still be on its way. Not thread-safe.
class Connection {
 public:
  // Connects and logs in; `password` may be empty. UNAVAILABLE, DEADLINE_EXCEEDED; PERMISSION_DENIED when
  // Redis refuses the login. `clock` must outlive it.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const RedisAddress& address, Clock& clock,
                                                          absl::Duration deadline);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // False after an error. That the server has closed it meanwhile is found by the next call.
  bool Usable() const { return !failed_; }

  // Sends a command; its answer is to be read later. With Append before it, several in one piece.
  absl::Status Send(std::span<const std::string_view> words, absl::Duration deadline);
  // Puts a command before the next one that is sent.
  absl::Status Append(std::span<const std::string_view> words);
  // The next answer; an error that Redis answers is a reply like others.
  absl::StatusOr<Reply> Read(absl::Duration deadline);
  // Whether there may be something to read before `deadline`; UNAVAILABLE when the connection is lost.
  absl::StatusOr<bool> Await(absl::Duration deadline);
  // An answer that has come already, or null.
  absl::StatusOr<Reply> TakeReply();
  // Reads what has come. Does not wait.
  absl::Status Receive();

  // Sends, and reads the answer.
  absl::StatusOr<Reply> Call(std::span<const std::string_view> words, absl::Duration deadline);

 private:
  Connection(redisContext* context, Clock& clock) : context_(context), clock_(clock) {}
  absl::Status Connect(const RedisAddress& address, absl::Duration deadline);
  absl::Status LogIn(const RedisAddress& address, absl::Duration deadline);
  // Waits until the socket has one of poll(2)'s `events`; false at the deadline.
  absl::StatusOr<bool> Wait(short events, absl::Duration deadline);
  absl::Status Fail(absl::Status status);

  redisContext* const context_;
  Clock& clock_;
  bool failed_ = false;
};

// What an error reply means: UNAVAILABLE while Redis loads or has no master, RESOURCE_EXHAUSTED without
// memory, PERMISSION_DENIED, else INTERNAL. OK for other replies.
absl::Status ErrorOf(const redisReply& reply);
// Whether it is the error of that code: "NOSCRIPT".
bool IsError(const redisReply& reply, std::string_view code);
std::string_view Text(const redisReply& reply);

}  // namespace finalmile::cache::redis

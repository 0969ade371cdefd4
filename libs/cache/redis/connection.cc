#include "libs/cache/redis/connection.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "libs/base/status.h"

namespace finalmile::cache::redis {
namespace {

absl::Status Away(std::string_view what) {
  return absl::UnavailableError(fmt::format("the cache cannot be reached: {}", what));
}

absl::Status Late() { return absl::DeadlineExceededError("the cache did not answer before the deadline"); }

// A peer that vanished is noticed in about ten seconds even where nobody waits for an answer.
void KeepAlive(int socket) {
  const auto set = [&](int level, int name, int value) {
    setsockopt(socket, level, name, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 4);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 2);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 10'000);
  set(IPPROTO_TCP, TCP_NODELAY, 1);
}

absl::StatusOr<std::string> ReadPassword(const std::string& path) {
  std::ifstream file(path);
  std::string password;
  if (!std::getline(file, password) || password.empty()) {
    return absl::FailedPreconditionError(
        fmt::format("cache: no password in the first line of {} (password.file)", path));
  }
  if (password.back() == '\r') password.pop_back();
  return password;
}

}  // namespace

void FreeReply::operator()(redisReply* reply) const { freeReplyObject(reply); }

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const RedisAddress& address, Clock& clock,
                                                             absl::Duration deadline) {
  redisContext* context = address.path.empty() ? redisConnectNonBlock(address.host.c_str(), address.port)
                                               : redisConnectUnixNonBlock(address.path.c_str());
  if (context == nullptr) return absl::ResourceExhaustedError("cache: no memory for a connection");
  std::unique_ptr<Connection> connection(new Connection(context, clock));
  RETURN_IF_ERROR(connection->Connect(address, deadline));
  RETURN_IF_ERROR(connection->LogIn(address, deadline));
  return connection;
}

Connection::~Connection() { redisFree(context_); }

absl::Status Connection::Connect(const RedisAddress& address, absl::Duration deadline) {
  if (context_->err != 0) return Fail(Away(context_->errstr));
  fcntl(context_->fd, F_SETFD, FD_CLOEXEC);
  if (address.path.empty()) KeepAlive(context_->fd);
  ASSIGN_OR_RETURN(const bool connected, Wait(POLLOUT, deadline));
  if (!connected) return Fail(Late());
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(context_->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? absl::OkStatus() : Fail(Away(std::strerror(error)));
}

absl::Status Connection::LogIn(const RedisAddress& address, absl::Duration deadline) {
  if (address.password_file.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::string password, ReadPassword(address.password_file));
  const std::string_view words[] = {"AUTH", address.user.empty() ? "default" : std::string_view(address.user),
                                    password};
  ASSIGN_OR_RETURN(const Reply reply, Call(words, deadline));
  if (reply->type != REDIS_REPLY_ERROR) return absl::OkStatus();
  return absl::PermissionDeniedError("cache: Redis refuses the user and the password of password.file");
}

absl::Status Connection::Fail(absl::Status status) {
  failed_ = true;
  return status;
}

absl::StatusOr<bool> Connection::Wait(short events, absl::Duration deadline) {
  for (;;) {
    const absl::Duration left = std::max(deadline - clock_.Steady(), absl::ZeroDuration());
    const timespec timeout = absl::ToTimespec(std::min(left, absl::Hours(1)));
    pollfd polled{context_->fd, events, 0};
    const int ready = ppoll(&polled, 1, &timeout, nullptr);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return Fail(Away(std::strerror(errno)));
    if (ready == 0 && clock_.Steady() >= deadline) return false;
  }
}

absl::Status Connection::Append(std::span<const std::string_view> words) {
  std::vector<const char*> texts;
  std::vector<size_t> sizes;
  for (const std::string_view word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  if (redisAppendCommandArgv(context_, static_cast<int>(words.size()), texts.data(), sizes.data()) !=
      REDIS_OK) {
    return Fail(Away(context_->errstr));
  }
  return absl::OkStatus();
}

absl::Status Connection::Send(std::span<const std::string_view> words, absl::Duration deadline) {
  RETURN_IF_ERROR(Append(words));
  for (int done = 0;;) {
    if (redisBufferWrite(context_, &done) != REDIS_OK) return Fail(Away(context_->errstr));
    if (done != 0) return absl::OkStatus();
    ASSIGN_OR_RETURN(const bool writable, Wait(POLLOUT, deadline));
    if (!writable) return Fail(Late());
  }
}

absl::StatusOr<bool> Connection::Await(absl::Duration deadline) { return Wait(POLLIN, deadline); }

absl::Status Connection::Receive() {
  return redisBufferRead(context_) == REDIS_OK ? absl::OkStatus() : Fail(Away(context_->errstr));
}

absl::StatusOr<Reply> Connection::TakeReply() {
  void* reply = nullptr;
  if (redisGetReplyFromReader(context_, &reply) != REDIS_OK) return Fail(Away(context_->errstr));
  return Reply(static_cast<redisReply*>(reply));
}

absl::StatusOr<Reply> Connection::Read(absl::Duration deadline) {
  for (;;) {
    ASSIGN_OR_RETURN(Reply reply, TakeReply());
    if (reply != nullptr) return reply;
    ASSIGN_OR_RETURN(const bool readable, Await(deadline));
    if (!readable) return Fail(Late());
    RETURN_IF_ERROR(Receive());
  }
}

absl::StatusOr<Reply> Connection::Call(std::span<const std::string_view> words, absl::Duration deadline) {
  RETURN_IF_ERROR(Send(words, deadline));
  return Read(deadline);
}

std::string_view Text(const redisReply& reply) { return {reply.str, static_cast<size_t>(reply.len)}; }

bool IsError(const redisReply& reply, std::string_view code) {
  return reply.type == REDIS_REPLY_ERROR && Text(reply).starts_with(code);
}

absl::Status ErrorOf(const redisReply& reply) {
  if (reply.type != REDIS_REPLY_ERROR) return absl::OkStatus();
  // The rest of the text may repeat arguments.
  const std::string code(Text(reply).substr(0, Text(reply).find(' ')));
  const std::string message = fmt::format("the cache answered {}", code);
  if (code == "LOADING" || code == "MASTERDOWN" || code == "READONLY" || code == "BUSY") {
    return absl::UnavailableError(message);
  }
  if (code == "OOM") return absl::ResourceExhaustedError(message);
  if (code == "NOAUTH" || code == "NOPERM" || code == "WRONGPASS")
    return absl::PermissionDeniedError(message);
  return absl::InternalError(message);
}

}  // namespace finalmile::cache::redis

#include "libs/cache/redis/session.h"

#include <hiredis/hiredis.h>

#include <utility>

#include "libs/base/status.h"
#include "libs/cache/redis/scripts.h"

namespace finalmile::cache::redis {
namespace {

constexpr std::array<std::string_view, 2> kTexts = {kFill, kBury};

}  // namespace

absl::StatusOr<std::unique_ptr<Session>> Session::Open(const RedisAddress& address, Clock& clock,
                                                       absl::Duration deadline) {
  ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, Connection::Open(address, clock, deadline));
  std::unique_ptr<Session> session(new Session(std::move(connection)));
  for (const std::string_view text : kTexts) {
    const std::string_view words[] = {"SCRIPT", "LOAD", text};
    RETURN_IF_ERROR(session->connection_->Send(words, deadline));
  }
  for (std::string& digest : session->digests_) {
    ASSIGN_OR_RETURN(const Reply reply, session->connection_->Read(deadline));
    RETURN_IF_ERROR(ErrorOf(*reply));
    digest = Text(*reply);
  }
  return session;
}

absl::StatusOr<Session::Read> Session::ReadTimed(std::span<const std::string> keys, absl::Duration deadline) {
  const std::string_view time[] = {"TIME"};
  std::vector<std::string_view> words = {"MGET"};
  words.insert(words.end(), keys.begin(), keys.end());
  RETURN_IF_ERROR(connection_->Append(time));
  RETURN_IF_ERROR(connection_->Send(words, deadline));
  Read read;
  ASSIGN_OR_RETURN(read.time, connection_->Read(deadline));
  ASSIGN_OR_RETURN(read.values, connection_->Read(deadline));
  RETURN_IF_ERROR(ErrorOf(*read.time));
  RETURN_IF_ERROR(ErrorOf(*read.values));
  return read;
}

absl::StatusOr<Reply> Session::Run(Script script, std::span<const std::string> keys,
                                   std::span<const std::string_view> arguments, absl::Duration deadline) {
  const auto index = static_cast<size_t>(script);
  const std::string count = std::to_string(keys.size());
  std::vector<std::string_view> words = {"EVALSHA", digests_[index], count};
  words.insert(words.end(), keys.begin(), keys.end());
  words.insert(words.end(), arguments.begin(), arguments.end());
  ASSIGN_OR_RETURN(Reply reply, connection_->Call(words, deadline));
  if (IsError(*reply, "NOSCRIPT")) {
    words[0] = "EVAL";
    words[1] = kTexts[index];
    ASSIGN_OR_RETURN(reply, connection_->Call(words, deadline));
  }
  RETURN_IF_ERROR(ErrorOf(*reply));
  return reply;
}

}  // namespace finalmile::cache::redis

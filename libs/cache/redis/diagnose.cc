#include "libs/cache/redis/diagnose.h"

#include <fmt/format.h>
#include <hiredis/hiredis.h>

#include <memory>
#include <string>
#include <utility>

#include "libs/base/status.h"
#include "libs/cache/redis/connection.h"

namespace finalmile::cache::redis {
namespace {

// A command that the cache sends, in a form that changes nothing. Those of the feed are in Tracking.
struct Probe {
  // As an ACL names it: "script|load".
  std::string command;
  std::vector<std::string> words;
};

std::vector<Probe> Probes(std::string_view prefix) {
  const std::string key = fmt::format("{}:v:doctor", prefix);
  return {{"time", {"TIME"}},
          {"ping", {"PING"}},
          {"mget", {"MGET", key}},
          {"get", {"GET", key}},
          {"getrange", {"GETRANGE", key, "0", "0"}},
          // Only where it exists already, which it never does.
          {"set", {"SET", key, "", "XX", "PX", "1"}},
          {"unlink", {"UNLINK", key}},
          {"script|load", {"SCRIPT", "LOAD", "return 1"}},
          {"eval", {"EVAL", "return 1", "1", key}},
          {"evalsha", {"EVALSHA", std::string(40, '0'), "1", key}}};
}

class Examination {
 public:
  Examination(const RedisAddress& address, Clock& clock, absl::Duration patience)
      : address_(address), clock_(clock), patience_(patience) {}

  absl::Status Connect() {
    ASSIGN_OR_RETURN(connection_, Connection::Open(address_, clock_, clock_.Steady() + patience_));
    return absl::OkStatus();
  }
  // An error that Redis answers is a reply.
  absl::StatusOr<Reply> Ask(const std::vector<std::string>& words) {
    const std::vector<std::string_view> views(words.begin(), words.end());
    return connection_->Call(views, clock_.Steady() + patience_);
  }

  Finding Rights(std::string_view prefix);
  Finding Tracking(std::string_view prefix);
  Finding Memory();

 private:
  std::string user() const { return address_.user.empty() ? "default" : address_.user; }

  const RedisAddress& address_;
  Clock& clock_;
  const absl::Duration patience_;
  std::unique_ptr<Connection> connection_;
};

Finding Examination::Rights(std::string_view prefix) {
  std::vector<std::string> commands;
  bool keys = false;
  for (const Probe& probe : Probes(prefix)) {
    const absl::StatusOr<Reply> reply = Ask(probe.words);
    if (!reply.ok()) return {VerdictOf(reply.status()), "rights", std::string(reply.status().message())};
    if (IsError(**reply, "NOAUTH")) {
      return {Verdict::kFail, "rights", "Redis asks for a password",
              "give ?user=NAME&password.file=PATH in the address"};
    }
    if (!IsError(**reply, "NOPERM")) continue;
    // "… no permissions to run the 'get' command", or "… to access a key", and what comes between.
    if (Text(**reply).find(" key") == std::string_view::npos) {
      commands.push_back(probe.command);
    } else {
      keys = true;
    }
  }
  if (commands.empty() && !keys)
    return {Verdict::kOk, "rights",
            fmt::format("user {} may run every command that the cache sends", user())};
  const std::string pattern = fmt::format("~{}:*", prefix);
  std::vector<std::string> rules;
  if (keys) rules.push_back(pattern);
  for (const std::string& command : commands) rules.push_back("+" + command);
  return {Verdict::kFail, "rights",
          fmt::format("user {} may not {}", user(),
                      commands.empty() ? fmt::format("touch the keys {}:*", prefix)
                                       : fmt::format("run {}", fmt::join(commands, ", "))),
          fmt::format("grant it: ACL SETUSER {} {}", user(), fmt::join(rules, " "))};
}

Finding Examination::Tracking(std::string_view prefix) {
  const auto refused = [&](const Reply& reply, const std::string& rule) -> Finding {
    const std::string what =
        fmt::format("changes of other replicas are not heard of: {}", std::string(ErrorOf(*reply).message()));
    if (!IsError(*reply, "NOPERM"))
      return {Verdict::kFail, "tracking", what, "run Redis 7, or Valkey, without a proxy before it"};
    return {Verdict::kFail, "tracking", what, fmt::format("grant it: ACL SETUSER {} {}", user(), rule)};
  };
  const absl::StatusOr<Reply> id = Ask({"CLIENT", "ID"});
  if (!id.ok()) return {VerdictOf(id.status()), "tracking", std::string(id.status().message())};
  if ((*id)->type == REDIS_REPLY_ERROR) return refused(*id, "+client|id");
  const absl::StatusOr<Reply> tracked =
      Ask({"CLIENT", "TRACKING", "ON", "REDIRECT", std::to_string((*id)->integer), "BCAST", "PREFIX",
           fmt::format("{}:t:", prefix)});
  if (!tracked.ok())
    return {VerdictOf(tracked.status()), "tracking", std::string(tracked.status().message())};
  if ((*tracked)->type == REDIS_REPLY_ERROR) return refused(*tracked, "+client|tracking");
  const absl::StatusOr<Reply> subscribed = Ask({"SUBSCRIBE", "__redis__:invalidate"});
  if (!subscribed.ok())
    return {VerdictOf(subscribed.status()), "tracking", std::string(subscribed.status().message())};
  if ((*subscribed)->type == REDIS_REPLY_ERROR)
    return refused(*subscribed, "+subscribe &__redis__:invalidate");
  return {Verdict::kOk, "tracking", "changes of other replicas are heard of"};
}

// The value of a line "name:value" of INFO.
std::string FieldOf(std::string_view info, std::string_view name) {
  const std::string begin = fmt::format("\n{}:", name);
  const size_t at = info.find(begin);
  if (at == std::string_view::npos) return "";
  const std::string_view rest = info.substr(at + begin.size());
  return std::string(rest.substr(0, rest.find_first_of("\r\n")));
}

Finding Examination::Memory() {
  const absl::StatusOr<Reply> reply = Ask({"INFO", "memory"});
  if (!reply.ok()) return {VerdictOf(reply.status()), "memory", std::string(reply.status().message())};
  const std::string policy =
      (*reply)->type == REDIS_REPLY_ERROR ? "" : FieldOf(Text(**reply), "maxmemory_policy");
  if (policy.empty()) {
    return {Verdict::kSkipped, "memory",
            fmt::format(
                "user {} may not run info; an administrator sees the policy by CONFIG GET maxmemory-policy",
                user())};
  }
  const std::string most = FieldOf(Text(**reply), "maxmemory_human");
  const bool bounded = FieldOf(Text(**reply), "maxmemory") != "0";
  const std::string text = bounded ? fmt::format("maxmemory is {}, maxmemory-policy {}", most, policy)
                                   : fmt::format("maxmemory is not set; maxmemory-policy {}", policy);
  if (bounded && policy == "noeviction") {
    return {Verdict::kWarn, "memory", text + ": a full Redis refuses what is to be cached",
            "CONFIG SET maxmemory-policy allkeys-lru"};
  }
  return {Verdict::kOk, "memory", text};
}

}  // namespace

std::vector<Finding> Diagnose(const RedisAddress& address, Clock& clock, std::string_view prefix,
                              absl::Duration patience) {
  std::vector<Finding> findings;
  Examination examination(address, clock, patience);
  const std::string where =
      address.path.empty() ? fmt::format("{}:{}", address.host, address.port) : address.path;
  if (const absl::Status reached = examination.Connect(); !reached.ok()) {
    findings.push_back(
        {VerdictOf(reached), "reach", fmt::format("{}: {}", where, std::string(reached.message())),
         absl::IsPermissionDenied(reached)
             ? fmt::format("the user must exist and {} hold its password", address.password_file)
             : ""});
    Skip({"rights", "tracking", "memory"}, "the cache was not reached", findings);
    return findings;
  }
  findings.push_back({Verdict::kOk, "reach", fmt::format("Redis answers at {}", where)});
  findings.push_back(examination.Rights(prefix));
  findings.push_back(examination.Memory());
  // Last: on a connection that listens nothing else can be asked.
  findings.push_back(examination.Tracking(prefix));
  return findings;
}

}  // namespace finalmile::cache::redis

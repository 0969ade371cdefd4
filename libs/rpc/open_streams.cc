#include "libs/rpc/open_streams.h"

#include "fmt/format.h"
#include "libs/rpc/errors.h"

namespace finalmile::rpc {
namespace {

absl::Status TooMany(std::string_view who, int limit, std::string_view then) {
  return Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_STREAMS",
               fmt::format("{} has {} streams open, which is the limit: {}", who, limit, then),
               {{"limit", std::to_string(limit)}});
}

}  // namespace

absl::Status OpenStreams::Open(const std::string& caller) {
  std::lock_guard lock(mutex_);
  const auto found = by_caller_.find(caller);
  if (found != by_caller_.end() && found->second >= most_per_caller_) {
    return TooMany(caller, most_per_caller_, "close one of them first");
  }
  if (open_ >= most_) return TooMany("the server", most_, "try again when another caller has closed one");
  ++open_;
  ++by_caller_[caller];
  return absl::OkStatus();
}

void OpenStreams::Close(const std::string& caller) {
  std::lock_guard lock(mutex_);
  --open_;
  const auto found = by_caller_.find(caller);
  if (--found->second == 0) by_caller_.erase(found);
}

}  // namespace finalmile::rpc

#include "services/finalmile/commands/consumer_trouble.h"

#include <fmt/format.h>

#include <vector>

#include "services/finalmile/output/format.h"

namespace finalmile::cli {
namespace {

std::string Seconds(const google::protobuf::Duration& duration) {
  return fmt::format("{} s", FormatCount(duration.seconds()));
}

}  // namespace

std::string TroubleOf(const v1::ConsumerStatus& consumer) {
  std::vector<std::string> troubles;
  if (consumer.has_held_duration()) {
    troubles.push_back(
        fmt::format("held for {} by {}", Seconds(consumer.held_duration()), consumer.held_reason()));
  }
  if (consumer.truncated_partitions() > 0) {
    troubles.emplace_back("the topic no longer holds what comes next; see finalmile consumers skip-to");
  }
  if (consumer.has_stalled_duration()) {
    troubles.push_back(fmt::format("a partition has not moved for {}", Seconds(consumer.stalled_duration())));
  }
  return fmt::format("{}", fmt::join(troubles, "; "));
}

}  // namespace finalmile::cli

#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/outbox/outbox.h"
#include "libs/outbox/topic.h"
#include "tests/simulation/world.h"

namespace finalmile::simulation {

// What must hold of any topic that an outbox sends: a record says the same as its headers, the seqs of a key
// have no holes, and events that came twice are equal. `take` is given each Event once, those of a key in
// order.
template <class Event, class Take>
void CheckEventTopic(Servers& servers, std::vector<std::string>& violations, Take&& take) {
  const std::string& topic = outbox::TopicName<Event>();
  std::map<std::string, int64_t> last;
  std::map<std::pair<std::string, int64_t>, std::string> bytes;
  for (const events::Record& record : servers.ReadTopic(topic)) {
    Event event;
    if (!event.ParseFromString(record.value) || event.key() != record.key ||
        event.seq() != outbox::SeqOf(record).value_or(0)) {
      violations.push_back(fmt::format("{} holds a record that contradicts itself", topic));
      continue;
    }
    int64_t& seq = last[record.key];
    if (event.seq() > seq + 1)
      violations.push_back(fmt::format("{}: {} has seq {} after {}", record.key, topic, event.seq(), seq));
    const auto& [first, is_new] = bytes.try_emplace({record.key, event.seq()}, record.value);
    if (first->second != record.value)
      violations.push_back(fmt::format("{}: two events have seq {}", record.key, event.seq()));
    if (!is_new) continue;
    seq = event.seq();
    take(event);
  }
}

}  // namespace finalmile::simulation

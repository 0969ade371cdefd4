#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "libs/outbox/topic.h"
#include "libs/testing/module_harness.h"

namespace finalmile::contracts {

// Carries what services say to those that take it, as one event log would.
class Forwarding {
 public:
  // Whether `from` has said anything on the topic of Envelope since it was forwarded last; all records are
  // sent then.
  template <class Envelope>
  bool Forward(testing::ModuleHarness& from, const std::vector<testing::ModuleHarness*>& to) {
    const std::vector<events::Record> records = from.ReadTopic(outbox::TopicName<Envelope>());
    size_t& forwarded = forwarded_[outbox::TopicName<Envelope>()];
    // Partitions are read one after the other: which record is new is not to be told by its place.
    std::vector<events::Message> messages;
    if (records.size() > forwarded) {
      for (const events::Record& record : records)
        messages.push_back({record.topic, record.key, record.value, record.headers});
    }
    forwarded = records.size();
    if (messages.empty()) return false;
    for (testing::ModuleHarness* one : to) {
      EXPECT_EQ(one->events().Append(messages, one->clock().Steady() + absl::Seconds(5)), absl::OkStatus());
    }
    return true;
  }
  // All records of the topic are new again.
  template <class Envelope>
  void Repeat() {
    forwarded_.erase(outbox::TopicName<Envelope>());
  }

 private:
  // How many records of a topic are.
  std::map<std::string, size_t> forwarded_;
};

}  // namespace finalmile::contracts

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/outbox/consumer.h"
#include "libs/outbox/test_fixture.h"

namespace finalmile::outbox {

// A consumer "c" of the topic "t", run by hand.
class ConsumerTest : public OutboxTest {
 protected:
  std::unique_ptr<Consumer> NewConsumer() {
    return std::make_unique<Consumer>(ConsumerOptions{.name = "c", .topics = {"t"}}, *database, *events,
                                      clock, logger, handler);
  }
  // Records of these seqs, whose values are their seqs.
  void AppendRun(const std::string& key, int64_t first, int64_t last) {
    std::vector<events::Message> messages;
    for (int64_t seq = first; seq <= last; ++seq)
      messages.push_back({"t", key, std::to_string(seq), {{"ce_sequence", std::to_string(seq)}}});
    ASSERT_TRUE(log_->Append(messages, Soon()).ok());
  }
  int64_t OffsetOf(const std::string& value) {
    return Sql("SELECT record_offset FROM parked WHERE value = CAST('" + value + "' AS BLOB)")[0].Int(0);
  }

  const std::string a_ = KeyIn(0);
  const std::string b_ = KeyIn(1);
  std::unique_ptr<Consumer> consumer_ = NewConsumer();
};

}  // namespace finalmile::outbox

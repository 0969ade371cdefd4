#include "libs/outbox/send_order.h"

#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace finalmile::outbox {
namespace {

using Ids = std::vector<int64_t>;

class SendOrderTest : public ::testing::Test {
 protected:
  static CommittedEvent Event(int64_t id, const std::string& key, std::optional<int64_t> before = {}) {
    return {id, before, {"t", key, "v", {}}};
  }
  Ids Take(std::vector<CommittedEvent> events) { return Sent(order_.Take(std::move(events))); }
  Ids Acknowledge(const Ids& ids) { return Sent(order_.Acknowledge(Tickets(ids))); }
  void Fail(const Ids& ids) { order_.LeaveToRelay(Tickets(ids)); }
  Ids Deleted() {
    Ids ids = order_.TakeSent();
    order_.Deleted(ids);
    return ids;
  }

  // An event of key "a" counts three bytes.
  SendOrder order_{300};

 private:
  Ids Sent(const std::vector<CommittedEvent>& events) {
    Ids ids;
    for (const CommittedEvent& event : events) {
      ids.push_back(event.id);
      tickets_[event.id] = SendOrder::TicketOf(event);
    }
    return ids;
  }
  std::vector<SendOrder::Ticket> Tickets(const Ids& ids) {
    std::vector<SendOrder::Ticket> tickets;
    for (const int64_t id : ids) tickets.push_back(tickets_.at(id));
    return tickets;
  }

  std::map<int64_t, SendOrder::Ticket> tickets_;
};

TEST_F(SendOrderTest, EventsOfSeveralKeysGoAtOnceInTheirOrder) {
  EXPECT_EQ(Take({Event(1, "a"), Event(2, "b"), Event(3, "a")}), (Ids{1, 2, 3}));
  EXPECT_EQ(Acknowledge({1, 2, 3}), Ids{});
  EXPECT_EQ(Deleted(), (Ids{1, 2, 3}));
  EXPECT_EQ(Deleted(), Ids{}) << "each once";
  EXPECT_EQ(order_.left(), 0);
}

TEST_F(SendOrderTest, ALaterEventWaitsUntilTheEarlierOneIsAcknowledged) {
  EXPECT_EQ(Take({Event(1, "a")}), Ids{1});
  EXPECT_EQ(Take({Event(2, "a", 1), Event(3, "b")}), Ids{3});
  EXPECT_EQ(Take({Event(4, "a", 2)}), Ids{});
  EXPECT_EQ(Acknowledge({3}), Ids{});
  EXPECT_EQ(Acknowledge({1}), (Ids{2, 4})) << "all that waits, in one append";
  EXPECT_EQ(Take({Event(5, "a", 4)}), Ids{});
  EXPECT_EQ(Acknowledge({2, 4}), Ids{5});
}

TEST_F(SendOrderTest, WhatComesBehindTheRowOfAnotherProcessIsLeft) {
  EXPECT_EQ(Take({Event(8, "a", 7), Event(9, "a", 7), Event(10, "b")}), Ids{10});
  EXPECT_EQ(order_.left(), 2);
  EXPECT_EQ(Take({Event(11, "a", 9)}), Ids{}) << "until the relay has sent them";
  EXPECT_EQ(Take({Event(12, "a")}), Ids{12});
}

TEST_F(SendOrderTest, AFailureLeavesAllThatIsHeldOfItsKeys) {
  EXPECT_EQ(Take({Event(1, "a"), Event(2, "b")}), (Ids{1, 2}));
  EXPECT_EQ(Take({Event(3, "a", 1)}), Ids{});
  Fail({1, 2});
  EXPECT_EQ(order_.left(), 3);
  EXPECT_EQ(Take({Event(4, "a", 3)}), Ids{}) << "the relay has not sent 1 and 3 yet";
  EXPECT_EQ(Take({Event(5, "b")}), Ids{5}) << "it has sent 2";
  EXPECT_FALSE(order_.has_sent());
}

TEST_F(SendOrderTest, ARowThatWasDeletedMeanwhileIsStillKnown) {
  Take({Event(1, "a")});
  Acknowledge({1});
  EXPECT_EQ(Deleted(), Ids{1});
  EXPECT_EQ(Take({Event(2, "a", 1)}), Ids{2});
}

TEST_F(SendOrderTest, DeletedRowsAreForgottenAfterAWhile) {
  Take({Event(1, "a")});
  Acknowledge({1});
  Deleted();
  order_.Deleted(Ids(9'999, 77));
  EXPECT_EQ(Take({Event(2, "a", 1)}), Ids{2});
  order_.Deleted({78});
  EXPECT_EQ(Take({Event(3, "b", 1)}), Ids{});
}

TEST_F(SendOrderTest, WhatAFailedTransactionWasToDeleteComesBack) {
  Take({Event(1, "a"), Event(2, "b")});
  Acknowledge({1, 2});
  const Ids ids = order_.TakeSent();
  EXPECT_FALSE(order_.has_sent());
  order_.PutBack(ids);
  EXPECT_EQ(order_.TakeSent(), (Ids{1, 2}));
}

TEST_F(SendOrderTest, BytesHeldMinusOneZeroPlusOne) {
  std::vector<CommittedEvent> events;
  for (int64_t id = 1; id <= 99; ++id) events.push_back(Event(id, fmt::format("{}", id % 10)));
  Take(std::move(events));
  EXPECT_EQ(Take({Event(100, "aa")}), Ids{}) << "four bytes where three are left";
  EXPECT_EQ(Take({Event(101, "a")}), Ids{101});
  EXPECT_EQ(Take({Event(102, "")}), Ids{});
  Acknowledge({101});
  EXPECT_EQ(Take({Event(103, "")}), Ids{103}) << "two bytes where three are left";
  EXPECT_EQ(order_.left(), 2);
}

}  // namespace
}  // namespace finalmile::outbox

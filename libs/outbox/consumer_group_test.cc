#include "libs/outbox/consumer_group.h"

#include "libs/outbox/test_fixture.h"

namespace finalmile::outbox {
namespace {

class ConsumerGroupTest : public OutboxTest {
 protected:
  ConsumerGroup NewGroup() {
    return ConsumerGroup({.name = "c", .topics = {"t"}}, 2, *database, *events, clock, logger, handler);
  }
};

TEST_F(ConsumerGroupTest, MembersShareThePartitionsAndAreCountedTogether) {
  database->called = storage::Engine::kPostgres;
  const ConsumerGroup group = NewGroup();
  ASSERT_EQ(group.members().size(), 2u);
  // Until both have joined and each has its share.
  for (int round = 0; round < 3; ++round) {
    for (const auto& member : group.members()) Drive(*member);
  }
  Append(KeyIn(0), 1, "a");
  Append(KeyIn(1), 1, "b");
  Append(KeyIn(1), 2, "c");
  for (const auto& member : group.members()) {
    Drive(*member);
    EXPECT_GT(member->stats().records, 0);
  }
  EXPECT_EQ(Applied(KeyIn(0)), (Strings{"a"}));
  EXPECT_EQ(Applied(KeyIn(1)), (Strings{"b", "c"}));
  EXPECT_EQ(group.stats().records, 3);
  EXPECT_EQ(group.stats().batches, 2);
}

TEST_F(ConsumerGroupTest, HasOneMemberOnAStoreWithOneWriter) { EXPECT_EQ(NewGroup().members().size(), 1u); }

}  // namespace
}  // namespace finalmile::outbox

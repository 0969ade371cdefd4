#include "libs/outbox/secret.h"

#include "libs/outbox/test_fixture.h"

namespace finalmile::outbox {
namespace {

using SecretTest = OutboxTest;

TEST_F(SecretTest, IsMadeOnceAndSharedByAllWhoAsk) {
  const auto rng = NewSeededRng(1);
  const auto first = SharedSecret(*database, "page_token", clock, *rng, Soon());
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->size(), 32u);
  EXPECT_EQ(SharedSecret(*database, "page_token", clock, *rng, Soon()).value(), *first);
  EXPECT_NE(SharedSecret(*database, "another", clock, *rng, Soon()).value(), *first);
}

}  // namespace
}  // namespace finalmile::outbox

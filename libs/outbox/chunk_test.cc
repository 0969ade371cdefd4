#include "libs/outbox/chunk.h"

#include "libs/outbox/test_fixture.h"

namespace finalmile::outbox {
namespace {

const absl::Duration kQuick = ChunkSize::kTarget / 2 - absl::Microseconds(1);

TEST(ChunkSize, BeginsSmallAndGrowsSlowlyToTheMost) {
  ChunkSize chunk(200);
  EXPECT_EQ(chunk.rows(), 25);
  chunk.Took(kQuick, true);
  EXPECT_EQ(chunk.rows(), 28);
  for (int i = 0; i < 100; ++i) chunk.Took(kQuick, true);
  EXPECT_EQ(chunk.rows(), 200);
}

TEST(ChunkSize, GrowsOnlyWhereThereWasEnoughToDo) {
  ChunkSize chunk(200);
  chunk.Took(kQuick, false);
  EXPECT_EQ(chunk.rows(), 25);
}

TEST(ChunkSize, HalvesWhereItTookTooLong) {
  ChunkSize chunk(200);
  for (const absl::Duration fine : {ChunkSize::kTarget / 2, ChunkSize::kTarget}) {
    chunk.Took(fine, true);
    EXPECT_EQ(chunk.rows(), 25);
  }
  chunk.Took(ChunkSize::kTarget + absl::Microseconds(1), true);
  EXPECT_EQ(chunk.rows(), 12);
  for (int i = 0; i < 10; ++i) chunk.Took(absl::InfiniteDuration(), true);
  EXPECT_EQ(chunk.rows(), 1);
}

TEST(ChunkSize, OfOneRowStaysOne) {
  ChunkSize chunk(1);
  EXPECT_EQ(chunk.rows(), 1);
  chunk.Took(kQuick, true);
  EXPECT_EQ(chunk.rows(), 1);
}

class RunChunkTest : public OutboxTest {
 protected:
  ChunkSize chunk_{80};
  std::unique_ptr<storage::Leadership> leadership_ =
      *database->Elect("task", clock.Steady() + absl::Seconds(1));
};

TEST_F(RunChunkTest, LearnsFromWhatATransactionTook) {
  const auto take = [&](absl::Duration time) {
    return RunChunk(*leadership_, clock, chunk_, [&](storage::Transaction&, int rows) {
      EXPECT_EQ(rows, chunk_.rows());
      clock.Advance(time);
      return absl::StatusOr<Chunk>(Chunk{.full = true});
    });
  };
  EXPECT_TRUE(take(absl::ZeroDuration())->full);
  EXPECT_EQ(chunk_.rows(), 11);
  EXPECT_TRUE(take(absl::Milliseconds(200))->full);
  EXPECT_EQ(chunk_.rows(), 5);
}

TEST_F(RunChunkTest, HalvesWhatWasGivenUp) {
  const auto done = RunChunk(*leadership_, clock, chunk_, [](storage::Transaction&, int) {
    return absl::StatusOr<Chunk>(absl::DeadlineExceededError("too late"));
  });
  EXPECT_TRUE(absl::IsDeadlineExceeded(done.status()));
  EXPECT_EQ(chunk_.rows(), 5);
}

TEST_F(RunChunkTest, AnErrorTellsNothingOfTheSize) {
  const auto done = RunChunk(*leadership_, clock, chunk_, [](storage::Transaction&, int) {
    return absl::StatusOr<Chunk>(absl::InternalError("a bug"));
  });
  EXPECT_TRUE(absl::IsInternal(done.status()));
  EXPECT_EQ(chunk_.rows(), 10);
}

}  // namespace
}  // namespace finalmile::outbox

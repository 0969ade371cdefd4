#include "libs/outbox/due_task.h"

#include "libs/outbox/test_fixture.h"

namespace finalmile::outbox {
namespace {

// Says what falls due next, and notes what it was asked.
class Timer final : public DueTask {
 public:
  explicit Timer(Clock& clock) : DueTask(clock, 80) {}
  std::string_view name() const override { return "timer"; }

  absl::StatusOr<absl::Time> next = absl::InfiniteFuture();
  absl::Time asked;
  int asked_rows = 0;
  int committed = 0;

 private:
  absl::StatusOr<absl::Time> RunDue(storage::Transaction&, absl::Time now, int rows) override {
    asked = now;
    asked_rows = rows;
    return next;
  }
  void Committed() override { ++committed; }
};

class DueTaskTest : public OutboxTest {
 protected:
  absl::StatusOr<absl::Duration> Run() { return timer_.Run(*leadership_); }

  Timer timer_{clock};
  std::unique_ptr<storage::Leadership> leadership_ =
      *database->Elect("timer", clock.Steady() + absl::Seconds(1));
};

TEST_F(DueTaskTest, RunsAgainWhenTheNextRowFallsDue) {
  timer_.next = clock.Now() + absl::Seconds(3);
  EXPECT_EQ(*Run(), clock.Steady() + absl::Seconds(3));
  EXPECT_EQ(timer_.asked, clock.Now());
  EXPECT_EQ(timer_.committed, 1);
}

TEST_F(DueTaskTest, RunsAgainAtOnceWhereMoreIsDue) {
  for (const absl::Duration ago : {absl::ZeroDuration(), absl::Hours(1)}) {
    timer_.next = clock.Now() - ago;
    EXPECT_EQ(*Run(), clock.Steady());
  }
  EXPECT_EQ(timer_.asked_rows, 11);  // more of them, since there was more to do
}

TEST_F(DueTaskTest, LooksAgainWhereNothingWillFallDueSoon) {
  EXPECT_EQ(*Run(), clock.Steady() + kLookAgain);
  timer_.next = clock.Now() + absl::Minutes(3);
  EXPECT_EQ(*Run(), clock.Steady() + kLookAgain);
}

TEST_F(DueTaskTest, WhatFailedIsNotCommitted) {
  timer_.next = absl::InternalError("a bug");
  EXPECT_TRUE(absl::IsInternal(Run().status()));
  EXPECT_EQ(timer_.committed, 0);
}

}  // namespace
}  // namespace finalmile::outbox

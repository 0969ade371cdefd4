// Row F28 of the fault table: five times the load that a server can carry, in virtual time. Callers come when
// they come, whatever became of those before them (an open loop), and give up at their deadline.
#include <cmath>
#include <deque>
#include <functional>
#include <queue>
#include <vector>

#include "gtest/gtest.h"
#include "libs/base/random.h"
#include "libs/rpc/admission.h"
#include "libs/rpc/server.h"

namespace finalmile::rpc {
namespace {

constexpr int kThreads = 16;
constexpr absl::Duration kService = absl::Milliseconds(5);
constexpr absl::Duration kPatience = absl::Seconds(1);
// Calls per second that the threads can carry.
const double kPeak = kThreads / absl::ToDoubleSeconds(kService);

struct Tally {
  int came = 0;
  int refused = 0;
  // Answered before the caller gave up; what counts.
  int good = 0;
  int late = 0;
  absl::Duration longest_wait;

  double Goodput(absl::Duration span) const { return good / absl::ToDoubleSeconds(span) / kPeak; }
};

// One queue, threads that take from its front, and Admission before it, as Server has them.
class Model {
 public:
  // For `span`, callers at `load` times the peak; what became of those who came after the first second of it.
  Tally Run(double load, absl::Duration span) {
    const absl::Duration end = now_ + span;
    const absl::Duration settled = now_ + absl::Seconds(1);
    Tally tally;
    absl::Duration next = now_ + Exponential(absl::Seconds(1 / (load * kPeak)));
    while (next < end) {
      while (!busy_.empty() && busy_.top() <= next) {
        now_ = busy_.top();
        busy_.pop();
        admission_.Leave();
        TakeNext(tally, settled);
      }
      now_ = next;
      next += Exponential(absl::Seconds(1 / (load * kPeak)));
      const bool counts = now_ >= settled;
      if (counts) ++tally.came;
      if (!admission_.TryEnter()) {
        if (counts) ++tally.refused;
        continue;
      }
      queue_.push_back(now_);
      if (busy_.size() < kThreads) TakeNext(tally, settled);
    }
    return tally;
  }

 private:
  absl::Duration Exponential(absl::Duration mean) { return mean * -std::log(1 - rng_->Uniform()); }

  void TakeNext(Tally& tally, absl::Duration settled) {
    while (!queue_.empty()) {
      const absl::Duration came = queue_.front();
      queue_.pop_front();
      const absl::Duration waited = now_ - came;
      admission_.Began(waited, now_);
      const bool counts = came >= settled;
      if (counts) tally.longest_wait = std::max(tally.longest_wait, waited);
      if (waited >= kPatience) {
        // Nobody waits for the answer any more: it is not run.
        if (counts) ++tally.late;
        admission_.Leave();
        continue;
      }
      const absl::Duration done = now_ + Exponential(kService);
      if (counts) ++(done - came < kPatience ? tally.good : tally.late);
      busy_.push(done);
      return;
    }
  }

  const ServerOptions options_ = {};
  Admission admission_{std::max(32, options_.max_pending / 32), options_.max_pending, options_.target_wait};
  const std::unique_ptr<Rng> rng_ = NewSeededRng(28);
  absl::Duration now_ = absl::Hours(1);
  // When each came.
  std::deque<absl::Duration> queue_;
  // When each thread that works ends.
  std::priority_queue<absl::Duration, std::vector<absl::Duration>, std::greater<>> busy_;
};

TEST(OverloadTest, F28FiveTimesTheLoadLeavesGoodputAtTheServersPeak) {
  Model model;
  const Tally calm = model.Run(0.7, absl::Seconds(20));
  EXPECT_EQ(calm.refused, 0);
  EXPECT_EQ(calm.late, 0);
  EXPECT_NEAR(calm.Goodput(absl::Seconds(19)), 0.7, 0.02);

  const absl::Duration span = absl::Seconds(60);
  const Tally flood = model.Run(5, span);
  EXPECT_GE(flood.Goodput(span - absl::Seconds(1)), 0.9);
  EXPECT_EQ(flood.late, 0) << "what is taken is answered in time";
  EXPECT_NEAR(static_cast<double>(flood.refused) / flood.came, 0.8, 0.02);
  EXPECT_LT(flood.longest_wait, 3 * ServerOptions().target_wait);

  // And when it is over, nobody is refused any more.
  const Tally after = model.Run(0.7, absl::Seconds(20));
  EXPECT_EQ(after.refused, 0);
  EXPECT_EQ(after.late, 0);
}

}  // namespace
}  // namespace finalmile::rpc

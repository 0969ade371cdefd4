#include "services/finalmile/demo/why.h"

#include <gtest/gtest.h>

namespace finalmile::cli {
namespace {

using namespace leads::v1;

class WhyTest : public ::testing::Test {
 protected:
  WhyTest() {
    Lane& asked = *policy_.add_lanes();
    asked.set_name("asked");
    asked.set_hand_raise(true);
    policy_.add_lanes()->set_name("engaged");
    for (const char* name : {"demo", "call"}) {
      Signal& signal = *policy_.add_signals();
      signal.set_name(name);
      signal.set_hand_raise(true);
    }
    policy_.add_signals()->set_name("pricing");
    event_.mutable_cause_time()->set_seconds(30);
    Add("fit", "staff", 20, 0);
    Add("engagement", "webinar", 20, 10);
    Add("engagement", "demo", 0, 20);
    Add("engagement", "pricing", 15, 30);
  }
  void Add(const std::string& part, const std::string& name, double points, int64_t seconds) {
    Reason& reason = *event_.add_reasons();
    reason.set_part(part);
    reason.set_name(name);
    reason.set_text("the " + name);
    reason.set_points(points);
    reason.mutable_last_time()->set_seconds(seconds);
  }
  std::string Why(const std::string& lane) {
    event_.set_lane(lane);
    return WhyReady(event_, policy_);
  }

  Policy policy_;
  LeadBecameSalesReady event_;
};

TEST_F(WhyTest, AHandRaiseLaneNamesTheHandRaiseWhateverElseHappened) {
  EXPECT_EQ(Why("asked"), "the demo") << "although the pricing page was read after it";
  Add("engagement", "call", 0, 25);
  EXPECT_EQ(Why("asked"), "the call") << "the latest one";
}

TEST_F(WhyTest, AnotherLaneNamesWhatCrossedElseTheLargest) {
  EXPECT_EQ(Why("engaged"), "the pricing");
  event_.mutable_cause_time()->set_seconds(99);
  EXPECT_EQ(Why("engaged"), "the webinar");
  event_.clear_cause_time();
  EXPECT_EQ(Why("engaged"), "the webinar");
  EXPECT_EQ(Why("a lane of an older policy"), "the webinar");
  event_.clear_reasons();
  EXPECT_EQ(Why("engaged"), "");
}

}  // namespace
}  // namespace finalmile::cli

#include "libs/rpc/edge.h"

#include <limits>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/rpc/admission.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/testdata/echo_fixture.h"

namespace finalmile::rpc {
namespace {

using absl::StatusCode;

const std::string kNul("a\0b", 3);

// The path that is refused; empty: none is.
std::string Refused(const pb::SayRequest& request) {
  pb::SayRequest parsed;
  const absl::Status status = ParseRequest(request.SerializeAsString(), parsed);
  EXPECT_EQ(status.code(), status.ok() ? StatusCode::kOk : StatusCode::kInvalidArgument);
  const auto violations = ViolationsOf(status);
  return violations.empty() ? "" : violations[0].field();
}

TEST(EdgeTest, NamesTheFieldThatHoldsNul) {
  pb::SayRequest request;
  request.set_text(kNul);
  EXPECT_EQ(Refused(request), "text");
  request.set_text("fine");
  EXPECT_EQ(Refused(request), "");
  pb::Thing& thing = *request.mutable_thing();

  thing.set_name(kNul);
  EXPECT_EQ(Refused(request), "thing.name");
  thing.set_name("");
  thing.add_tags("fine");
  thing.add_tags(kNul);
  EXPECT_EQ(Refused(request), "thing.tags[1]");
  thing.clear_tags();
  (*thing.mutable_labels())[kNul] = "x";
  EXPECT_EQ(Refused(request), "thing.labels[key]");
  thing.mutable_labels()->clear();
  (*thing.mutable_parts())["left"].set_name(kNul);
  EXPECT_EQ(Refused(request), "thing.parts[left].name");
  thing.mutable_parts()->clear();
  thing.add_spares();
  thing.add_spares()->set_name(kNul);
  EXPECT_EQ(Refused(request), "thing.spares[1].name");
  thing.clear_spares();
  thing.mutable_main()->set_name(kNul);
  EXPECT_EQ(Refused(request), "thing.main.name");
  thing.clear_main();
  thing.set_colour(kNul);
  EXPECT_EQ(Refused(request), "thing.colour");
}

TEST(EdgeTest, ZeroBytesElsewhereAreFine) {
  pb::SayRequest request;
  request.set_data(kNul);
  request.mutable_thing()->set_weight(1);
  request.mutable_thing()->mutable_main()->set_number(0);
  EXPECT_EQ(Refused(request), "");
}

TEST(EdgeTest, TimesThatJsonCannotHoldAreRefused) {
  struct Case {
    int64_t seconds;
    int32_t nanos;
    bool time;
    bool span;
  };
  for (const Case& one : {Case{0, 0, true, true},
                          {-62'135'596'801, 0, false, true},
                          {-62'135'596'800, 0, true, true},
                          {-62'135'596'799, 0, true, true},
                          {253'402'300'798, 999'999'999, true, true},
                          {253'402'300'799, 999'999'999, true, true},
                          {253'402'300'800, 0, false, true},
                          {315'576'000'000, 0, false, true},
                          {315'576'000'001, 0, false, false},
                          {-315'576'000'000, 0, false, true},
                          {-315'576'000'001, 0, false, false},
                          {1, -1, false, false},
                          {-1, -1, false, true},
                          {-1, 1, true, false},
                          {0, -1, false, true},
                          {0, 999'999'999, true, true},
                          {0, 1'000'000'000, false, false},
                          {0, -999'999'999, false, true},
                          {0, -1'000'000'000, false, false},
                          {std::numeric_limits<int64_t>::max(), 0, false, false},
                          {std::numeric_limits<int64_t>::min(), 0, false, false}}) {
    const std::string shown = fmt::format("{} s {} ns", one.seconds, one.nanos);
    const auto set = [&](auto& to) {
      to.set_seconds(one.seconds);
      to.set_nanos(one.nanos);
    };
    pb::SayRequest request;
    set(*request.mutable_thing()->mutable_time());
    EXPECT_EQ(Refused(request), one.time ? "" : "thing.time") << shown;
    request.mutable_thing()->clear_time();
    set((*request.mutable_thing()->mutable_times())["due"]);
    EXPECT_EQ(Refused(request), one.time ? "" : "thing.times[due]") << shown;
    request.mutable_thing()->clear_times();
    request.mutable_thing()->add_spans();
    set(*request.mutable_thing()->add_spans());
    EXPECT_EQ(Refused(request), one.span ? "" : "thing.spans[1]") << shown;
  }
}

TEST(EdgeTest, AnUpdateWithoutItsResourceIsRefused) {
  pb::UpdateThingRequest request;
  request.set_request_id("r");
  pb::UpdateThingRequest parsed;
  const auto violations = ViolationsOf(ParseRequest(request.SerializeAsString(), parsed));
  ASSERT_EQ(violations.size(), 1u);
  EXPECT_EQ(violations[0].field(), "thing");
  request.mutable_thing();
  EXPECT_EQ(ParseRequest(request.SerializeAsString(), parsed), absl::OkStatus());
}

TEST(EdgeTest, RefusesWhatIsNoMessage) {
  pb::SayRequest request;
  for (const std::string& bytes :
       {std::string("\x0a\x05x"), std::string("\xff"), std::string("\x0a\x01\xff")}) {
    const absl::Status status = ParseRequest(bytes, request);
    EXPECT_EQ(ReasonOf(status), "MALFORMED_REQUEST");
  }
  EXPECT_EQ(ParseRequest("", request), absl::OkStatus());
}

TEST(EdgeTest, SizeLimit) {
  EXPECT_EQ(CheckSize(9, 10), absl::OkStatus());
  EXPECT_EQ(CheckSize(10, 10), absl::OkStatus());
  EXPECT_EQ(ReasonOf(CheckSize(11, 10)), "MESSAGE_TOO_LARGE");
}

TEST(AdmissionTest, TakesAsManyAsTheLimit) {
  Admission admission(1, 2, absl::Milliseconds(100));
  EXPECT_TRUE(admission.TryEnter());
  EXPECT_TRUE(admission.TryEnter());
  EXPECT_FALSE(admission.TryEnter());
  EXPECT_EQ(admission.inside(), 2);
  admission.Leave();
  EXPECT_TRUE(admission.TryEnter());
}

TEST(AdmissionTest, LongWaitsLowerTheLimitOncePerTarget) {
  const absl::Duration target = absl::Milliseconds(100);
  Admission admission(10, 100, target);
  absl::Duration now = absl::Hours(1);
  admission.Began(target, now);
  EXPECT_EQ(admission.limit(), 100);
  admission.Began(target + absl::Nanoseconds(1), now);
  EXPECT_EQ(admission.limit(), 90);
  now += target - absl::Nanoseconds(1);
  admission.Began(2 * target, now);
  EXPECT_EQ(admission.limit(), 90);
  now += absl::Nanoseconds(1);
  admission.Began(2 * target, now);
  EXPECT_EQ(admission.limit(), 81);
  for (int i = 0; i < 100; ++i) admission.Began(2 * target, now += target);
  EXPECT_EQ(admission.limit(), 10);
}

TEST(AdmissionTest, TheLimitGrowsBackOnlyWhileItIsNeeded) {
  const absl::Duration target = absl::Milliseconds(100);
  Admission admission(10, 12, target);
  for (int i = 0; i < 10; ++i) admission.Began(2 * target, absl::Hours(1) + i * target);
  EXPECT_EQ(admission.limit(), 10);
  admission.Began(absl::ZeroDuration(), absl::Hours(2));
  EXPECT_EQ(admission.limit(), 10);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(admission.TryEnter());
  admission.Began(target / 2, absl::Hours(2));
  EXPECT_EQ(admission.limit(), 10);
  admission.Began(absl::ZeroDuration(), absl::Hours(2));
  EXPECT_EQ(admission.limit(), 11);
  for (int i = 0; i < 10; ++i) admission.Began(absl::ZeroDuration(), absl::Hours(2));
  EXPECT_EQ(admission.limit(), 12);
}

}  // namespace
}  // namespace finalmile::rpc

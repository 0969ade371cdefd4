#include "libs/rpc/edge.h"

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

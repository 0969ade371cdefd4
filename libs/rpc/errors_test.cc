#include "libs/rpc/errors.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/rpc/etag.h"
#include "libs/rpc/violations.h"

namespace finalmile::rpc {
namespace {

using absl::StatusCode;

TEST(ErrorsTest, DetailsSurviveTheWireFormat) {
  const absl::Status status =
      WithRetry(Error(StatusCode::kResourceExhausted, "TOO_MANY", "too many", {{"limit", "7"}}),
                absl::Milliseconds(1500));
  const absl::Status back = FromProto(ToProto(status));
  EXPECT_EQ(back, status);
  EXPECT_EQ(ReasonOf(back), "TOO_MANY");
  EXPECT_EQ(ErrorInfoOf(back)->metadata().at("limit"), "7");
  EXPECT_EQ(RetryDelayOf(back), absl::Milliseconds(1500));
  EXPECT_TRUE(ViolationsOf(back).empty());
}

TEST(ErrorsTest, StatusWithoutDetailsHasNone) {
  const absl::Status status = absl::AbortedError("x");
  EXPECT_EQ(ReasonOf(status), "");
  EXPECT_EQ(RetryDelayOf(status), std::nullopt);
  EXPECT_EQ(FromProto(ToProto(absl::OkStatus())), absl::OkStatus());
}

TEST(FieldViolationsTest, MessageNamesTheFirstAndCountsTheRest) {
  FieldViolations violations;
  EXPECT_EQ(violations.ToStatus(), absl::OkStatus());
  violations.Add("lead.fit", "must be 0 to 100");
  EXPECT_EQ(violations.ToStatus().message(), "lead.fit: must be 0 to 100");
  violations.Add("lead.owner", "is missing");
  EXPECT_EQ(violations.ToStatus().message(), "lead.fit: must be 0 to 100 (and 1 more)");
  EXPECT_EQ(ViolationsOf(violations.ToStatus())[1].field(), "lead.owner");
}

TEST(ViolationsTest, AnotherErrorMayHaveThem) {
  const absl::Status status =
      WithViolations(Error(absl::StatusCode::kFailedPrecondition, "INCOMPLETE", "not yet"),
                     {{"title", "is required"}}, "track");
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), "INCOMPLETE");
  ASSERT_EQ(ViolationsOf(status).size(), 1u);
  EXPECT_EQ(ViolationsOf(status)[0].field(), "track.title");
}

TEST(ForCallerTest, EveryErrorHasAReasonAndADomain) {
  const auto bare = ErrorInfoOf(ForCaller(absl::UnavailableError("x"), "leads.finalmile"));
  EXPECT_EQ(bare->reason(), "UNAVAILABLE");
  EXPECT_EQ(bare->domain(), "leads.finalmile");
  const auto own = ErrorInfoOf(ForCaller(NotFound("leads/1", "lead"), "leads.finalmile"));
  EXPECT_EQ(own->reason(), "LEAD_NOT_FOUND");
}

TEST(ForCallerTest, FaultsOfTheServerTellNothing) {
  for (const StatusCode code : {StatusCode::kInternal, StatusCode::kUnknown, StatusCode::kDataLoss}) {
    absl::Status status = Error(code, "SECRET", "secret", {{"secret", "secret"}});
    const absl::Status told = ForCaller(status, "leads.finalmile");
    EXPECT_EQ(told.code(), code);
    EXPECT_EQ(ToProto(told).SerializeAsString().find("ecret"), std::string::npos);
  }
}

TEST(ForCallerTest, LongMessagesAreCutBetweenCharacters) {
  std::string message(511, 'x');
  message += "ü";
  const absl::Status told = ForCaller(absl::NotFoundError(message), "d");
  EXPECT_EQ(told.message(), std::string(511, 'x'));
  const std::string whole(512, 'x');
  EXPECT_EQ(ForCaller(absl::NotFoundError(whole), "d").message(), whole);
}

TEST(ForCallerTest, DetailsAreCutToFit) {
  FieldViolations violations;
  for (int i = 0; i < 100; ++i) violations.Add("first", std::string(100, 'x'));
  const absl::Status told = ForCaller(violations.ToStatus(), "d");
  EXPECT_LE(ToProto(told).ByteSizeLong(), 4096u);
  EXPECT_GT(ViolationsOf(told).size(), 20u);
  const std::string huge(10'000, 'x');
  const absl::Status cut = ForCaller(Error(StatusCode::kAborted, "HUGE", "m", {{"k", huge}}), "d");
  EXPECT_LE(ToProto(cut).ByteSizeLong(), 4096u);
  EXPECT_EQ(ReasonOf(cut), "HUGE");
}

TEST(EtagTest, MismatchIsAborted) {
  EXPECT_EQ(CheckEtag("", 3, "leads/1"), absl::OkStatus());
  EXPECT_EQ(CheckEtag(Etag(3), 3, "leads/1"), absl::OkStatus());
  for (const int64_t version : {2, 4}) {
    const absl::Status status = CheckEtag(Etag(version), 3, "leads/1");
    EXPECT_EQ(status.code(), StatusCode::kAborted);
    EXPECT_EQ(ReasonOf(status), "ETAG_MISMATCH");
    EXPECT_EQ(ErrorInfoOf(status)->metadata().at("resource"), "leads/1");
  }
}

}  // namespace
}  // namespace finalmile::rpc

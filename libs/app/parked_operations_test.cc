#include <functional>

#include "libs/app/operations_fixture.h"
#include "libs/rpc/errors.h"

namespace finalmile::app {
namespace {

TEST_F(OperationsTest, ParkedRecordsArePagedOverAllServices) {
  const absl::Time start = absl::FromUnixSeconds(1'700'000'000);
  Park(1, 1, "poison", start);
  Park(0, 8, "poison", start + absl::Seconds(2));
  Park(0, 9, "poison", start + absl::Seconds(1));
  v1::ListParkedRequest request;
  const auto list = [&](int page_size) {
    std::vector<std::string> names;
    request.set_page_size(page_size);
    request.clear_page_token();
    do {
      const auto response = Value(Call<v1::ListParkedResponse>("ListParked", request));
      EXPECT_LE(response.parked_records_size(), page_size);
      EXPECT_GT(response.parked_records_size(), 0);
      for (const v1::ParkedRecord& record : response.parked_records()) {
        EXPECT_EQ(record.value(), "");
        names.push_back(record.name());
      }
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    return names;
  };
  const std::vector<std::string> all = {
      "services/alpha/parkedRecords/alpha.notes:finalmile.apptest.notes.v1:0:9",
      "services/alpha/parkedRecords/alpha.notes:finalmile.apptest.notes.v1:0:8",
      "services/beta/parkedRecords/beta.notes:finalmile.apptest.notes.v1:0:1"};
  for (const int page_size : {1, 2, 3, 4}) EXPECT_EQ(list(page_size), all) << page_size;
  request.set_parent("services/beta");
  EXPECT_EQ(list(10), std::vector<std::string>{all[2]});
  request.set_parent("services/gamma");
  const auto unknown = Call<v1::ListParkedResponse>("ListParked", request);
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(unknown.status().message()).find("services/alpha, services/beta"), std::string::npos);
}

TEST_F(OperationsTest, GetShowsTheRecord) {
  Park(0, 9, "poison", absl::FromUnixSeconds(1'700'000'000));
  v1::GetParkedRequest request;
  request.set_name("services/alpha/parkedRecords/alpha.notes:finalmile.apptest.notes.v1:0:9");
  const auto record = Value(Call<v1::ParkedRecord>("GetParked", request));
  EXPECT_EQ(record.name(), request.name());
  EXPECT_EQ(record.state(), v1::ParkedRecord::STATE_FAILED);
  EXPECT_EQ(record.reason(), "it is poisoned");
  EXPECT_EQ(record.value(), "\x12\x06poison");
  ASSERT_EQ(record.headers_size(), 1);
  EXPECT_EQ(record.headers(0).key(), "ce_type");
  EXPECT_EQ(record.park_time().seconds(), 1'700'000'000);

  for (const char* missing : {"services/alpha/parkedRecords/alpha.notes:finalmile.apptest.notes.v1:0:10",
                              "services/gamma/parkedRecords/alpha.notes:finalmile.apptest.notes.v1:0:9"}) {
    request.set_name(missing);
    const auto status = Call<v1::ParkedRecord>("GetParked", request).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(rpc::ReasonOf(status), "PARKED_RECORD_NOT_FOUND");
  }
  for (const char* malformed :
       {"", "services/alpha", "services/alpha/parkedRecords/a:b:c:d", "services/alpha/parkedRecords/a:b:-1:1",
        "services/alpha/parkedRecords/a:b:1", "services/alpha/parkedRecords/a:b:1:9223372036854775808"}) {
    request.set_name(malformed);
    EXPECT_EQ(Call<v1::ParkedRecord>("GetParked", request).status().code(),
              absl::StatusCode::kInvalidArgument)
        << malformed;
  }
}

TEST_F(OperationsTest, RetryFailsWhileTheFaultLastsAndThenApplies) {
  Park(0, 9, "poison", clock_->Now());
  v1::RetryParkedRequest request;
  request.set_name("services/alpha/parkedRecords/alpha.notes:finalmile.apptest.notes.v1:0:9");
  const auto failed = Call<v1::RetryParkedResponse>("RetryParked", request).status();
  EXPECT_EQ(failed.code(), absl::StatusCode::kFailedPrecondition) << failed;
  EXPECT_EQ(rpc::ReasonOf(failed), "PARKED_RECORD_FAILED");
  EXPECT_NE(std::string(failed.message()).find("poisoned"), std::string::npos) << failed;
  EXPECT_EQ(Status().services(0).parked_failed(), 1);

  ASSERT_TRUE(AllowPoison(*databases_[0], *clock_).ok());
  const auto done = Call<v1::RetryParkedResponse>("RetryParked", request).status();
  EXPECT_TRUE(done.ok()) << done;
  EXPECT_EQ(Status().services(0).parked_failed(), 0);
  EXPECT_EQ(Call<v1::RetryParkedResponse>("RetryParked", request).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(OperationsTest, SkipGivesTheRecordUp) {
  Park(0, 9, "poison", clock_->Now());
  v1::SkipParkedRequest request;
  request.set_name("services/alpha/parkedRecords/alpha.notes:finalmile.apptest.notes.v1:0:9");
  const auto done = Call<v1::SkipParkedResponse>("SkipParked", request).status();
  EXPECT_TRUE(done.ok()) << done;
  EXPECT_EQ(Status().services(0).parked_failed(), 0);
}

// A bad producer's records, among those of others.
TEST_F(OperationsTest, MatchingRecordsAreRetriedAndSkippedInPages) {
  for (int64_t offset = 0; offset < 7; ++offset) {
    Park(0, offset, offset == 3 ? "well" : "poison", clock_->Now() + absl::Seconds(offset),
         offset < 5 ? "/bad" : "/good");
  }
  Park(1, 1, "poison", clock_->Now(), "/bad");
  v1::RetryMatchingParkedRequest retry;
  retry.mutable_filter()->set_source("/bad");
  retry.set_dry_run(true);
  auto dry = Value(Call<v1::RetryMatchingParkedResponse>("RetryMatchingParked", retry));
  EXPECT_EQ(dry.matched(), 6);
  EXPECT_EQ(dry.names_size(), 6);
  EXPECT_EQ(dry.done() + dry.failed(), 0);
  EXPECT_EQ(log_.lines, 0);
  EXPECT_EQ(Status().services(0).parked_failed(), 7) << "nothing was changed";

  retry.set_dry_run(false);
  retry.set_parent("services/alpha");
  retry.set_page_size(2);
  int64_t done = 0;
  int64_t failed = 0;
  int pages = 0;
  do {
    const auto page = Value(Call<v1::RetryMatchingParkedResponse>("RetryMatchingParked", retry));
    EXPECT_LE(page.matched(), 2);
    EXPECT_EQ(page.names_size(), page.failed());
    done += page.done();
    failed += page.failed();
    ++pages;
    retry.set_page_token(page.next_page_token());
  } while (!retry.page_token().empty());
  EXPECT_EQ(done, 1);
  EXPECT_EQ(failed, 4);
  EXPECT_EQ(pages, 4);
  EXPECT_GT(log_.lines, 0) << "who changed what is logged";

  v1::SkipMatchingParkedRequest skip;
  const auto skipped = [&] {
    return Value(Call<v1::SkipMatchingParkedResponse>("SkipMatchingParked", skip));
  };
  for (const auto& change : std::vector<std::function<void(v1::ParkedFilter&)>>{
           [](auto& filter) { filter.set_consumer("beta.other"); },
           [](auto& filter) { filter.set_topic("t"); }, [](auto& filter) { filter.set_key("notes/2"); },
           [](auto& filter) { filter.set_reason("no such"); }, [](auto& filter) { filter.set_source("/ba"); },
           [](auto& filter) { filter.set_state(v1::ParkedRecord::STATE_WAITING); }}) {
    skip.clear_filter();
    change(*skip.mutable_filter());
    EXPECT_EQ(skipped().matched(), 0) << skip.DebugString();
  }
  skip.clear_filter();
  skip.mutable_filter()->set_consumer("alpha.notes");
  skip.mutable_filter()->set_topic(std::string(kTopic));
  skip.mutable_filter()->set_key("notes/1");
  skip.mutable_filter()->set_reason("poison");
  skip.mutable_filter()->set_source("/bad");
  EXPECT_EQ(skipped().done(), 4);
  EXPECT_EQ(Status().services(0).parked_failed(), 2) << "those of the good producer";
  EXPECT_EQ(Status().services(1).parked_failed(), 1);
  skip.clear_filter();
  skip.set_parent("services/gamma");
  EXPECT_EQ(Call<v1::SkipMatchingParkedResponse>("SkipMatchingParked", skip).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(OperationsTest, KeysAreShownEscapedAndGivenWhole) {
  const std::string key = std::string("\0\x1B[31m\xFF", 7) + std::string(60000, 'x');
  Park(0, 9, "poison", clock_->Now(), "/bad", key);
  const auto list = Value(Call<v1::ListParkedResponse>("ListParked", v1::ListParkedRequest()));
  ASSERT_EQ(list.parked_records_size(), 1);
  EXPECT_EQ(list.parked_records(0).key().substr(0, 20), "\\x00\\x1B[31m\\xFFxxxx");
  EXPECT_LT(list.parked_records(0).key().size(), 300u);
  EXPECT_EQ(list.parked_records(0).raw_key(), "");
  v1::GetParkedRequest request;
  request.set_name(list.parked_records(0).name());
  EXPECT_EQ(Value(Call<v1::ParkedRecord>("GetParked", request)).raw_key(), key);
}

}  // namespace
}  // namespace finalmile::app

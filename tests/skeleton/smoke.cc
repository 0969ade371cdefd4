// What a service that was stamped out does as a program. Compiled by skeleton_test.py beside such a service.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "finalmile/billing/v1/billing_event.pb.h"
#include "finalmile/billing/v1/billing_service.pb.h"
#include "finalmile/v1/operations_service.pb.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/events/event_log.h"
#include "libs/rpc/client.h"
#include "libs/testing/process.h"
#include "libs/testing/temporary_folder.h"

namespace finalmile {
namespace {

using ::testing::HasSubstr;

constexpr char kTopic[] = "finalmile.billing.events.v1";

class Skeleton : public ::testing::Test {
 protected:
  // Starts a program whose first line says where it serves: "… serves on ADDRESS…".
  std::unique_ptr<testing::Process> Start(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(),
                     {"--data", folder_.path(), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"});
    auto process = testing::Process::Start(std::move(arguments), folder_.path() + "/log");
    EXPECT_TRUE(process.ok()) << process.status();
    const auto line = (*process)->ReadLine();
    EXPECT_TRUE(line.ok()) << line.status();
    const size_t at = line->find("127.0.0.1:");
    EXPECT_NE(at, std::string::npos) << *line;
    address_ = line->substr(at, line->find_first_not_of("0123456789", at + sizeof("127.0.0.1:") - 1) - at);
    channel_ = rpc::NewGrpcChannel({.target = address_}, *clock_, *rng_);
    return *std::move(process);
  }

  // Creates a line item, and returns its name once its event is on the topic.
  std::string Create() {
    billing::v1::CreateLineItemRequest request;
    request.mutable_line_item()->set_title("Consulting");
    const auto created =
        channel_->Call<billing::v1::LineItem>("/finalmile.billing.v1.BillingService/CreateLineItem", request);
    EXPECT_TRUE(created.ok()) << created.status();
    const auto never = clock_->NewWaitEvent();
    for (const absl::Duration deadline = clock_->Steady() + absl::Seconds(30); Unsent() > 0;) {
      never->WaitUntil(clock_->Steady() + absl::Milliseconds(5));
      if (clock_->Steady() < deadline) continue;
      ADD_FAILURE() << "its event is not sent";
      break;
    }
    return created.ok() ? created->name() : "";
  }

  int64_t Unsent() {
    const auto status =
        channel_->Call<v1::Status>("/finalmile.v1.OperationsService/GetStatus", v1::GetStatusRequest());
    EXPECT_TRUE(status.ok()) << status.status();
    int64_t unsent = 0;
    if (status.ok()) {
      for (const auto& service : status->services()) unsent += service.outbox_depth();
    }
    return unsent;
  }

  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  const std::unique_ptr<Rng> rng_ = NewSystemRng();
  const testing::TemporaryFolder folder_;
  std::string address_;
  std::unique_ptr<rpc::Channel> channel_;
};

TEST_F(Skeleton, ServesTellsAndStops) {
  const auto process = Start({FINALMILE_BILLING_BINARY});
  const auto serving = rpc::IsServing(*channel_, "", absl::Seconds(10));
  ASSERT_TRUE(serving.ok()) << serving.status();
  EXPECT_TRUE(*serving);
  const std::string name = Create();
  EXPECT_EQ(process->Terminate(), 0);

  const auto log = events::Open("local:" + folder_.path() + "/events.db", *clock_);
  ASSERT_TRUE(log.ok()) << log.status();
  const auto wake = clock_->NewWaitEvent();
  const auto tail =
      (*log)->OpenTail({kTopic}, events::TailFrom::kStart, clock_->Steady() + absl::Seconds(10), *wake);
  ASSERT_TRUE(tail.ok()) << tail.status();
  const auto records = (*tail)->Poll(10);
  ASSERT_TRUE(records.ok()) << records.status();
  ASSERT_EQ(records->size(), 1u);
  EXPECT_EQ(records->front().key, name);
  billing::v1::BillingEvent event;
  ASSERT_TRUE(event.ParseFromString(records->front().value));
  EXPECT_EQ(event.seq(), 1);
  EXPECT_EQ(event.line_item_created().title(), "Consulting");
}

TEST_F(Skeleton, StandsInTheSuite) {
  const auto suite = Start({COMMAND_LINE, "dev"});
  const std::string name = Create();
  const auto tail = testing::Process::Start({COMMAND_LINE, "events", "tail", "billing.events", "--from-start",
                                             "--until-now", "--address", address_},
                                            "");
  ASSERT_TRUE(tail.ok()) << tail.status();
  std::string shown;
  for (auto line = (*tail)->ReadLine(); line.ok(); line = (*tail)->ReadLine()) shown += *line + "\n";
  EXPECT_THAT(shown, HasSubstr("LineItemCreated"));
  EXPECT_THAT(shown, HasSubstr(name));
  const auto list = testing::Process::Start({COMMAND_LINE, "line-items", "list", "--address", address_}, "");
  ASSERT_TRUE(list.ok()) << list.status();
  shown.clear();
  for (auto line = (*list)->ReadLine(); line.ok(); line = (*list)->ReadLine()) shown += *line + "\n";
  EXPECT_THAT(shown, HasSubstr("Consulting"));
  EXPECT_EQ(suite->Terminate(), 0);
}

}  // namespace
}  // namespace finalmile

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>

#include "fmt/format.h"
#include "libs/testing/postgres_server.h"
#include "services/appointments/meetings_fixture.h"

namespace finalmile::appointments {
namespace {

constexpr int kClients = 64;

// Many clients who want the same times, on both engines.
class ContendedBookingTest : public ::testing::TestWithParam<storage::Engine> {
 protected:
  class Service : public MeetingsTest {
   public:
    explicit Service(const std::string& store) : MeetingsTest(store) {}
    void TestBody() override {}
    using MeetingsTest::Alternatives;
    using MeetingsTest::As;
    using MeetingsTest::At;
    using MeetingsTest::Book;
    using MeetingsTest::BookOptions;
    using MeetingsTest::Cancel;
    using MeetingsTest::Count;
    using MeetingsTest::harness_;
    using MeetingsTest::Hold;
    using MeetingsTest::MakeHost;
    using MeetingsTest::MeetingEvents;
    using MeetingsTest::Move;
    using MeetingsTest::Overlaps;
    using MeetingsTest::ReasonOf;
  };

  void SetUp() override {
    std::string store;
    if (GetParam() == storage::Engine::kPostgres) {
      const auto server = testing::SharedPostgres();
      FINALMILE_NEEDS_POSTGRES(server);
      const auto name = (*server)->CreateDatabase();
      ASSERT_TRUE(name.ok()) << name.status();
      store = (*server)->url(*name);
    }
    service_ = std::make_unique<Service>(store);
    // Channels are made before the threads are.
    for (int i = 0; i < kClients; ++i) service_->As(NameOf(i));
    for (const char* other : {"mia", "kim"}) service_->As(other);
  }
  static std::string NameOf(int client) { return "setter" + std::to_string(client); }

  // Runs `client` for each of them at once. The service's clock goes on meanwhile: what met a conflict tries
  // again later.
  void Run(const std::function<void(int)>& client) {
    const std::unique_ptr<Clock> real = NewSystemClock();
    const std::unique_ptr<WaitEvent> done = real->NewWaitEvent();
    std::atomic<int> running = kClients;
    std::vector<std::thread> threads;
    for (int i = 0; i < kClients; ++i) {
      threads.emplace_back([&, i] {
        client(i);
        if (--running == 0) done->Set();
      });
    }
    for (absl::Duration last = real->Steady(); !done->WaitUntil(last + absl::Milliseconds(1));) {
      const absl::Duration now = real->Steady();
      service_->harness_.clock().Advance(now - last);
      last = now;
    }
    for (std::thread& thread : threads) thread.join();
  }

  std::unique_ptr<Service> service_;
};

TEST_P(ContendedBookingTest, EverySlotIsTakenOnceAndEveryLoserIsToldWhatIsFree) {
  service_->MakeHost("ben");
  std::atomic<int> won_first = 0;
  std::atomic<int> without_alternatives = 0;
  Run([&](int client) {
    // All want the same minute; whoever loses takes the first that is offered, until one is theirs.
    absl::Time wanted = Service::At(3, 15);
    for (int tries = 0; tries < 1'000; ++tries) {
      const auto booked = service_->Book("lead" + std::to_string(client), wanted, {.caller = NameOf(client)});
      if (booked.ok()) {
        won_first += tries == 0 ? 1 : 0;
        return;
      }
      const auto info = rpc::ErrorInfoOf(booked.status());
      const std::string reason = Service::ReasonOf(booked.status());
      ASSERT_TRUE(reason == "SLOT_TAKEN" || reason == "CAP_REACHED") << booked.status();
      if (!info->metadata().contains("alternative_1")) {
        ++without_alternatives;
        return;
      }
      ASSERT_TRUE(absl::ParseTime(absl::RFC3339_full, info->metadata().at("alternative_1").substr(0, 20),
                                  &wanted, nullptr));
    }
  });
  EXPECT_EQ(won_first, 1);
  // Five a day, on the working days from the 1st to the 15th; then nothing is free.
  EXPECT_EQ(without_alternatives, kClients - 11 * 5);
  EXPECT_EQ(service_->Count("appointments WHERE planned"), 11 * 5);
  EXPECT_EQ(service_->Overlaps(), 0);
}

// Row F29 of the fault table.
TEST_P(ContendedBookingTest, OneRequestIdManyAtOnceHasOneEffect) {
  service_->MakeHost("ben");
  std::vector<std::string> answers(kClients);
  Run([&](int client) {
    const auto booked = service_->Book("lee", Service::At(3, 15), {.request_id = "once"});
    answers[static_cast<size_t>(client)] =
        booked.ok() ? booked->SerializeAsString() : booked.status().ToString();
  });
  for (const std::string& answer : answers) EXPECT_EQ(answer, answers[0]);
  EXPECT_EQ(service_->Count("appointments"), 1);
  v1::Appointment booked;
  ASSERT_TRUE(booked.ParseFromString(answers[0])) << answers[0];
  EXPECT_EQ(service_->MeetingEvents(booked.name()).size(), 1u);
  const absl::Status changed = service_->Book("lee", Service::At(3, 16), {.request_id = "once"}).status();
  EXPECT_EQ(Service::ReasonOf(changed), "REQUEST_ID_REUSED");
}

TEST_P(ContendedBookingTest, NoTwoMovesAndHoldsMeet) {
  service_->MakeHost("ana");
  service_->MakeHost("ben");
  Run([&](int client) {
    const std::string lead = "lead" + std::to_string(client);
    const std::string host = client % 2 == 0 ? "ana" : "ben";
    for (int round = 0; round < 4; ++round) {
      const absl::Time start = Service::At(3, 9) + (client + round) % 6 * absl::Minutes(30);
      if (client % 4 == 3) {
        (void)service_->Hold(NameOf(client), start, round % 2 == 0 ? host : "");
        continue;
      }
      const auto booked =
          service_->Book(lead, start, {.host = round % 2 == 0 ? host : "", .caller = NameOf(client)});
      // From one host to the other and back, against those who go the other way.
      if (!booked.ok()) continue;
      (void)service_->Move(booked->name(), start + absl::Minutes(30), host == "ana" ? "ben" : "ana");
      if (client % 4 == 1) (void)service_->Cancel(booked->name());
    }
  });
  EXPECT_EQ(service_->Overlaps(), 0);
  EXPECT_EQ(
      service_->Count("appointments AS a WHERE a.planned AND NOT EXISTS (SELECT 1 FROM claims AS c WHERE "
                      "c.id = a.id AND c.host = a.host AND c.start_time = a.start_time)"),
      0);
  EXPECT_GT(service_->Count("appointments WHERE planned"), 0);
}

TEST_P(ContendedBookingTest, RoutingUnderContentionIsFair) {
  for (const char* host : {"ana", "ben", "cy", "dee"}) service_->MakeHost(host);
  Run([&](int client) {
    // Sixteen on each of four days, four at each time.
    constexpr int kDays[] = {2, 3, 4, 7};
    const absl::Time start = Service::At(kDays[client % 4], 9) + client % 16 * absl::Minutes(30);
    const auto booked =
        service_->Book("lead" + std::to_string(client), start, {.host = "", .caller = NameOf(client)});
    EXPECT_TRUE(booked.ok()) << booked.status();
  });
  for (const char* host : {"ana", "ben", "cy", "dee"})
    EXPECT_EQ(service_->Count(fmt::format("appointments WHERE host = '{}'", host)), kClients / 4) << host;
  EXPECT_EQ(service_->Overlaps(), 0);
}

INSTANTIATE_TEST_SUITE_P(Engines, ContendedBookingTest,
                         ::testing::Values(storage::Engine::kSqlite, storage::Engine::kPostgres),
                         [](const auto& info) {
                           return info.param == storage::Engine::kSqlite ? "Sqlite" : "Postgres";
                         });

}  // namespace
}  // namespace finalmile::appointments

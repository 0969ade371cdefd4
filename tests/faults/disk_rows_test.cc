#include <gtest/gtest.h>

#include <atomic>
#include <iostream>
#include <thread>

#include "libs/rpc/client.h"
#include "libs/testing/process.h"
#include "libs/testing/temporary_folder.h"
#include "tests/faults/service.h"
#include "tests/faults/small_disk.h"

// Rows F17 and F18 of the fault table: the leads service on the embedded engines when its process or its disk
// fails.
namespace finalmile::faults {
namespace {

void Print(const Counts& counts) { std::cout << "ledger: " << counts << "\n"; }

// The program on a store of its own, killed again and again under writes.
class Killed {
 public:
  explicit Killed(const std::string& folder)
      : store_("sqlite:" + folder + "/store.db"), events_("local:" + folder + "/events.db") {}

  const std::string& store() const { return store_; }
  const std::string& events() const { return events_; }
  int64_t acknowledged() const { return acknowledged_; }

  absl::Status Launch() {
    auto process = testing::Process::Start({FINALMILE_LEADS_BINARY, "--store", store_, "--events", events_,
                                            "--listen", "127.0.0.1:" + std::to_string(port_), "--admin", ""},
                                           "/dev/null");
    if (!process.ok()) return process.status();
    process_ = *std::move(process);
    return process_->ReadLine().status();
  }
  void Kill() { process_->Kill(); }
  int Terminate() { return process_->Terminate(); }

  // Writes until `stop`, each request repeated until it is answered.
  void Write(int client, Ledger& ledger, const std::atomic<bool>& stop) {
    auto channel = Connect();
    std::string lead;
    for (int turn = 0; !stop; ++turn) {
      const std::string id = std::to_string(client) + "-" + std::to_string(turn);
      if (turn % 5 == 0) {
        leads::v1::CreateLeadRequest request;
        request.set_request_id("c" + id);
        request.mutable_lead()->set_company("Example");
        leads::v1::Lead created;
        if (!Insist(channel, "CreateLead", request, created)) return;
        lead = created.name();
        ledger.NoteLead(lead);
      } else if (turn % 5 == 1) {
        leads::v1::UpdateLeadRequest request;
        request.set_request_id("u" + id);
        request.mutable_lead()->set_name(lead);
        request.mutable_lead()->set_owner(request.request_id());
        request.mutable_update_mask()->add_paths("owner");
        leads::v1::Lead updated;
        if (!Insist(channel, "UpdateLead", request, updated)) return;
        ledger.NoteOwner(lead, request.request_id());
      } else {
        leads::v1::RecordActivityRequest request;
        leads::v1::Activity& activity = *request.mutable_activity();
        activity.set_lead(lead);
        activity.set_source(ledger.source());
        activity.set_activity_id(id);
        activity.set_type("page_view");
        activity.set_subject("pricing");
        activity.mutable_event_time()->set_seconds(absl::ToUnixSeconds(clock_->Now()) - turn * 1000);
        leads::v1::RecordActivityResponse recorded;
        if (!Insist(channel, "RecordActivity", request, recorded)) return;
        ledger.NoteActivity(id, lead);
      }
    }
  }

  Clock& clock() { return *clock_; }

 private:
  std::unique_ptr<rpc::Channel> Connect() {
    return rpc::NewGrpcChannel({.target = "127.0.0.1:" + std::to_string(port_)}, *clock_, *rng_);
  }

  // Repeats the request until it is answered, so that nothing is left that may or may not have been stored.
  bool Insist(std::unique_ptr<rpc::Channel>& channel, const std::string& method,
              const google::protobuf::Message& request, google::protobuf::Message& response) {
    const absl::Duration deadline = clock_->Steady() + absl::Seconds(30);
    auto pause = clock_->NewWaitEvent();
    while (clock_->Steady() < deadline) {
      if (channel
              ->CallMessage("/finalmile.leads.v1.LeadService/" + method, request, response,
                            {.timeout = absl::Seconds(2), .retry = false})
              .ok()) {
        ++acknowledged_;
        return true;
      }
      pause->WaitUntil(clock_->Steady() + absl::Milliseconds(20));
      // A channel waits longer and longer before it connects again.
      channel = Connect();
    }
    ADD_FAILURE() << method << " was never answered";
    return false;
  }

  const std::string store_;
  const std::string events_;
  const int port_ = testing::FreePort();
  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  const std::unique_ptr<Rng> rng_ = NewSystemRng();
  std::unique_ptr<testing::Process> process_;
  std::atomic<int64_t> acknowledged_ = 0;
};

TEST(FaultRowsOnDisk, F17AKilledProcessLosesNothingOnSqlite) {
  constexpr int kKills = 8;
  testing::TemporaryFolder folder;
  Killed killed(folder.path());
  Ledger ledger("killed");
  ASSERT_TRUE(killed.Launch().ok());
  std::atomic<bool> stop = false;
  std::vector<std::thread> clients;
  for (int client = 0; client < 3; ++client) {
    clients.emplace_back([&, client] { killed.Write(client, ledger, stop); });
  }
  auto pause = killed.clock().NewWaitEvent();
  for (int kill = 0; kill < kKills; ++kill) {
    const int64_t goal = killed.acknowledged() + 25;
    const absl::Duration deadline = killed.clock().Steady() + absl::Seconds(20);
    while (killed.acknowledged() < goal && killed.clock().Steady() < deadline) {
      pause->WaitUntil(killed.clock().Steady() + absl::Milliseconds(2));
    }
    EXPECT_GE(killed.acknowledged(), goal) << "writes did not go on";
    killed.Kill();
    ASSERT_TRUE(killed.Launch().ok()) << "after kill " << kill;
  }
  stop = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(killed.Terminate(), 0);

  // Opened by another life of the service, which also takes in what was left.
  auto service = Service::Start({.store = killed.store(), .events = killed.events()});
  ASSERT_TRUE(service.ok()) << service.status();
  const auto counts = ledger.Check(
      {.database = (*service)->database(),
       .events = (*service)->events(),
       .clock = (*service)->clock(),
       .call =
           [&](const std::string& method, const google::protobuf::Message& request,
               google::protobuf::Message& reply) { return (*service)->CallMessage(method, request, reply); },
       .patience = absl::Seconds(20)});
  ASSERT_TRUE(counts.ok()) << counts.status();
  Print(*counts);
  std::string integrity;
  ASSERT_TRUE((*service)
                  ->database()
                  .Transact({.deadline = (*service)->clock().Steady() + absl::Seconds(10)},
                            [&](storage::Transaction& transaction) -> absl::Status {
                              auto read = transaction.Execute("PRAGMA integrity_check");
                              if (read.ok()) integrity = read->rows[0].Text(0);
                              return read.status();
                            })
                  .ok());
  EXPECT_EQ(integrity, "ok");
}

TEST(FaultRowsOnDisk, F18AFullDiskRefusesWritesServesReadsAndRecovers) {
  SmallDisk folder;
  if (!folder.Mount("4m")) GTEST_SKIP() << "SKIPPED: only root may mount a small disk";
  auto started = Service::Start(
      {.store = "sqlite:" + folder.path() + "/store.db", .events = "local:" + folder.path() + "/events.db"});
  ASSERT_TRUE(started.ok()) << started.status();
  Service& service = **started;
  const auto first = service.Create("first");
  ASSERT_TRUE(first.ok()) << first.status();
  const std::string name = first->name();
  ASSERT_TRUE(service.Record(name, "a0").ok());

  // Until nothing more fits. Each refused request is repeated once there is room.
  std::vector<leads::v1::CreateLeadRequest> refused;
  std::vector<leads::v1::RecordActivityRequest> unrecorded;
  for (int i = 1; refused.size() < 3 || unrecorded.size() < 3; ++i) {
    ASSERT_LT(i, 5000) << "the disk does not fill";
    leads::v1::CreateLeadRequest request;
    request.set_request_id("r" + std::to_string(i));
    for (int a = 0; a < 40; ++a) {
      (*request.mutable_lead()->mutable_attributes())["a" + std::to_string(a)].set_text(
          std::string(1000, 'x'));
    }
    const auto lead = service.Call<leads::v1::Lead>("CreateLead", request);
    if (lead.ok()) {
      service.ledger().NoteLead(lead->name());
    } else {
      EXPECT_TRUE(absl::IsResourceExhausted(lead.status())) << lead.status();
      refused.push_back(request);
    }
    leads::v1::RecordActivityRequest activity = service.RequestOf(name, "a" + std::to_string(i), "product");
    for (int p = 0; p < 30; ++p) {
      (*activity.mutable_activity()->mutable_properties())["p" + std::to_string(p)] = std::string(200, 'x');
    }
    const auto recorded = service.Call<leads::v1::RecordActivityResponse>("RecordActivity", activity);
    if (recorded.ok()) {
      service.ledger().NoteActivity("a" + std::to_string(i), name);
    } else {
      EXPECT_TRUE(absl::IsResourceExhausted(recorded.status())) << recorded.status();
      unrecorded.push_back(activity);
    }
  }
  leads::v1::GetLeadRequest get;
  get.set_name(name);
  EXPECT_TRUE(service.Call<leads::v1::Lead>("GetLead", get).ok()) << "reads work";
  leads::v1::ListTopLeadsRequest top;
  EXPECT_TRUE(service.Call<leads::v1::ListTopLeadsResponse>("ListTopLeads", top).ok());

  ASSERT_TRUE(folder.Mount("64m"));
  for (const auto& request : refused) {
    const auto lead = service.Call<leads::v1::Lead>("CreateLead", request);
    ASSERT_TRUE(lead.ok()) << lead.status();
    service.ledger().NoteLead(lead->name());
  }
  for (const auto& request : unrecorded) {
    ASSERT_TRUE(service.Call<leads::v1::RecordActivityResponse>("RecordActivity", request).ok());
    service.ledger().NoteActivity(request.activity().activity_id(), name);
  }
  const auto counts = service.Check();
  ASSERT_TRUE(counts.ok()) << counts.status();
  Print(*counts);
}

}  // namespace
}  // namespace finalmile::faults

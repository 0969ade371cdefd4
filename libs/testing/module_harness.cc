#include "libs/testing/module_harness.h"

#include <cstdlib>
#include <iostream>

#include "libs/outbox/ledger.h"
#include "libs/outbox/relay.h"
#include "libs/outbox/schema.h"
#include "libs/rpc/local_channel.h"
#include "libs/storage/migrate.h"

namespace finalmile::testing {
namespace {

void Must(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << "the harness cannot go on: " << status << "\n";
  std::abort();
}

template <class T>
T Must(absl::StatusOr<T> value) {
  Must(value.status());
  return *std::move(value);
}

}  // namespace

ModuleHarness::ModuleHarness(const app::ModuleSpec& spec) : spec_(spec), rng_(NewSeededRng(1)) {
  std::string name = (std::filesystem::temp_directory_path() / "finalmile-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) Must(absl::InternalError("mkdtemp failed"));
  folder_ = name;
  Open();
}

ModuleHarness::~ModuleHarness() {
  Close();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void ModuleHarness::Open() {
  database_ = Must(storage::Open("sqlite:" + (folder_ / "store.db").string(), clock_, {}));
  events_ = Must(events::Open("local:" + (folder_ / "events.db").string(), clock_));
  Must(storage::Migrate(*database_, clock_, "outbox", outbox::Migrations()));
  Must(storage::Migrate(*database_, clock_, spec_.name, spec_.migrations));
  Must(events_->ApplyTopics({spec_.topics.begin(), spec_.topics.end()}, clock_.Steady() + absl::Seconds(10)));
  config::Schema schema;
  if (spec_.declare) spec_.declare(schema);
  const config::Config config = Must(config::Load(schema, {}, {}));
  app::Runtime runtime{clock_, *rng_, *database_, *events_, log_, metrics_};
  module_ = Must(spec_.build(config, runtime));

  module_.leader_tasks.push_back(std::make_unique<outbox::Relay>(*events_, clock_));
  module_.leader_tasks.push_back(std::make_unique<outbox::LedgerSweeper>(clock_));
  for (auto& task : module_.leader_tasks) {
    leader_steps_.push_back(
        std::make_unique<outbox::LeaderStep>(spec_.name, *database_, clock_, log_, std::move(task)));
    steps_.push_back(leader_steps_.back().get());
  }
  for (auto& consumer : module_.consumers) {
    consumers_.push_back(std::make_unique<outbox::Consumer>(consumer.options, *database_, *events_, clock_,
                                                            log_, *consumer.handler));
    steps_.push_back(consumers_.back().get());
  }
  for (auto& step : module_.steps) steps_.push_back(step.get());

  auto principal = std::make_shared<v1::Principal>();
  principal->set_name("tester");
  principal->add_roles(v1::ROLE_ADMIN);
  std::vector<const rpc::Service*> services;
  for (const auto& service : module_.services) services.push_back(service.get());
  channel_ = Must(rpc::NewLocalChannel(services, principal, clock_));
}

void ModuleHarness::Close() {
  channel_.reset();
  steps_.clear();
  leader_steps_.clear();
  consumers_.clear();
  module_ = {};
  events_.reset();
  database_.reset();
}

void ModuleHarness::Restart() {
  Close();
  Open();
}

void ModuleHarness::Settle() {
  for (bool busy = true; busy;) {
    busy = false;
    for (Step* step : steps_) {
      step->wake().Clear();
      busy = step->Run() <= clock_.Steady() || busy;
    }
    for (Step* step : steps_) busy = step->wake().WaitUntil(absl::ZeroDuration()) || busy;
  }
}

std::vector<events::Record> ModuleHarness::ReadTopic(const std::string& topic) {
  auto wake = clock_.NewEvent();
  auto tail = Must(events_->OpenTail({topic}, events::TailFrom::kStart, *wake));
  std::vector<events::Record> records;
  while (!tail->caught_up()) {
    for (events::Record& record : Must(tail->Poll(1000))) records.push_back(std::move(record));
  }
  return records;
}

}  // namespace finalmile::testing

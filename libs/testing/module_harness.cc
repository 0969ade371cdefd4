#include "libs/testing/module_harness.h"

#include <cstdlib>
#include <iostream>

#include "libs/app/deployment.h"
#include "libs/app/settings.h"
#include "libs/rpc/local_channel.h"

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

std::shared_ptr<const v1::Principal> PrincipalOf(const std::string& name,
                                                 const std::vector<v1::Role>& roles) {
  auto principal = std::make_shared<v1::Principal>();
  principal->set_name(name);
  for (const v1::Role role : roles) principal->add_roles(role);
  return principal;
}

}  // namespace

ModuleHarness::ModuleHarness(const app::ModuleSpec& spec, std::string store_url)
    : spec_(spec),
      store_url_(store_url.empty() ? "sqlite:" + folder_.path() + "/store.db" : std::move(store_url)),
      rng_(NewSeededRng(1)) {
  Open();
}

ModuleHarness::~ModuleHarness() { Close(); }

void ModuleHarness::Open() {
  // PostgreSQL ends a leader's session that sends no heartbeat for some real seconds, and the clock here
  // stands still.
  database_ = Must(storage::Open(store_url_, clock_, {.heartbeat_interval = absl::Minutes(10)}));
  rerunning_ = std::make_unique<RerunningDatabase>(*database_);
  events_ = Must(events::Open("local:" + folder_.path() + "/events.db", clock_));
  Must(app::MigrateStore(spec_, *database_, clock_));
  Must(events_->ApplyTopics(Must(app::TopicsOf({&spec_})), clock_.Steady() + absl::Seconds(10)));
  config_ = std::make_unique<config::Config>(
      Must(config::Load(app::SchemaFor({&spec_}), {{"data", folder_.path()}}, {})));
  assembly_ =
      Must(app::Assembly::Build(spec_, *config_, {clock_, *rng_, *rerunning_, *events_, log_, metrics_}));
  channel_ = ChannelAs("tester", {v1::ROLE_ADMIN});
}

std::unique_ptr<rpc::Channel> ModuleHarness::ChannelAs(const std::string& name,
                                                       const std::vector<v1::Role>& roles,
                                                       size_t max_answer) {
  return Must(rpc::NewLocalChannel(assembly_->services(), PrincipalOf(name, roles), clock_,
                                   {.most = max_answer, .page_key = {}}));
}

std::optional<absl::StatusOr<rpc::SharedBytes>> ModuleHarness::AnswerInline(
    std::string_view method, const std::vector<v1::Role>& roles, const google::protobuf::Message& request) {
  for (const rpc::Service* service : assembly_->services()) {
    for (const rpc::Method* one : service->methods()) {
      if (one->descriptor->full_name() != method || !one->inline_answer) continue;
      rpc::CallContext context(clock_, {.method = method, .principal = PrincipalOf("tester", roles)});
      return one->inline_answer(context, request);
    }
  }
  return std::nullopt;
}

void ModuleHarness::Close() {
  channel_.reset();
  assembly_.reset();
  events_.reset();
  rerunning_.reset();
  database_.reset();
}

void ModuleHarness::Restart() {
  Close();
  Open();
}

void ModuleHarness::Settle() { Run(assembly_->steps()); }

void ModuleHarness::Consume() {
  std::vector<Step*> steps;
  for (const auto& consumer : assembly_->consumers()) {
    for (const auto& member : consumer->members()) steps.push_back(member.get());
  }
  Run(steps);
}

void ModuleHarness::Run(const std::vector<Step*>& steps) {
  for (bool busy = true; busy;) {
    busy = false;
    for (Step* step : steps) {
      step->wake().Clear();
      busy = step->Run() <= clock_.Steady() || busy;
    }
    for (Step* step : steps) busy = step->wake().WaitUntil(absl::ZeroDuration()) || busy;
  }
}

std::vector<events::Record> ModuleHarness::ReadTopic(std::string_view topic) {
  auto wake = clock_.NewWaitEvent();
  auto tail = Must(events_->OpenTail({std::string(topic)}, events::TailFrom::kStart,
                                     clock_.Steady() + absl::Seconds(10), *wake));
  std::vector<events::Record> records;
  while (!tail->caught_up()) {
    for (events::Record& record : Must(tail->Poll(1000))) records.push_back(std::move(record));
  }
  return records;
}

}  // namespace finalmile::testing

#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "finalmile/v1/operations_service.pb.h"
#include "libs/app/deployment.h"
#include "libs/app/operations.h"
#include "libs/app/settings.h"
#include "libs/app/testdata/notes_module.h"
#include "libs/outbox/parked.h"
#include "libs/rpc/local_channel.h"
#include "libs/testing/temporary_folder.h"

namespace finalmile::app {

inline constexpr std::string_view kTopic = "finalmile.apptest.notes.v1";
inline constexpr std::string_view kMethods = "/finalmile.v1.OperationsService/";

class AuditLog final : public Log {
 public:
  void Write(Severity, std::string_view, std::initializer_list<LogField> fields) override {
    for (const LogField& field : fields) lines += field == LogField("principal", "admin") ? 1 : 0;
  }

  // Those that name the caller.
  int lines = 0;
};

// A line of a tokens file.
inline constexpr std::string_view kTokenLine =
    "sha256:0000000000000000000000000000000000000000000000000000000000000000 admin admin\n";

// Two assembled modules whose steps are run by hand.
class OperationsTest : public ::testing::Test {
 protected:
  OperationsTest() {
    events_ = Value(events::Open("local:" + folder_.path() + "/events.db", *clock_));
    EXPECT_TRUE(events_->ApplyTopics(Value(TopicsOf({&alpha_, &beta_})), Soon()).ok());
    for (const ModuleSpec* spec : {&alpha_, &beta_}) {
      databases_.push_back(Value(
          storage::Open("sqlite:" + folder_.path() + "/" + std::string(spec->name) + ".db", *clock_, {})));
      EXPECT_TRUE(MigrateStore(*spec, *databases_.back(), *clock_).ok());
      EXPECT_TRUE(CheckStore(*spec, *databases_.back(), *clock_).ok());
      assemblies_.push_back(Value(
          Assembly::Build(*spec, config_, {*clock_, *rng_, *databases_.back(), *events_, log_, metrics_})));
    }
    WriteTokens(std::string(kTokenLine));
    credentials_ = Value(rpc::Credentials::Load(tokens_file_));
    service_ = NewOperationsService("1.2.3", {assemblies_[0].get(), assemblies_[1].get()}, credentials_.get(),
                                    *clock_, log_);
    auto admin = std::make_shared<v1::Principal>();
    admin->set_name("admin");
    admin->add_roles(v1::ROLE_ADMIN);
    channel_ = Value(rpc::NewLocalChannel({service_.get()}, admin, *clock_));
  }

  template <typename T>
  static T Value(absl::StatusOr<T> value) {
    if (!value.ok()) {
      ADD_FAILURE() << value.status();
      std::abort();
    }
    return *std::move(value);
  }
  void WriteTokens(const std::string& lines) { std::ofstream(tokens_file_) << lines; }
  absl::Duration Soon() { return clock_->Steady() + absl::Seconds(10); }

  // Parks a record of module `module` as its consumer would.
  void Park(size_t module, int64_t offset, std::string_view text, absl::Time time,
            const std::string& source = {}, const std::string& key = "notes/1") {
    outbox::ParkedRecord parked;
    parked.consumer = std::string(assemblies_[module]->name()) + ".notes";
    parked.record.topic = kTopic;
    parked.record.offset = offset;
    parked.record.key = key;
    parked.record.value =
        std::string("\x12") + static_cast<char>(text.size()) + std::string(text);  // Note.text
    parked.record.headers = {{"ce_type", "finalmile.apptest.v1.Note"}};
    if (!source.empty()) parked.record.headers.emplace_back("ce_source", source);
    parked.record.time = time;
    parked.state = outbox::kFailed;
    parked.reason = "it is poisoned";
    parked.parked_time = time;
    const absl::Status done = databases_[module]->Transact(
        {.deadline = Soon()},
        [&](storage::Transaction& transaction) { return outbox::InsertParked(transaction, {parked}); });
    ASSERT_TRUE(done.ok()) << done;
  }

  template <typename Response>
  absl::StatusOr<Response> Call(std::string_view method, const google::protobuf::Message& request) {
    return channel_->Call<Response>(std::string(kMethods) + std::string(method), request);
  }
  v1::Status Status() { return Value(Call<v1::Status>("GetStatus", v1::GetStatusRequest())); }

  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  const std::unique_ptr<Rng> rng_ = NewSeededRng(1);
  const ModuleSpec alpha_ = NotesModule("alpha", true);
  const ModuleSpec beta_ = NotesModule("beta", false);
  const config::Config config_ = Value(config::Load(SchemaFor({&alpha_, &beta_}), {}, {}));
  const testing::TemporaryFolder folder_;
  const std::string tokens_file_ = folder_.path() + "/tokens";
  std::unique_ptr<rpc::Credentials> credentials_;
  AuditLog log_;
  telemetry::Metrics metrics_;
  std::unique_ptr<events::EventLog> events_;
  std::vector<std::unique_ptr<storage::Database>> databases_;
  std::vector<std::unique_ptr<Assembly>> assemblies_;
  std::unique_ptr<rpc::Service> service_;
  std::unique_ptr<rpc::Channel> channel_;
};

}  // namespace finalmile::app

#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "finalmile/catalog/v1/catalog_event.pb.h"
#include "finalmile/coaching/v1/coaching_event.pb.h"
#include "finalmile/coaching/v1/practice_service.pb.h"
#include "finalmile/coaching/v1/talk_track_service.pb.h"
#include "google/protobuf/empty.pb.h"
#include "libs/outbox/envelope.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/timestamps.h"
#include "libs/testing/module_harness.h"
#include "libs/testing/postgres_server.h"
#include "services/coaching/domain/tracks/test_tracks.h"
#include "services/coaching/wiring.h"

namespace finalmile::coaching {

// The coaching service on both engines, driven through its API and by the events of the catalog that the test
// appends. The clock begins on Tuesday 2026-12-01 at 10:00 UTC.
class CoachingTest : public ::testing::TestWithParam<storage::Engine> {
 protected:
  void SetUp() override {
    std::string store;
    if (GetParam() == storage::Engine::kPostgres) {
      const auto server = testing::SharedPostgres();
      FINALMILE_NEEDS_POSTGRES(server);
      const auto name = (*server)->CreateDatabase();
      ASSERT_TRUE(name.ok()) << name.status();
      store = (*server)->url(*name);
    }
    harness_ = std::make_unique<testing::ModuleHarness>(kModule, store);
    MoveTo(At(1, 10));
  }

  // 2026-12-`day`, `hour`:`minute` UTC.
  static absl::Time At(int day, int hour, int minute = 0) {
    return absl::FromCivil(absl::CivilMinute(2026, 12, day, hour, minute), absl::UTCTimeZone());
  }
  void MoveTo(absl::Time time) {
    harness_->clock().SetNow(time);
    harness_->Settle();
  }

  // Cora and Coco are coaches, Max is a marketer, Mia a manager; all others are setters and hosts, and Bo
  // coaches as well.
  rpc::Channel& As(const std::string& name) {
    std::unique_ptr<rpc::Channel>& channel = channels_[name];
    if (channel == nullptr) {
      using finalmile::v1::Role;
      std::vector<Role> roles = {Role::ROLE_SETTER, Role::ROLE_HOST};
      if (name == "cora" || name == "coco") roles = {Role::ROLE_COACH};
      if (name == "bo") roles.push_back(Role::ROLE_COACH);
      if (name == "max") roles = {Role::ROLE_MARKETER};
      if (name == "mia") roles = {Role::ROLE_MANAGER};
      channel = harness_->ChannelAs(name, roles);
    }
    return *channel;
  }
  void Restart() {
    channels_.clear();
    harness_->Restart();
  }

  template <class Response>
  absl::StatusOr<Response> Call(rpc::Channel& channel, const std::string& method,
                                const google::protobuf::Message& request) {
    const auto* tracks = v1::GetTalkTrackRequest::descriptor()->file()->FindServiceByName("TalkTrackService");
    const char* service =
        tracks->FindMethodByName(method) != nullptr ? "TalkTrackService" : "PracticeService";
    auto answer =
        channel.Call<Response>(std::string("/finalmile.coaching.v1.") + service + "/" + method, request);
    if (!answer.ok()) errors_.push_back(answer.status().ToString());
    return answer;
  }

  // A track that lacks nothing but an example.
  static v1::TalkTrack Whole();
  absl::StatusOr<v1::TalkTrack> Create(const v1::TalkTrack& track,
                                       const std::string& id = "new-fleet-manager",
                                       const std::string& request_id = "") {
    v1::CreateTalkTrackRequest request;
    *request.mutable_talk_track() = track;
    request.set_talk_track_id(id);
    request.set_request_id(request_id);
    return Call<v1::TalkTrack>(As("max"), "CreateTalkTrack", request);
  }
  absl::StatusOr<v1::TalkTrack> Update(const v1::TalkTrack& track, const std::vector<std::string>& mask) {
    v1::UpdateTalkTrackRequest request;
    *request.mutable_talk_track() = track;
    for (const std::string& path : mask) request.mutable_update_mask()->add_paths(path);
    return Call<v1::TalkTrack>(As("max"), "UpdateTalkTrack", request);
  }
  absl::StatusOr<v1::PublishTalkTrackResponse> Publish(const std::string& name, bool recertify = false,
                                                       const std::string& caller = "cora") {
    v1::PublishTalkTrackRequest request;
    request.set_name(name);
    request.set_recertify(recertify);
    return Call<v1::PublishTalkTrackResponse>(As(caller), "PublishTalkTrack", request);
  }
  absl::StatusOr<v1::TalkTrack> Get(const std::string& name, int64_t version = 0,
                                    const std::string& caller = "cora") {
    v1::GetTalkTrackRequest request;
    request.set_name(name);
    request.set_version(version);
    return Call<v1::TalkTrack>(As(caller), "GetTalkTrack", request);
  }

  static v1::Example Staged();
  absl::StatusOr<v1::Example> Add(const std::string& track, const v1::Example& example,
                                  const std::string& request_id = "") {
    v1::AddExampleRequest request;
    request.set_parent(track);
    *request.mutable_example() = example;
    request.set_request_id(request_id);
    return Call<v1::Example>(As("cora"), "AddExample", request);
  }
  absl::StatusOr<v1::ListExamplesResponse> Examples(const std::string& track,
                                                    const std::string& caller = "cora", int page_size = 0,
                                                    const std::string& page_token = "") {
    v1::ListExamplesRequest request;
    request.set_parent(track);
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    return Call<v1::ListExamplesResponse>(As(caller), "ListExamples", request);
  }
  // A published track.
  v1::TalkTrack Published(const v1::TalkTrack& track, const std::string& id = "new-fleet-manager") {
    const auto created = Create(track, id);
    EXPECT_TRUE(created.ok()) << created.status();
    if (!created.ok()) return {};
    EXPECT_TRUE(Add(created->name(), Staged()).ok());
    const auto published = Publish(created->name());
    EXPECT_TRUE(published.ok()) << published.status();
    return published.ok() ? published->talk_track() : v1::TalkTrack();
  }

  // The next event of an asset of the catalog, which happened at `time`.
  catalog::v1::CatalogEvent NextOf(const std::string& asset, absl::Time time) {
    const outbox::Cause cause;
    return outbox::NewEvent<catalog::v1::CatalogEvent>({harness_->clock(), harness_->rng(), time, cause},
                                                       asset, ++seqs_[asset]);
  }
  void Append(const catalog::v1::CatalogEvent& event) { Append(outbox::ToMessage(outbox::ToOutbox(event))); }
  void Append(const events::Message& message) {
    EXPECT_EQ(harness_->events().Append({message}, harness_->clock().Steady() + absl::Seconds(5)),
              absl::OkStatus());
  }

  // The events of one track.
  std::vector<v1::CoachingEvent> EventsOf(const std::string& name) {
    harness_->Settle();
    std::vector<v1::CoachingEvent> events;
    for (v1::CoachingEvent& event : harness_->ReadEvents<v1::CoachingEvent>()) {
      if (event.key() == name) events.push_back(std::move(event));
    }
    return events;
  }
  int64_t Count(const std::string& from) {
    int64_t counted = -1;
    const absl::Status read = harness_->database().Transact(
        {.deadline = harness_->clock().Steady() + absl::Seconds(5), .read_only = true},
        [&](storage::Transaction& transaction) -> absl::Status {
          const auto rows = transaction.Execute("SELECT COUNT(*) FROM " + from);
          if (rows.ok()) counted = rows->rows[0].Int(0);
          return rows.status();
        });
    EXPECT_EQ(read, absl::OkStatus());
    return counted;
  }

  static std::string ReasonOf(const absl::Status& status) { return rpc::ReasonOf(status); }
  static std::vector<std::string> FieldsOf(const absl::Status& status) {
    std::vector<std::string> fields;
    for (const auto& violation : rpc::ViolationsOf(status)) fields.push_back(violation.field());
    return fields;
  }
  // The files of the store and the event log, and lines of the log, that hold `text`.
  std::vector<std::string> WhatHolds(const std::string& text) const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(harness_->folder())) {
      if (!entry.is_regular_file()) continue;
      std::ostringstream bytes;
      bytes << std::ifstream(entry.path(), std::ios::binary).rdbuf();
      if (bytes.str().find(text) != std::string::npos) found.push_back(entry.path().filename().string());
    }
    for (const std::string& line : harness_->log().lines()) {
      if (line.find(text) != std::string::npos) found.push_back(line);
    }
    return found;
  }

  // Tables of the store with a row that holds `text` in a column of text or bytes.
  std::vector<std::string> TablesThatHold(const std::string& text) {
    std::vector<std::string> found;
    const bool sqlite = GetParam() == storage::Engine::kSqlite;
    for (const storage::Row& table :
         Query(sqlite ? "SELECT name FROM sqlite_master WHERE type = 'table'"
                      : "SELECT CAST(table_name AS TEXT) FROM information_schema.tables "
                        "WHERE table_schema = 'public'")) {
      for (const storage::Row& row : Query("SELECT * FROM " + table.Text(0))) {
        if (std::any_of(row.values().begin(), row.values().end(),
                        [&](const storage::Value& value) { return Holds(value, text); }))
          found.push_back(table.Text(0));
      }
    }
    return found;
  }
  // Everything else that a process leaves behind: topics, lines of the log, errors that callers were given,
  // metrics, offsets and what stands beside them; where it holds `text`.
  std::vector<std::string> WhatElseHolds(const std::string& text) {
    std::vector<std::string> found;
    const auto look = [&](const char* where, const std::string& bytes) {
      if (bytes.find(text) != std::string::npos) found.push_back(std::string(where) + ": " + bytes);
    };
    for (const std::string& holder : WhatHolds(text)) {
      if (!holder.starts_with("store.db")) found.push_back(holder);
    }
    for (const events::Record& record : harness_->ReadTopic(outbox::TopicName<v1::CoachingEvent>())) {
      look("topic", record.value);
      for (const auto& [name, value] : record.headers) look("header", value);
    }
    for (const std::string& error : errors_) look("error", error);
    look("metrics", harness_->metrics().Serialize());
    return found;
  }

  std::unique_ptr<testing::ModuleHarness> harness_;

 private:
  std::vector<storage::Row> Query(const std::string& sql) {
    std::vector<storage::Row> rows;
    const absl::Status read = harness_->database().Transact(
        {.deadline = harness_->clock().Steady() + absl::Seconds(5), .read_only = true},
        [&](storage::Transaction& transaction) -> absl::Status {
          auto result = transaction.Execute(sql);
          if (result.ok()) rows = std::move(result->rows);
          return result.status();
        });
    EXPECT_EQ(read, absl::OkStatus()) << sql;
    return rows;
  }
  static bool Holds(const storage::Value& value, const std::string& text) {
    const std::string* bytes = std::get_if<std::string>(&value);
    if (const auto* blob = std::get_if<storage::Bytes>(&value)) bytes = &blob->data;
    return bytes != nullptr && bytes->find(text) != std::string::npos;
  }

  // What callers were answered that failed.
  std::vector<std::string> errors_;
  std::map<std::string, int64_t> seqs_;
  std::map<std::string, std::unique_ptr<rpc::Channel>> channels_;
};

#define FINALMILE_ON_BOTH_ENGINES(suite)                                                       \
  INSTANTIATE_TEST_SUITE_P(                                                                    \
      Engines, suite, ::testing::Values(storage::Engine::kSqlite, storage::Engine::kPostgres), \
      [](const auto& info) { return info.param == storage::Engine::kSqlite ? "Sqlite" : "Postgres"; })

inline v1::TalkTrack CoachingTest::Whole() {
  v1::TalkTrack track;
  track.set_owner("max");
  track.set_title("New fleet manager");
  track.set_situation("new-fleet-manager");
  track.set_audience("heads of logistics");
  v1::Story& story = *track.mutable_story();
  story.set_hook("Your predecessor counted trucks.");
  story.set_before("They idled for hours.");
  story.set_after("They stopped.");
  story.set_number("30 % less idle time");
  story.set_question("What does an idle hour cost you?");
  story.set_telling_short(Words(20));
  story.set_telling_medium(Words(100));
  story.set_telling_long(Words(300));
  v1::KeyMessage& idle = *track.add_key_messages();
  idle.set_id("idle-hours");
  idle.set_text("Idle hours are the cost.");
  idle.set_weight(3);
  idle.set_required(true);
  idle.add_cues("cut idle time by 30 percent");
  v1::KeyMessage& weeks = *track.add_key_messages();
  weeks.set_id("four-weeks");
  weeks.set_text("It is there in four weeks.");
  weeks.add_cues("implementation in four weeks");
  track.add_avoid("to be honest");
  return track;
}

inline v1::Example CoachingTest::Staged() {
  v1::Example example;
  example.set_title("First call");
  example.set_provenance(v1::Example::PROVENANCE_STAGED);
  v1::Turn& rep = *example.add_turns();
  rep.set_speaker("Kim");
  rep.set_role(v1::Turn::ROLE_REP);
  rep.set_text("How many trucks do you have?");
  v1::Turn& guest = *example.add_turns();
  guest.set_speaker("Ana");
  guest.set_role(v1::Turn::ROLE_GUEST);
  guest.set_text("Forty.");
  guest.set_start(2.5);
  guest.set_end(3);
  return example;
}

}  // namespace finalmile::coaching

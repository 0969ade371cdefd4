#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "finalmile/catalog/v1/usage_service.pb.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/outbox/envelope.h"
#include "libs/testing/postgres_server.h"
#include "services/catalog/catalog_fixture.h"
#include "services/catalog/usage/consumers/credit_consumer.h"

namespace finalmile::catalog {

// UsageService over each engine: "sqlite", "postgres".
class UsageTest : public CatalogTest, public ::testing::WithParamInterface<const char*> {
 protected:
  using Event = v1::CatalogEvent;
  static constexpr char kUsage[] = "/finalmile.catalog.v1.UsageService/";

  UsageTest() : CatalogTest(StoreFor(GetParam())) {}

  void SetUp() override {
    if (std::string(GetParam()) == "postgres") FINALMILE_NEEDS_POSTGRES(testing::SharedPostgres());
  }

  template <class Response>
  absl::StatusOr<Response> Ask(const std::string& method, const google::protobuf::Message& request) {
    return harness_.channel().Call<Response>(kUsage + method, request);
  }

  // PostgreSQL ends sessions of leaders that keep still for some seconds of real time: then the first turn
  // finds out, and the next ones do the work.
  void Settle() {
    for (int turn = 0; turn < 3; ++turn) harness_.Settle();
  }
  void Advance(absl::Duration by) {
    harness_.clock().Advance(by);
    Settle();
  }

  // `count` different words from the `first` on.
  static std::string Words(int first, int count) {
    std::string text;
    for (int i = first; i < first + count; ++i) text += "word" + std::to_string(i) + " ";
    return text;
  }

  // A published letter of 40 different words, the `first` and on.
  v1::Asset Published(const std::string& title, int first = 1, const v1::Tags& tags = {}) {
    v1::Asset asset = Letter(title);
    asset.set_body("Hi {{first_name}} at {{company}}, " + Words(first, 40));
    *asset.mutable_tags() = tags;
    return Publish(Create(asset).name());
  }

  std::string Token(const std::string& asset, const std::string& lead = LeadName("1")) {
    v1::RenderAssetRequest request;
    request.set_name(asset);
    request.set_lead(lead);
    (*request.mutable_values())["first_name"] = "Ann";
    (*request.mutable_values())["company"] = "Acme";
    const auto rendered = Call<v1::RenderAssetResponse>("RenderAsset", request);
    EXPECT_TRUE(rendered.ok()) << rendered.status();
    return rendered.ok() ? rendered->use_token() : "";
  }

  static v1::RecordUseRequest UseOf(const std::string& token, const std::string& text = "") {
    v1::RecordUseRequest request;
    request.set_rep("ida");
    request.set_lead(LeadName("1"));
    request.set_channel("email");
    request.set_use_token(token);
    request.set_final_text(text);
    return request;
  }

  v1::Use Record(const v1::RecordUseRequest& request) {
    const auto recorded = Ask<v1::RecordUseResponse>("RecordUse", request);
    EXPECT_TRUE(recorded.ok()) << recorded.status();
    return recorded.ok() ? recorded->use() : v1::Use();
  }

  // The field of the only violation of a status.
  static std::string FieldOf(const absl::Status& status) {
    const auto violations = rpc::ViolationsOf(status);
    return violations.size() == 1 ? violations[0].field() : status.ToString();
  }
  std::string RefusedField(const v1::RecordUseRequest& request) {
    return FieldOf(Ask<v1::RecordUseResponse>("RecordUse", request).status());
  }

  // The lead has this grade and stage then.
  void Use(const std::string& asset, const std::string& lead, const std::string& grade = "A1",
           leads::v1::Stage stage = leads::v1::STAGE_MEETING_SET) {
    TellGradeAndStage(lead, grade, stage);
    v1::RecordUseRequest request = UseOf(Token(asset, lead));
    request.set_lead(lead);
    Record(request);
  }

  // An event of the leads service, the next of its lead.
  leads::v1::LeadEvent LeadEventOf(const std::string& lead) {
    outbox::Cause cause;
    return outbox::NewEvent<leads::v1::LeadEvent>(
        {harness_.clock(), harness_.rng(), harness_.clock().Now(), cause}, lead, ++lead_seqs_[lead]);
  }
  leads::v1::LeadEvent GradeOf(const std::string& lead, const std::string& grade) {
    leads::v1::LeadEvent event = LeadEventOf(lead);
    event.mutable_lead_score_changed()->mutable_after()->set_grade(grade);
    return event;
  }
  leads::v1::LeadEvent StageOf(const std::string& lead, leads::v1::Stage stage) {
    leads::v1::LeadEvent event = LeadEventOf(lead);
    event.mutable_lead_stage_changed()->set_after(stage);
    return event;
  }
  // Told once as long as neither changes.
  void TellGradeAndStage(const std::string& lead, const std::string& grade, leads::v1::Stage stage) {
    if (std::exchange(told_[lead], {grade, stage}) == std::pair(grade, stage)) return;
    AppendAll({outbox::ToOutbox(GradeOf(lead, grade)), outbox::ToOutbox(StageOf(lead, stage))});
  }

  v1::GetAssetPerformanceResponse Performances(const std::string& asset) {
    v1::GetAssetPerformanceRequest request;
    request.set_name(asset);
    const auto performance = Ask<v1::GetAssetPerformanceResponse>("GetAssetPerformance", request);
    EXPECT_TRUE(performance.ok()) << performance.status();
    return performance.ok() ? *performance : v1::GetAssetPerformanceResponse();
  }
  v1::AssetPerformance Performance(const std::string& asset) { return Performances(asset).versions(0); }

  using Counts = std::tuple<int64_t, int64_t, int64_t>;
  // (matured, set, held).
  std::tuple<int64_t, int64_t, int64_t> Credit(const std::string& asset) {
    const v1::AssetPerformance performance = Performance(asset);
    return {performance.matured(), performance.set(), performance.held()};
  }

  // A message of the rep's own to a lead.
  v1::Use RecordOwn(const std::string& text, const std::string& lead = LeadName("1"),
                    const std::string& situation = "") {
    v1::RecordUseRequest request = UseOf("", text);
    request.set_lead(lead);
    request.set_situation(situation);
    return Record(request);
  }

  absl::StatusOr<v1::RecommendAssetsResponse> Recommend(const v1::RecommendAssetsRequest& request) {
    return Call<v1::RecommendAssetsResponse>("RecommendAssets", request);
  }

  v1::ListGapsResponse Gaps(const std::string& filter = "", const std::string& asker = "") {
    v1::ListGapsRequest request;
    request.set_filter(filter);
    request.set_asker(asker);
    const auto gaps = Ask<v1::ListGapsResponse>("ListGaps", request);
    EXPECT_TRUE(gaps.ok()) << gaps.status();
    return gaps.ok() ? *gaps : v1::ListGapsResponse();
  }

  std::vector<Event> EventsOf(Event::EventCase what) {
    Settle();
    std::vector<Event> events = Events();
    std::erase_if(events, [&](const Event& event) { return event.event_case() != what; });
    return events;
  }

  void Execute(const std::string& sql) {
    const absl::Status done = harness_.database().Transact(
        {.deadline = harness_.clock().Steady() + absl::Seconds(5)},
        [&](storage::Transaction& transaction) { return transaction.Execute(sql).status(); });
    EXPECT_TRUE(done.ok()) << done;
  }
  // The store as it was before the migration "figures by maturity" and those after it.
  void UndoFiguresByMaturity() {
    for (const char* sql : {"ALTER TABLE assets DROP COLUMN tags_revision",
                            "ALTER TABLE asset_tags DROP COLUMN folded",
                            "ALTER TABLE leads DROP COLUMN merged_into",
                            "ALTER TABLE leads DROP COLUMN history",
                            "ALTER TABLE permissions DROP COLUMN inherited",
                            "DROP INDEX uses_to_count",
                            "DROP INDEX uses_by_message",
                            "DROP INDEX offers_to_count",
                            "ALTER TABLE uses DROP COLUMN counted",
                            "ALTER TABLE uses DROP COLUMN message",
                            "ALTER TABLE offers DROP COLUMN counted",
                            "ALTER TABLE offers DROP COLUMN kind",
                            "ALTER TABLE offers DROP COLUMN cycle",
                            "ALTER TABLE leads DROP COLUMN cycle",
                            "ALTER TABLE leads DROP COLUMN cycle_ended",
                            "ALTER TABLE meetings DROP COLUMN left_out",
                            "ALTER TABLE meeting_touches DROP COLUMN told_time",
                            "DROP TABLE credits",
                            "DROP TABLE trial_arms",
                            "DROP TABLE own_texts",
                            "DROP TABLE own_text_hashes",
                            "CREATE INDEX uses_to_mature ON uses (use_time) WHERE NOT matured",
                            "CREATE INDEX offers_to_mature ON offers (offer_time) WHERE NOT matured",
                            "CREATE INDEX meetings_to_mature ON meetings (set_time) WHERE NOT matured",
                            "DELETE FROM schema_migrations WHERE component = 'catalog' AND version >= 6"}) {
      Execute(sql);
    }
  }
  int64_t CountRows(const std::string& table, const std::string& condition = "TRUE") {
    int64_t count = -1;
    const absl::Status read = harness_.database().Transact(
        {.deadline = harness_.clock().Steady() + absl::Seconds(5), .read_only = true},
        [&](storage::Transaction& transaction) -> absl::Status {
          const auto counted = transaction.Execute("SELECT COUNT(*) FROM " + table + " WHERE " + condition);
          if (counted.ok()) count = counted->rows[0].Int(0);
          return counted.status();
        });
    EXPECT_TRUE(read.ok()) << read;
    return count;
  }

  // An event of the appointments service, the next of its chain.
  appointments::v1::AppointmentEvent Appointment(const std::string& chain) {
    outbox::Cause cause;
    return outbox::NewEvent<appointments::v1::AppointmentEvent>(
        {harness_.clock(), harness_.rng(), harness_.clock().Now(), cause}, "appointments/" + chain,
        ++seqs_[chain]);
  }
  static outbox::OutgoingEvent ToOutbox(const appointments::v1::AppointmentEvent& event) {
    return outbox::ToOutbox(event);
  }
  void Tell(const appointments::v1::AppointmentEvent& event) { Append(ToOutbox(event)); }
  void Append(const outbox::OutgoingEvent& event) { AppendAll({event}); }
  // Consumers are given them in one batch.
  void AppendAll(const std::vector<outbox::OutgoingEvent>& events) {
    if (events.empty()) return;
    std::vector<events::Message> messages;
    for (const outbox::OutgoingEvent& event : events) messages.push_back(outbox::ToMessage(event));
    const absl::Status told =
        harness_.events().Append(messages, harness_.clock().Steady() + absl::Seconds(5));
    EXPECT_TRUE(told.ok()) << told;
    Settle();
  }
  template <class Of>
  static void Touched(Of& event, const std::string& lead, const std::vector<std::string>& assets,
                      const std::string& how = "used") {
    event.set_lead(lead);
    for (const std::string& asset : assets) {
      appointments::v1::Touch& touch = *event.add_touches();
      touch.set_subject(asset);
      touch.set_version(1);
      touch.set_how(how);
    }
  }
  void TellSet(const std::string& chain, const std::string& lead, const std::vector<std::string>& assets) {
    auto event = Appointment(chain);
    event.mutable_appointment_set()->set_meeting_kind("initial");
    Touched(*event.mutable_appointment_set(), lead, assets);
    Tell(event);
  }
  void TellHeld(const std::string& chain, const std::string& lead, const std::vector<std::string>& assets) {
    auto event = Appointment(chain);
    event.mutable_appointment_held()->set_meeting_kind("initial");
    Touched(*event.mutable_appointment_held(), lead, assets);
    Tell(event);
  }

  testing::CapturingLog log_;

 private:
  static std::string StoreFor(const std::string& engine) {
    if (engine != "postgres") return "";
    const auto server = testing::SharedPostgres();
    if (!server.ok()) return "";
    const auto database = (*server)->CreateDatabase();
    EXPECT_TRUE(database.ok()) << database.status();
    return database.ok() ? (*server)->url(*database) : "";
  }

  std::map<std::string, int64_t> seqs_;
  std::map<std::string, int64_t> lead_seqs_;
  std::map<std::string, std::pair<std::string, leads::v1::Stage>> told_;
};

}  // namespace finalmile::catalog

#include "tests/bench/by_hand/scorer.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cmath>
#include <cstdlib>

namespace finalmile::bench::by_hand {
namespace {

constexpr int32_t kPartitions = 12;
constexpr size_t kMostRecords = 2000;
constexpr double kShort = 7 * 86'400e6;
constexpr double kLong = 30 * 86'400e6;
constexpr double kBandEdges[] = {60, 40, 15};

using enum Type;

const Statement kLedger{
    "ledger",
    "INSERT INTO activities (source, activity_id, lead, type, event_time, record_time, subject, count, "
    "seconds, "
    "outbound, automated, properties) SELECT source, id, lead, type, event_time, record_time, subject, 1, 0, "
    "FALSE, FALSE, '' FROM unnest($1, $2, $3, $4, $5, $6, $7) AS r (source, id, lead, type, event_time, "
    "record_time, subject) ON CONFLICT DO NOTHING",
    {kText, kText, kText, kText, kBigint, kBigint, kText}};
const Statement kScores{
    "scores",
    "UPDATE leads SET seq = r.seq, short_value = r.short_value, short_time = r.short_time, short_key = "
    "r.short_key, long_value = r.long_value, long_time = r.long_time, long_key = r.long_key, limits = "
    "r.limits, "
    "grade = r.grade, lane = r.lane, by_hand_raise = r.lane <> '', last_hand_raise = r.crossing, "
    "last_crossing = "
    "r.crossing, last_ready_seq = r.ready_seq, due_time = r.due_time, told_time = r.told_time FROM "
    "unnest($1, $2, "
    "$3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) AS r (id, seq, short_value, short_time, "
    "short_key, "
    "long_value, long_time, long_key, limits, grade, lane, crossing, ready_seq, due_time, told_time) WHERE "
    "leads.id = r.id",
    {kText, kBigint, kDouble, kBigint, kDouble, kDouble, kBigint, kDouble, kBytea, kText, kText, kBigint,
     kBigint, kBigint, kBigint}};
const Statement kCrossings{
    "crossings",
    "INSERT INTO crossings (id, lead, ready_seq, cycle, lane, hand_raise, grade, policy, fit, engagement, "
    "reasons, "
    "time, due_time) SELECT lead || '/' || seq, lead, seq, 1, 'hand-raise', TRUE, grade, 1, fit, 0, '[]', "
    "time, "
    "time + 2592000000000 FROM unnest($1, $2, $3, $4, $5) AS r (lead, seq, grade, fit, time)",
    {kText, kBigint, kText, kDouble, kBigint}};
const Statement kOutbox{
    "outbox",
    "INSERT INTO outbox (topic, key, value, headers) SELECT * FROM unnest($1, $2, $3, $4) RETURNING id",
    {kText, kText, kBytea, kBytea}};
const Statement kSent{"sent", "DELETE FROM outbox WHERE id = ANY ($1)", {kBigint}};
const Statement kPlaces{
    "places",
    "UPDATE consumer_offsets SET next_offset = r.next FROM unnest($1, $2, $3) AS r (topic, partition, next) "
    "WHERE "
    "consumer = 'leads.activities' AND consumer_offsets.topic = r.topic AND consumer_offsets.partition = "
    "r.partition",
    {kText, kBigint, kBigint}};

int64_t Now() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

double At(const Fading& fading, double half_life, int64_t time) {
  return fading.value * std::exp2(-static_cast<double>(time - fading.time) / half_life);
}
double EngagementAt(const Lead& lead, int64_t time) {
  return At(lead.short_half_life, kShort, time) + At(lead.long_half_life, kLong, time);
}
void Add(Fading& fading, double half_life, double points, int64_t time) {
  if (points > 0) fading = {fading.value == 0 ? points : At(fading, half_life, time) + points, time};
}
std::optional<double> KeyOf(const Fading& fading, double half_life) {
  if (fading.value == 0) return std::nullopt;
  return std::log2(fading.value) + static_cast<double>(fading.time) / half_life;
}

std::string Grade(double fit, double engagement) {
  const char letter = fit >= 75 ? 'A' : fit >= 50 ? 'B' : fit >= 25 ? 'C' : 'D';
  const char digit = engagement >= 60 ? '1' : engagement >= 40 ? '2' : engagement >= 15 ? '3' : '4';
  return {letter, digit};
}

void Set(int64_t micros, google::protobuf::Timestamp& time) {
  time.set_seconds(micros / 1'000'000);
  time.set_nanos(static_cast<int32_t>(micros % 1'000'000 * 1000));
}
void Set(const Fading& fading, leads::v1::FadingValue& value) {
  value.set_value(fading.value);
  Set(fading.time, *value.mutable_time());
}
void Set(const Lead& lead, int64_t time, leads::v1::Score& score) {
  score.set_fit(lead.fit);
  score.set_engagement(EngagementAt(lead, time));
  score.set_score(score.fit() + score.engagement());
  score.set_grade(lead.grade);
  Set(time, *score.mutable_as_of());
  Set(lead.short_half_life, *score.mutable_short_half_life());
  Set(lead.long_half_life, *score.mutable_long_half_life());
  score.set_policy("policies/b2b-software-1");
  score.set_lane(lead.lane);
}

}  // namespace

struct Scorer::Event {
  leads::v1::LeadEvent message;
  std::string value;
  Headers headers;
};

struct Scorer::Batch final : Waiting {
  void Delivered() override { unsent.fetch_sub(1); }

  Rows ledger{kLedger};
  Rows scores{kScores};
  Rows crossings{kCrossings};
  Rows outbox{kOutbox};
  Rows places{kPlaces};
  std::vector<Lead*> changed;
  std::deque<Event> events;
  // The ids of the outbox's rows.
  std::vector<int64_t> ids;
  std::atomic<size_t> unsent = 0;
};

Leads Load(const Options& options) {
  Session session(options.store);
  rd_kafka_conf_t* conf = NewKafkaConf(options.servers, {});
  char error[512];
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof(error));
  if (client == nullptr) Fail(error);
  for (int32_t partition = 0; partition < kPartitions; ++partition) {
    int64_t first = 0;
    int64_t end = 0;
    if (rd_kafka_query_watermark_offsets(client, options.activities.c_str(), partition, &first, &end,
                                         10'000) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      Fail("the topic cannot be read");
    }
    session.Query(
        fmt::format("INSERT INTO consumer_offsets (consumer, topic, partition, next_offset, epoch) VALUES "
                    "('leads.activities', '{}', {}, {}, 1) ON CONFLICT DO NOTHING",
                    options.activities, partition, end));
  }
  rd_kafka_destroy(client);
  const Session::Result rows = session.Query("SELECT id, seq, fit, grade FROM leads WHERE created");
  Leads leads;
  for (int i = 0; i < PQntuples(rows.get()); ++i) {
    Lead lead;
    lead.id = PQgetvalue(rows.get(), i, 0);
    lead.seq = std::atoll(PQgetvalue(rows.get(), i, 1));
    lead.fit = std::atof(PQgetvalue(rows.get(), i, 2));
    lead.grade = PQgetvalue(rows.get(), i, 3);
    leads.emplace("leads/" + lead.id, std::move(lead));
  }
  return leads;
}

Scorer::Scorer(const Options& options, int member, Leads& leads, Producer& producer)
    : options_(options),
      leads_(leads),
      producer_(producer),
      session_(options.store),
      messages_(kMostRecords) {
  rd_kafka_conf_t* conf = NewKafkaConf(options.servers, {{"group.id", "by-hand"},
                                                         {"enable.auto.commit", "false"},
                                                         {"fetch.wait.max.ms", "50"},
                                                         {"queued.min.messages", "100000"},
                                                         {"queued.max.messages.kbytes", "32768"}});
  char error[512];
  consumer_ = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof(error));
  if (consumer_ == nullptr) Fail(error);
  rd_kafka_poll_set_consumer(consumer_);
  queue_ = rd_kafka_queue_get_consumer(consumer_);
  const Session::Result rows = session_.Query(fmt::format(
      "SELECT partition, next_offset FROM consumer_offsets WHERE consumer = 'leads.activities' AND "
      "topic = '{}' AND partition % {} = {}",
      options.activities, options.members, member));
  rd_kafka_topic_partition_list_t* mine = rd_kafka_topic_partition_list_new(kPartitions);
  for (int i = 0; i < PQntuples(rows.get()); ++i) {
    rd_kafka_topic_partition_list_add(mine, options.activities.c_str(),
                                      std::atoi(PQgetvalue(rows.get(), i, 0)))
        ->offset = std::atoll(PQgetvalue(rows.get(), i, 1));
  }
  if (rd_kafka_assign(consumer_, mine) != RD_KAFKA_RESP_ERR_NO_ERROR)
    Fail("the partitions cannot be assigned");
  rd_kafka_topic_partition_list_destroy(mine);
  session_.Prepare({&kLedger, &kScores, &kCrossings, &kOutbox, &kSent, &kPlaces});
}

Scorer::~Scorer() = default;

void Scorer::Run() {
  for (;;) {
    auto batch = std::make_unique<Batch>();
    Rows sent(kSent);
    const size_t count = Poll();
    while (!sent_.empty() && sent_.front()->unsent == 0) {
      for (const int64_t id : sent_.front()->ids) sent.Add(id);
      sent_.pop_front();
    }
    std::unordered_map<int32_t, int64_t> places;
    for (size_t i = 0; i < count; ++i) {
      Take(*messages_[i], *batch);
      places[messages_[i]->partition] = messages_[i]->offset + 1;
      rd_kafka_message_destroy(messages_[i]);
    }
    if (count == 0 && sent.empty()) continue;
    for (const auto& [partition, next] : places)
      batch->places.Add(options_.activities, int64_t{partition}, next);
    for (Lead* lead : batch->changed) Write(*lead, *batch);
    for (Event& event : batch->events) {
      event.value = event.message.SerializeAsString();
      std::string headers;
      for (const auto& [name, text] : event.headers) headers += fmt::format("{}={}\n", name, text);
      batch->outbox.Add(options_.events, event.message.key(), event.value, headers);
    }
    batch->unsent = batch->events.size();
    batch->ids = session_.Commit(
        {&sent, &batch->ledger, &batch->scores, &batch->crossings, &batch->outbox, &batch->places});
    for (const Event& event : batch->events)
      producer_.Produce(options_.events, event.message.key(), event.value, event.headers, *batch);
    if (!batch->events.empty()) sent_.push_back(std::move(batch));
  }
}

size_t Scorer::Poll() {
  rd_kafka_message_t* first = rd_kafka_consume_queue(queue_, 50);
  if (first == nullptr) return 0;
  messages_[0] = first;
  const ssize_t more = rd_kafka_consume_batch_queue(queue_, 0, messages_.data() + 1, kMostRecords - 1);
  const size_t count = 1 + static_cast<size_t>(std::max<ssize_t>(more, 0));
  for (size_t i = 0; i < count; ++i) {
    if (messages_[i]->err != RD_KAFKA_RESP_ERR_NO_ERROR) Fail(rd_kafka_message_errstr(messages_[i]));
  }
  return count;
}

void Scorer::Take(const rd_kafka_message_s& message, Batch& batch) {
  leads::v1::Activity activity;
  if (!activity.ParseFromArray(message.payload, static_cast<int>(message.len)))
    Fail("a record is no activity");
  const auto lead = leads_.find(activity.lead());
  if (lead == leads_.end()) Fail("there is no such lead");
  batch.ledger.Add(activity.source(), activity.activity_id(), lead->second.id, activity.type(),
                   activity.event_time().seconds() * 1'000'000, Now(), activity.subject());
  if (!std::exchange(lead->second.changed, true)) batch.changed.push_back(&lead->second);
  Count(lead->second, activity, batch);
}

void Scorer::Count(Lead& lead, const leads::v1::Activity& activity, Batch& batch) {
  const int64_t time = activity.event_time().seconds() * 1'000'000;
  const int64_t now = Now();
  const bool crosses = activity.type() == "demo_request" && lead.lane.empty();
  leads::v1::Score before;
  Set(lead, now, before);
  if (activity.type() == "page_view") Add(lead.short_half_life, kShort, 2, time);
  if (activity.type() == "webinar_registered") Add(lead.long_half_life, kLong, 5, time);
  // As many bytes as a limit's count takes.
  lead.limits.append(12, '\1');
  const double engagement = EngagementAt(lead, now);
  lead.grade = Grade(lead.fit, engagement);
  if (crosses) lead.lane = "hand-raise";
  lead.due_time.reset();
  for (const double edge : kBandEdges) {
    // As if all of it faded like the slower half.
    if (engagement >= edge && !lead.due_time)
      lead.due_time = now + static_cast<int64_t>(kLong * std::log2(engagement / edge));
  }
  lead.told_time = now;
  leads::v1::LeadScoreChanged& changed = *Emit(lead, now, batch).mutable_lead_score_changed();
  *changed.mutable_before() = std::move(before);
  Set(lead, now, *changed.mutable_after());
  leads::v1::Reason& reason = *changed.add_reasons();
  reason.set_part("engagement");
  reason.set_name(activity.type());
  reason.set_text(activity.type() + ", 1 of 1 counted");
  reason.set_points(engagement - changed.before().engagement());
  reason.set_count(1);
  *reason.mutable_last_time() = activity.event_time();
  changed.set_cause("activity");
  if (!crosses) return;
  leads::v1::LeadBecameSalesReady& ready = *Emit(lead, now, batch).mutable_lead_became_sales_ready();
  lead.ready_seq = lead.seq;
  lead.crossing = now;
  ready.set_lane(lead.lane);
  ready.set_hand_raise(true);
  ready.set_cycle(1);
  *ready.mutable_score() = changed.after();
  ready.set_grade(lead.grade);
  *ready.mutable_cause_time() = activity.event_time();
  batch.crossings.Add(lead.id, lead.seq, lead.grade, lead.fit, now);
  leads::v1::LeadStageChanged& stage = *Emit(lead, now, batch).mutable_lead_stage_changed();
  stage.set_before(leads::v1::STAGE_NEW);
  stage.set_after(leads::v1::STAGE_SALES_READY);
  stage.set_cycle(1);
  stage.set_cause("crossing");
}

leads::v1::LeadEvent& Scorer::Emit(Lead& lead, int64_t now, Batch& batch) {
  Event& event = batch.events.emplace_back();
  leads::v1::LeadEvent& message = event.message;
  message.set_id(fmt::format("{:08x}-0000-7000-8000-{:012x}", now >> 32, ++ids_));
  Set(now, *message.mutable_time());
  Set(now, *message.mutable_recorded_time());
  message.set_key("leads/" + lead.id);
  message.set_seq(++lead.seq);
  message.mutable_principal()->set_name("leads.activities");
  const std::chrono::system_clock::time_point at{std::chrono::microseconds(now)};
  event.headers = {{"ce_specversion", "1.0"},
                   {"ce_id", message.id()},
                   {"ce_source", "finalmile/leads"},
                   {"ce_type", "finalmile.leads.v1.LeadEvent"},
                   {"ce_time", fmt::format("{:%FT%TZ}", at)},
                   {"ce_subject", message.key()},
                   {"ce_sequence", std::to_string(lead.seq)},
                   {"content-type", "application/protobuf"}};
  return message;
}

void Scorer::Write(Lead& lead, Batch& batch) {
  lead.changed = false;
  const Fading& a = lead.short_half_life;
  const Fading& b = lead.long_half_life;
  batch.scores.Add(lead.id, lead.seq, a.value, a.time, KeyOf(a, kShort), b.value, b.time, KeyOf(b, kLong),
                   lead.limits, lead.grade, lead.lane, lead.crossing, lead.ready_seq, lead.due_time,
                   lead.told_time);
}

}  // namespace finalmile::bench::by_hand

#include "tests/chaos/world.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>

#include "finalmile/leads/v1/lead_event.pb.h"
#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/app/deployment.h"
#include "libs/base/status.h"
#include "libs/outbox/outbox.h"
#include "services/leads/wiring.h"

namespace finalmile::chaos {
namespace {

constexpr absl::Duration kPatience = absl::Minutes(2);
constexpr std::string_view kActivitiesTopic = "finalmile.leads.activities.v1";
constexpr std::string_view kEventsTopic = "finalmile.leads.events.v1";

}  // namespace

absl::StatusOr<std::unique_ptr<World>> World::Start(testing::PostgresServer& postgres,
                                                    testing::KafkaBroker& kafka) {
  auto world = std::unique_ptr<World>(new World());
  world->clock_ = NewSystemClock();
  world->rng_ = NewSystemRng();
  world->progress_ = world->clock_->NewEvent();
  world->kafka_ = &kafka;
  ASSIGN_OR_RETURN(std::string database, postgres.CreateDatabase());
  world->store_ = postgres.tcp_url(database);
  // The topics outlive a world: what is in them from earlier ones is taken in again, as activities of unknown
  // leads.
  world->source_ = fmt::format("chaos-{}", ToMicros(world->clock_->Now()));
  world->log_path_ =
      (std::filesystem::temp_directory_path() / fmt::format("finalmile-chaos-{}.log", database)).string();
  ASSIGN_OR_RETURN(world->database_, storage::Open(world->store_, *world->clock_, {}));
  ASSIGN_OR_RETURN(world->events_, events::Open(kafka.url(), *world->clock_));
  RETURN_IF_ERROR(app::MigrateStore(leads::kModule, *world->database_, *world->clock_));
  ASSIGN_OR_RETURN(std::vector<events::TopicSpec> topics, app::TopicsOf({&leads::kModule}));
  RETURN_IF_ERROR(world->events_->ApplyTopics(topics, world->clock_->Steady() + absl::Seconds(30)));
  world->replicas_.resize(2);
  for (Replica& replica : world->replicas_) {
    replica.port = testing::FreePort();
    RETURN_IF_ERROR(world->Launch(replica));
    replica.channel = rpc::NewGrpcChannel({.target = fmt::format("127.0.0.1:{}", replica.port), .token = ""},
                                          *world->clock_, *world->rng_);
  }
  return world;
}

World::~World() { StopClients(); }

absl::Status World::Launch(Replica& replica) {
  ASSIGN_OR_RETURN(replica.process,
                   testing::Process::Start(
                       {FINALMILE_LEADS_BINARY, "--store", store_, "--events", kafka_->url(), "--listen",
                        fmt::format("127.0.0.1:{}", replica.port), "--admin", "", "--drain", "5s"},
                       log_path_));
  auto ready = replica.process->ReadLine();
  if (ready.ok()) return absl::OkStatus();
  return absl::InternalError(fmt::format("a replica did not start; see {}", log_path_));
}

absl::Status World::Crash(int replica) {
  replicas_[replica].process->Kill();
  return Launch(replicas_[replica]);
}

absl::Status World::Restart(int replica) {
  if (const int code = replicas_[replica].process->Terminate(); code != 0) {
    return absl::FailedPreconditionError(
        fmt::format("SIGTERM ended a replica with code {}; see {}", code, log_path_));
  }
  return Launch(replicas_[replica]);
}

void World::StartClients(int clients) {
  writing_ = true;
  for (int client = 0; client < clients; ++client) {
    clients_.emplace_back([this, client] { Write(client); });
  }
}

void World::StopClients() {
  writing_ = false;
  for (std::thread& client : clients_) client.join();
  clients_.clear();
}

bool World::AwaitAcknowledged(int64_t more) {
  const int64_t goal = acknowledged_ + more;
  const absl::Duration deadline = clock_->Steady() + kPatience;
  while (acknowledged_ < goal) {
    progress_->Clear();
    if (acknowledged_ >= goal) return true;
    if (!progress_->WaitUntil(deadline)) return false;
  }
  return true;
}

// Repeats the same request at one replica after the other until it is answered.
template <class Response>
bool World::Call(const std::string& method, const google::protobuf::Message& request, uint64_t first,
                 Response& response) {
  const absl::Duration deadline = clock_->Steady() + kPatience;
  auto pause = clock_->NewEvent();
  for (uint64_t attempt = 0; clock_->Steady() < deadline; ++attempt) {
    // Both may be down for a moment.
    if (attempt >= replicas_.size()) pause->WaitUntil(clock_->Steady() + absl::Milliseconds(20));
    rpc::Channel& channel = *replicas_[(first + attempt) % replicas_.size()].channel;
    auto reply = channel.Call<Response>("/finalmile.leads.v1.LeadService/" + method, request,
                                        {.timeout = absl::Seconds(2), .retry = false});
    if (reply.ok()) {
      response = *std::move(reply);
      ++acknowledged_;
      progress_->Set();
      return true;
    }
    ++retries_;
  }
  ++failed_;
  return false;
}

void World::Write(int client) {
  std::vector<std::string> mine;
  for (int64_t turn = 0; writing_; ++turn) {
    const uint64_t choice = rng_->Below(10);
    if (mine.empty() || choice == 0) {
      leads::v1::CreateLeadRequest request;
      request.set_request_id(fmt::format("c{}-{}", client, turn));
      request.mutable_lead()->set_company("Example");
      (*request.mutable_lead()->mutable_attributes())["staff"].set_number(300);
      leads::v1::Lead lead;
      if (!Call("CreateLead", request, choice + turn, lead)) continue;
      mine.push_back(lead.name());
      std::lock_guard lock(mutex_);
      leads_[lead.name()] = "";
    } else if (choice == 1) {
      leads::v1::UpdateLeadRequest request;
      request.set_request_id(fmt::format("u{}-{}", client, turn));
      const std::string& name = mine[rng_->Below(mine.size())];
      request.mutable_lead()->set_name(name);
      request.mutable_lead()->set_owner(request.request_id());
      request.mutable_update_mask()->add_paths("owner");
      leads::v1::Lead lead;
      if (!Call("UpdateLead", request, choice + turn, lead)) continue;
      std::lock_guard lock(mutex_);
      leads_[name] = request.request_id();
      ++updates_;
    } else {
      leads::v1::RecordActivityRequest request;
      leads::v1::Activity& activity = *request.mutable_activity();
      const std::string& name = mine[rng_->Below(mine.size())];
      activity.set_lead(name);
      activity.set_source(source_);
      activity.set_activity_id(fmt::format("a{}-{}", client, turn));
      activity.set_type("page_view");
      activity.set_subject(rng_->Below(2) == 0 ? "pricing" : "product");
      const absl::Time happened = clock_->Now() - absl::Hours(static_cast<int64_t>(rng_->Below(24 * 21)));
      activity.mutable_event_time()->set_seconds(absl::ToUnixSeconds(happened));
      leads::v1::RecordActivityResponse response;
      if (!Call("RecordActivity", request, choice + turn, response)) continue;
      std::lock_guard lock(mutex_);
      activities_[activity.activity_id()] = name;
    }
  }
}

// Until the store holds every activity that was acknowledged and has sent every event.
absl::Status World::AwaitQuiet() {
  const absl::Duration deadline = clock_->Steady() + kPatience;
  auto pause = clock_->NewEvent();
  int64_t stored = -1;
  int64_t unsent = -1;
  while (clock_->Steady() < deadline) {
    absl::Status read = database_->Transact(
        {.deadline = clock_->Steady() + absl::Seconds(10), .read_only = true},
        [&](storage::Transaction& transaction) -> absl::Status {
          ASSIGN_OR_RETURN(storage::Result result,
                           transaction.Execute(
                               "SELECT (SELECT COUNT(*) FROM activities WHERE source = $1), (SELECT COUNT(*) "
                               "FROM outbox)",
                               {source_}));
          stored = result.rows[0].Int(0);
          unsent = result.rows[0].Int(1);
          return absl::OkStatus();
        });
    if (read.ok() && stored >= static_cast<int64_t>(activities_.size()) && unsent == 0)
      return absl::OkStatus();
    pause->WaitUntil(clock_->Steady() + absl::Milliseconds(100));
  }
  return absl::DeadlineExceededError(
      fmt::format("of {} acknowledged activities {} are stored, {} events are not sent; see {}",
                  activities_.size(), stored, unsent, log_path_));
}

absl::StatusOr<Counts> World::Check() {
  RETURN_IF_ERROR(AwaitQuiet());
  Counts counts{.leads = static_cast<int64_t>(leads_.size()),
                .activities = static_cast<int64_t>(activities_.size()),
                .updates = updates_,
                .retries = retries_,
                .failed = failed_};
  if (counts.failed > 0)
    return absl::DataLossError(fmt::format("{} calls were never answered", counts.failed));

  std::map<std::string, std::string> stored_activities;
  std::map<std::string, std::pair<int64_t, std::string>> stored_leads;
  int64_t parked = 0;
  RETURN_IF_ERROR(database_->Transact(
      {.deadline = clock_->Steady() + absl::Seconds(30), .read_only = true},
      [&](storage::Transaction& transaction) -> absl::Status {
        ASSIGN_OR_RETURN(
            storage::Result rows,
            transaction.Execute("SELECT activity_id, lead FROM activities WHERE source = $1", {source_}));
        for (const storage::Row& row : rows.rows) stored_activities[row.Text(0)] = "leads/" + row.Text(1);
        ASSIGN_OR_RETURN(
            rows, transaction.Execute(
                      "SELECT l.id, l.seq, p.owner FROM leads AS l JOIN profiles AS p ON p.lead = l.id"));
        for (const storage::Row& row : rows.rows)
          stored_leads["leads/" + row.Text(0)] = {row.Int(1), row.Text(2)};
        ASSIGN_OR_RETURN(rows, transaction.Execute("SELECT COUNT(*) FROM parked"));
        parked = rows.rows[0].Int(0);
        return absl::OkStatus();
      }));
  if (parked > 0) return absl::DataLossError(fmt::format("{} records are parked", parked));
  if (stored_activities != activities_) {
    return absl::DataLossError(fmt::format("{} activities are stored, {} were acknowledged",
                                           stored_activities.size(), activities_.size()));
  }
  for (const auto& [name, stored] : stored_leads) {
    if (!leads_.contains(name)) return absl::DataLossError(fmt::format("{} was never acknowledged", name));
  }
  if (stored_leads.size() != leads_.size()) {
    return absl::DataLossError(
        fmt::format("{} leads are stored, {} were acknowledged", stored_leads.size(), leads_.size()));
  }

  // The topic: per lead every seq once the repeats are dropped, in order, up to the row's.
  std::map<std::string, int64_t> seqs;
  std::map<std::string, int> created;
  auto wake = clock_->NewEvent();
  ASSIGN_OR_RETURN(auto tail,
                   events_->OpenTail({std::string(kEventsTopic)}, events::TailFrom::kStart, *wake));
  while (!tail->caught_up()) {
    ASSIGN_OR_RETURN(std::vector<events::Record> records, tail->Poll(5000));
    for (const events::Record& record : records) {
      if (!stored_leads.contains(record.key)) continue;  // of an earlier world
      ASSIGN_OR_RETURN(int64_t seq, outbox::SeqOf(record));
      int64_t& seen = seqs[record.key];
      if (seq <= seen) {
        ++counts.duplicate_records;
        continue;
      }
      if (seq != seen + 1) {
        return absl::DataLossError(fmt::format("{}: event {} follows {}", record.key, seq, seen));
      }
      seen = seq;
      ++counts.events;
      leads::v1::LeadEvent event;
      if (!event.ParseFromString(record.value)) return absl::DataLossError("an event cannot be read");
      created[record.key] += event.has_lead_created();
    }
    if (records.empty()) wake->WaitUntil(clock_->Steady() + absl::Milliseconds(100));
    wake->Clear();
  }
  for (const auto& [name, stored] : stored_leads) {
    const auto& [seq, owner] = stored;
    if (seqs[name] != seq)
      return absl::DataLossError(fmt::format("{}: {} of {} events are in the topic", name, seqs[name], seq));
    if (created[name] != 1)
      return absl::DataLossError(fmt::format("{} was created {} times", name, created[name]));
    const auto known = leads_.find(name);
    if (known->second != owner) {
      return absl::DataLossError(
          fmt::format("{}: owner '{}' is stored, '{}' was acknowledged", name, owner, known->second));
    }
    leads::v1::ExplainScoreRequest request;
    request.set_name(name);
    leads::v1::ExplainScoreResponse explained;
    leads::v1::GetLeadRequest get;
    get.set_name(name);
    leads::v1::Lead lead;
    if (!Call("GetLead", get, 0, lead) || !Call("ExplainScore", request, 0, explained)) {
      return absl::UnavailableError("the replicas do not answer");
    }
    const double age = absl::ToDoubleSeconds(
        absl::Seconds(explained.score().as_of().seconds() - lead.score().as_of().seconds()));
    // Read a moment apart: the same to what can fade in between.
    if (std::abs(lead.score().engagement() - explained.score().engagement()) >
        1e-9 + lead.score().engagement() * (age + 2) / (7 * 86400.0)) {
      return absl::DataLossError(fmt::format("{}: engagement {} is stored, its activities make {}", name,
                                             lead.score().engagement(), explained.score().engagement()));
    }
  }
  std::filesystem::remove(log_path_);
  return counts;
}

}  // namespace finalmile::chaos

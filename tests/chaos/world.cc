#include "tests/chaos/world.h"

#include <fmt/format.h>

#include <filesystem>

#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/app/deployment.h"
#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "services/leads/wiring.h"

namespace finalmile::chaos {
namespace {

constexpr absl::Duration kPatience = absl::Minutes(2);

bool MayRepeat(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         (absl::IsResourceExhausted(status) && rpc::RetryDelayOf(status).has_value());
}

}  // namespace

absl::StatusOr<std::unique_ptr<World>> World::Start(testing::PostgresServer& postgres,
                                                    testing::KafkaBroker& kafka) {
  auto world = std::unique_ptr<World>(new World());
  world->clock_ = NewSystemClock();
  world->rng_ = NewSystemRng();
  world->progress_ = world->clock_->NewWaitEvent();
  world->kafka_ = &kafka;
  ASSIGN_OR_RETURN(std::string database, postgres.CreateDatabase());
  world->store_ = postgres.tcp_url(database);
  // The topics outlive a world: what is in them from earlier ones is taken in again, as activities of unknown
  // leads.
  world->ledger_ = std::make_unique<faults::Ledger>(fmt::format("chaos-{}", ToMicros(world->clock_->Now())));
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
  ASSIGN_OR_RETURN(replica.process, testing::Process::Start(
                                        {FINALMILE_LEADS_BINARY, "--store", store_, "--events", kafka_->url(),
                                         "--listen", fmt::format("127.0.0.1:{}", replica.port), "--admin", "",
                                         "--drain", "5s", "--lame-duck", "500ms"},
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

// Repeats the same request at one replica after the other.
bool World::Call(const std::string& method, const google::protobuf::Message& request, uint64_t first,
                 google::protobuf::Message& response) {
  const absl::Duration deadline = clock_->Steady() + kPatience;
  auto pause = clock_->NewWaitEvent();
  absl::Status last;
  for (uint64_t attempt = 0; clock_->Steady() < deadline; ++attempt) {
    // Both may be down for a moment.
    if (attempt >= replicas_.size()) pause->WaitUntil(clock_->Steady() + absl::Milliseconds(20));
    rpc::Channel& channel = *replicas_[(first + attempt) % replicas_.size()].channel;
    last = channel.CallMessage("/finalmile.leads.v1.LeadService/" + method, request, response,
                               {.timeout = absl::Seconds(2), .retry = false});
    if (last.ok()) {
      ++acknowledged_;
      progress_->Set();
      return true;
    }
    if (absl::IsCancelled(last)) ++cancelled_;
    if (!MayRepeat(last)) break;
    ++retries_;
  }
  std::lock_guard lock(failed_mutex_);
  ++failed_;
  last_failure_ = last;
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
      ledger_->NoteLead(lead.name());
    } else if (choice == 1) {
      leads::v1::UpdateLeadRequest request;
      request.set_request_id(fmt::format("u{}-{}", client, turn));
      const std::string& name = mine[rng_->Below(mine.size())];
      request.mutable_lead()->set_name(name);
      request.mutable_lead()->set_owner(request.request_id());
      request.mutable_update_mask()->add_paths("owner");
      leads::v1::Lead lead;
      if (!Call("UpdateLead", request, choice + turn, lead)) continue;
      ledger_->NoteOwner(name, request.request_id());
    } else {
      leads::v1::RecordActivityRequest request;
      leads::v1::Activity& activity = *request.mutable_activity();
      const std::string& name = mine[rng_->Below(mine.size())];
      activity.set_lead(name);
      activity.set_source(ledger_->source());
      activity.set_activity_id(fmt::format("a{}-{}", client, turn));
      activity.set_type("page_view");
      activity.set_subject(rng_->Below(2) == 0 ? "pricing" : "product");
      const absl::Time happened = clock_->Now() - absl::Hours(static_cast<int64_t>(rng_->Below(24 * 21)));
      activity.mutable_event_time()->set_seconds(absl::ToUnixSeconds(happened));
      leads::v1::RecordActivityResponse response;
      if (!Call("RecordActivity", request, choice + turn, response)) continue;
      ledger_->NoteActivity(activity.activity_id(), name);
    }
  }
}

absl::StatusOr<faults::Counts> World::Check() {
  {
    std::lock_guard lock(failed_mutex_);
    if (failed_ > 0) {
      return absl::DataLossError(
          fmt::format("{} calls were not answered, the last one: {}", failed_, last_failure_.ToString()));
    }
  }
  const auto call = [this](const std::string& method, const google::protobuf::Message& request,
                           google::protobuf::Message& reply) {
    return Call(method, request, 0, reply) ? absl::OkStatus()
                                           : absl::UnavailableError("the replicas do not answer");
  };
  auto counts = ledger_->Check({.database = *database_, .events = *events_, .clock = *clock_, .call = call});
  if (!counts.ok()) {
    return absl::Status(counts.status().code(),
                        fmt::format("{}; see {}", std::string(counts.status().message()), log_path_));
  }
  std::filesystem::remove(log_path_);
  return counts;
}

}  // namespace finalmile::chaos

#include "tests/chaos/world.h"

#include <fmt/format.h>

#include <filesystem>

#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/base/status.h"
#include "services/leads/wiring.h"

namespace finalmile::chaos {

absl::StatusOr<std::unique_ptr<World>> World::Start(testing::PostgresServer& postgres,
                                                    testing::KafkaBroker& kafka, int replicas) {
  auto world = std::unique_ptr<World>(new World());
  ASSIGN_OR_RETURN(const std::string database, postgres.CreateDatabase());
  world->log_path_ =
      (std::filesystem::temp_directory_path() / fmt::format("finalmile-chaos-{}.log", database)).string();
  ASSIGN_OR_RETURN(world->replicas_,
                   testing::Replicas::Start({.service = &leads::kModule,
                                             .program = FINALMILE_LEADS_BINARY,
                                             .store = postgres.tcp_url(database),
                                             .events = kafka.url(),
                                             .flags = {"--drain", "5s", "--lame-duck", "500ms"},
                                             .count = replicas,
                                             .log = world->log_path_}));
  // The topics outlive a world: what is in them from earlier ones is taken in again, as activities of unknown
  // leads.
  world->ledger_ = std::make_unique<faults::Ledger>(fmt::format("chaos-{}", ToMicros(world->clock().Now())));
  world->clients_ = std::make_unique<Clients>(*world->replicas_);
  return world;
}

void World::StartClients(int clients) {
  made_.resize(static_cast<size_t>(clients));
  clients_->Start(clients, [this](int client, int64_t turn) { Write(client, turn); });
}

bool World::Call(const std::string& method, const google::protobuf::Message& request, uint64_t first,
                 google::protobuf::Message& response) {
  const absl::Status answer =
      clients_->Call("/finalmile.leads.v1.LeadService/" + method, request, first, response);
  if (!answer.ok()) clients_->Fail(answer);
  return answer.ok();
}

void World::Write(int client, int64_t turn) {
  std::vector<std::string>& mine = made_[static_cast<size_t>(client)];
  const uint64_t choice = rng().Below(10);
  if (mine.empty() || choice == 0) {
    leads::v1::CreateLeadRequest request;
    request.set_request_id(fmt::format("c{}-{}", client, turn));
    request.mutable_lead()->set_company("Example");
    (*request.mutable_lead()->mutable_attributes())["staff"].set_number(300);
    leads::v1::Lead lead;
    if (!Call("CreateLead", request, choice + turn, lead)) return;
    mine.push_back(lead.name());
    ledger_->NoteLead(lead.name());
  } else if (choice == 1) {
    leads::v1::UpdateLeadRequest request;
    request.set_request_id(fmt::format("u{}-{}", client, turn));
    const std::string& name = mine[rng().Below(mine.size())];
    request.mutable_lead()->set_name(name);
    request.mutable_lead()->set_owner(request.request_id());
    request.mutable_update_mask()->add_paths("owner");
    leads::v1::Lead lead;
    if (!Call("UpdateLead", request, choice + turn, lead)) return;
    ledger_->NoteOwner(name, request.request_id());
  } else {
    leads::v1::RecordActivityRequest request;
    leads::v1::Activity& activity = *request.mutable_activity();
    const std::string& name = mine[rng().Below(mine.size())];
    activity.set_lead(name);
    activity.set_source(ledger_->source());
    activity.set_activity_id(fmt::format("a{}-{}", client, turn));
    activity.set_type("page_view");
    activity.set_subject(rng().Below(2) == 0 ? "pricing" : "product");
    const absl::Time happened = clock().Now() - absl::Hours(static_cast<int64_t>(rng().Below(24 * 21)));
    activity.mutable_event_time()->set_seconds(absl::ToUnixSeconds(happened));
    leads::v1::RecordActivityResponse response;
    if (!Call("RecordActivity", request, choice + turn, response)) return;
    ledger_->NoteActivity(activity.activity_id(), name);
  }
}

absl::StatusOr<faults::Counts> World::Check() {
  RETURN_IF_ERROR(clients_->failures());
  const auto call = [this](const std::string& method, const google::protobuf::Message& request,
                           google::protobuf::Message& reply) {
    return Call(method, request, 0, reply) ? absl::OkStatus()
                                           : absl::UnavailableError("the replicas do not answer");
  };
  auto counts = ledger_->Check(
      {.database = replicas_->database(), .events = replicas_->events(), .clock = clock(), .call = call});
  if (!counts.ok()) {
    return absl::Status(counts.status().code(),
                        fmt::format("{}; see {}", std::string(counts.status().message()), log_path_));
  }
  std::filesystem::remove(log_path_);
  return counts;
}

}  // namespace finalmile::chaos

#include "tests/faults/service.h"

#include <fmt/format.h>
#include <httplib.h>

#include "libs/app/deployment.h"
#include "libs/app/settings.h"
#include "libs/base/status.h"
#include "services/leads/wiring.h"

namespace finalmile::faults {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);

bool Embedded(std::string_view url) { return !app::EmbeddedPath(url).empty(); }

}  // namespace

absl::StatusOr<std::unique_ptr<Service>> Service::Start(const Options& options) {
  auto service = std::unique_ptr<Service>(new Service());
  service->clock_ = NewSystemClock();
  service->rng_ = NewSystemRng();
  service->output_ = std::fopen("/dev/null", "w");
  Clock& clock = *service->clock_;
  // Topics may be shared with earlier tests.
  service->ledger_ = std::make_unique<Ledger>(fmt::format("faults-{}", ToMicros(clock.Now())));

  ASSIGN_OR_RETURN(
      service->database_,
      storage::Open(options.sound_store.empty() ? options.store : options.sound_store, clock, {}));
  RETURN_IF_ERROR(app::MigrateStore(leads::kModule, *service->database_, clock));
  service->log_ = options.log;
  if (options.log == nullptr) {
    ASSIGN_OR_RETURN(service->owned_log_, events::Open(options.events, clock));
    service->log_ = service->owned_log_.get();
  }
  ASSIGN_OR_RETURN(const std::vector<events::TopicSpec> topics, app::TopicsOf({&leads::kModule}));
  RETURN_IF_ERROR(service->log_->ApplyTopics(topics, clock.Steady() + kPatience));

  config::Assignments settings = {{"store", options.store},
                                  {"listen", "127.0.0.1:0"},
                                  {"admin", "127.0.0.1:0"},
                                  {"drain", "2s"},
                                  {"threads", "8"}};
  if (options.log == nullptr) settings.emplace_back("events", options.events);
  ASSIGN_OR_RETURN(config::Config config, config::Load(app::SchemaFor({&leads::kModule}), settings, {}));
  app::SuiteOptions suite{
      .modules = {&leads::kModule}, .config = std::move(config), .log_output = service->output_};
  // An embedded engine can be opened only once.
  if (Embedded(options.store)) suite.databases["leads"] = service->database_.get();
  if (options.log != nullptr || Embedded(options.events)) suite.events = service->log_;
  ASSIGN_OR_RETURN(service->suite_, app::Suite::Start(std::move(suite)));
  service->channel_ = rpc::NewGrpcChannel({.target = service->suite_->address()}, clock, *service->rng_);
  return service;
}

void Service::Stop() {
  channel_.reset();
  suite_.reset();
  owned_log_.reset();
  database_.reset();
}

Service::~Service() {
  Stop();
  if (output_ != nullptr) std::fclose(output_);
}

absl::Status Service::CallMessage(const std::string& method, const google::protobuf::Message& request,
                                  google::protobuf::Message& response) {
  const absl::Duration deadline = clock_->Steady() + kPatience;
  auto pause = clock_->NewWaitEvent();
  while (true) {
    absl::Status status = channel_->CallMessage("/finalmile.leads.v1.LeadService/" + method, request,
                                                response, {.timeout = absl::Seconds(3), .retry = false});
    if (status.ok() || clock_->Steady() >= deadline) return status;
    ++retries_;
    pause->WaitUntil(clock_->Steady() + absl::Milliseconds(20));
  }
}

absl::StatusOr<leads::v1::Lead> Service::Create(const std::string& request_id) {
  leads::v1::CreateLeadRequest request;
  request.set_request_id(request_id);
  request.mutable_lead()->set_company("Example");
  (*request.mutable_lead()->mutable_attributes())["staff"].set_number(300);
  leads::v1::Lead lead;
  RETURN_IF_ERROR(CallMessage("CreateLead", request, lead));
  ledger_->NoteLead(lead.name());
  return lead;
}

absl::Status Service::SetOwner(const std::string& lead, const std::string& owner) {
  leads::v1::UpdateLeadRequest request;
  request.set_request_id(owner);
  request.mutable_lead()->set_name(lead);
  request.mutable_lead()->set_owner(owner);
  request.mutable_update_mask()->add_paths("owner");
  leads::v1::Lead updated;
  RETURN_IF_ERROR(CallMessage("UpdateLead", request, updated));
  ledger_->NoteOwner(lead, owner);
  return absl::OkStatus();
}

leads::v1::RecordActivityRequest Service::RequestOf(const std::string& lead, const std::string& id,
                                                    const std::string& subject) const {
  leads::v1::RecordActivityRequest request;
  leads::v1::Activity& activity = *request.mutable_activity();
  activity.set_lead(lead);
  activity.set_source(ledger_->source());
  activity.set_activity_id(id);
  activity.set_type("page_view");
  activity.set_subject(subject);
  // Within three weeks, the same for the same id.
  const auto ago = static_cast<int64_t>(std::hash<std::string>()(id) % (21 * 24 * 60));
  activity.mutable_event_time()->set_seconds(absl::ToUnixSeconds(clock_->Now()) / 86400 * 86400 - ago * 60);
  return request;
}

absl::Status Service::Record(const std::string& lead, const std::string& id, const std::string& subject) {
  leads::v1::RecordActivityResponse response;
  RETURN_IF_ERROR(CallMessage("RecordActivity", RequestOf(lead, id, subject), response));
  ledger_->NoteActivity(id, lead);
  return absl::OkStatus();
}

absl::StatusOr<v1::Status> Service::Status() {
  return channel_->Call<v1::Status>("/finalmile.v1.OperationsService/GetStatus", v1::GetStatusRequest(),
                                    {.timeout = absl::Seconds(10), .retry = false});
}

std::string Service::Admin(const std::string& path) {
  const httplib::Result answer = httplib::Client("http://" + suite_->admin_address()).Get(path);
  return answer ? fmt::format("HTTP {}\n{}", answer->status, answer->body) : "no answer";
}

absl::StatusOr<Counts> Service::Check(int64_t parked) {
  return ledger_->Check(
      {.database = *database_,
       .events = *log_,
       .clock = *clock_,
       .call = [this](const std::string& method, const google::protobuf::Message& request,
                      google::protobuf::Message& reply) { return CallMessage(method, request, reply); },
       .patience = kPatience,
       .parked = parked});
}

}  // namespace finalmile::faults

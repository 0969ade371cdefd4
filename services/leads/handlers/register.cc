#include "libs/rpc/methods.h"
#include "services/leads/handlers/import_session.h"
#include "services/leads/handlers/lead_handlers.h"
#include "services/leads/handlers/scoring_handlers.h"

namespace finalmile::leads::handlers {
namespace {

using rpc::Unary;

const google::protobuf::ServiceDescriptor* Descriptor(const google::protobuf::FileDescriptor* file) {
  return file->service(0);
}

}  // namespace

std::unique_ptr<rpc::Service> NewLeadService(Dependencies dependencies) {
  auto service = std::make_unique<rpc::Service>(Descriptor(v1::CreateLeadRequest::descriptor()->file()));
  auto handlers = std::make_shared<LeadHandlers>(dependencies);
  Unary(*service, "CreateLead", handlers, &LeadHandlers::CreateLead);
  Unary(*service, "GetLead", handlers, &LeadHandlers::GetLead);
  Unary(*service, "BatchGetLeads", handlers, &LeadHandlers::BatchGetLeads);
  Unary(*service, "UpdateLead", handlers, &LeadHandlers::UpdateLead);
  Unary(*service, "ListLeads", handlers, &LeadHandlers::ListLeads);
  Unary(*service, "ListTopLeads", handlers, &LeadHandlers::ListTopLeads);
  Unary(*service, "RecordActivity", handlers, &LeadHandlers::RecordActivity);
  Unary(*service, "RecordActivities", handlers, &LeadHandlers::RecordActivities);
  Unary(*service, "ListActivities", handlers, &LeadHandlers::ListActivities);
  Unary(*service, "ExplainScore", handlers, &LeadHandlers::ExplainScore);
  Unary(*service, "ListScoreChanges", handlers, &LeadHandlers::ListScoreChanges);
  Unary(*service, "SimulateScore", handlers, &LeadHandlers::SimulateScore);
  using Session = rpc::BidiSession<v1::ImportLeadsRequest, v1::ImportLeadsResponse>;
  service->BidiStream<v1::ImportLeadsRequest, v1::ImportLeadsResponse>(
      "ImportLeads", [dependencies](rpc::CallContext&) -> absl::StatusOr<std::unique_ptr<Session>> {
        return std::make_unique<ImportSession>(dependencies);
      });
  return service;
}

std::unique_ptr<rpc::Service> NewScoringService(Dependencies dependencies) {
  auto service = std::make_unique<rpc::Service>(Descriptor(v1::GetPolicyRequest::descriptor()->file()));
  auto handlers = std::make_shared<ScoringHandlers>(dependencies);
  Unary(*service, "GetPolicy", handlers, &ScoringHandlers::GetPolicy);
  Unary(*service, "PublishPolicy", handlers, &ScoringHandlers::PublishPolicy);
  Unary(*service, "ListPolicies", handlers, &ScoringHandlers::ListPolicies);
  return service;
}

}  // namespace finalmile::leads::handlers

#include "services/leads/handlers/register.h"

#include "libs/rpc/methods.h"
#include "services/leads/handlers/activity_handlers.h"
#include "services/leads/handlers/import_handlers.h"
#include "services/leads/handlers/import_session.h"
#include "services/leads/handlers/lead_handlers.h"
#include "services/leads/handlers/list_handlers.h"
#include "services/leads/handlers/policy_handlers.h"
#include "services/leads/handlers/sales_handlers.h"
#include "services/leads/handlers/score_handlers.h"

namespace finalmile::leads::handlers {
namespace {

using rpc::InlineAfter;
using rpc::Unary;

const google::protobuf::ServiceDescriptor* Descriptor(const google::protobuf::FileDescriptor* file) {
  return file->service(0);
}

}  // namespace

std::unique_ptr<rpc::Service> NewLeadService(Dependencies dependencies) {
  auto service = std::make_unique<rpc::Service>(Descriptor(v1::CreateLeadRequest::descriptor()->file()));
  auto leads = std::make_shared<LeadHandlers>(dependencies);
  Unary(*service, "CreateLead", leads, &LeadHandlers::CreateLead);
  Unary(*service, "GetLead", leads, &LeadHandlers::GetLead);
  Unary(*service, "BatchGetLeads", leads, &LeadHandlers::BatchGetLeads);
  Unary(*service, "UpdateLead", leads, &LeadHandlers::UpdateLead);
  auto sales = std::make_shared<SalesHandlers>(dependencies);
  Unary(*service, "SetPermission", sales, &SalesHandlers::SetPermission);
  Unary(*service, "EraseLead", sales, &SalesHandlers::EraseLead);
  Unary(*service, "MergeLeads", sales, &SalesHandlers::MergeLeads);
  Unary(*service, "RecordOpportunity", sales, &SalesHandlers::RecordOpportunity);
  Unary(*service, "ListCrossings", sales, &SalesHandlers::ListCrossings);
  auto lists = std::make_shared<ListHandlers>(dependencies);
  Unary(*service, "ListLeads", lists, &ListHandlers::ListLeads);
  Unary(*service, "ListTopLeads", lists, &ListHandlers::ListTopLeads);
  auto activities = std::make_shared<ActivityHandlers>(dependencies);
  Unary(*service, "RecordActivity", activities, &ActivityHandlers::RecordActivity);
  InlineAfter(*service, "RecordActivity", activities, &ActivityHandlers::RecordActivityInline);
  Unary(*service, "RecordActivities", activities, &ActivityHandlers::RecordActivities);
  Unary(*service, "ListActivities", activities, &ActivityHandlers::ListActivities);
  Unary(*service, "DeleteActivity", activities, &ActivityHandlers::DeleteActivity);
  Unary(*service, "FindLeads", lists, &ListHandlers::FindLeads);
  auto imports = std::make_shared<ImportHandlers>(dependencies);
  Unary(*service, "ListImports", imports, &ImportHandlers::ListImports);
  Unary(*service, "UndoImport", imports, &ImportHandlers::UndoImport);
  auto scores = std::make_shared<ScoreHandlers>(dependencies);
  Unary(*service, "ExplainScore", scores, &ScoreHandlers::ExplainScore);
  Unary(*service, "ListScoreChanges", scores, &ScoreHandlers::ListScoreChanges);
  Unary(*service, "SimulateScore", scores, &ScoreHandlers::SimulateScore);
  using Session = rpc::BidiSession<v1::ImportLeadsRequest, v1::ImportLeadsResponse>;
  service->BidiStream<v1::ImportLeadsRequest, v1::ImportLeadsResponse>(
      "ImportLeads", [dependencies](rpc::CallContext&) -> absl::StatusOr<std::unique_ptr<Session>> {
        return std::make_unique<ImportSession>(dependencies);
      });
  return service;
}

std::unique_ptr<rpc::Service> NewScoringService(Dependencies dependencies) {
  auto service = std::make_unique<rpc::Service>(Descriptor(v1::GetPolicyRequest::descriptor()->file()));
  auto handlers = std::make_shared<PolicyHandlers>(dependencies);
  Unary(*service, "GetPolicy", handlers, &PolicyHandlers::GetPolicy);
  Unary(*service, "PublishPolicy", handlers, &PolicyHandlers::PublishPolicy);
  Unary(*service, "GetRescoring", handlers, &PolicyHandlers::GetRescoring);
  Unary(*service, "ListPolicies", handlers, &PolicyHandlers::ListPolicies);
  return service;
}

}  // namespace finalmile::leads::handlers

#include "services/catalog/usage/consumers/lead_consumer.h"

#include <string>
#include <utility>
#include <vector>

#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/base/status.h"
#include "libs/outbox/read_batch.h"
#include "libs/rpc/timestamps.h"
#include "libs/storage/columns.h"
#include "services/catalog/usage/consumers/resource_name.h"
#include "services/catalog/usage/credit.h"
#include "services/catalog/usage/store/lead_store.h"

namespace finalmile::catalog::usage::consumers {
namespace {

using leads::v1::LeadEvent;

// Uses are contacts for this purpose.
constexpr std::string_view kSales = "sales";

bool Concerns(const LeadEvent& event) {
  switch (event.event_case()) {
    case LeadEvent::kLeadCreated:
    case LeadEvent::kLeadScoreChanged:
    case LeadEvent::kLeadBecameSalesReady:
    case LeadEvent::kLeadCooled:
    case LeadEvent::kLeadStageChanged:
    case LeadEvent::kOpportunityChanged:
    case LeadEvent::kLeadMerged:
    case LeadEvent::kLeadErased:
      return true;
    case LeadEvent::kContactPermissionChanged:
      return event.contact_permission_changed().purpose() == kSales;
    default:
      return false;
  }
}

domain::LeadStage StageOf(leads::v1::Stage stage) { return static_cast<domain::LeadStage>(stage); }

// Applies events in memory, as far as the rows of leads can say them.
class LeadBook {
 public:
  LeadBook(storage::Transaction& transaction, store::Leads leads)
      : transaction_(transaction), leads_(std::move(leads)), before_(leads_) {}

  absl::Status Apply(const LeadEvent& event) {
    const domain::LeadName key(event.key());
    if (event.has_lead_erased()) return Erase(key);
    const domain::LeadName& name = store::CurrentName(leads_, key);
    domain::Lead& lead = leads_.at(name);
    if (lead.erased) return absl::OkStatus();
    const absl::Time time = rpc::FromTimestamp(event.time());
    switch (event.event_case()) {
      case LeadEvent::kLeadCreated:
        domain::ChangeStage(lead, domain::LeadStage::kUnspecified, domain::LeadStage::kNew, time);
        break;
      case LeadEvent::kLeadScoreChanged:
        SetGrade(lead, event.lead_score_changed().after().grade(), time);
        break;
      case LeadEvent::kLeadBecameSalesReady:
        SetGrade(lead, event.lead_became_sales_ready().grade(), time);
        domain::BeginCycle(lead, event.lead_became_sales_ready().cycle());
        break;
      case LeadEvent::kLeadCooled:
        SetGrade(lead, event.lead_cooled().grade(), time);
        lead.cycle_ended = true;
        break;
      case LeadEvent::kLeadStageChanged:
        domain::ChangeStage(lead, StageOf(event.lead_stage_changed().before()),
                            StageOf(event.lead_stage_changed().after()), time);
        break;
      case LeadEvent::kOpportunityChanged:
        lead.stages.Set(time, domain::kStageOfOpportunities);
        break;
      case LeadEvent::kLeadMerged:
        return Merge(name, store::CurrentName(leads_, domain::LeadName(event.lead_merged().into())), time);
      default:
        return store::SetPermission(transaction_, PermissionOf(event, name, time));
    }
    return absl::OkStatus();
  }

  absl::Status Write() {
    std::erase_if(leads_, [&](const auto& entry) { return before_.at(entry.first) == entry.second; });
    return store::WriteLeads(transaction_, leads_);
  }

 private:
  // An event that says none changes none.
  static void SetGrade(domain::Lead& lead, const std::string& grade, absl::Time time) {
    if (!grade.empty()) lead.grades.Set(time, grade);
  }

  static store::PermissionRow PermissionOf(const LeadEvent& event, const domain::LeadName& lead,
                                           absl::Time time) {
    const leads::v1::ContactPermissionChanged& changed = event.contact_permission_changed();
    return {lead, changed.channel(), changed.state() == leads::v1::PERMISSION_STATE_DENIED, time};
  }

  absl::Status Erase(const domain::LeadName& name) {
    leads_.at(name) = {.erased = true};
    return store::DeleteAllOf(transaction_, name);
  }

  absl::Status Merge(const domain::LeadName& from, const domain::LeadName& into, absl::Time time) {
    if (from == into) return absl::OkStatus();
    leads_.at(from) = {.merged_into = into};
    if (leads_.at(into).erased) return store::DeleteAllOf(transaction_, from);
    CreditBook book(transaction_);
    RETURN_IF_ERROR(book.Read({from, into}));
    RETURN_IF_ERROR(store::MoveAllOf(transaction_, from, into, time));
    RETURN_IF_ERROR(book.Read({from, into}));
    return book.Write();
  }

  storage::Transaction& transaction_;
  store::Leads leads_;
  const store::Leads before_;
};

}  // namespace

absl::Status LeadConsumer::Apply(storage::Transaction& transaction, outbox::Batch& batch) {
  std::vector<LeadEvent> events;
  std::vector<domain::LeadName> names;
  RETURN_IF_ERROR(outbox::ReadBatch<LeadEvent>(
      batch, [&](size_t, const LeadEvent& event, const events::Record& record) -> absl::Status {
        if (!Concerns(event)) return absl::OkStatus();
        if (event.key() != record.key || !rpc::Fits(event.key(), NamesOfLeads())) {
          return outbox::RecordFault("the event's key is not the record's, or not leads/ and then a UUID");
        }
        names.emplace_back(event.key());
        if (event.has_lead_merged()) {
          if (event.lead_merged().into().empty()) return outbox::RecordFault("into is empty");
          names.emplace_back(event.lead_merged().into());
        }
        events.push_back(event);
        return absl::OkStatus();
      }));
  ASSIGN_OR_RETURN(
      store::Leads leads,
      store::InsertAndLockLeads(transaction, storage::SortedUnique(std::move(names)), clock_.Now()));
  LeadBook book(transaction, std::move(leads));
  for (const LeadEvent& event : events) RETURN_IF_ERROR(book.Apply(event));
  return book.Write();
}

}  // namespace finalmile::catalog::usage::consumers

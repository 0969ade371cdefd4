#include <fmt/format.h>

#include <memory>

#include "libs/base/status.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/lead_flags.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/lead_name.h"

namespace finalmile::cli {
namespace {

using namespace leads::v1;

void Print(const std::vector<Lead>& leads, Output& output) {
  if (!output.json()) return ShowLeads(leads, output);
  for (const Lead& lead : leads) output.Json(lead);
}

struct ListFlags {
  int64_t limit = 0;
  std::string filter;
  bool why = false;
};

absl::StatusOr<ExitCode> List(Session& session, const ListFlags& flags) {
  std::vector<Lead> leads;
  ListLeadsRequest request;
  request.set_filter(flags.filter);
  int64_t shown = 0;
  ASSIGN_OR_RETURN(const bool more, session.EachPage<ListLeadsResponse>(
                                        "leads.v1.LeadService/ListLeads", request, flags.limit,
                                        [&](const ListLeadsResponse& page) -> int64_t {
                                          shown += page.leads_size();
                                          // JSON goes out page by page: a whole store need not fit into
                                          // memory.
                                          const std::vector<Lead> rows(page.leads().begin(),
                                                                       page.leads().end());
                                          if (session.output.json()) {
                                            Print(rows, session.output);
                                          } else {
                                            leads.insert(leads.end(), rows.begin(), rows.end());
                                          }
                                          return page.leads_size();
                                        }));
  if (!session.output.json()) Print(leads, session.output);
  if (more) session.output.Note("There are more; --limit 0 shows all.");
  if (shown == 0) session.output.Note("No lead matches.");
  return ExitCode::kOk;
}

Action DeclareList(Flags& flags) {
  auto given = std::make_shared<ListFlags>();
  given->limit = 50;
  flags.Number("--limit", given->limit, 0, 100'000'000, "at most so many; 0: all");
  flags.Text("--filter", "EXPR", given->filter,
             "over owner, stage, lead_source, campaign, company_domain, lane, grade, fit, …");
  return [given](Session& session) { return List(session, *given); };
}

absl::Status ShowWhy(Session& session, const ListTopLeadsResponse& top) {
  for (const Lead& lead : top.leads()) {
    ExplainScoreRequest request;
    request.set_name(lead.name());
    *request.mutable_as_of() = top.as_of();
    ASSIGN_OR_RETURN(ExplainScoreResponse why,
                     session.Call<ExplainScoreResponse>("leads.v1.LeadService/ExplainScore", request));
    if (session.output.json()) {
      session.output.Json(why);
      continue;
    }
    session.output.Line();
    ShowExplanation(WhoIs(lead), why, session.output);
  }
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Top(Session& session, const ListFlags& flags) {
  ListTopLeadsRequest request;
  request.set_page_size(static_cast<int32_t>(flags.limit));
  request.set_filter(flags.filter);
  ASSIGN_OR_RETURN(ListTopLeadsResponse top,
                   session.Call<ListTopLeadsResponse>("leads.v1.LeadService/ListTopLeads", request));
  Print({top.leads().begin(), top.leads().end()}, session.output);
  if (top.leads().empty()) session.output.Note("No lead matches.");
  if (flags.why) RETURN_IF_ERROR(ShowWhy(session, top));
  return ExitCode::kOk;
}

Action DeclareTop(Flags& flags) {
  auto given = std::make_shared<ListFlags>();
  given->limit = 10;
  flags.Number("--limit", given->limit, 1, 1000, "so many");
  flags.Text("--filter", "EXPR", given->filter, "as leads list; leads with a gate are left out always");
  flags.Switch("--why", given->why, "with the reasons of each");
  return [given](Session& session) { return Top(session, *given); };
}

absl::StatusOr<ExitCode> PrintOne(Session& session, const absl::StatusOr<Lead>& lead) {
  RETURN_IF_ERROR(lead.status());
  if (session.output.json()) {
    session.output.Json(*lead);
  } else {
    ShowLead(*lead, session.output);
  }
  return ExitCode::kOk;
}

Action DeclareShow(Flags& flags) {
  auto name = std::make_shared<std::string>();
  flags.Argument("LEAD", *name, kLeadHelp);
  return [name](Session& session) -> absl::StatusOr<ExitCode> {
    GetLeadRequest request;
    ASSIGN_OR_RETURN(*request.mutable_name(), ResolveLead(session, *name));
    return PrintOne(session, session.Call<Lead>("leads.v1.LeadService/GetLead", request));
  };
}

Action DeclareCreate(Flags& flags) {
  auto fields = std::make_shared<LeadFlags>();
  fields->Declare(flags);
  return [fields](Session& session) -> absl::StatusOr<ExitCode> {
    CreateLeadRequest request;
    RETURN_IF_ERROR(fields->Apply(*request.mutable_lead(), nullptr));
    request.set_request_id(session.NewRequestId());
    return PrintOne(session, session.Call<Lead>("leads.v1.LeadService/CreateLead", request));
  };
}

struct UpdateFlags {
  std::string name;
  std::string etag;
  std::vector<std::string> clear;
  LeadFlags fields;
};

absl::StatusOr<ExitCode> Update(Session& session, const UpdateFlags& flags) {
  UpdateLeadRequest request;
  Lead& lead = *request.mutable_lead();
  lead.set_etag(flags.etag);
  RETURN_IF_ERROR(flags.fields.Apply(lead, request.mutable_update_mask()));
  for (const std::string& path : flags.clear) request.mutable_update_mask()->add_paths(path);
  if (request.update_mask().paths().empty()) {
    return absl::InvalidArgumentError("nothing to change is given; see finalmile leads update --help");
  }
  ASSIGN_OR_RETURN(*lead.mutable_name(), ResolveLead(session, flags.name));
  request.set_request_id(session.NewRequestId());
  return PrintOne(session, session.Call<Lead>("leads.v1.LeadService/UpdateLead", request));
}

Action DeclareUpdate(Flags& flags) {
  auto given = std::make_shared<UpdateFlags>();
  flags.Argument("LEAD", given->name, kLeadHelp);
  flags.Text("--etag", "ETAG", given->etag,
             "change it only if it is still as it was when this etag was read");
  flags.Texts("--clear", "FIELD", given->clear, "empty a field: owner, gates, attributes.industry, …");
  given->fields.Declare(flags);
  return [given](Session& session) { return Update(session, *given); };
}

}  // namespace

void AddLeads(std::vector<Verb>& verbs) {
  verbs.push_back({"leads list", "leads in order of name",
                   "finalmile leads list --filter 'stage = STAGE_SALES_READY'", DeclareList});
  verbs.push_back(
      {"leads top", "the best leads at this moment", "finalmile leads top --limit 5 --why", DeclareTop});
  verbs.push_back(
      {"leads show", "one lead with all its fields", "finalmile leads show ada@example.com", DeclareShow});
  verbs.push_back(
      {"leads create", "a new lead",
       "finalmile leads create --email ada@example.com --attribute staff=250 --attribute title=CTO",
       DeclareCreate});
  verbs.push_back({"leads update", "change fields of a lead",
                   "finalmile leads update ada@example.com --owner kim --gate customer", DeclareUpdate});
}

}  // namespace finalmile::cli

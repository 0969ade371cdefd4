#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/lead_name.h"
#include "services/finalmile/output/format.h"

// What sales does with a lead, and whom it may reach.
namespace finalmile::cli {
namespace {

using namespace leads::v1;

absl::StatusOr<ExitCode> Print(Session& session, const absl::StatusOr<Lead>& lead) {
  RETURN_IF_ERROR(lead.status());
  RETURN_IF_ERROR(session.connector.Settle());
  if (session.output.json()) {
    session.output.Json(*lead);
  } else {
    ShowLead(*lead, session.output);
  }
  return ExitCode::kOk;
}

struct PermitFlags {
  std::string lead;
  std::string channel;
  std::string purpose = "sales";
  std::string basis;
};

template <PermissionState kState>
Action DeclarePermission(Flags& flags) {
  auto given = std::make_shared<PermitFlags>();
  flags.Argument("LEAD", given->lead, kLeadHelp);
  flags.Argument("CHANNEL", given->channel, "email, phone, post or social");
  flags.Text("--purpose", "WORD", given->purpose, "for what (sales)");
  flags.Text("--basis", "TEXT", given->basis, "why: consent, asked by phone");
  return [given](Session& session) -> absl::StatusOr<ExitCode> {
    SetPermissionRequest request;
    Channel channel;
    if (!Channel_Parse("CHANNEL_" + absl::AsciiStrToUpper(given->channel), &channel) ||
        channel == CHANNEL_UNSPECIFIED) {
      return absl::InvalidArgumentError(
          fmt::format("CHANNEL '{}' must be email, phone, post or social", given->channel));
    }
    request.mutable_permission()->set_channel(channel);
    request.mutable_permission()->set_state(kState);
    request.mutable_permission()->set_purpose(given->purpose);
    request.mutable_permission()->set_basis(given->basis);
    ASSIGN_OR_RETURN(*request.mutable_name(), ResolveLead(session, given->lead));
    request.set_request_id(session.NewRequestId());
    return Print(session, session.Call<Lead>("leads.v1.LeadService/SetPermission", request));
  };
}

struct EraseFlags {
  std::string lead;
  bool yes = false;
};

absl::StatusOr<ExitCode> Erase(Session& session, const EraseFlags& flags) {
  EraseLeadRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), ResolveLead(session, flags.lead));
  GetLeadRequest get;
  get.set_name(request.name());
  ASSIGN_OR_RETURN(const Lead lead, session.Call<Lead>("leads.v1.LeadService/GetLead", get));
  if (!flags.yes) {
    return absl::FailedPreconditionError(
        fmt::format("this deletes {} ({}) and all that is kept about them, for good; say --yes to do it",
                    WhoIs(lead), lead.name()));
  }
  request.set_request_id(session.NewRequestId());
  ASSIGN_OR_RETURN(const EraseLeadResponse erased,
                   session.Call<EraseLeadResponse>("leads.v1.LeadService/EraseLead", request));
  RETURN_IF_ERROR(session.connector.Settle());
  if (session.output.json()) {
    session.output.Json(erased);
  } else {
    session.output.Line(fmt::format("Erased {}. An import does not bring them back.", erased.lead()));
  }
  return ExitCode::kOk;
}

Action DeclareErase(Flags& flags) {
  auto given = std::make_shared<EraseFlags>();
  flags.Argument("LEAD", given->lead, kLeadHelp);
  flags.Switch("--yes", given->yes, "do it");
  return [given](Session& session) { return Erase(session, *given); };
}

struct MergeFlags {
  std::string duplicate;
  std::string into;
};

Action DeclareMerge(Flags& flags) {
  auto given = std::make_shared<MergeFlags>();
  flags.Argument("DUPLICATE", given->duplicate, "the lead that goes");
  flags.RequiredText("--into", "LEAD", given->into, "the lead that stays");
  return [given](Session& session) -> absl::StatusOr<ExitCode> {
    MergeLeadsRequest request;
    ASSIGN_OR_RETURN(*request.mutable_duplicate(), ResolveLead(session, given->duplicate));
    ASSIGN_OR_RETURN(*request.mutable_name(), ResolveLead(session, given->into));
    request.set_request_id(session.NewRequestId());
    return Print(session, session.Call<Lead>("leads.v1.LeadService/MergeLeads", request));
  };
}

struct OpportunityFlags {
  std::string lead;
  std::string id;
  std::string state;
  double amount = -1;
  std::string currency;
};

Action DeclareOpportunity(Flags& flags) {
  auto given = std::make_shared<OpportunityFlags>();
  flags.Argument("LEAD", given->lead, kLeadHelp);
  flags.Argument("ID", given->id, "what your own system calls it");
  flags.Argument("STATE", given->state, "open, won or lost");
  flags.Real("--amount", given->amount, 0, 1e12, "how much");
  flags.Text("--currency", "CODE", given->currency, "EUR, USD, …");
  return [given](Session& session) -> absl::StatusOr<ExitCode> {
    RecordOpportunityRequest request;
    Opportunity& opportunity = *request.mutable_opportunity();
    OpportunityState state;
    if (!OpportunityState_Parse("OPPORTUNITY_STATE_" + absl::AsciiStrToUpper(given->state), &state) ||
        state == OPPORTUNITY_STATE_UNSPECIFIED)
      return absl::InvalidArgumentError(fmt::format("STATE '{}' must be open, won or lost", given->state));
    opportunity.set_id(given->id);
    opportunity.set_state(state);
    if (given->amount >= 0) opportunity.set_amount(given->amount);
    opportunity.set_currency(given->currency);
    ASSIGN_OR_RETURN(*request.mutable_name(), ResolveLead(session, given->lead));
    request.set_request_id(session.NewRequestId());
    return Print(session, session.Call<Lead>("leads.v1.LeadService/RecordOpportunity", request));
  };
}

std::string StepsText(const Crossing& crossing) {
  std::vector<std::string> steps;
  for (const SalesStep& step : crossing.steps()) {
    std::string text = step.state();
    if (step.attempts() > 0) text += fmt::format(" after {} attempts", step.attempts());
    if (step.has_qualified()) text += step.qualified() ? ", qualified" : ", not qualified";
    steps.push_back(std::move(text));
  }
  return steps.empty() ? "-" : absl::StrJoin(steps, "; ");
}

std::string LabelText(const Crossing& crossing) {
  if (crossing.label() == Crossing::LABEL_UNSPECIFIED) return "not decided yet";
  return EnumText(Crossing::Label_Name(crossing.label()), "LABEL_");
}

Action DeclareCrossings(Flags& flags) {
  auto name = std::make_shared<std::string>();
  flags.Argument("LEAD", *name, kLeadHelp);
  return [name](Session& session) -> absl::StatusOr<ExitCode> {
    ListCrossingsRequest request;
    ASSIGN_OR_RETURN(*request.mutable_parent(), ResolveLead(session, *name));
    std::vector<Crossing> crossings;
    RETURN_IF_ERROR(session
                        .EachPage<ListCrossingsResponse>("leads.v1.LeadService/ListCrossings", request, 0,
                                                         [&](const ListCrossingsResponse& page) -> int64_t {
                                                           crossings.insert(crossings.end(),
                                                                            page.crossings().begin(),
                                                                            page.crossings().end());
                                                           return page.crossings_size();
                                                         })
                        .status());
    if (session.output.json()) {
      for (const Crossing& crossing : crossings) session.output.Json(crossing);
      return ExitCode::kOk;
    }
    if (crossings.empty()) session.output.Note("The lead never became sales-ready in the last 400 days.");
    Table table({{"SALES-READY"},
                 {"CYCLE", Align::kRight},
                 {"LANE"},
                 {"GRADE"},
                 {"WHAT CAME OF IT", Align::kLeft, true},
                 {"OUTCOME"}});
    for (const Crossing& crossing : crossings) {
      table.Add({session.output.TimeText(rpc::FromTimestamp(crossing.time())),
                 std::to_string(crossing.cycle()), crossing.lane(), crossing.grade(), StepsText(crossing),
                 LabelText(crossing)});
    }
    session.output.Show(table);
    return ExitCode::kOk;
  };
}

}  // namespace

void AddSales(std::vector<Verb>& verbs) {
  verbs.push_back({"leads crossings", "when a lead became sales-ready, and what came of it",
                   "finalmile leads crossings ana@example.com", DeclareCrossings});
  verbs.push_back({"leads permit", "a lead may be contacted over a channel",
                   "finalmile leads permit ana@example.com phone --basis 'asked by phone'",
                   DeclarePermission<PERMISSION_STATE_ALLOWED>});
  verbs.push_back({"leads deny", "a lead may not be contacted over a channel",
                   "finalmile leads deny ana@example.com phone", DeclarePermission<PERMISSION_STATE_DENIED>});
  verbs.push_back({"leads opportunity", "what may be sold to a lead",
                   "finalmile leads opportunity ana@example.com 0061 won --amount 12000 --currency EUR",
                   DeclareOpportunity});
  verbs.push_back({"leads merge", "make one lead of two that are the same person",
                   "finalmile leads merge a.ruiz@example.com --into ana@example.com", DeclareMerge});
  verbs.push_back({"leads erase", "delete all that is kept about a lead, for good",
                   "finalmile leads erase ana@example.com --yes", DeclareErase});
}

}  // namespace finalmile::cli

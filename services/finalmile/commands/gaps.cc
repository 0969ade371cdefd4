#include <memory>

#include "finalmile/catalog/v1/usage_service.pb.h"
#include "libs/base/status.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/list.h"
#include "services/finalmile/commands/show_assets.h"
#include "services/finalmile/commands/show_usage.h"

namespace finalmile::cli {
namespace {

using namespace catalog::v1;

absl::StatusOr<ExitCode> List(Session& session, const ListFlags& flags) {
  ListGapsRequest request;
  request.set_filter(flags.filter);
  ASSIGN_OR_RETURN(const std::vector<Gap> gaps,
                   ReadList(session, "catalog.v1.UsageService/ListGaps", request, flags.limit,
                            &ListGapsResponse::gaps, "No gap matches."));
  if (!session.output.json()) ShowGaps(gaps, session.output);
  return ExitCode::kOk;
}

Action DeclareList(Flags& flags) {
  auto given = std::make_shared<ListFlags>();
  given->Declare(flags, "over state, origin, situation, competitor, persona, kind, count, create_time");
  return [given](Session& session) { return List(session, *given); };
}

Action DeclareMine(Flags& flags) {
  auto asker = std::make_shared<std::string>("-");
  auto limit = std::make_shared<int64_t>(50);
  flags.Text("--asker", "NAME", *asker, "who asked (you)");
  flags.Number("--limit", *limit, 0, 100'000'000, "at most so many; 0: all");
  return [asker, limit](Session& session) -> absl::StatusOr<ExitCode> {
    ListGapsRequest request;
    request.set_asker(*asker);
    ASSIGN_OR_RETURN(const std::vector<Gap> gaps,
                     ReadList(session, "catalog.v1.UsageService/ListGaps", request, *limit,
                              &ListGapsResponse::gaps, "Nothing was asked for under this name."));
    if (!session.output.json()) ShowAskedGaps(gaps, session.output);
    return ExitCode::kOk;
  };
}

template <class Request>
absl::StatusOr<ExitCode> Change(Session& session, std::string_view method, Request request) {
  request.set_request_id(session.NewRequestId());
  ASSIGN_OR_RETURN(const Gap gap,
                   session.Call<Gap>("catalog.v1.UsageService/" + std::string(method), request));
  RETURN_IF_ERROR(session.connector.Settle());
  if (session.output.json()) {
    session.output.Json(gap);
  } else {
    ShowGaps({gap}, session.output);
  }
  return ExitCode::kOk;
}

struct ReportFlags {
  std::string need;
  std::string situation;
  std::string competitor;
  std::string persona;
  std::string kind;
  std::string asker;
};

Action DeclareReport(Flags& flags) {
  auto given = std::make_shared<ReportFlags>();
  flags.Argument("NEED", given->need, "what is missing, in a few words");
  flags.Text("--situation", "TEXT", given->situation, "what the conversation is about");
  flags.Text("--competitor", "TEXT", given->competitor, "who else is asked");
  flags.Text("--persona", "TEXT", given->persona, "with whom");
  flags.Text("--kind", "KIND", given->kind, "battle-card, email-template, …");
  flags.Text("--asker", "NAME", given->asker, "who asks (you)");
  return [given](Session& session) -> absl::StatusOr<ExitCode> {
    ReportGapRequest request;
    Gap& gap = *request.mutable_gap();
    gap.set_need(given->need);
    gap.set_situation(given->situation);
    gap.set_competitor(given->competitor);
    gap.set_persona(given->persona);
    if (!given->kind.empty()) {
      ASSIGN_OR_RETURN(const AssetKind kind, ParseKind("--kind", given->kind));
      gap.set_kind(kind);
    }
    request.set_asker(given->asker);
    return Change(session, "ReportGap", std::move(request));
  };
}

// What the verbs that answer a gap have in common.
struct AnswerFlags {
  std::string name;
  std::string etag;
  std::string answer;

  void Declare(Flags& flags) {
    flags.Argument("GAP", name, "its name, as gaps list gives it");
    flags.Text("--etag", "ETAG", etag, "answer it only if it is still as it was when this etag was read");
  }
  AnswerGapRequest Request() const {
    AnswerGapRequest request;
    request.set_name(GapName(name));
    request.set_etag(etag);
    return request;
  }
};

Action DeclareAccept(Flags& flags) {
  auto given = std::make_shared<AnswerFlags>();
  given->Declare(flags);
  return [given](Session& session) {
    AnswerGapRequest request = given->Request();
    request.mutable_accept();
    return Change(session, "AnswerGap", std::move(request));
  };
}

Action DeclareShip(Flags& flags) {
  auto given = std::make_shared<AnswerFlags>();
  given->Declare(flags);
  flags.RequiredText("--asset", "ASSET", given->answer, "the published asset that answers it");
  return [given](Session& session) {
    AnswerGapRequest request = given->Request();
    request.mutable_ship()->set_asset(AssetName(given->answer));
    return Change(session, "AnswerGap", std::move(request));
  };
}

Action DeclareDecline(Flags& flags) {
  auto given = std::make_shared<AnswerFlags>();
  given->Declare(flags);
  flags.RequiredText("--reason", "TEXT", given->answer, "why; the askers are told");
  return [given](Session& session) {
    AnswerGapRequest request = given->Request();
    request.mutable_decline()->set_reason(given->answer);
    return Change(session, "AnswerGap", std::move(request));
  };
}

}  // namespace

void AddGaps(std::vector<Verb>& verbs) {
  verbs.push_back({"gaps list", "what the shelf does not answer, most asked for first",
                   "finalmile gaps list --filter 'state = GAP_STATE_OPEN'", DeclareList});
  verbs.push_back({"gaps mine", "what became of what you asked for", "finalmile gaps mine", DeclareMine});
  verbs.push_back({"gaps report", "ask for an asset that is missing",
                   "finalmile gaps report 'how we compare on support hours' --competitor Acme",
                   DeclareReport});
  verbs.push_back({"gaps accept", "say that it will be made", "finalmile gaps accept gaps/…", DeclareAccept});
  verbs.push_back({"gaps ship", "say which asset answers it",
                   "finalmile gaps ship gaps/… --asset support-hours", DeclareShip});
  verbs.push_back({"gaps decline", "say why it will not be made",
                   "finalmile gaps decline gaps/… --reason 'the price list says it'", DeclareDecline});
}

}  // namespace finalmile::cli

#include <fmt/format.h>

#include <map>
#include <memory>

#include "finalmile/@name@/v1/@name@_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/list.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/output/format.h"

namespace finalmile::cli {
namespace {

namespace v1 = @name@::v1;

// "@nouns@/{@noun@}" from that or from the bare {@noun@}.
std::string NameOf(const std::string& text) { return text.starts_with("@nouns@/") ? text : "@nouns@/" + text; }

// Who a lead is, asked once for each; its name where nobody can say.
class Leads {
 public:
  explicit Leads(Session& session) : session_(session) {}

  std::string TextOf(const std::string& name) {
    if (name.empty()) return "-";
    const auto [known, is_new] = texts_.try_emplace(name, name);
    if (!is_new) return known->second;
    leads::v1::GetLeadRequest request;
    request.set_name(name);
    const auto lead = session_.Call<leads::v1::Lead>("leads.v1.LeadService/GetLead", request);
    if (lead.ok() && WhoIs(*lead) != "-") known->second = WhoIs(*lead);
    return known->second;
  }

 private:
  Session& session_;
  std::map<std::string, std::string> texts_;
};

void Show(Session& session, const std::vector<v1::@Noun@>& @table@) {
  Leads leads(session);
  Table table({{"TITLE", Align::kLeft, true}, {"LEAD", Align::kLeft, true}, {"EXPIRES"}, {"NAME"}});
  for (const v1::@Noun@& one : @table@) {
    table.Add({one.title(), leads.TextOf(one.lead()),
               one.has_expire_time() ? session.output.TimeText(rpc::FromTimestamp(one.expire_time())) : "-", one.name()});
  }
  session.output.Show(table);
}

absl::StatusOr<ExitCode> ShowOne(Session& session, const absl::StatusOr<v1::@Noun@>& one) {
  RETURN_IF_ERROR(one.status());
  if (session.output.json()) {
    session.output.Json(*one);
    return ExitCode::kOk;
  }
  Show(session, {*one});
  if (!one->description().empty()) session.output.Line("\n" + one->description());
  return ExitCode::kOk;
}

Action DeclareList(Flags& flags) {
  auto given = std::make_shared<ListFlags>();
  given->Declare(flags, "over title, lead, create_time, update_time, expire_time");
  return [given](Session& session) -> absl::StatusOr<ExitCode> {
    v1::List@Nouns@Request request;
    request.set_filter(given->filter);
    ASSIGN_OR_RETURN(const auto @table@,
                     ReadList(session, "@name@.v1.@Name@Service/List@Nouns@", request, given->limit,
                              &v1::List@Nouns@Response::@table@, "No @what@ matches."));
    if (!session.output.json()) Show(session, @table@);
    return ExitCode::kOk;
  };
}

Action DeclareShow(Flags& flags) {
  auto name = std::make_shared<std::string>();
  flags.Argument("NAME", *name, "its name, @nouns@/… or without the prefix");
  return [name](Session& session) {
    v1::Get@Noun@Request request;
    request.set_name(NameOf(*name));
    return ShowOne(session, session.Call<v1::@Noun@>("@name@.v1.@Name@Service/Get@Noun@", request));
  };
}

struct CreateFlags {
  std::string title;
  std::string description;
  std::string lead;
  std::string expires;
};

absl::StatusOr<ExitCode> Create(Session& session, const CreateFlags& flags) {
  v1::Create@Noun@Request request;
  v1::@Noun@& one = *request.mutable_@noun@();
  one.set_title(flags.title);
  one.set_description(flags.description);
  if (!flags.lead.empty()) one.set_lead(LeadName(flags.lead));
  if (!flags.expires.empty()) {
    absl::Time time;
    if (!ParseMoment(flags.expires, session.clock.Now(), session.output.zone(), time)) {
      return absl::InvalidArgumentError(
          fmt::format("--expires '{}' must be a time such as 2026-03-01T09:00:00Z or 2026-03-01", flags.expires));
    }
    *one.mutable_expire_time() = rpc::ToTimestamp(time);
  }
  request.set_request_id(session.NewRequestId());
  const auto created = session.Call<v1::@Noun@>("@name@.v1.@Name@Service/Create@Noun@", request);
  if (created.ok()) RETURN_IF_ERROR(session.connector.Settle());
  return ShowOne(session, created);
}

Action DeclareCreate(Flags& flags) {
  auto given = std::make_shared<CreateFlags>();
  flags.Argument("TITLE", given->title, "what it is called");
  flags.Text("--description", "TEXT", given->description, "what it says");
  flags.Text("--lead", "LEAD", given->lead, "whom it is about; it goes when the lead is erased");
  flags.Text("--expires", "TIME", given->expires, "when it goes: an RFC 3339 time or a date (never)");
  return [given](Session& session) { return Create(session, *given); };
}

}  // namespace

void Add@Name@(std::vector<Verb>& verbs) {
  verbs.push_back({"@group@ list", "@what@s in order of name", "finalmile @group@ list --filter 'title:first'", DeclareList});
  verbs.push_back({"@group@ show", "one @what@ with all its fields", "finalmile @group@ show @nouns@/…", DeclareShow});
  verbs.push_back({"@group@ create", "a new @what@", "finalmile @group@ create 'the first' --expires 2030-01-01", DeclareCreate});
}

}  // namespace finalmile::cli

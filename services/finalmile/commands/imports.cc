#include <fmt/format.h>

#include <memory>

#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/output/format.h"

namespace finalmile::cli {
namespace {

using namespace leads::v1;

constexpr size_t kTold = 20;

std::string ImportName(const std::string& text) {
  return text.starts_with("imports/") ? text : "imports/" + text;
}

absl::StatusOr<ExitCode> List(Session& session, int64_t limit) {
  Table table({{"IMPORT"},
               {"BEGUN"},
               {"MAPPING"},
               {"FILE", Align::kLeft, true},
               {"BY"},
               {"CREATED", Align::kRight},
               {"UPDATED", Align::kRight},
               {"ACTIVITIES", Align::kRight},
               {"REJECTED", Align::kRight},
               {"TAKEN BACK"}});
  ASSIGN_OR_RETURN(
      const bool more,
      session.EachPage<ListImportsResponse>(
          "leads.v1.LeadService/ListImports", ListImportsRequest(), limit,
          [&](const ListImportsResponse& page) -> int64_t {
            for (const Import& import : page.imports()) {
              if (session.output.json()) session.output.Json(import);
              const ImportLeadsResponse& totals = import.totals();
              table.Add({import.name(), session.output.TimeText(rpc::FromTimestamp(import.start_time())),
                         import.source(), import.file_name(), import.caller(), FormatCount(totals.created()),
                         FormatCount(totals.updated()), FormatCount(totals.activities()),
                         FormatCount(totals.rejected()),
                         import.has_undo_time()
                             ? session.output.TimeText(rpc::FromTimestamp(import.undo_time()))
                             : "-"});
            }
            return page.imports_size();
          }));
  if (!session.output.json()) session.output.Show(table);
  if (more) session.output.Note("There are more; --limit 0 shows all.");
  return ExitCode::kOk;
}

Action DeclareList(Flags& flags) {
  auto limit = std::make_shared<int64_t>(50);
  flags.Number("--limit", *limit, 0, 1'000'000, "at most so many; 0: all");
  return [limit](Session& session) { return List(session, *limit); };
}

// Who they are, for people.
absl::StatusOr<std::string> WhoOf(Session& session, const std::string& name) {
  GetLeadRequest request;
  request.set_name(name);
  ASSIGN_OR_RETURN(const Lead lead, session.Call<Lead>("leads.v1.LeadService/GetLead", request));
  return fmt::format("{} {}", name, WhoIs(lead));
}

absl::Status ShowKept(Session& session, const std::vector<KeptChange>& kept) {
  if (kept.empty()) return absl::OkStatus();
  session.output.Line("These stay, because they were changed or used since:");
  for (size_t i = 0; i < kept.size() && i < kTold; ++i) {
    ASSIGN_OR_RETURN(const std::string who, WhoOf(session, kept[i].lead()));
    session.output.Line(kept[i].paths().empty()
                            ? fmt::format("  {}: the lead itself", who)
                            : fmt::format("  {}: {}", who, fmt::join(kept[i].paths(), ", ")));
  }
  if (kept.size() > kTold)
    session.output.Line(fmt::format("  and {} more; --json lists all", kept.size() - kTold));
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Undo(Session& session, const std::string& name) {
  UndoImportRequest request;
  request.set_name(ImportName(name));
  UndoImportResponse sum;
  do {
    request.set_request_id(session.NewRequestId());
    ASSIGN_OR_RETURN(const UndoImportResponse piece,
                     session.Call<UndoImportResponse>("leads.v1.LeadService/UndoImport", request));
    sum.set_done(piece.done());
    sum.set_deleted_leads(sum.deleted_leads() + piece.deleted_leads());
    sum.set_changed_leads(sum.changed_leads() + piece.changed_leads());
    sum.set_deleted_activities(sum.deleted_activities() + piece.deleted_activities());
    sum.mutable_kept()->MergeFrom(piece.kept());
    session.output.Progress(fmt::format("{} leads", FormatCount(sum.deleted_leads() + sum.changed_leads())));
  } while (!sum.done());
  session.output.Progress("");
  if (session.output.json()) {
    session.output.Json(sum);
    return ExitCode::kOk;
  }
  session.output.Line(
      fmt::format("Taken back: {} leads deleted, {} leads changed back, {} activities deleted",
                  FormatCount(sum.deleted_leads()), FormatCount(sum.changed_leads()),
                  FormatCount(sum.deleted_activities())));
  RETURN_IF_ERROR(ShowKept(session, {sum.kept().begin(), sum.kept().end()}));
  return ExitCode::kOk;
}

Action DeclareUndo(Flags& flags) {
  auto name = std::make_shared<std::string>();
  flags.Argument("IMPORT", *name, "its name as finalmile imports list shows it, imports/7 or 7");
  return [name](Session& session) { return Undo(session, *name); };
}

}  // namespace

void AddImports(std::vector<Verb>& verbs) {
  verbs.push_back({"imports list", "imports of leads, newest first", "finalmile imports list", DeclareList});
  verbs.push_back({"imports undo", "take an import back as a whole, within 90 days",
                   "finalmile imports undo 7", DeclareUndo});
}

}  // namespace finalmile::cli

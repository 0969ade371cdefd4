#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>

#include "finalmile/leads/v1/scoring_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/deterministic.h"
#include "libs/text/normal.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/import_folder.h"
#include "services/finalmile/commands/rescoring.h"
#include "services/finalmile/import/column_formats.h"
#include "services/finalmile/import/digest.h"
#include "services/finalmile/import/report.h"
#include "services/finalmile/shipped.h"

namespace finalmile::cli {
namespace {

using namespace leads::v1;

struct ImportFlags {
  std::string file;
  std::string mapping;
  std::string policy;
  std::string rejects;
  std::string request_id;
  std::string prefer;
  std::string encoding;
  bool dry_run = false;
  FolderFlags folder;

  // The first flag for CSV files that is given; empty: none.
  std::string Given() const {
    if (!mapping.empty()) return "--mapping";
    if (!policy.empty()) return "--policy";
    if (!rejects.empty()) return "--rejects";
    if (!prefer.empty()) return "--prefer";
    if (!encoding.empty()) return "--encoding";
    return request_id.empty() ? "" : "--request-id";
  }
};

// What the reader decodes from; empty: nothing, for UTF-8 is what it wants.
std::string EncodingOf(const ImportFlags& flags) {
  return text::Comparable(flags.encoding) == "utf-8" ? "" : flags.encoding;
}

// The first row as `delimiter` parts it; none: it cannot be read.
std::vector<std::string> HeaderOf(const ImportFlags& flags, char delimiter) {
  std::ifstream file(flags.file, std::ios::binary);
  const auto reader = csv::Reader::Open(file, delimiter, EncodingOf(flags));
  csv::Row header;
  if (!reader.ok() || !csv::NextFilled(**reader, header).value_or(false) || !header.fault.empty()) return {};
  return header.cells;
}

// Without --mapping: the shipped mapping that names the very columns of the file.
absl::StatusOr<std::string> GuessMapping(const ImportFlags& flags) {
  for (const char delimiter : {',', ';', '\t'}) {
    if (std::string name = ShippedMappingFor(HeaderOf(flags, delimiter), delimiter); !name.empty())
      return name;
  }
  return absl::InvalidArgumentError(fmt::format(
      "--mapping is missing and no shipped mapping ({}) fits the columns of {}; give the path of a YAML file "
      "(docs: proto/finalmile/leads/v1/import.proto)",
      ShippedMappingNames(), flags.file));
}

// What the mapping says; else what makes most of its columns out of the first row, a comma before others.
char DelimiterFor(const ImportFlags& flags, const ImportMapping& mapping) {
  if (!mapping.delimiter().empty()) return mapping.delimiter()[0];
  const std::multiset<std::string> named = ColumnsOf(mapping);
  char best = ',';
  int64_t most = 0;
  for (const char delimiter : {',', ';', '\t', '|'}) {
    int64_t found = 0;
    for (const std::string& column : HeaderOf(flags, delimiter))
      found += named.count(text::Comparable(column)) > 0;
    if (found <= most) continue;
    best = delimiter;
    most = found;
  }
  return best;
}

// The name of this machine's time zone in the zone database; empty: it is not known.
std::string LocalZone() {
  std::string name;
  if (const char* given = std::getenv("TZ"); given != nullptr) {
    name = *given == ':' ? given + 1 : given;
  } else {
    std::array<char, 512> target;
    const ssize_t size = readlink("/etc/localtime", target.data(), target.size());
    if (size > 0) name.assign(target.data(), static_cast<size_t>(size));
  }
  constexpr std::string_view kDatabase = "zoneinfo/";
  if (const size_t at = name.rfind(kDatabase); at != std::string::npos) name.erase(0, at + kDatabase.size());
  absl::TimeZone zone;
  return !name.starts_with('/') && absl::LoadTimeZone(name, &zone) ? name : "";
}

// Reads the file once to see how its cells are written.
absl::Status CompleteMapping(Session& session, const ImportFlags& flags, char delimiter,
                             ImportMapping& mapping) {
  std::ifstream file(flags.file, std::ios::binary);
  ASSIGN_OR_RETURN(const auto reader, csv::Reader::Open(file, delimiter, EncodingOf(flags)));
  ASSIGN_OR_RETURN(const auto told, RecogniseFormats(*reader, LocalZone(), mapping));
  for (const std::string& line : told) session.output.Note(line);
  return absl::OkStatus();
}

// The same file, read in the same way under the same mapping, with the same preference, is the same import.
std::string RequestIdFor(const std::string& file_digest, const ImportFlags& flags,
                         const ImportMapping& mapping) {
  const std::string_view prefer = flags.prefer == "source" ? "source" : "";
  return "import-" + DigestOf(fmt::format("{}{}{}{}", file_digest, rpc::DeterministicBytes(mapping),
                                          EncodingOf(flags), prefer))
                         .substr(0, 40);
}

absl::StatusOr<std::string> PublishPolicy(Session& session, const std::string& name) {
  PublishPolicyRequest request;
  ASSIGN_OR_RETURN(*request.mutable_policy(), LoadPolicy(name));
  request.set_request_id(session.NewRequestId());
  ASSIGN_OR_RETURN(const PublishPolicyResponse response,
                   session.Call<PublishPolicyResponse>("leads.v1.ScoringService/PublishPolicy", request));
  return response.policy().name();
}

// A policy that reads other columns scores an import nearly flat; say so once.
absl::Status AdvisePolicy(Session& session, const std::string& mapping) {
  const std::string fitting = ShippedPolicyFor(mapping);
  if (fitting.empty()) return absl::OkStatus();
  GetPolicyRequest request;
  request.set_name("policies/-");
  ASSIGN_OR_RETURN(const Policy policy, session.Call<Policy>("leads.v1.ScoringService/GetPolicy", request));
  if (policy.name() == "policies/" + fitting) return absl::OkStatus();
  session.output.Note(fmt::format("{} is in force; {} is made for these columns: finalmile policy publish {}",
                                  policy.name(), fitting, fitting));
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> ImportLeadsOf(Session& session, const ImportFlags& flags, int64_t file_bytes) {
  std::string name = flags.mapping;
  if (name.empty()) {
    ASSIGN_OR_RETURN(name, GuessMapping(flags));
    session.output.Note(fmt::format("The columns are those of the mapping {}.", name));
  }
  ASSIGN_OR_RETURN(ImportMapping mapping, LoadMapping(name));
  std::ifstream file(flags.file, std::ios::binary);
  if (!file) return absl::InvalidArgumentError(fmt::format("{}: cannot be read", flags.file));
  const char delimiter = DelimiterFor(flags, mapping);
  ASSIGN_OR_RETURN(const auto reader, csv::Reader::Open(file, delimiter, EncodingOf(flags)));
  if (mapping.delimiter().empty() && reader->delimiter() != ',')
    session.output.Note(
        fmt::format("The cells are parted by {}.",
                    reader->delimiter() == '\t' ? "tabs" : std::string(1, reader->delimiter())));
  RETURN_IF_ERROR(CompleteMapping(session, flags, delimiter, mapping));
  ImportOptions options;
  options.dry_run = flags.dry_run;
  options.request_id = flags.request_id;
  if (!flags.prefer.empty() && flags.prefer != "source" && flags.prefer != "people")
    return absl::InvalidArgumentError(fmt::format("--prefer '{}' must be source or people", flags.prefer));
  options.prefer_source = flags.prefer == "source";
  options.file_name = std::filesystem::path(flags.file).filename().string();
  {
    std::ifstream content(flags.file, std::ios::binary);
    ASSIGN_OR_RETURN(options.file_digest, DigestOf(content));
  }
  if (options.request_id.empty()) options.request_id = RequestIdFor(options.file_digest, flags, mapping);

  ASSIGN_OR_RETURN(rpc::Channel * channel, session.connector.Channel());
  if (!flags.policy.empty() && !flags.dry_run) {
    ASSIGN_OR_RETURN(const std::string policy, PublishPolicy(session, flags.policy));
    session.output.Note(fmt::format("{} is in force.", policy));
  }
  ImportReport report({.rejects_file = flags.rejects, .file_bytes = file_bytes, .dry_run = flags.dry_run},
                      *reader, session.output, session.clock);
  ImportTotals totals;
  const absl::Status imported = ImportRows(*reader, mapping, options, *channel, report, totals);
  RETURN_IF_ERROR(report.Close(totals, imported.ok()));
  if (!imported.ok()) {
    // Copies the payloads, which name the wrong fields.
    if (totals.acknowledged_line > 1 && !flags.dry_run) {
      session.output.Note(fmt::format("The rows up to line {} are stored; the same command goes on after it.",
                                      totals.acknowledged_line));
    }
    return imported;
  }
  if (totals.rows == 0 && totals.resumed_after_line > 0) {
    session.output.Note(
        "Nothing was left to do: this file was imported before. finalmile imports list shows it, finalmile "
        "imports undo takes it back; --request-id NEW reads it again.");
  }
  if (!flags.policy.empty() && !flags.dry_run) RETURN_IF_ERROR(FinishRescoring(session).status());
  if (!flags.dry_run) RETURN_IF_ERROR(AdvisePolicy(session, mapping.name()));
  return totals.rejected + totals.unread_cells > 0 ? ExitCode::kPartly : ExitCode::kOk;
}

absl::StatusOr<ExitCode> Import(Session& session, const ImportFlags& flags) {
  struct stat info;
  if (stat(flags.file.c_str(), &info) != 0)
    return absl::NotFoundError(fmt::format("{}: there is no such file or folder", flags.file));
  const bool folder = S_ISDIR(info.st_mode);
  if (!folder && !S_ISREG(info.st_mode))
    return absl::InvalidArgumentError(fmt::format("{} is neither a regular file nor a folder", flags.file));
  if (const std::string wrong = folder ? flags.Given() : flags.folder.Given(); !wrong.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("{} does not go with {}, which is a {}", wrong, flags.file, folder ? "folder" : "file"));
  }
  return folder ? ImportAssetsOf(session, flags.file, flags.folder, flags.dry_run)
                : ImportLeadsOf(session, flags, info.st_size);
}

Action Declare(Flags& flags) {
  auto given = std::make_shared<ImportFlags>();
  flags.Argument("PATH", given->file, "a CSV file of leads, or a folder of Markdown pages");
  flags.Text("--mapping", "FILE|NAME", given->mapping,
             "file: what the columns mean: a YAML file, or one of " + ShippedMappingNames() +
                 " (by default the one of these that fits)");
  flags.Text("--policy", "FILE|NAME", given->policy,
             "file: first put this policy in force; shipped: " + ShippedPolicyNames());
  flags.Text("--rejects", "FILE", given->rejects,
             "file: write rows there that were rejected or not read in full, with line, column and reason");
  flags.Text("--encoding", "NAME", given->encoding,
             "file: what it is written in, such as windows-1252 or iso-8859-15 (utf-8)");
  flags.Text(
      "--request-id", "ID", given->request_id,
      "file: name of this import run; the same one goes on where it stopped (one made from the file and the "
      "mapping)");
  flags.Text(
      "--prefer", "WHOM", given->prefer,
      "file: who is right where both the file and a person changed a value since the last import: people, "
      "and the row is listed as a conflict, or source (people)");
  flags.Switch("--dry-run", given->dry_run, "check and count, store nothing");
  given->folder.Declare(flags);
  return [given](Session& session) { return Import(session, *given); };
}

}  // namespace

void AddImport(std::vector<Verb>& verbs) {
  verbs.push_back({"import", "leads and what they did from a CSV file, assets from a folder of Markdown",
                   "finalmile import leads.csv --mapping my-mapping.yaml --rejects rejects.csv", Declare});
}

}  // namespace finalmile::cli

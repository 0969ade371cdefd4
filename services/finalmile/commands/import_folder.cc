#include "services/finalmile/commands/import_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "libs/base/status.h"
#include "services/finalmile/commands/show_assets.h"
#include "services/finalmile/import/folder.h"
#include "services/finalmile/output/format.h"

namespace finalmile::cli {
namespace {

using catalog::v1::ImportAssetsResponse;

// Lines about pages that are not rejected.
constexpr int64_t kToldOfPages = 20;
constexpr absl::Duration kProgressInterval = absl::Milliseconds(200);

absl::StatusOr<FolderOptions> OptionsFrom(const std::string& folder, const FolderFlags& flags, bool dry_run) {
  FolderOptions options;
  options.keep_missing = flags.keep_missing;
  auto& header = options.header;
  header.set_source(flags.source.empty() ? SourceOf(folder) : flags.source);
  if (header.source().empty()) {
    return absl::InvalidArgumentError(
        fmt::format("--source is missing, and the folder's name '{}' is no [a-z0-9_-]", folder));
  }
  if (!flags.kind.empty()) {
    ASSIGN_OR_RETURN(const catalog::v1::AssetKind kind, ParseKind("--kind", flags.kind));
    header.set_default_kind(kind);
  }
  header.set_default_owner(flags.owner.empty() ? "marketing" : flags.owner);
  header.set_default_audience(flags.audience.empty() ? "sales" : flags.audience);
  header.set_publish(flags.publish);
  header.set_reviewer(flags.reviewer);
  header.set_dry_run(dry_run);
  if (flags.publish && flags.reviewer.empty())
    return absl::InvalidArgumentError(
        "--publish wants --reviewer NAME: who of the field looked at the pages");
  return options;
}

// ":3: what is wrong" for "line 3: what is wrong", as compilers say it, so that editors find the place.
std::string Located(std::string_view problem, std::string_view label = "") {
  constexpr std::string_view kLine = "line ";
  if (!problem.starts_with(kLine)) return fmt::format(": {}{}", label, problem);
  problem.remove_prefix(kLine.size());
  const size_t text = std::min(problem.find(' ') + 1, problem.size());
  return fmt::format(":{}{}{}", problem.substr(0, text), label, problem.substr(text));
}

// Texts and how many pages each was said of.
class Tally {
 public:
  void Add(const std::string& text) { ++counts_[text]; }
  bool empty() const { return counts_.empty(); }
  // The most frequent ones: "draft: true (3 pages), weight (1 page) and 2 others".
  std::string Text() const {
    constexpr size_t kShown = 8;
    std::vector<std::pair<std::string, int64_t>> sorted(counts_.begin(), counts_.end());
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    std::vector<std::string> parts;
    for (const auto& [text, count] : sorted) {
      if (parts.size() == kShown) break;
      parts.push_back(fmt::format("{} ({} {})", text, FormatCount(count), count == 1 ? "page" : "pages"));
    }
    return fmt::format("{}{}", fmt::join(parts, ", "),
                       sorted.size() > kShown ? fmt::format(" and {} others", sorted.size() - kShown) : "");
  }

 private:
  std::map<std::string, int64_t> counts_;
};

// Tells people of each page that matters as its answer comes.
class FolderReport {
 public:
  FolderReport(Session& session, const std::string& folder, size_t pages)
      : output_(session.output),
        clock_(session.clock),
        folder_(folder.substr(0, folder.find_last_not_of('/') + 1)),
        pages_(static_cast<int64_t>(pages)),
        start_(session.clock.Steady()) {}

  void Told(const ImportAssetsResponse::Result& result) {
    const bool rejected = result.outcome() == ImportAssetsResponse::OUTCOME_REJECTED;
    if (output_.json()) output_.Json(result);
    if (rejected) {
      for (const std::string& problem : result.problems())
        output_.Note(fmt::format("{}/{}{}", folder_, result.path(), Located(problem)));
      ++rejected_;
    }
    for (const std::string& warning : result.warnings()) Tell(result, warning, "warning: ");
    for (const std::string& key : result.ignored_keys()) ignored_.Add(key);
    if (!result.withheld().empty()) withheld_.Add(result.withheld());
    if (!rejected) {
      for (const std::string& problem : result.problems()) Tell(result, problem, "draft: ");
    }
    ++done_;
    const absl::Duration now = clock_.Steady();
    if (!output_.progress() || now - shown_ < kProgressInterval) return;
    shown_ = now;
    output_.Progress(fmt::format("{} of {} pages{}", FormatCount(done_), FormatCount(pages_),
                                 rejected_ > 0 ? fmt::format("  {} rejected", FormatCount(rejected_)) : ""));
  }

  void Close(const ImportAssetsResponse::Summary& summary, bool dry_run) {
    output_.Progress("");
    if (output_.json()) {
      output_.Json(summary);
    } else {
      ShowSummary(summary, dry_run);
    }
    if (told_ > kToldOfPages) {
      output_.Note(fmt::format("And {} more of warnings and drafts; --json tells all of them.",
                               FormatCount(told_ - kToldOfPages)));
    }
    if (!ignored_.empty())
      output_.Note(fmt::format("Keys of the front matter that are not taken: {}.", ignored_.Text()));
    if (!withheld_.empty())
      output_.Note(fmt::format("Not published, because the pages say so: {}.", withheld_.Text()));
    if (summary.renamed() > 0) {
      output_.Note(fmt::format("{} {} renamed and {} the same.", FormatCount(summary.renamed()),
                               summary.renamed() == 1 ? "page was" : "pages were",
                               summary.renamed() == 1 ? "its asset stays" : "their assets stay"));
    }
  }

 private:
  void Tell(const ImportAssetsResponse::Result& result, std::string_view what, std::string_view label) {
    if (++told_ <= kToldOfPages)
      output_.Note(fmt::format("{}/{}{}", folder_, result.path(), Located(what, label)));
  }

  void ShowSummary(const ImportAssetsResponse::Summary& summary, bool dry_run) {
    output_.Line(fmt::format(
        "{}{} pages in {:.1f} s: {} created, {} updated, {} unchanged, {} retired, {} rejected{}; {} "
        "published{}, {} drafts",
        dry_run ? "Dry run, nothing stored: " : "", FormatCount(pages_),
        absl::ToDoubleSeconds(clock_.Steady() - start_), FormatCount(summary.created()),
        FormatCount(summary.updated()), FormatCount(summary.unchanged()), FormatCount(summary.retired()),
        FormatCount(summary.rejected()),
        summary.left_out() > 0
            ? fmt::format(", {} left out for want of text", FormatCount(summary.left_out()))
            : "",
        FormatCount(summary.published()),
        summary.scheduled() > 0 ? fmt::format(" ({} from a later date on)", FormatCount(summary.scheduled()))
                                : "",
        FormatCount(summary.drafts())));
  }

  Output& output_;
  Clock& clock_;
  const std::string folder_;
  const int64_t pages_;
  const absl::Duration start_;
  absl::Duration shown_ = -absl::InfiniteDuration();
  int64_t done_ = 0;
  int64_t rejected_ = 0;
  int64_t told_ = 0;
  Tally ignored_;
  Tally withheld_;
};

}  // namespace

void FolderFlags::Declare(Flags& flags) {
  flags.Text("--source", "NAME", source, "folder: what its pages are known by (the folder's name)");
  flags.Text("--kind", "KIND", kind,
             "folder: of pages whose front matter names none: battle-card, … (message-training)");
  flags.Text("--owner", "NAME", owner, "folder: of pages whose front matter names none (marketing)");
  flags.Text("--audience", "NAME", audience,
             "folder: whom pages are for whose front matter and sub-folder say nothing (sales)");
  flags.Switch("--publish", publish, "folder: publish what is complete");
  flags.Text("--reviewer", "NAME", reviewer, "folder: who of the field reviewed it; with --publish");
  flags.Switch("--keep-missing", keep_missing,
               "folder: keep assets of this source whose pages are gone, instead of retiring them");
}

std::string FolderFlags::Given() const {
  if (!source.empty()) return "--source";
  if (!kind.empty()) return "--kind";
  if (!owner.empty()) return "--owner";
  if (!audience.empty()) return "--audience";
  if (!reviewer.empty()) return "--reviewer";
  if (publish) return "--publish";
  return keep_missing ? "--keep-missing" : "";
}

absl::StatusOr<ExitCode> ImportAssetsOf(Session& session, const std::string& folder, const FolderFlags& flags,
                                        bool dry_run) {
  ASSIGN_OR_RETURN(const FolderOptions options, OptionsFrom(folder, flags, dry_run));
  ASSIGN_OR_RETURN(const FolderPages found, FindPages(folder));
  if (!found.left_out.empty()) {
    session.output.Note(
        fmt::format("Left out, since they are no Markdown: {}.", LeftOutText(found.left_out)));
  }
  const std::vector<FolderPage>& pages = found.pages;
  ASSIGN_OR_RETURN(rpc::Channel * channel, session.connector.Channel());
  FolderReport report(session, folder, pages.size());
  ImportAssetsResponse::Summary summary;
  const absl::Status imported = ImportFolder(
      pages, options, *channel, [&](const ImportAssetsResponse::Result& result) { report.Told(result); },
      summary);
  if (!imported.ok()) {
    session.output.Note("The pages that were answered are stored; the same command does the rest.");
    return imported;
  }
  if (!dry_run) RETURN_IF_ERROR(session.connector.Settle());
  report.Close(summary, dry_run);
  if (summary.drafts() > 0) {
    session.output.Note(
        "Drafts wait for what they lack (finalmile show ASSET says it) or for their review; until then "
        "finalmile search --unpublished finds them.");
  }
  return summary.rejected() > 0 ? ExitCode::kPartly : ExitCode::kOk;
}

}  // namespace finalmile::cli

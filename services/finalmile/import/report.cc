#include "services/finalmile/import/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "services/finalmile/csv/writer.h"
#include "services/finalmile/output/format.h"

namespace finalmile::cli {
namespace {

constexpr absl::Duration kProgressInterval = absl::Milliseconds(200);
constexpr int64_t kTold = 5;
constexpr int64_t kToldConflicts = 20;

}  // namespace

ImportReport::ImportReport(Options options, const csv::Reader& reader, Output& output, Clock& clock)
    : options_(std::move(options)), reader_(reader), output_(output), clock_(clock), start_(clock.Steady()) {}

absl::Status ImportReport::Started(const std::vector<std::string>& columns, int64_t resumed_after_line) {
  if (resumed_after_line > 0) {
    output_.Note(fmt::format("Going on after line {}: an earlier run stored the rows up to there.",
                             FormatCount(resumed_after_line)));
  }
  if (options_.rejects_file.empty()) return absl::OkStatus();
  const bool append = resumed_after_line > 0;
  rejects_.open(options_.rejects_file, append ? std::ios::binary | std::ios::app : std::ios::binary);
  if (!rejects_) {
    return absl::InvalidArgumentError(fmt::format("--rejects {}: cannot be written", options_.rejects_file));
  }
  if (!append || rejects_.tellp() == 0) {
    std::vector<std::string> header = {"line", "column", "reason"};
    header.insert(header.end(), columns.begin(), columns.end());
    rejects_ << csv::FormatRowForSpreadsheet(header);
  }
  return absl::OkStatus();
}

double ImportReport::RowsPerSecond(int64_t rows) const {
  return static_cast<double>(rows) / std::max(1e-3, absl::ToDoubleSeconds(clock_.Steady() - start_));
}

void ImportReport::Progressed(const ImportTotals& totals) {
  const absl::Duration now = clock_.Steady();
  if (!output_.progress() || now - shown_ < kProgressInterval) return;
  shown_ = now;
  std::string line = fmt::format("{} rows  {} rows/s", FormatCount(totals.rows),
                                 FormatCount(static_cast<int64_t>(RowsPerSecond(totals.rows))));
  if (options_.file_bytes > 0 && reader_.bytes_read() > 0) {
    const double done = static_cast<double>(reader_.bytes_read()) / static_cast<double>(options_.file_bytes);
    const absl::Duration left = (now - start_) * std::max(0.0, 1 / done - 1);
    line += fmt::format("  {:.0f} %  {} left", 100 * done, FormatElapsed(left));
  }
  if (totals.rejected > 0) line += fmt::format("  {} rejected", FormatCount(totals.rejected));
  output_.Progress(line);
}

absl::Status ImportReport::Rejected(const leads::v1::ImportReject& reject, const csv::Row& row) {
  if (!rejects_.is_open()) {
    ++told_;
    const std::string column = reject.column().empty() ? "" : fmt::format(", column '{}'", reject.column());
    if (told_ <= kTold) output_.Note(fmt::format("line {}{}: {}", reject.line(), column, reject.reason()));
    if (told_ == kTold + 1)
      output_.Note("More rows are rejected; --rejects FILE keeps them all with their cells.");
    return absl::OkStatus();
  }
  return WriteReject(reject, reject.reason(), row);
}

absl::Status ImportReport::Unread(const leads::v1::ImportReject& cell, const csv::Row& row) {
  const auto known = unread_.find({cell.column(), cell.reason()});
  if (known != unread_.end()) {
    ++known->second.cells;
  } else if (unread_.size() < kMaxKinds) {
    unread_.insert({{cell.column(), cell.reason()}, {cell.line(), 1}});
  }
  if (!rejects_.is_open()) return absl::OkStatus();
  return WriteReject(cell, cell.reason() + "; the row is stored without it", row);
}

absl::Status ImportReport::WriteReject(const leads::v1::ImportReject& reject, const std::string& reason,
                                       const csv::Row& row) {
  std::vector<std::string> cells = {fmt::format("{}", reject.line()), reject.column(), reason};
  cells.insert(cells.end(), row.cells.begin(), row.cells.end());
  rejects_ << csv::FormatRowForSpreadsheet(cells);
  if (rejects_) return absl::OkStatus();
  return RejectsLost();
}

void ImportReport::Conflicted(const leads::v1::ImportConflict& conflict) {
  if (output_.json()) {
    output_.Json(nlohmann::ordered_json::object({{"conflict",
                                                  {{"line", conflict.line()},
                                                   {"column", conflict.column()},
                                                   {"lead", conflict.lead()},
                                                   {"kept", conflict.kept()},
                                                   {"given", conflict.given()}}}}));
    return;
  }
  const auto quoted = [](const std::string& text) {
    return text.empty() ? "empty" : fmt::format("'{}'", text);
  };
  if (++told_conflicts_ <= kToldConflicts) {
    output_.Note(fmt::format("line {}, column '{}': stays {}, which somebody set since; the file says {}",
                             conflict.line(), conflict.column(), quoted(conflict.kept()),
                             quoted(conflict.given())));
  }
  if (told_conflicts_ == kToldConflicts + 1) output_.Note("There are more conflicts; --json lists them all.");
}

void ImportReport::ShowNotTaken(const ImportTotals& totals) {
  const auto tell = [&](std::string_view what, int64_t count) {
    if (count > 0) output_.Line(fmt::format("{}: {}", what, FormatCount(count)));
  };
  tell("Rows that say something new of which nothing was taken", totals.not_taken);
  tell("Values that stay as people set them (--prefer source takes the file's)", totals.conflicts);
  tell("Denials of contact that stand, since the file has no later word with a date (time_column)",
       totals.kept_denials);
  tell("Counters that went down, of which nothing was taken", totals.fallen_counters);
  tell(
      "Facts that were counted before and have only another date (where every row is an event, say log: "
      "true)",
      totals.known_activities);
  tell("Rows that repeat the id of an earlier row, whose activities were counted row by row",
       totals.repeated_rows);
  tell("Activities left out, since they happened more than 400 days ago", totals.aged_activities);
}

// "column 'Staff': 12 cells were not read: is a range; …; the first is on line 7"
void ImportReport::TellUnread(const ImportTotals& totals) const {
  int64_t told = 0;
  for (const auto& [key, kind] : unread_) {
    const std::string which =
        kind.cells == 1 ? fmt::format("line {}", kind.first_line)
                        : fmt::format("{} cells, first on line {}", FormatCount(kind.cells), kind.first_line);
    output_.Line(fmt::format("  {}, column '{}': {}", which, key.first, key.second));
    told += kind.cells;
  }
  if (told < totals.unread_cells)
    output_.Line(fmt::format("  and {} cells for other reasons; --rejects FILE lists them",
                             FormatCount(totals.unread_cells - told)));
}

void ImportReport::TellLeftOut(const ImportTotals& totals) const {
  const auto tell = [&](int64_t count, std::string_view one, std::string_view many) {
    if (count > 0)
      output_.Line(count == 1 ? fmt::format("1 {}", one) : fmt::format("{} {}", FormatCount(count), many));
  };
  tell(totals.blank_rows, "blank row was left out", "blank rows were left out");
  tell(totals.short_rows, "row has fewer cells than the header; the missing ones were taken for empty",
       "rows have fewer cells than the header; the missing ones were taken for empty");
  tell(totals.nameless_columns, "column without a name was left out", "columns without a name were left out");
  tell(totals.nameless_cells, "cell in such a column was not empty", "cells in such columns were not empty");
}

nlohmann::ordered_json ImportReport::UnreadAsJson() const {
  auto kinds = nlohmann::ordered_json::array();
  for (const auto& [key, kind] : unread_) {
    kinds.push_back(nlohmann::ordered_json::object({{"column", key.first},
                                                    {"reason", key.second},
                                                    {"cells", kind.cells},
                                                    {"first_line", kind.first_line}}));
  }
  return kinds;
}

absl::Status ImportReport::RejectsLost() const {
  return absl::ResourceExhaustedError(fmt::format(
      "--rejects {}: cannot be written; is the disk full? The import with --request-id NEW tells of every "
      "reject again",
      options_.rejects_file));
}

absl::Status ImportReport::Close(const ImportTotals& totals, bool complete) {
  output_.Progress("");
  if (rejects_.is_open()) {
    rejects_.close();
    if (!rejects_) return RejectsLost();
  }
  const double seconds = absl::ToDoubleSeconds(clock_.Steady() - start_);
  if (output_.json()) {
    output_.Json(nlohmann::ordered_json::object({{"rows", totals.rows},
                                                 {"created", totals.created},
                                                 {"updated", totals.updated},
                                                 {"unchanged", totals.unchanged},
                                                 {"activities", totals.activities},
                                                 {"rejected", totals.rejected},
                                                 {"aged_activities", totals.aged_activities},
                                                 {"unread_cells", totals.unread_cells},
                                                 {"unread", UnreadAsJson()},
                                                 {"blank_rows", totals.blank_rows},
                                                 {"short_rows", totals.short_rows},
                                                 {"nameless_columns", totals.nameless_columns},
                                                 {"nameless_cells", totals.nameless_cells},
                                                 {"not_taken", totals.not_taken},
                                                 {"conflicts", totals.conflicts},
                                                 {"kept_denials", totals.kept_denials},
                                                 {"fallen_counters", totals.fallen_counters},
                                                 {"known_activities", totals.known_activities},
                                                 {"repeated_rows", totals.repeated_rows},
                                                 {"import", totals.import},
                                                 {"acknowledged_line", totals.acknowledged_line},
                                                 {"resumed_after_line", totals.resumed_after_line},
                                                 {"seconds", std::round(seconds * 1000) / 1000},
                                                 {"dry_run", options_.dry_run},
                                                 {"complete", complete}}));
    return absl::OkStatus();
  }
  // What is wrong is said by the error alone.
  if (!complete && totals.rows == 0) return absl::OkStatus();
  const std::string_view begin = options_.dry_run ? "Dry run, nothing stored: " : "";
  const std::string_view all = totals.resumed_after_line > 0 ? "; with the earlier runs" : "";
  output_.Line(fmt::format(
      "{}{} rows in {:.1f} s ({} rows/s){}: {} created, {} updated, {} unchanged, {} activities, {} rejected",
      begin, FormatCount(totals.rows), seconds, FormatCount(static_cast<int64_t>(RowsPerSecond(totals.rows))),
      all, FormatCount(totals.created), FormatCount(totals.updated), FormatCount(totals.unchanged),
      FormatCount(totals.activities), FormatCount(totals.rejected)));
  ShowNotTaken(totals);
  if (totals.unread_cells > 0) {
    output_.Line(totals.unread_cells == 1
                     ? "1 cell was not read; its row was taken without it:"
                     : fmt::format("{} cells were not read; their rows were taken without them:",
                                   FormatCount(totals.unread_cells)));
    TellUnread(totals);
  }
  TellLeftOut(totals);
  if (!totals.import.empty() && totals.created + totals.updated > 0)
    output_.Note(fmt::format("finalmile imports undo {} takes it back.",
                             totals.import.substr(totals.import.find('/') + 1)));
  return absl::OkStatus();
}

}  // namespace finalmile::cli

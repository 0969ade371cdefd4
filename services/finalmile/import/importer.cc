#include "services/finalmile/import/importer.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/text/normal.h"
#include "services/finalmile/csv/encoding.h"

namespace finalmile::cli {
namespace {

using leads::v1::ImportLeadsRequest;
using leads::v1::ImportLeadsResponse;
using leads::v1::ImportMapping;
using leads::v1::ImportReject;

constexpr std::string_view kMethod = "/finalmile.leads.v1.LeadService/ImportLeads";

class Importer {
 public:
  Importer(csv::Reader& reader, const ImportOptions& options, rpc::Channel& channel, ImportObserver& observer,
           ImportTotals& totals)
      : reader_(reader), options_(options), channel_(channel), observer_(observer), totals_(totals) {}

  absl::Status Run(const ImportMapping& mapping) {
    csv::Row header;
    ASSIGN_OR_RETURN(const bool any, csv::NextFilled(reader_, header));
    if (!any) return absl::InvalidArgumentError("the file is empty; its first line must name the columns");
    if (!header.fault.empty())
      return absl::InvalidArgumentError(fmt::format("line {}: {}", header.line, header.fault));
    for (const std::string& column : header.cells) {
      if (std::string reason = WrongText(column); !reason.empty())
        return absl::InvalidArgumentError(fmt::format("line {}: the header {}", header.line, reason));
      totals_.nameless_columns += text::TrimSpace(column).empty();
    }
    columns_ = std::move(header.cells);
    RETURN_IF_ERROR(SendHeader(mapping));
    const absl::Status sent = SendRows();
    // What is on its way is stored all the same: hear of it before telling of a fault in the file.
    const absl::Status ended = End();
    return sent.ok() ? ended : sent;
  }

 private:
  absl::Status SendHeader(const ImportMapping& mapping) {
    ImportLeadsRequest request;
    auto& header = *request.mutable_header();
    header.set_request_id(options_.request_id);
    *header.mutable_mapping() = mapping;
    header.mutable_columns()->Add(columns_.begin(), columns_.end());
    header.set_dry_run(options_.dry_run);
    header.set_prefer_source(options_.prefer_source);
    header.set_file_name(options_.file_name);
    header.set_file_digest(options_.file_digest);
    stream_ = channel_.Open(kMethod, {.timeout = options_.timeout});
    ImportLeadsResponse answer;
    if (!stream_->Write(request) || !stream_->Read(answer)) return StreamEnd();
    // A first run acknowledges the header line at most.
    totals_.resumed_after_line = answer.acknowledged_line() > 1 ? answer.acknowledged_line() : 0;
    Take(answer);
    return observer_.Started(columns_, totals_.resumed_after_line);
  }

  absl::Status SendRows() {
    std::vector<csv::Row> chunk;
    size_t bytes = 0;
    while (true) {
      csv::Row row;
      ASSIGN_OR_RETURN(const bool more, reader_.Next(row));
      if (!more) break;
      if (row.line <= totals_.resumed_after_line) continue;
      if (csv::IsBlank(row)) {
        ++totals_.blank_rows;
        continue;
      }
      ++totals_.rows;
      if (std::string reason = Fault(row); !reason.empty()) {
        ImportReject reject;
        reject.set_line(row.line);
        reject.set_reason(std::move(reason));
        ++rejected_here_;
        ++totals_.rejected;
        RETURN_IF_ERROR(observer_.Rejected(reject, row));
        continue;
      }
      CountOddities(row);
      for (const std::string& cell : row.cells) bytes += cell.size();
      chunk.push_back(std::move(row));
      if (chunk.size() >= options_.chunk_rows || bytes >= options_.chunk_bytes) {
        RETURN_IF_ERROR(SendChunk(std::exchange(chunk, {})));
        bytes = 0;
      }
    }
    return chunk.empty() ? absl::OkStatus() : SendChunk(std::move(chunk));
  }

  void CountOddities(const csv::Row& row) {
    totals_.short_rows += row.cells.size() < columns_.size();
    if (totals_.nameless_columns == 0) return;
    for (size_t i = 0; i < std::min(columns_.size(), row.cells.size()); ++i) {
      totals_.nameless_cells +=
          text::TrimSpace(columns_[i]).empty() && !text::TrimSpace(row.cells[i]).empty();
    }
  }

  // Why the text cannot be sent; empty: it can.
  static std::string WrongText(const std::string& text) {
    if (!IsUtf8(text)) {
      return csv::LooksLikeWindows1252(text)
                 ? "is not UTF-8; it may be Windows-1252, which --encoding windows-1252 reads"
                 : "is not UTF-8; --encoding NAME says what it is";
    }
    return text.find('\0') == std::string::npos ? "" : "holds the character U+0000; is the file UTF-16?";
  }

  static std::string Fault(const csv::Row& row) {
    if (!row.fault.empty()) return row.fault;
    for (const std::string& cell : row.cells) {
      if (std::string reason = WrongText(cell); !reason.empty()) return reason;
    }
    return "";
  }

  absl::Status SendChunk(std::vector<csv::Row> chunk) {
    while (waiting_.size() >= options_.window) RETURN_IF_ERROR(ReadAnswer());
    ImportLeadsRequest request;
    for (const csv::Row& row : chunk) {
      auto& to = *request.mutable_rows()->add_rows();
      to.set_line(row.line);
      to.mutable_cells()->Add(row.cells.begin(), row.cells.end());
    }
    waiting_.push_back(std::move(chunk));
    return stream_->Write(request) ? absl::OkStatus() : StreamEnd();
  }

  absl::Status ReadAnswer() {
    ImportLeadsResponse answer;
    if (!stream_->Read(answer)) return StreamEnd();
    Take(answer);
    const std::vector<csv::Row> chunk = std::move(waiting_.front());
    waiting_.pop_front();
    RETURN_IF_ERROR(Tell(answer, chunk));
    for (const leads::v1::ImportConflict& conflict : answer.conflicts()) observer_.Conflicted(conflict);
    observer_.Progressed(totals_);
    return absl::OkStatus();
  }

  // Gives the observer what is told of the rows of `chunk`; all are in order of line.
  absl::Status Tell(const ImportLeadsResponse& answer, const std::vector<csv::Row>& chunk) {
    auto reject = answer.rejects().begin();
    auto unread = answer.unread().begin();
    for (const csv::Row& row : chunk) {
      for (; reject != answer.rejects().end() && reject->line() <= row.line; ++reject)
        RETURN_IF_ERROR(observer_.Rejected(*reject, row));
      for (; unread != answer.unread().end() && unread->line() <= row.line; ++unread)
        RETURN_IF_ERROR(observer_.Unread(*unread, row));
    }
    return absl::OkStatus();
  }

  // Answers count from the start of the import, but for the unread cells.
  void Take(const ImportLeadsResponse& answer) {
    totals_.acknowledged_line = answer.acknowledged_line();
    totals_.created = answer.created();
    totals_.updated = answer.updated();
    totals_.unchanged = answer.unchanged();
    totals_.activities = answer.activities();
    totals_.import = answer.import();
    totals_.not_taken = answer.not_taken();
    totals_.conflicts = answer.conflict_count();
    totals_.kept_denials = answer.kept_denials();
    totals_.fallen_counters = answer.fallen_counters();
    totals_.known_activities = answer.known_activities();
    totals_.repeated_rows = answer.repeated_rows();
    totals_.aged_activities = answer.aged_activities();
    totals_.rejected = answer.rejected() + rejected_here_;
    totals_.unread_cells += answer.unread_cells();
  }

  absl::Status End() {
    if (ended_) return absl::OkStatus();
    stream_->WritesDone();
    while (!waiting_.empty()) RETURN_IF_ERROR(ReadAnswer());
    ImportLeadsResponse none;
    if (stream_->Read(none)) return absl::InternalError("the server answered more often than it was asked");
    return stream_->Finish();
  }

  // Why the stream ended before we ended it.
  absl::Status StreamEnd() {
    ended_ = true;
    // Rows whose answer came before the end are stored.
    for (ImportLeadsResponse answer; stream_->Read(answer);) Take(answer);
    const absl::Status status = stream_->Finish();
    return status.ok() ? absl::InternalError("the server ended the import early") : status;
  }

  csv::Reader& reader_;
  const ImportOptions& options_;
  rpc::Channel& channel_;
  ImportObserver& observer_;
  ImportTotals& totals_;
  std::vector<std::string> columns_;
  std::unique_ptr<rpc::Stream> stream_;
  // Chunks sent whose answer has not come, for the rejects file.
  std::deque<std::vector<csv::Row>> waiting_;
  int64_t rejected_here_ = 0;
  bool ended_ = false;
};

}  // namespace

absl::Status ImportRows(csv::Reader& reader, const ImportMapping& mapping, const ImportOptions& options,
                        rpc::Channel& channel, ImportObserver& observer, ImportTotals& totals) {
  return Importer(reader, options, channel, observer, totals).Run(mapping);
}

}  // namespace finalmile::cli

#include "services/finalmile/commands/record_lines.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/base/status.h"
#include "services/finalmile/import/activity_line.h"
#include "services/finalmile/lead_name.h"
#include "services/finalmile/output/format.h"

namespace finalmile::cli {
namespace {

using namespace leads::v1;

constexpr int kBatch = 1000;
constexpr size_t kTold = 5;
// Rejected lines that --json lists.
constexpr size_t kListed = 1000;
// Leads that were looked up are remembered, so many at a time.
constexpr size_t kMostNames = 10'000;

class Recorder {
 public:
  explicit Recorder(Session& session) : session_(session) {}

  absl::StatusOr<ExitCode> Run(std::istream& input) {
    int64_t number = 0;
    for (std::string line; std::getline(input, line);) {
      ++number;
      if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
      RETURN_IF_ERROR(Take(number, line));
      if (batch_.activities_size() == kBatch) RETURN_IF_ERROR(Send());
    }
    RETURN_IF_ERROR(Send());
    RETURN_IF_ERROR(session_.connector.Settle());
    return Close();
  }

 private:
  absl::Status Take(int64_t number, const std::string& line) {
    auto read = ReadActivityLine(line);
    if (!read.ok()) {
      Reject(number, std::string(read.status().message()));
      return absl::OkStatus();
    }
    Activity& activity = read->activity;
    if (!read->lead.empty()) RETURN_IF_ERROR(SetLead(*read));
    if (activity.lead().empty()) activity.set_lead("leads/-");
    if (!read->email.empty()) (*batch_.mutable_emails())[batch_.activities_size()] = read->email;
    if (activity.lead() == kUnknown) {
      Reject(number, fmt::format("lead: no lead, or more than one, is known by '{}'", read->lead));
      return absl::OkStatus();
    }
    *batch_.add_activities() = std::move(activity);
    lines_.push_back(number);
    return absl::OkStatus();
  }

  // A lead is given as anything that other commands take, too.
  absl::Status SetLead(ActivityLine& line) {
    if (const size_t at = line.lead.find('='); at != std::string::npos) {
      line.activity.mutable_external_id()->set_source(line.lead.substr(0, at));
      line.activity.mutable_external_id()->set_id(line.lead.substr(at + 1));
      return absl::OkStatus();
    }
    if (line.lead.find('@') != std::string::npos) {
      line.email = line.lead;
      return absl::OkStatus();
    }
    auto found = names_.find(line.lead);
    if (found == names_.end()) {
      const auto name = ResolveLead(session_, line.lead);
      if (!name.ok() && !absl::IsNotFound(name.status()) && !absl::IsInvalidArgument(name.status()))
        return name.status();
      if (names_.size() >= kMostNames) names_.clear();
      found = names_.emplace(line.lead, name.ok() ? *name : kUnknown).first;
    }
    line.activity.set_lead(found->second);
    return absl::OkStatus();
  }

  absl::Status Send() {
    if (batch_.activities().empty()) return absl::OkStatus();
    const auto reply =
        session_.Call<RecordActivitiesResponse>("leads.v1.LeadService/RecordActivities", batch_);
    if (!reply.ok()) {
      session_.output.Note(fmt::format(
          "{} activities are recorded; the lines from {} on are not. Running the same again records "
          "nothing twice.",
          FormatCount(recorded_), lines_.front()));
      return reply.status();
    }
    recorded_ += reply->recorded();
    clock_ahead_ += reply->clock_ahead_size();
    for (const ActivityReject& reject : reply->rejects())
      Reject(lines_.at(static_cast<size_t>(reject.index())),
             fmt::format("{}: {}", reject.field(), reject.reason()));
    batch_.Clear();
    lines_.clear();
    return absl::OkStatus();
  }

  void Reject(int64_t line, std::string reason) {
    ++rejected_;
    if (rejected_ <= static_cast<int64_t>(kTold))
      session_.output.Note(fmt::format("line {}: {}", line, reason));
    if (rejected_ == static_cast<int64_t>(kTold) + 1)
      session_.output.Note("More lines are rejected; --json lists them.");
    if (rejects_.size() < kListed) rejects_.push_back({{"line", line}, {"reason", reason}});
    if (first_.empty()) first_ = fmt::format("line {}: {}", line, reason);
  }

  absl::StatusOr<ExitCode> Close() {
    if (session_.output.json()) {
      session_.output.Json(nlohmann::ordered_json::object({{"recorded", recorded_},
                                                           {"rejected", rejected_},
                                                           {"clock_ahead", clock_ahead_},
                                                           {"rejects", rejects_}}));
    } else if (recorded_ > 0 || rejected_ == 0) {
      session_.output.Line(rejected_ == 0 ? fmt::format("{} activities recorded", FormatCount(recorded_))
                                          : fmt::format("{} activities recorded, {} lines rejected",
                                                        FormatCount(recorded_), FormatCount(rejected_)));
    }
    if (clock_ahead_ > 0) {
      session_.output.Note(
          fmt::format("Dated by their arrival, since the clock of their source runs ahead: {}",
                      FormatCount(clock_ahead_)));
    }
    if (recorded_ == 0 && rejected_ > 0 && !session_.output.json()) {
      return absl::InvalidArgumentError(
          rejected_ == 1 ? first_
                         : fmt::format("{}; and {} more lines: nothing is recorded", first_, rejected_ - 1));
    }
    return rejected_ > 0 ? ExitCode::kPartly : ExitCode::kOk;
  }

  static constexpr const char* kUnknown = "leads/?";

  Session& session_;
  RecordActivitiesRequest batch_;
  // The lines of the activities in the batch.
  std::vector<int64_t> lines_;
  std::map<std::string, std::string> names_;
  int64_t recorded_ = 0;
  int64_t rejected_ = 0;
  int64_t clock_ahead_ = 0;
  std::string first_;
  nlohmann::ordered_json rejects_ = nlohmann::ordered_json::array();
};

}  // namespace

absl::StatusOr<ExitCode> RecordLines(Session& session, std::istream& input) {
  return Recorder(session).Run(input);
}

}  // namespace finalmile::cli

#include "tests/faults/ledger.h"

#include <fmt/format.h>

#include <cmath>
#include <ostream>

#include "finalmile/leads/v1/lead_event.pb.h"
#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/base/status.h"
#include "libs/outbox/outbox.h"
#include "libs/outbox/topic.h"

namespace finalmile::faults {
namespace {}  // namespace

std::ostream& operator<<(std::ostream& out, const Counts& counts) {
  return out << counts.leads << " leads, " << counts.updates << " updates and " << counts.activities
             << " activities acknowledged; 0 lost, 0 doubled, " << counts.parked << " set aside; "
             << counts.events << " events in order, " << counts.duplicate_records
             << " repeated records dropped";
}

void Ledger::NoteLead(const std::string& name) {
  std::lock_guard lock(mutex_);
  leads_[name] = "";
}

void Ledger::NoteOwner(const std::string& name, const std::string& owner) {
  std::lock_guard lock(mutex_);
  leads_[name] = owner;
  ++updates_;
}

void Ledger::NoteActivity(const std::string& id, const std::string& lead) {
  std::lock_guard lock(mutex_);
  activities_[id] = lead;
}

absl::StatusOr<Counts> Ledger::Check(const View& view) {
  RETURN_IF_ERROR(AwaitQuiet(view));
  Counts counts{.leads = static_cast<int64_t>(leads_.size()),
                .updates = updates_,
                .activities = static_cast<int64_t>(activities_.size()),
                .parked = view.parked};
  ASSIGN_OR_RETURN(const StoredLeads stored, CheckStore(view));
  RETURN_IF_ERROR(CheckTopic(view, stored, counts));
  for (const auto& [name, lead] : stored) RETURN_IF_ERROR(CheckScore(view, name));
  return counts;
}

absl::Status Ledger::AwaitQuiet(const View& view) const {
  const absl::Duration deadline = view.clock.Steady() + view.patience;
  auto pause = view.clock.NewWaitEvent();
  int64_t stored = -1;
  int64_t unsent = -1;
  do {
    absl::Status read = view.database.Transact(
        {.deadline = view.clock.Steady() + absl::Seconds(10), .read_only = true},
        [&](storage::Transaction& transaction) -> absl::Status {
          ASSIGN_OR_RETURN(storage::Result result,
                           transaction.Execute("SELECT (SELECT COUNT(*) FROM activities WHERE "
                                               "source = $1), (SELECT COUNT(*) FROM outbox)",
                                               {source_}));
          stored = result.rows[0].Int(0);
          unsent = result.rows[0].Int(1);
          return absl::OkStatus();
        });
    if (read.ok() && stored >= static_cast<int64_t>(activities_.size()) && unsent == 0)
      return absl::OkStatus();
    if (view.patience > absl::ZeroDuration()) {
      pause->WaitUntil(view.clock.Steady() + absl::Milliseconds(50));
    }
  } while (view.clock.Steady() < deadline);
  return absl::DeadlineExceededError(
      fmt::format("of {} acknowledged activities {} are stored, {} events are not sent", activities_.size(),
                  stored, unsent));
}

absl::StatusOr<Ledger::StoredLeads> Ledger::CheckStore(const View& view) const {
  std::map<std::string, std::string> activities;
  StoredLeads leads;
  int64_t parked = 0;
  RETURN_IF_ERROR(view.database.Transact(
      {.deadline = view.clock.Steady() + absl::Seconds(30), .read_only = true},
      [&](storage::Transaction& transaction) -> absl::Status {
        activities.clear();
        leads.clear();
        ASSIGN_OR_RETURN(
            storage::Result rows,
            transaction.Execute("SELECT activity_id, lead FROM activities WHERE source = $1", {source_}));
        for (const storage::Row& row : rows.rows) activities[row.Text(0)] = "leads/" + row.Text(1);
        ASSIGN_OR_RETURN(
            rows, transaction.Execute(
                      "SELECT l.id, l.seq, p.owner FROM leads AS l JOIN profiles AS p ON p.lead = l.id"));
        for (const storage::Row& row : rows.rows) leads["leads/" + row.Text(0)] = {row.Int(1), row.Text(2)};
        ASSIGN_OR_RETURN(rows, transaction.Execute("SELECT COUNT(*) FROM parked"));
        parked = rows.rows[0].Int(0);
        return absl::OkStatus();
      }));
  if (parked != view.parked) return absl::DataLossError(fmt::format("{} records are parked", parked));
  if (activities != activities_) {
    return absl::DataLossError(
        fmt::format("{} activities are stored, {} were acknowledged", activities.size(), activities_.size()));
  }
  for (const auto& [name, lead] : leads) {
    const auto known = leads_.find(name);
    if (known == leads_.end()) return absl::DataLossError(fmt::format("{} was never acknowledged", name));
    if (known->second != lead.owner) {
      return absl::DataLossError(
          fmt::format("{}: owner '{}' is stored, '{}' was acknowledged", name, lead.owner, known->second));
    }
  }
  if (leads.size() != leads_.size()) {
    return absl::DataLossError(
        fmt::format("{} leads are stored, {} were acknowledged", leads.size(), leads_.size()));
  }
  return leads;
}

// Per lead every seq once the repeats are dropped, in order, up to the row's.
absl::Status Ledger::CheckTopic(const View& view, const StoredLeads& stored, Counts& counts) const {
  std::map<std::string, int64_t> seqs;
  std::map<std::string, int> created;
  auto wake = view.clock.NewWaitEvent();
  ASSIGN_OR_RETURN(auto tail,
                   view.events.OpenTail({outbox::TopicName<leads::v1::LeadEvent>()}, events::TailFrom::kStart,
                                        view.clock.Steady() + absl::Seconds(10), *wake));
  while (!tail->caught_up()) {
    ASSIGN_OR_RETURN(std::vector<events::Record> records, tail->Poll(5000));
    for (const events::Record& record : records) {
      if (!stored.contains(record.key)) continue;  // a policy, or of another store
      ASSIGN_OR_RETURN(int64_t seq, outbox::SeqOf(record));
      int64_t& seen = seqs[record.key];
      if (seq <= seen) {
        ++counts.duplicate_records;
        continue;
      }
      if (seq != seen + 1) {
        return absl::DataLossError(fmt::format("{}: event {} follows {}", record.key, seq, seen));
      }
      seen = seq;
      ++counts.events;
      leads::v1::LeadEvent event;
      if (!event.ParseFromString(record.value)) return absl::DataLossError("an event cannot be read");
      created[record.key] += event.has_lead_created();
    }
    if (records.empty() && !tail->caught_up()) {
      wake->WaitUntil(view.clock.Steady() + absl::Milliseconds(100));
    }
    wake->Clear();
  }
  for (const auto& [name, lead] : stored) {
    if (seqs[name] != lead.seq) {
      return absl::DataLossError(
          fmt::format("{}: {} of {} events are in the topic", name, seqs[name], lead.seq));
    }
    if (created[name] != 1) {
      return absl::DataLossError(fmt::format("{} was created {} times", name, created[name]));
    }
  }
  return absl::OkStatus();
}

// The stored score is what the activities make.
absl::Status Ledger::CheckScore(const View& view, const std::string& name) const {
  leads::v1::GetLeadRequest get;
  get.set_name(name);
  leads::v1::Lead lead;
  RETURN_IF_ERROR(view.call("GetLead", get, lead));
  leads::v1::ExplainScoreRequest request;
  request.set_name(name);
  leads::v1::ExplainScoreResponse explained;
  RETURN_IF_ERROR(view.call("ExplainScore", request, explained));
  const double age =
      static_cast<double>(explained.score().as_of().seconds() - lead.score().as_of().seconds());
  // Read a moment apart: the same to what can fade in between.
  const double apart = std::abs(lead.score().engagement() - explained.score().engagement());
  if (apart <= 1e-9 + lead.score().engagement() * (age + 2) / (7 * 86400.0)) return absl::OkStatus();
  return absl::DataLossError(fmt::format("{}: engagement {} is stored, its activities make {}", name,
                                         lead.score().engagement(), explained.score().engagement()));
}

}  // namespace finalmile::faults

#include "services/leads/scoring/import_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/violations.h"
#include "services/leads/domain/identity.h"
#include "services/leads/domain/import_change.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/lead_batch.h"

namespace finalmile::leads::scoring {
namespace {

using domain::ImportChange;
using domain::TakenRow;
using store::StoredRow;

// So many rows are more than what a connection keeps back before it sends.
constexpr size_t kSendAfter = 250;

// The paths of LeadUpdated.
std::vector<std::string> PathsOf(const TakenRow& taken, const domain::Lead& had) {
  std::set<std::string> paths;
  for (const domain::FactChange& change : taken.changes)
    paths.insert(change.path.starts_with("gates.") ? "gates" : change.path);
  if (taken.permissions_before) paths.insert("permissions");
  if (taken.lead.external_ids != had.external_ids) paths.insert("external_ids");
  return {paths.begin(), paths.end()};
}

// The totals that an older program took, which kept no rows of sources.
domain::Totals OldTotals(const store::ActivitySums& sums, const domain::ImportedLead& row) {
  domain::Totals totals;
  for (const domain::ImportedActivity& activity : row.activities) {
    const auto found = sums.find({activity.type, activity.subject});
    if (found == sums.end()) continue;
    const bool in_seconds = activity.counter && activity.seconds > 0;
    totals[activity.key] = !activity.counter ? 1 : in_seconds ? found->second.seconds : found->second.units;
  }
  return totals;
}

}  // namespace

void RowResults::Reject(int64_t line, const domain::Reject& reject) {
  ++progress.rejected;
  v1::ImportReject& to = rejects.emplace_back();
  to.set_line(line);
  to.set_column(reject.column);
  to.set_reason(reject.reason);
}

void RowResults::Unread(int64_t line, const std::vector<domain::Reject>& cells) {
  unread_cells += static_cast<int64_t>(cells.size());
  for (const domain::Reject& cell : cells) {
    if (unread.size() == kMaxUnread) return;
    v1::ImportReject& to = unread.emplace_back();
    to.set_line(line);
    to.set_column(cell.column);
    to.set_reason(cell.reason);
  }
}

// The work on rows that touch different leads: find, lock, take, write.
struct RowTaker::Piece {
  const RowTaker& by;
  std::span<const IdentifiedRow> rows;
  RowResults& results;
  LeadBatch batch;
  RowOwners owners;

  // What is to be written. New ids and rows of sources go with the next Send.
  std::vector<std::pair<store::ExternalId, domain::LeadId>> new_ids;
  std::vector<StoredRow> source_rows;
  std::vector<domain::Activity> activities;
  std::vector<size_t> rows_of;
  std::vector<ImportChange> changes;
  // By row; of rows that were rejected it means nothing.
  std::vector<size_t> change_of;
  std::set<domain::LeadId> touched;

  // One Send.
  struct Sent {
    size_t id_count;
    storage::Deferred ids;
    size_t first_activity;
    storage::Deferred activities;
  };
  std::vector<Sent> sent;
  size_t activities_sent = 0;

  enum class Became { kRejected, kCreated, kUpdated, kUnchanged, kNotTaken };
  std::vector<Became> became;

  Piece(const RowTaker& taker, std::span<const IdentifiedRow> some, RowResults& to)
      : by(taker),
        rows(some),
        results(to),
        batch(taker.transaction_, taker.policies_, taker.context_),
        owners(taker.transaction_, taker.erasures_, taker.plan_, taker.dry_, some),
        change_of(some.size()) {}

  // The totals of leads that an older program imported.
  absl::StatusOr<std::map<domain::LeadId, store::ActivitySums>> OldSums(
      const std::vector<RowOwners::Whose>& whose) {
    std::vector<domain::LeadId> leads;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!rows[i].content.activities.empty() && owners.profiles.contains(whose[i].lead) &&
          !owners.known_rows.contains(rows[i].identity))
        leads.push_back(whose[i].lead);
    }
    return store::SumActivities(by.transaction_, by.plan_.source(), storage::SortedUnique(std::move(leads)));
  }

  absl::Status TakeRow(size_t i, const RowOwners::Whose& whose, const store::ActivitySums* old_sums) {
    const IdentifiedRow& row = rows[i];
    const bool is_new = whose.lead.empty();
    static const domain::Lead kBlank;
    const domain::Lead had = is_new ? kBlank : owners.profiles.find(whose.lead)->second;
    std::optional<domain::SourceRow> last;
    if (const auto found = owners.known_rows.find(row.identity); found != owners.known_rows.end() && !is_new)
      last = found->second.row;
    domain::SourceRow before = last.value_or(domain::SourceRow());
    if (!last && old_sums != nullptr) before.taken = OldTotals(*old_sums, row.content);
    std::vector<const domain::SourceRow*> others;
    const auto [begin, end] = owners.said_about.equal_range(whose.lead);
    for (auto it = begin; it != end; ++it) {
      if (it->second.source != by.plan_.source() || it->second.identity != row.identity)
        others.push_back(&it->second.row);
    }
    TakenRow taken = domain::TakeRow(by.plan_, by.rules_, row.identity, row.content, had, before, others);
    results.progress.aged +=
        static_cast<int64_t>(std::erase_if(taken.activities, [&](const domain::Activity& activity) {
          return domain::IsAgedOut(activity, by.context_.now);
        }));
    domain::LeadId id = is_new ? whose.stub : whose.lead;
    if (id.empty())
      id = by.dry_ != nullptr ? by.dry_->NewLead()
                              : domain::LeadId(NewUuid(by.context_.clock, by.context_.rng));
    const std::vector<std::string> paths = PathsOf(taken, had);
    if (absl::Status applied = Apply(id, is_new, whose.stub, had, taken, paths); !applied.ok()) {
      const auto wrong = rpc::ViolationsOf(applied);
      if (wrong.empty()) return applied;
      constexpr std::string_view kBelow = "lead.";
      results.Reject(row.content.line, by.plan_.RejectFor({wrong.front().field().substr(kBelow.size()),
                                                           wrong.front().description()}));
      return absl::OkStatus();
    }
    Remember(i, id, is_new, had, std::move(last), taken);
    became[i] = is_new                                  ? Became::kCreated
                : taken.ChangesLead() || !paths.empty() ? Became::kUpdated
                : taken.LeavesSomething()               ? Became::kNotTaken
                                                        : Became::kUnchanged;
    Tell(row.content.line, id, taken);
    return absl::OkStatus();
  }

  absl::Status Apply(const domain::LeadId& id, bool is_new, const domain::LeadId& stub,
                     const domain::Lead& had, const TakenRow& taken, const std::vector<std::string>& paths) {
    if (by.dry_ != nullptr) return rpc::ToStatus(domain::Validate(taken.lead), "lead");
    if (is_new) {
      RETURN_IF_ERROR(batch.Create(id, taken.lead));
    } else if (!paths.empty()) {
      RETURN_IF_ERROR(batch.Change(id, had, taken.lead, paths));
    }
    if (!is_new && !stub.empty()) RETURN_IF_ERROR(batch.Absorb(id, stub));
    if (by.plan_.historic()) batch.SetHistory(id);
    return absl::OkStatus();
  }

  // Keeps what is to be written, or what a dry run would have written.
  void Remember(size_t i, const domain::LeadId& id, bool is_new, const domain::Lead& had,
                std::optional<domain::SourceRow> last, const TakenRow& taken) {
    const IdentifiedRow& row = rows[i];
    for (const domain::Activity& activity : taken.activities) {
      activities.push_back(activity);
      activities.back().lead = id;
      rows_of.push_back(i);
    }
    if (by.dry_ != nullptr) return by.dry_->Keep(row.identity, id, taken.row, taken.lead);
    for (const domain::ExternalId& external : taken.lead.external_ids) {
      const bool is_there = std::count(had.external_ids.begin(), had.external_ids.end(), external) > 0;
      if (!is_there && !owners.external_ids.contains(KeyOf(external)))
        new_ids.emplace_back(KeyOf(external), id);
    }
    source_rows.push_back({by.plan_.source(), row.identity, id, taken.row});
    change_of[i] = changes.size();
    ImportChange& change = changes.emplace_back();
    change.import = by.rules_.import;
    change.identity = row.identity;
    change.lead = id;
    change.created = is_new;
    change.row_before = std::move(last);
    if (!is_new) domain::AddTo(change, taken, had);
    change.growth = taken.growth;
  }

  void Tell(int64_t line, const domain::LeadId& id, const TakenRow& taken) {
    store::ImportProgress& progress = results.progress;
    progress.conflicts += std::ssize(taken.conflicts);
    progress.kept_denials += taken.kept_denials;
    progress.fallen_counters += taken.fallen_counters;
    progress.known_activities += taken.known_activities;
    progress.repeated_rows += taken.repeated;
    for (const domain::FactConflict& conflict : taken.conflicts) {
      v1::ImportConflict& to = results.conflicts.emplace_back();
      to.set_line(line);
      for (const domain::FactColumn& column : by.plan_.facts()) {
        if (column.path == conflict.path) to.set_column(column.column);
      }
      if (domain::LeadIdOf(domain::LeadName(id))) to.set_lead(domain::LeadName(id));
      to.set_kept(conflict.kept);
      to.set_given(conflict.given);
    }
  }

  // Writes what was taken since the last one, without waiting: PostgreSQL stores it while the next rows are
  // taken.
  absl::Status Send() {
    Sent next{.id_count = new_ids.size(), .ids = {}, .first_activity = activities_sent, .activities = {}};
    ASSIGN_OR_RETURN(next.ids, store::DeferFreeExternalIds(by.transaction_, new_ids));
    ASSIGN_OR_RETURN(next.activities, batch.DeferRecord(std::span(activities).subspan(activities_sent)));
    RETURN_IF_ERROR(store::WriteSourceRows(by.transaction_, source_rows));
    sent.push_back(std::move(next));
    activities_sent = activities.size();
    new_ids.clear();
    source_rows.clear();
    return absl::OkStatus();
  }

  // Which activities are new, of those that were sent.
  absl::StatusOr<std::vector<bool>> AwaitSent() {
    RETURN_IF_ERROR(by.transaction_.Settle());
    std::vector<bool> is_new;
    for (size_t i = 0; i < sent.size(); ++i) {
      const Sent& one = sent[i];
      if (one.ids->affected != static_cast<int64_t>(one.id_count))
        return storage::Conflict("an external id was taken meanwhile");
      const size_t end = i + 1 < sent.size() ? sent[i + 1].first_activity : activities.size();
      ASSIGN_OR_RETURN(
          const std::vector<store::Recorded> recorded,
          batch.CountRecorded(std::span(activities).subspan(one.first_activity, end - one.first_activity),
                              *one.activities));
      for (const store::Recorded of : recorded) is_new.push_back(of == store::Recorded::kNew);
    }
    return is_new;
  }

  absl::Status Write() {
    std::vector<bool> is_new(activities.size(), true);
    if (by.dry_ == nullptr) {
      RETURN_IF_ERROR(by.turn_->AwaitWrite());
      RETURN_IF_ERROR(Send());
      ASSIGN_OR_RETURN(is_new, AwaitSent());
    } else {
      ASSIGN_OR_RETURN(const auto known, store::KnownActivities(by.transaction_, activities));
      for (size_t k = 0; k < activities.size(); ++k) {
        const std::string& id = activities[k].activity_id;
        is_new[k] = !known.contains(id) && by.dry_->AddActivity(id);
      }
    }
    for (size_t k = 0; k < activities.size(); ++k) {
      if (!is_new[k]) continue;
      ++results.progress.activities;
      Became& one = became[rows_of[k]];
      if (one == Became::kUnchanged || one == Became::kNotTaken) one = Became::kUpdated;
      if (by.dry_ == nullptr) changes[change_of[rows_of[k]]].activities.push_back(activities[k].activity_id);
    }
    for (const Became one : became) {
      results.progress.created += one == Became::kCreated;
      results.progress.updated += one == Became::kUpdated;
      results.progress.unchanged += one == Became::kUnchanged;
      results.progress.not_taken += one == Became::kNotTaken;
    }
    if (by.dry_ != nullptr) return absl::OkStatus();
    RETURN_IF_ERROR(MergeChanges());
    RETURN_IF_ERROR(store::WriteChanges(by.transaction_, changes));
    return batch.Write("attributes");
  }

  // An identity that came before in this import has a change already.
  absl::Status MergeChanges() {
    std::vector<std::string> repeated;
    for (const auto& [identity, row] : owners.known_rows) {
      if (row.row.import == by.rules_.import) repeated.push_back(identity);
    }
    if (repeated.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(std::vector<ImportChange> earlier,
                     store::ReadChanges(by.transaction_, by.rules_.import, repeated));
    for (ImportChange& first : earlier) {
      const auto now = std::find_if(changes.begin(), changes.end(), [&](const ImportChange& change) {
        return change.identity == first.identity;
      });
      if (now == changes.end()) continue;
      domain::Join(first, std::move(*now));
      *now = std::move(first);
    }
    return absl::OkStatus();
  }
};

absl::StatusOr<size_t> RowTaker::TakeSome(std::span<const IdentifiedRow> rows, bool last,
                                          RowResults& results) {
  Piece piece(*this, rows, results);
  RETURN_IF_ERROR(piece.owners.Read(piece.batch));
  std::vector<RowOwners::Whose> whose;
  for (const IdentifiedRow& row : rows) whose.push_back(piece.owners.WhoIs(row));
  ASSIGN_OR_RETURN(const auto old_sums, piece.OldSums(whose));
  size_t taken = 0;
  for (; taken < rows.size(); ++taken) {
    const RowOwners::Whose& one = whose[taken];
    // A lead that an earlier row touches is read again first.
    if (!one.lead.empty() && !piece.touched.insert(one.lead).second) break;
    if (!one.stub.empty() && !piece.touched.insert(one.stub).second) break;
    piece.became.push_back(Piece::Became::kRejected);
    if (one.reject) {
      results.Reject(rows[taken].content.line, *one.reject);
      continue;
    }
    RETURN_IF_ERROR(piece.owners.CheckStill(rows[taken], one));
    const auto sums = old_sums.find(one.lead);
    RETURN_IF_ERROR(piece.TakeRow(taken, one, sums == old_sums.end() ? nullptr : &sums->second));
    if (taken % kSendAfter == kSendAfter - 1 && turn_ != nullptr && turn_->MayWrite())
      RETURN_IF_ERROR(piece.Send());
  }
  if (last && taken == rows.size() && turn_ != nullptr) turn_->HasLocked();
  RETURN_IF_ERROR(piece.Write());
  return taken;
}

absl::Status RowTaker::Take(std::span<const IdentifiedRow> rows, RowResults& results) {
  while (!rows.empty()) {
    // Rows that may be one lead are taken one after the other.
    std::set<std::string_view> seen;
    size_t some = 0;
    for (; some < rows.size(); ++some) {
      size_t known = 0;
      for (const std::string& key : rows[some].keys) known += !seen.insert(key).second;
      if (known > 0) break;
    }
    some = std::max<size_t>(some, 1);
    ASSIGN_OR_RETURN(const size_t taken, TakeSome(rows.first(some), some == rows.size(), results));
    rows = rows.subspan(taken);
  }
  return absl::OkStatus();
}

}  // namespace finalmile::leads::scoring

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "services/leads/domain/activity.h"
#include "services/leads/domain/facts.h"
#include "services/leads/domain/import_row.h"
#include "services/leads/domain/lead.h"

// What an import does to a lead: differences to what its source said before.
namespace finalmile::leads::domain {

// Totals by ImportedActivity::key.
using Totals = std::map<std::string, double, std::less<>>;

// What a source last said of one identity. It lives as long as its lead.
struct SourceRow {
  // By path of FactsOf, and "permissions.{channel}.{purpose}" for words about permissions. A value that was
  // not taken, because a person's stays, is not among them: it is a conflict again next time.
  Facts said;
  // What was taken of each total.
  Totals taken;
  // The import that said it.
  int64_t import = 0;
  // The digests of the last row of that import, and of the rows before it that it replaced, at most
  // kMaxReplaced.
  uint64_t digest = 0;
  std::vector<uint64_t> replaced;
  // The identity came more than once in that import.
  bool repeats = false;
  // What the import began with, and what it has told of each total so far.
  Totals taken_before;
  Totals told;
  std::vector<uint64_t> replaced_before;
  bool repeated_before = false;

  static constexpr size_t kMaxReplaced = 256;
};

struct FactChange {
  std::string path;
  std::optional<AttributeValue> before;
  std::optional<AttributeValue> after;
};

// A value that stays, because a person set it since.
struct FactConflict {
  std::string path;
  std::string kept;
  std::string given;
};

// How rows of an import are taken.
struct RowRules {
  int64_t import = 0;
  absl::Time start_time;
  bool prefer_source = false;
};

// A row, taken.
struct TakenRow {
  SourceRow row;
  // As the lead becomes.
  Lead lead;
  std::vector<FactChange> changes;
  // The permissions as they were, where the row changes them.
  std::optional<std::vector<Permission>> permissions_before;
  std::vector<FactConflict> conflicts;
  // Complete but for `lead`.
  std::vector<Activity> activities;
  // By how much each total has grown.
  Totals growth;
  // See ImportLeadsResponse.
  int64_t kept_denials = 0;
  int64_t fallen_counters = 0;
  int64_t known_activities = 0;
  bool repeated = false;

  bool ChangesLead() const { return !changes.empty() || permissions_before.has_value(); }
  bool LeavesSomething() const {
    return !conflicts.empty() || kept_denials > 0 || fallen_counters > 0 || known_activities > 0;
  }
};

// Takes `row`, whose identity is `identity`, into `current`, the lead as it is (a blank one: it is new).
// `last` is what the source said before, and `others` what other sources said of the lead: a value that a
// source gave is nobody's work, and the last source to change it wins; one that a person gave stays.
//
// A counter is cumulative: its growth over the last import is an activity. A word is taken once, until the
// cell ceases to hold it. In a log (ImportPlan::log, or an identity that comes again in the same file) every
// row is an event: rows of one identity, cell and time are the same event, and undated totals add up over the
// file.
TakenRow TakeRow(const ImportPlan& plan, const RowRules& rules, std::string_view identity,
                 const ImportedLead& row, const Lead& current, SourceRow last,
                 std::span<const SourceRow* const> others);

// Whether `word` may replace `current`: a denial is lifted only by a later word that is dated.
bool MayReplace(const Permission& current, const Permission& word, bool dated);

}  // namespace finalmile::leads::domain

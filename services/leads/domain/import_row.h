#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/leads/domain/activity.h"
#include "services/leads/domain/import_cell.h"
#include "services/leads/domain/import_mapping.h"
#include "services/leads/domain/lead.h"
#include "services/leads/domain/violation.h"

namespace finalmile::leads::domain {

// Why a row is refused, or a cell is not read. Repeats no cell but a word that the mapping does not list.
struct Reject {
  // As the mapping names it; empty: the row as a whole.
  std::string column;
  std::string reason;
};

// What a cell says that a lead did.
struct ImportedActivity : Activity {
  // Which cell of a row says it, the same in every row: "n" for a counter or "w" for a word, and then column,
  // type and subject.
  std::string key;
  // What the source has counted in all: units, or seconds where the cell is one of seconds; 1 for a word.
  double total = 1;
  // The cell is such a total, rather than a word that holds or does not.
  bool counter = false;
};
inline bool IsWord(std::string_view activity_key) { return activity_key.starts_with('w'); }

// A row of an import as a lead with its activities.
struct ImportedLead {
  // Line of the file on which the row starts.
  int64_t line = 0;
  // Normalised and valid. It has the external id of the id_column, where the mapping names one.
  Lead lead;
  // Valid but for `lead` and `activity_id`, which TakeRow fills.
  std::vector<ImportedActivity> activities;
  // The cells that could not be read. The row says nothing of what they fill, which is not to say that they
  // are empty.
  std::vector<Reject> unread;
};

// A column and the fact that it fills (FactsOf).
struct FactColumn {
  std::string path;
  std::string column;
};

// A mapping and a header, prepared for reading rows. Immutable; thread-safe.
class ImportPlan {
 public:
  // The two have no violations (Validate).
  ImportPlan(ImportMapping mapping, absl::Span<const std::string> columns);

  // Reads the row that starts on `line` (> 1); cells that it lacks at its end are empty. `start_time` is when
  // the import was started: hours_before_import counts from it, permissions are dated by it, and a time more
  // than 30 minutes after it is not read. Refused are rows without an id, with more to say than the header
  // has columns for, or with a word about permissions that the mapping does not list, and blank ones.
  std::variant<ImportedLead, Reject> MapRow(absl::Span<const std::string> cells, int64_t line,
                                            absl::Time start_time) const;

  // The reject for a lead that has `violation`, which names a field of the lead: with the column that fills
  // the field, or with the field in the reason where no column does.
  Reject RejectFor(const Violation& violation) const;

  // "import:{name}", of activities and permissions.
  const std::string& source() const { return source_; }
  // What the columns of the mapping fill; a column of gates fills several.
  const std::vector<FactColumn>& facts() const { return facts_; }
  // The permissions that columns speak of, with channel and purpose alone.
  const std::vector<Permission>& permissions() const { return permissions_; }
  // The column of a permission.
  std::string ColumnOf(const Permission& permission) const;
  // A column dates the activities of each row.
  bool dates_rows() const { return std::holds_alternative<TimeColumn>(mapping_.activity_time); }
  bool log() const { return mapping_.log; }
  bool historic() const { return mapping_.historic; }
  // The source of the external ids of rows.
  const std::string& id_source() const { return mapping_.id_source; }

 private:
  struct Reading;

  void NameFacts();
  size_t IndexOf(const std::string& column) const { return *index_.Find(column); }

  // Its words are as text::Comparable gives them, its columns as the header names them.
  ImportMapping mapping_;
  std::string source_;
  std::vector<FactColumn> facts_;
  std::vector<Permission> permissions_;
  std::vector<std::string> columns_;
  ColumnIndex index_;
  // Per column.
  std::vector<CellFormat> formats_;
};

}  // namespace finalmile::leads::domain

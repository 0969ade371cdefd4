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

// A row of an import as a lead with its activities.
struct ImportedLead {
  // Line of the file on which the row starts.
  int64_t line = 0;
  // Normalised and valid; its one external id has the source "import:{name}".
  Lead lead;
  // Valid but for `lead`, which the caller fills. Source "import:{name}"; ids depend only on the import's
  // name, the row's id, and the column, type and subject: the same row read twice gives the same ids.
  std::vector<Activity> activities;
  // The cells that could not be read. The lead is without what they say, which is not to say that they are
  // empty.
  std::vector<Reject> unread;
};

// `current` with the fields, attributes, outcome and permissions of a row in place of its own; what the row
// leaves empty stays. The result may break the limits of a lead (Validate).
Lead Merged(Lead current, const Lead& imported);

// A mapping and a header, prepared for reading rows. Immutable; thread-safe.
class ImportPlan {
 public:
  // The two have no violations (Validate).
  ImportPlan(ImportMapping mapping, absl::Span<const std::string> columns);

  // Reads the row that starts on `line` (> 1); cells that it lacks at its end are empty. `start_time` is when
  // the import was started: hours_before_import counts from it, permissions are dated by it, and a time more
  // than 10 minutes after it is not read. Refused are rows without an id, with more to say than the header
  // has columns for, or with a word about permissions that the mapping does not list, and blank ones.
  std::variant<ImportedLead, Reject> MapRow(absl::Span<const std::string> cells, int64_t line,
                                            absl::Time start_time) const;

  // The reject for a lead that has `violation`, which names a field of the lead: with the column that fills
  // the field, or with the field in the reason where no column does.
  Reject RejectFor(const Violation& violation) const;

 private:
  struct Reading;

  size_t IndexOf(const std::string& column) const { return *index_.Find(column); }

  // Its words are as text::Comparable gives them, its columns as the header names them.
  ImportMapping mapping_;
  std::string source_;
  std::vector<std::string> columns_;
  ColumnIndex index_;
  // Per column.
  std::vector<CellFormat> formats_;
};

}  // namespace finalmile::leads::domain

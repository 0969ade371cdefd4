#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "services/leads/domain/source_row.h"

// What an import did to one identity, kept so that it can be taken back.
namespace finalmile::leads::domain {

struct ImportChange {
  int64_t import = 0;
  // As source_rows has it.
  std::string identity;
  LeadId lead;
  bool created = false;
  // First to last over all rows of the identity.
  std::vector<FactChange> changes;
  std::optional<std::vector<Permission>> permissions_before;
  std::vector<Permission> permissions_after;
  std::vector<ExternalId> external_ids;
  // Ids of activities that were added.
  std::vector<std::string> activities;
  Totals growth;
  // What the source had said before the import; absent: nothing.
  std::optional<SourceRow> row_before;
};

// Takes over what a row did to a lead that was there; `had` is the lead before it. Activities and growth are
// the caller's to add.
void AddTo(ImportChange& change, const TakenRow& taken, const Lead& had);

// Adds a later change of the same identity in the same import.
void Join(ImportChange& first, ImportChange later);

// What taking back makes of a lead that stays.
struct TakenBack {
  Lead lead;
  // Paths of what stays, because somebody changed it since.
  std::vector<std::string> kept;
  // What the source has then said; absent: nothing.
  std::optional<SourceRow> row;
};
// `now` is what the source has said; null: nothing is known of it. A later import that says the same again,
// and other sources that say it, keep a value. Activities are the caller's to delete.
TakenBack TakeBack(const ImportChange& change, const Lead& current, const SourceRow* now,
                   std::span<const SourceRow* const> others);

}  // namespace finalmile::leads::domain

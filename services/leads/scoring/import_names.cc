#include "services/leads/scoring/import_names.h"

#include <fmt/format.h>

#include <charconv>

#include "services/leads/domain/lead_rules.h"
#include "services/leads/scoring/convert.h"

namespace finalmile::leads::scoring {
namespace {

constexpr std::string_view kImports = "imports/";

}  // namespace

std::string ImportName(int64_t number) { return fmt::format("{}{}", kImports, number); }

std::optional<int64_t> ImportNumber(std::string_view name) {
  if (!name.starts_with(kImports)) return std::nullopt;
  name.remove_prefix(kImports.size());
  int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size() || number <= 0) return std::nullopt;
  return number;
}

v1::ImportLeadsResponse ImportTotals(const store::ImportProgress& progress) {
  v1::ImportLeadsResponse totals;
  totals.set_acknowledged_line(progress.acknowledged_line);
  totals.set_created(progress.created);
  totals.set_updated(progress.updated);
  totals.set_unchanged(progress.unchanged);
  totals.set_activities(progress.activities);
  totals.set_rejected(progress.rejected);
  totals.set_aged_activities(progress.aged);
  totals.set_not_taken(progress.not_taken);
  totals.set_conflict_count(progress.conflicts);
  totals.set_kept_denials(progress.kept_denials);
  totals.set_fallen_counters(progress.fallen_counters);
  totals.set_known_activities(progress.known_activities);
  totals.set_repeated_rows(progress.repeated_rows);
  return totals;
}

v1::Import ToProto(const store::ImportProgress& progress) {
  v1::Import import;
  import.set_name(ImportName(progress.number));
  import.set_source(progress.source.substr(progress.source.find(':') + 1));
  import.set_file_name(progress.file_name);
  import.set_caller(progress.caller);
  *import.mutable_start_time() = ToProto(progress.start_time);
  *import.mutable_move_time() = ToProto(progress.move_time);
  *import.mutable_undo_until() = ToProto(progress.move_time + domain::kUndo);
  if (progress.undo_time != absl::InfinitePast()) *import.mutable_undo_time() = ToProto(progress.undo_time);
  *import.mutable_totals() = ImportTotals(progress);
  return import;
}

}  // namespace finalmile::leads::scoring

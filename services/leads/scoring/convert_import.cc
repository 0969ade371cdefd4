#include "services/leads/scoring/convert.h"

namespace finalmile::leads::scoring {
namespace {

template <class Values>
std::vector<std::string> Strings(const Values& values) {
  return {values.begin(), values.end()};
}

template <class Map>
std::map<std::string, std::string> Texts(const Map& map) {
  return {map.begin(), map.end()};
}

domain::ActivityColumn ToDomain(const v1::ActivityColumn& column) {
  domain::ActivityColumn result;
  result.column = column.column();
  result.type = column.type();
  result.subject = column.subject();
  switch (column.count_case()) {
    case v1::ActivityColumn::kCellIsCount:
      result.count = domain::CellIsCount{column.cell_is_count()};
      break;
    case v1::ActivityColumn::kWhen:
      result.count = domain::When{Strings(column.when().values())};
      break;
    case v1::ActivityColumn::kWhenAtLeast:
      result.count = domain::WhenAtLeast{column.when_at_least()};
      break;
    case v1::ActivityColumn::COUNT_NOT_SET:
      break;
  }
  result.cell_is_seconds = column.cell_is_seconds();
  result.hours_before = column.hours_before();
  result.null_words = Strings(column.null_words());
  return result;
}

domain::ActivityTime ToDomain(const v1::ActivityTime& time) {
  switch (time.kind_case()) {
    case v1::ActivityTime::kColumn:
      return domain::TimeColumn{time.column()};
    case v1::ActivityTime::kFixed:
      return domain::FixedTime{FromProto(time.fixed())};
    case v1::ActivityTime::kHoursBeforeImport:
      return domain::HoursBeforeImport{time.hours_before_import()};
    case v1::ActivityTime::KIND_NOT_SET:
      break;
  }
  return {};
}

// The zone of a name such as Europe/Berlin. Other files than those of the zone database are not looked at.
std::optional<absl::TimeZone> ZoneOf(const std::string& name) {
  const bool is_name = !name.empty() && name.size() <= 64 && name.front() != '/' &&
                       name.find("..") == std::string::npos &&
                       (name.starts_with("Fixed/") || name.find(':') == std::string::npos);
  absl::TimeZone zone;
  return is_name && absl::LoadTimeZone(name, &zone) ? std::optional(zone) : std::nullopt;
}

}  // namespace

domain::ImportMapping FromProto(const v1::ImportMapping& mapping) {
  domain::ImportMapping result;
  result.name = mapping.name();
  result.null_words = Strings(mapping.null_words());
  result.id_column = mapping.id_column();
  result.delimiter = mapping.delimiter();
  for (const v1::AttributeColumn& column : mapping.attributes()) {
    result.attributes.push_back({column.column(), column.attribute(),
                                 static_cast<domain::AttributeType>(column.type()), Texts(column.values()),
                                 Strings(column.null_words())});
  }
  for (const v1::FieldColumn& column : mapping.fields()) {
    result.fields.push_back({column.column(), column.field(), Texts(column.values())});
  }
  for (const v1::ActivityColumn& column : mapping.activities()) result.activities.push_back(ToDomain(column));
  const v1::OutcomeColumn& outcome = mapping.outcome();
  result.outcome = {outcome.column(), Strings(outcome.positive()), Strings(outcome.negative()),
                    Strings(outcome.null_words())};
  for (const v1::PermissionColumn& column : mapping.permissions()) {
    result.permissions.push_back({column.column(), static_cast<domain::Channel>(column.channel()),
                                  column.purpose(), Strings(column.denied()), Strings(column.allowed()),
                                  Strings(column.null_words()), column.time_column()});
  }
  result.id_source = mapping.id_source();
  for (const v1::GateColumn& column : mapping.gates()) {
    domain::GateColumn& to = result.gates.emplace_back();
    to.column = column.column();
    for (const auto& [word, gate] : column.values()) to.values[word] = static_cast<domain::Gate>(gate);
    to.none = Strings(column.none());
  }
  result.arrival_time = ToDomain(mapping.arrival_time());
  result.outcome_time = ToDomain(mapping.outcome_time());
  result.historic = mapping.historic();
  result.log = mapping.log();
  result.after_contact = Strings(mapping.after_contact());
  result.ignore = Strings(mapping.ignore());
  result.activity_time = ToDomain(mapping.activity_time());
  for (const v1::ColumnFormat& format : mapping.formats()) {
    result.formats.push_back({format.column(), format.dates(), format.zone(), ZoneOf(format.zone()),
                              format.decimal(), static_cast<domain::RangeEnd>(format.ranges()),
                              format.separators()});
  }
  return result;
}

}  // namespace finalmile::leads::scoring

#include <fmt/format.h>

#include <set>

#include "services/leads/domain/import_row.h"
#include "services/leads/domain/text.h"

namespace finalmile::leads::domain {
namespace {

void CompareAll(std::vector<std::string>& words) {
  for (std::string& word : words) word = text::Comparable(word);
}

template <class Value>
void CompareKeys(std::map<std::string, Value>& values) {
  std::map<std::string, Value> compared;
  for (const auto& [from, to] : values) compared.emplace(text::Comparable(from), to);
  values = std::move(compared);
}

}  // namespace

ImportPlan::ImportPlan(ImportMapping mapping, absl::Span<const std::string> columns)
    : mapping_(std::move(mapping)),
      source_("import:" + mapping_.name),
      columns_(columns.begin(), columns.end()),
      index_(columns) {
  for (const std::string& column : columns_) formats_.push_back(FormatOf(mapping_, column));
  CompareAll(mapping_.null_words);
  for (AttributeColumn& column : mapping_.attributes) {
    CompareKeys(column.values);
    CompareAll(column.null_words);
  }
  for (FieldColumn& column : mapping_.fields) CompareKeys(column.values);
  for (ActivityColumn& column : mapping_.activities) {
    if (auto* when = std::get_if<When>(&column.count)) CompareAll(when->values);
    CompareAll(column.null_words);
  }
  for (auto* words : {&mapping_.outcome.positive, &mapping_.outcome.negative, &mapping_.outcome.null_words}) {
    CompareAll(*words);
  }
  for (PermissionColumn& column : mapping_.permissions) {
    for (auto* words : {&column.denied, &column.allowed, &column.null_words}) CompareAll(*words);
  }
  for (GateColumn& column : mapping_.gates) {
    CompareKeys(column.values);
    CompareAll(column.none);
  }
  if (mapping_.id_source.empty()) mapping_.id_source = source_;
  NameFacts();
}

void ImportPlan::NameFacts() {
  for (const FieldColumn& column : mapping_.fields) facts_.push_back({column.field, column.column});
  for (const AttributeColumn& column : mapping_.attributes)
    facts_.push_back({"attributes." + AttributeName(column), column.column});
  for (const GateColumn& column : mapping_.gates) {
    std::set<Gate> gates;
    for (const auto& [word, gate] : column.values) gates.insert(gate);
    for (const Gate gate : gates)
      facts_.push_back({fmt::format("gates.{}", static_cast<int>(gate)), column.column});
  }
  if (!mapping_.outcome.column.empty()) facts_.push_back({"outcome", mapping_.outcome.column});
  for (const PermissionColumn& column : mapping_.permissions) {
    Permission& permission = permissions_.emplace_back();
    permission.channel = column.channel;
    permission.purpose = column.purpose;
  }
  const auto time = [&](std::string_view path, const ActivityTime& from) {
    if (const auto* column = std::get_if<TimeColumn>(&from))
      facts_.push_back({std::string(path), column->column});
    if (std::holds_alternative<FixedTime>(from)) facts_.push_back({std::string(path), ""});
  };
  time("arrival_time", mapping_.arrival_time);
  time("outcome_time", mapping_.outcome_time);
}

std::string ImportPlan::ColumnOf(const Permission& permission) const {
  for (const PermissionColumn& column : mapping_.permissions) {
    if (column.channel == permission.channel && column.purpose == permission.purpose) return column.column;
  }
  return {};
}

Reject ImportPlan::RejectFor(const Violation& violation) const {
  const std::string& field = violation.field;
  for (const FieldColumn& column : mapping_.fields) {
    if (column.field == field) return {column.column, violation.description};
  }
  for (const AttributeColumn& column : mapping_.attributes) {
    if (fmt::format("attributes[{}]", AttributeName(column)) == field)
      return {column.column, violation.description};
  }
  if (field.starts_with("external_ids") && !mapping_.id_column.empty())
    return {mapping_.id_column, violation.description};
  return {"", fmt::format("{} {}", field, violation.description)};
}

}  // namespace finalmile::leads::domain

#include "services/leads/store/source_row_encoding.h"

#include <nlohmann/json.hpp>

#include "libs/base/status.h"
#include "services/leads/store/encoding.h"

namespace finalmile::leads::store {
namespace {

using domain::FactChange;
using domain::ImportChange;
using domain::SourceRow;
using nlohmann::json;

constexpr const char* kDamaged = "what a source said is damaged";

// Members that are empty are left out.
template <class Container>
void Put(json& object, const char* name, const Container& content) {
  if (!content.empty()) object[name] = content;
}
template <class Type>
void Get(const json& object, const char* name, Type& to) {
  if (const auto found = object.find(name); found != object.end()) to = found->get<Type>();
}

json ToJson(const SourceRow& row) {
  json object = {{"import", row.import}, {"digest", row.digest}};
  if (!row.said.empty()) object["said"] = EncodeAttributes(row.said);
  Put(object, "taken", std::map<std::string, double>(row.taken.begin(), row.taken.end()));
  Put(object, "replaced", row.replaced);
  if (row.repeats) object["repeats"] = true;
  Put(object, "taken_before",
      std::map<std::string, double>(row.taken_before.begin(), row.taken_before.end()));
  Put(object, "told", std::map<std::string, double>(row.told.begin(), row.told.end()));
  Put(object, "replaced_before", row.replaced_before);
  if (row.repeated_before) object["repeated_before"] = true;
  return object;
}

domain::Totals TotalsOf(const json& object, const char* name) {
  std::map<std::string, double> totals;
  Get(object, name, totals);
  return {totals.begin(), totals.end()};
}

absl::StatusOr<SourceRow> RowOf(const json& object) {
  SourceRow row;
  std::string said;
  Get(object, "import", row.import);
  Get(object, "digest", row.digest);
  Get(object, "said", said);
  ASSIGN_OR_RETURN(row.said, DecodeAttributes(said));
  row.taken = TotalsOf(object, "taken");
  Get(object, "replaced", row.replaced);
  Get(object, "repeats", row.repeats);
  row.taken_before = TotalsOf(object, "taken_before");
  row.told = TotalsOf(object, "told");
  Get(object, "replaced_before", row.replaced_before);
  Get(object, "repeated_before", row.repeated_before);
  return row;
}

// A value that may be absent, as a map of one.
std::string ValueText(const std::optional<domain::AttributeValue>& value) {
  return value ? EncodeAttributes({{"v", *value}}) : std::string();
}
absl::StatusOr<std::optional<domain::AttributeValue>> ValueOf(const std::string& text) {
  ASSIGN_OR_RETURN(domain::Attributes map, DecodeAttributes(text));
  if (map.empty()) return std::nullopt;
  return std::move(map.begin()->second);
}

absl::Status ReadChange(const json& object, ImportChange& change) {
  Get(object, "created", change.created);
  if (const auto list = object.find("changes"); list != object.end()) {
    for (const json& one : *list) {
      FactChange& to = change.changes.emplace_back();
      to.path = one.at(0).get<std::string>();
      ASSIGN_OR_RETURN(to.before, ValueOf(one.at(1).get<std::string>()));
      ASSIGN_OR_RETURN(to.after, ValueOf(one.at(2).get<std::string>()));
    }
  }
  if (const auto before = object.find("permissions_before"); before != object.end()) {
    change.permissions_before.emplace();
    RETURN_IF_ERROR(DecodePermissions(before->get<std::string>(), *change.permissions_before));
    RETURN_IF_ERROR(
        DecodePermissions(object.at("permissions_after").get<std::string>(), change.permissions_after));
  }
  if (const auto ids = object.find("external_ids"); ids != object.end()) {
    for (const json& id : *ids)
      change.external_ids.push_back({id.at(0).get<std::string>(), id.at(1).get<std::string>()});
  }
  Get(object, "activities", change.activities);
  change.growth = TotalsOf(object, "growth");
  if (const auto row = object.find("row_before"); row != object.end()) {
    ASSIGN_OR_RETURN(change.row_before, RowOf(*row));
  }
  return absl::OkStatus();
}

// Members of another type than Encode writes are thrown by the library.
template <class Function>
absl::Status Guarded(std::string_view text, Function read) {
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return absl::DataLossError(kDamaged);
  try {
    return read(object);
  } catch (const json::exception&) {
    return absl::DataLossError(kDamaged);
  }
}

}  // namespace

std::string EncodeSourceRow(const SourceRow& row) { return ToJson(row).dump(); }

absl::StatusOr<SourceRow> DecodeSourceRow(std::string_view text) {
  SourceRow row;
  RETURN_IF_ERROR(Guarded(text, [&](const json& object) -> absl::Status {
    ASSIGN_OR_RETURN(row, RowOf(object));
    return absl::OkStatus();
  }));
  return row;
}

std::string EncodeChange(const ImportChange& change) {
  json object = json::object();
  if (change.created) object["created"] = true;
  for (const FactChange& one : change.changes)
    object["changes"].push_back({one.path, ValueText(one.before), ValueText(one.after)});
  if (change.permissions_before) {
    object["permissions_before"] = EncodePermissions(*change.permissions_before);
    object["permissions_after"] = EncodePermissions(change.permissions_after);
  }
  for (const domain::ExternalId& id : change.external_ids)
    object["external_ids"].push_back({id.source, id.id});
  Put(object, "activities", change.activities);
  Put(object, "growth", std::map<std::string, double>(change.growth.begin(), change.growth.end()));
  if (change.row_before) object["row_before"] = ToJson(*change.row_before);
  return object.dump();
}

absl::Status DecodeChange(std::string_view text, ImportChange& change) {
  return Guarded(text, [&](const json& object) { return ReadChange(object, change); });
}

}  // namespace finalmile::leads::store

#include "services/finalmile/import/activity_line.h"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <nlohmann/json.hpp>

#include "absl/time/time.h"
#include "libs/base/status.h"

namespace finalmile::cli {
namespace {

using nlohmann::json;

enum class Kind { kText, kTime, kWhole, kNumber, kBoolean, kTexts, kExternalId };
struct Key {
  std::string_view name;
  Kind kind;
};
constexpr Key kKeys[] = {
    {"lead", Kind::kText},       {"email", Kind::kText},       {"external_id", Kind::kExternalId},
    {"source", Kind::kText},     {"activity_id", Kind::kText}, {"type", Kind::kText},
    {"event_time", Kind::kTime}, {"subject", Kind::kText},     {"count", Kind::kWhole},
    {"seconds", Kind::kNumber},  {"outbound", Kind::kBoolean}, {"automated", Kind::kBoolean},
    {"properties", Kind::kTexts}};
constexpr std::string_view kShape =
    "an activity has lead (or email, or external_id), source, activity_id, type and event_time, and may have "
    "subject, count, seconds, outbound, automated and properties";

// What other tools call them, in lower case without _ and -.
constexpr std::pair<std::string_view, std::string_view> kOtherNames[] = {{"event", "type"},
                                                                         {"eventname", "type"},
                                                                         {"eventtype", "type"},
                                                                         {"name", "type"},
                                                                         {"activitytype", "type"},
                                                                         {"timestamp", "event_time"},
                                                                         {"time", "event_time"},
                                                                         {"date", "event_time"},
                                                                         {"occurredat", "event_time"},
                                                                         {"senttime", "event_time"},
                                                                         {"originaltimestamp", "event_time"},
                                                                         {"createdat", "event_time"},
                                                                         {"messageid", "activity_id"},
                                                                         {"eventid", "activity_id"},
                                                                         {"id", "activity_id"},
                                                                         {"insertid", "activity_id"},
                                                                         {"userid", "external_id"},
                                                                         {"distinctid", "external_id"},
                                                                         {"anonymousid", "external_id"},
                                                                         {"contactid", "external_id"},
                                                                         {"clientid", "external_id"},
                                                                         {"objectid", "external_id"},
                                                                         {"url", "subject"},
                                                                         {"page", "subject"},
                                                                         {"emailaddress", "email"},
                                                                         {"context", "properties"},
                                                                         {"traits", "properties"},
                                                                         {"data", "properties"},
                                                                         {"duration", "seconds"}};

// "activityId" is "activity_id".
std::string Snake(std::string_view key) {
  std::string snake;
  for (const char c : key) {
    if (c >= 'A' && c <= 'Z') {
      snake += '_';
      snake += static_cast<char>(c - 'A' + 'a');
    } else {
      snake += c;
    }
  }
  return snake;
}

const Key* FindKey(std::string_view name) {
  for (const Key& key : kKeys) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

std::string UnknownKey(const std::string& key) {
  std::string plain;
  for (const char c : Snake(key)) {
    if (c != '_' && c != '-') plain += c;
  }
  for (const auto& [other, ours] : kOtherNames) {
    if (other == plain) return fmt::format("\"{}\" is {} here; {}", key, ours, kShape);
  }
  return fmt::format("\"{}\" is nothing that an activity has; {}", key, kShape);
}

// What is wrong with a value; empty: nothing.
std::string WrongValue(const Key& key, const json& value) {
  const auto wrong = [&](std::string_view what) { return fmt::format("{} must be {}", key.name, what); };
  absl::Time time;
  switch (key.kind) {
    case Kind::kText:
      return value.is_string() ? "" : wrong("text in quotes");
    case Kind::kTime:
      if (value.is_string() && absl::ParseTime(absl::RFC3339_full, value.get<std::string>(), &time, nullptr))
        return "";
      return wrong("a time with its zone, such as \"2026-03-01T09:00:00Z\"");
    case Kind::kWhole:
      return value.is_number_integer() ? "" : wrong("a whole number");
    case Kind::kNumber:
      return value.is_number() ? "" : wrong("a number");
    case Kind::kBoolean:
      return value.is_boolean() ? "" : wrong("true or false");
    case Kind::kTexts:
      if (!value.is_object()) return wrong("an object of texts");
      for (const auto& [name, one] : value.items()) {
        if (!one.is_string()) return fmt::format("properties.{} must be text in quotes", name);
      }
      return "";
    case Kind::kExternalId:
      if (value.is_object() && value.size() == 2 && value.contains("source") && value["source"].is_string() &&
          value.contains("id") && value["id"].is_string())
        return "";
      return wrong("{\"source\": \"crm\", \"id\": \"0031\"}");
  }
  return "";
}

// Why a line is no object.
absl::Status NoObject(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r");
  const char begin = first == std::string_view::npos ? ' ' : text[first];
  if (begin == '[' || begin == ']') {
    return absl::InvalidArgumentError(
        "is part of a JSON list; give one activity on each line, as jq -c '.[]' FILE does");
  }
  if (begin == '{' || begin == '}' || begin == '"') {
    return absl::InvalidArgumentError(
        "is no whole JSON object; give one activity on each line, as jq -c . FILE does");
  }
  return absl::InvalidArgumentError(
      "is not JSON; each line is one activity as a JSON object. A table of leads goes by finalmile import");
}

}  // namespace

absl::StatusOr<ActivityLine> ReadActivityLine(std::string_view text) {
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return NoObject(text);
  json known = json::object();
  ActivityLine line;
  for (const auto& [name, value] : object.items()) {
    const Key* key = FindKey(Snake(name));
    if (key == nullptr) return absl::InvalidArgumentError(UnknownKey(name));
    if (value.is_null()) continue;
    if (std::string wrong = WrongValue(*key, value); !wrong.empty()) return absl::InvalidArgumentError(wrong);
    if (key->name == "email") {
      line.email = value.get<std::string>();
    } else if (key->name == "lead") {
      line.lead = value.get<std::string>();
    } else {
      known[std::string(key->name)] = value;
    }
  }
  const bool by_id = known.contains("external_id");
  if ((line.lead.empty() ? 0 : 1) + (line.email.empty() ? 0 : 1) + (by_id ? 1 : 0) > 1)
    return absl::InvalidArgumentError("gives more than one of lead, email and external_id");
  if (line.lead.empty() && line.email.empty() && !by_id)
    return absl::InvalidArgumentError("does not say whose it is: give lead, email or external_id");
  for (const std::string_view needed : {"source", "activity_id", "type", "event_time"}) {
    if (!known.contains(std::string(needed)))
      return absl::InvalidArgumentError(fmt::format("has no {}; {}", needed, kShape));
  }
  const auto parsed = google::protobuf::util::JsonStringToMessage(known.dump(), &line.activity);
  if (!parsed.ok())
    return absl::InvalidArgumentError(fmt::format("cannot be read: {}", parsed.message().ToString()));
  return line;
}

}  // namespace finalmile::cli

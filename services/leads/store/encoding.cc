#include "services/leads/store/encoding.h"

#include <nlohmann/json.hpp>

#include "libs/base/clock.h"
#include "libs/base/status.h"

namespace finalmile::leads::store {
namespace {

using nlohmann::json;

absl::StatusOr<json> ParseObject(std::string_view text) {
  if (text.empty()) return json::object();
  json parsed = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object()) return absl::DataLossError("a stored map is damaged");
  return parsed;
}

json ToJson(const domain::Attributes& attributes) {
  json object = json::object();
  for (const auto& [name, value] : attributes) {
    json& member = object[name];
    std::visit([&member](const auto& v) { member = v; }, value);
  }
  return object;
}

absl::StatusOr<domain::Attributes> FromJson(const json& object) {
  domain::Attributes attributes;
  for (const auto& [name, value] : object.items()) {
    if (value.is_string()) {
      attributes[name] = value.get<std::string>();
    } else if (value.is_boolean()) {
      attributes[name] = value.get<bool>();
    } else if (value.is_number()) {
      attributes[name] = value.get<double>();
    } else if (value.is_array()) {
      std::vector<std::string> list;
      for (const json& element : value) {
        if (!element.is_string()) return absl::DataLossError("a stored list is damaged");
        list.push_back(element.get<std::string>());
      }
      attributes[name] = std::move(list);
    } else {
      return absl::DataLossError("a stored attribute is damaged");
    }
  }
  return attributes;
}

}  // namespace

std::string EncodeAttributes(const domain::Attributes& attributes) {
  return attributes.empty() ? std::string() : ToJson(attributes).dump();
}

absl::StatusOr<domain::Attributes> DecodeAttributes(std::string_view text) {
  ASSIGN_OR_RETURN(json object, ParseObject(text));
  return FromJson(object);
}

std::string EncodeProperties(const std::map<std::string, std::string>& properties) {
  return properties.empty() ? std::string() : json(properties).dump();
}

absl::StatusOr<std::map<std::string, std::string>> DecodeProperties(std::string_view text) {
  ASSIGN_OR_RETURN(json object, ParseObject(text));
  std::map<std::string, std::string> properties;
  for (const auto& [name, value] : object.items()) {
    if (!value.is_string()) return absl::DataLossError("a stored property is damaged");
    properties[name] = value.get<std::string>();
  }
  return properties;
}

std::string EncodeFacts(const domain::Lead& facts) {
  json object = json::object();
  for (const domain::TextField& field : domain::kTextFields) {
    const std::string& value = facts.*field.member;
    if (field.read_by_fit && !value.empty()) object[std::string(field.name)] = value;
  }
  if (!facts.attributes.empty()) object["attributes"] = ToJson(facts.attributes);
  if (facts.outcome_time != absl::InfinitePast()) object["outcome_time"] = ToMicros(facts.outcome_time);
  if (facts.history_time != absl::InfinitePast()) object["history_time"] = ToMicros(facts.history_time);
  return object.dump();
}

absl::Status DecodeFacts(std::string_view text, domain::Lead& facts) {
  ASSIGN_OR_RETURN(json object, ParseObject(text));
  for (const domain::TextField& field : domain::kTextFields) {
    const auto found = object.find(std::string(field.name));
    if (field.read_by_fit && found != object.end() && found->is_string())
      facts.*field.member = found->get<std::string>();
  }
  if (const auto found = object.find("attributes"); found != object.end()) {
    ASSIGN_OR_RETURN(facts.attributes, FromJson(*found));
  }
  const auto time = [&](const char* name, absl::Time& to) {
    if (const auto found = object.find(name); found != object.end() && found->is_number_integer())
      to = FromMicros(found->get<int64_t>());
  };
  time("outcome_time", facts.outcome_time);
  time("history_time", facts.history_time);
  return absl::OkStatus();
}

std::string EncodePermissions(const std::vector<domain::Permission>& permissions) {
  if (permissions.empty()) return {};
  json list = json::array();
  for (const domain::Permission& p : permissions) {
    list.push_back({static_cast<int>(p.channel), p.purpose, static_cast<int>(p.state), p.basis, p.source,
                    ToMicros(p.time)});
  }
  return list.dump();
}

absl::Status DecodePermissions(const std::string& text, std::vector<domain::Permission>& permissions) {
  if (text.empty()) return absl::OkStatus();
  const json list = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!list.is_array()) return absl::DataLossError("stored permissions are damaged");
  for (const json& p : list) {
    if (!p.is_array() || p.size() != 6) return absl::DataLossError("a stored permission is damaged");
    permissions.push_back({static_cast<domain::Channel>(p[0].get<int>()), p[1].get<std::string>(),
                           static_cast<domain::PermissionState>(p[2].get<int>()), p[3].get<std::string>(),
                           p[4].get<std::string>(), FromMicros(p[5].get<int64_t>())});
  }
  return absl::OkStatus();
}

std::string EncodeReasons(const std::vector<domain::Reason>& reasons) {
  json list = json::array();
  for (const domain::Reason& reason : reasons)
    list.push_back({reason.part, reason.name, reason.text, reason.points, reason.count});
  return list.dump();
}

absl::Status DecodeReasons(const std::string& text, std::vector<domain::Reason>& reasons) {
  const json list = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!list.is_array()) return absl::DataLossError("stored reasons are damaged");
  reasons.clear();
  for (const json& one : list) {
    if (!one.is_array() || one.size() != 5) return absl::DataLossError("a stored reason is damaged");
    reasons.push_back({one[0].get<std::string>(), one[1].get<std::string>(), one[2].get<std::string>(),
                       one[3].get<double>(), one[4].get<int32_t>()});
  }
  return absl::OkStatus();
}

}  // namespace finalmile::leads::store

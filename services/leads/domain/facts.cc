#include "services/leads/domain/facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "libs/base/clock.h"
#include "libs/base/text.h"

namespace finalmile::leads::domain {
namespace {

constexpr std::string_view kAttributes = "attributes.";
constexpr std::string_view kGates = "gates.";
constexpr size_t kMaxText = 256;

struct TimeFact {
  std::string_view path;
  absl::Time Lead::*member;
};
constexpr TimeFact kTimes[] = {{"arrival_time", &Lead::arrival_time}, {"outcome_time", &Lead::outcome_time}};

absl::Time TimeOf(const AttributeValue& value) {
  const double* micros = std::get_if<double>(&value);
  return micros == nullptr ? absl::InfinitePast() : FromMicros(static_cast<int64_t>(*micros));
}

void SetGate(Lead& lead, int number, bool set) {
  const Gate gate = static_cast<Gate>(number);
  std::erase(lead.gates, gate);
  if (set) lead.gates.insert(std::upper_bound(lead.gates.begin(), lead.gates.end(), gate), gate);
}

}  // namespace

Facts FactsOf(const Lead& lead) {
  Facts facts;
  for (const TextField& field : kTextFields) {
    if (const std::string& text = lead.*field.member; !text.empty()) facts[std::string(field.name)] = text;
  }
  for (const auto& [name, value] : lead.attributes) facts[std::string(kAttributes) + name] = value;
  for (const Gate gate : lead.gates) facts[fmt::format("{}{}", kGates, static_cast<int>(gate))] = true;
  if (lead.outcome != Outcome::kUnspecified) facts["outcome"] = static_cast<double>(lead.outcome);
  for (const TimeFact& time : kTimes) {
    if (lead.*time.member != absl::InfinitePast())
      facts[std::string(time.path)] = static_cast<double>(ToMicros(lead.*time.member));
  }
  return facts;
}

const AttributeValue* FactAt(const Facts& facts, std::string_view path) {
  const auto found = facts.find(path);
  return found == facts.end() ? nullptr : &found->second;
}

void SetFact(Lead& lead, std::string_view path, const AttributeValue* value) {
  if (const TextField* field = FindTextField(path)) {
    const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(value);
    lead.*field->member = text == nullptr ? std::string() : *text;
  } else if (path.starts_with(kAttributes)) {
    const std::string name(path.substr(kAttributes.size()));
    if (value == nullptr) {
      lead.attributes.erase(name);
    } else {
      lead.attributes[name] = *value;
    }
  } else if (path.starts_with(kGates)) {
    SetGate(lead, std::atoi(std::string(path.substr(kGates.size())).c_str()), value != nullptr);
  } else if (path == "outcome") {
    const auto* number = value == nullptr ? nullptr : std::get_if<double>(value);
    lead.outcome = number == nullptr ? Outcome::kUnspecified : static_cast<Outcome>(*number);
  } else {
    for (const TimeFact& time : kTimes) {
      if (time.path == path) lead.*time.member = value == nullptr ? absl::InfinitePast() : TimeOf(*value);
    }
  }
}

std::string FactText(std::string_view path, const AttributeValue* value) {
  if (value == nullptr) return {};
  std::string text;
  if (path == "outcome") {
    text = std::get<double>(*value) == static_cast<double>(Outcome::kPositive) ? "positive" : "negative";
  } else if (path == "arrival_time" || path == "outcome_time") {
    text = absl::FormatTime(absl::RFC3339_sec, TimeOf(*value), absl::UTCTimeZone());
  } else if (const auto* words = std::get_if<std::string>(value)) {
    text = *words;
  } else if (const auto* number = std::get_if<double>(value)) {
    text = fmt::format("{}", *number);
  } else if (const auto* yes = std::get_if<bool>(value)) {
    text = *yes ? "yes" : "no";
  } else {
    text = fmt::format("{}", fmt::join(std::get<std::vector<std::string>>(*value), ", "));
  }
  while (Characters(text) > kMaxText) {
    do text.pop_back();
    while (!IsUtf8(text));
  }
  return text;
}

bool SameFact(const AttributeValue* a, const AttributeValue* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return *a == *b;
}

}  // namespace finalmile::leads::domain

#include "services/finalmile/commands/lead_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "libs/base/status.h"

namespace finalmile::cli {
namespace {

using leads::v1::AttributeValue;
using leads::v1::Gate;
using leads::v1::Lead;

constexpr const char* kTextFields[] = {"given_name",     "family_name", "email",       "phone",   "company",
                                       "company_domain", "owner",       "lead_source", "campaign"};

// "lead_source" is --lead-source.
std::string FlagOf(std::string field) {
  std::replace(field.begin(), field.end(), '_', '-');
  return "--" + field;
}

absl::StatusOr<std::pair<std::string, std::string>> SplitPair(const std::string& flag,
                                                              const std::string& text, char at) {
  const size_t position = text.find(at);
  if (position == std::string::npos || position == 0) {
    return absl::InvalidArgumentError(fmt::format("{} '{}' must have the form NAME{}VALUE", flag, text, at));
  }
  return std::pair(text.substr(0, position), text.substr(position + 1));
}

absl::StatusOr<Gate> ParseGate(const std::string& text) {
  std::string name = absl::AsciiStrToUpper(text);
  std::replace(name.begin(), name.end(), '-', '_');
  Gate gate;
  if (!leads::v1::Gate_Parse("GATE_" + name, &gate) || gate == leads::v1::GATE_UNSPECIFIED) {
    return absl::InvalidArgumentError(
        fmt::format("--gate '{}' must be opt-out, competitor, student, supplier, customer, open-opportunity "
                    "or undeliverable",
                    text));
  }
  return gate;
}

}  // namespace

AttributeValue ParseAttributeValue(const std::string& text) {
  AttributeValue value;
  double number;
  if (text == "true" || text == "false") {
    value.set_boolean(text == "true");
  } else if (absl::SimpleAtod(text, &number) && std::isfinite(number)) {
    value.set_number(number);
  } else if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    value.mutable_list();
    for (const auto part : absl::StrSplit(text.substr(1, text.size() - 2), ',', absl::SkipWhitespace())) {
      const auto trimmed = absl::StripAsciiWhitespace(part);
      value.mutable_list()->add_values(std::string(trimmed.data(), trimmed.size()));
    }
  } else if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    value.set_text(text.substr(1, text.size() - 2));
  } else {
    value.set_text(text);
  }
  return value;
}

void LeadFlags::Declare(Flags& flags) {
  for (const std::string field : kTextFields) flags.Text(FlagOf(field), "TEXT", texts_[field], "");
  flags.Texts("--attribute", "NAME=VALUE", attributes_,
              "a fact that fit rules read: staff=250, project=true, technologies=[a, b]");
  flags.Texts("--gate", "GATE", gates_,
              "opt-out, competitor, student, supplier, customer, open-opportunity, undeliverable");
  flags.Texts("--external-id", "SOURCE=ID", external_ids_, "what another system calls the lead: crm=0031");
}

absl::Status LeadFlags::Apply(Lead& lead, google::protobuf::FieldMask* mask) const {
  const auto changed = [mask](const std::string& path) {
    if (mask != nullptr) mask->add_paths(path);
  };
  for (const auto& [field, text] : texts_) {
    if (!text) continue;
    Lead::GetReflection()->SetString(&lead, Lead::descriptor()->FindFieldByName(field), *text);
    changed(field);
  }
  for (const std::string& text : attributes_) {
    ASSIGN_OR_RETURN(const auto pair, SplitPair("--attribute", text, '='));
    (*lead.mutable_attributes())[pair.first] = ParseAttributeValue(pair.second);
    changed("attributes." + pair.first);
  }
  for (const std::string& text : gates_) {
    ASSIGN_OR_RETURN(const Gate gate, ParseGate(text));
    lead.add_gates(gate);
  }
  if (!gates_.empty()) changed("gates");
  for (const std::string& text : external_ids_) {
    ASSIGN_OR_RETURN(const auto pair, SplitPair("--external-id", text, '='));
    auto& id = *lead.add_external_ids();
    id.set_source(pair.first);
    id.set_id(pair.second);
  }
  if (!external_ids_.empty()) changed("external_ids");
  return absl::OkStatus();
}

}  // namespace finalmile::cli

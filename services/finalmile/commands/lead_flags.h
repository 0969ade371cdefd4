#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "finalmile/leads/v1/lead.pb.h"
#include "google/protobuf/field_mask.pb.h"
#include "services/finalmile/flags.h"

namespace finalmile::cli {

// The fields of a lead as flags, for create and update.
class LeadFlags {
 public:
  // This object lives until the command line is parsed.
  void Declare(Flags& flags);

  // Sets what was given, and adds its paths to `mask` unless that is null. INVALID_ARGUMENT names the flag.
  absl::Status Apply(leads::v1::Lead& lead, google::protobuf::FieldMask* mask) const;

 private:
  // Proto field name -> value.
  std::map<std::string, std::optional<std::string>> texts_;
  std::vector<std::string> attributes_;
  std::vector<std::string> gates_;
  std::vector<std::string> external_ids_;
};

// A value as it is written behind `--attribute name=`: true, false, a number, a list as `[a, b]`, else text;
// quotes make anything a text.
leads::v1::AttributeValue ParseAttributeValue(const std::string& text);

}  // namespace finalmile::cli

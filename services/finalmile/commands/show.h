#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "finalmile/leads/v1/lead.pb.h"
#include "finalmile/leads/v1/lead_service.pb.h"
#include "finalmile/leads/v1/policy.pb.h"
#include "services/finalmile/output/output.h"

// How leads, scores and policies look to people.
namespace finalmile::cli {

// "Ada Lovelace", else the e-mail address, else an external id, else "-".
std::string WhoIs(const leads::v1::Lead& lead);
// An enum's name without its prefix, in lower case: STAGE_SALES_READY is "sales ready".
std::string EnumText(const std::string& name, std::string_view prefix);
// "250", "true", "a, b".
std::string ValueText(const leads::v1::AttributeValue& value);

// One row per lead: grade, score and its parts, who, company, stage, owner, name.
void ShowLeads(const std::vector<leads::v1::Lead>& leads, Output& output);
void ShowLead(const leads::v1::Lead& lead, Output& output);
// Score, reasons with their sum, readiness.
void ShowExplanation(const std::string& who, const leads::v1::ExplainScoreResponse& explanation,
                     Output& output);
void ShowPolicy(const leads::v1::Policy& policy, Output& output);

// The sum of the reasons' points.
double SumOf(const google::protobuf::RepeatedPtrField<leads::v1::Reason>& reasons);

// "leads/{lead}" from that or from the bare {lead}.
std::string LeadName(const std::string& text);
// "policies/{policy}" likewise; "-" is the policy in force.
std::string PolicyName(const std::string& text);

}  // namespace finalmile::cli

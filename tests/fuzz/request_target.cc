#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/rpc/deterministic.h"
#include "libs/rpc/edge.h"
#include "libs/rpc/masks.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/scoring/convert.h"
#include "tests/fuzz/target.h"

namespace finalmile::fuzz {
namespace {

namespace domain = leads::domain;
namespace scoring = leads::scoring;
namespace v1 = leads::v1;

constexpr std::string_view kUpdatable[] = {"given_name", "email", "company_domain", "attributes",
                                           "permissions"};

bool CheckLead(const v1::Lead& message) {
  domain::Lead lead = scoring::FromProto(message);
  domain::Normalise(lead);
  if (!domain::Validate(lead).empty()) return false;
  domain::Lead again = scoring::FromProto(scoring::ToProto(lead));
  Require(again.attributes == lead.attributes && again.external_ids == lead.external_ids &&
              again.permissions == lead.permissions,
          "a valid lead survives being written");
  domain::Normalise(again);
  Require(again.email == lead.email && again.company_domain == lead.company_domain &&
              again.company == lead.company && again.given_name == lead.given_name,
          "a normalised lead stays as it is");
  Require(domain::Validate(again).empty(), "a valid lead stays valid");
  return true;
}

bool Run(std::string_view bytes) {
  v1::UpdateLeadRequest request;
  const absl::Status parsed = rpc::ParseRequest(bytes, request);
  if (!parsed.ok()) {
    Require(absl::IsInvalidArgument(parsed), "a refused request is an invalid argument");
    return false;
  }
  const bool valid = CheckLead(request.lead());
  v1::Lead merged;
  merged.set_given_name("Ada");
  (*merged.mutable_attributes())["staff"].set_number(3);
  const v1::Lead before = merged;
  if (rpc::ApplyMask(request.update_mask(), kUpdatable, request.lead(), merged).ok()) {
    Require(merged.owner().empty(), "only what is updatable changes");
    CheckLead(merged);
  } else {
    Require(merged.SerializeAsString() == before.SerializeAsString(), "a refused mask changes nothing");
  }
  return valid;
}

std::vector<std::string> Seeds() {
  v1::UpdateLeadRequest request;
  request.set_request_id("r1");
  v1::Lead& lead = *request.mutable_lead();
  lead.set_name("leads/0197f3a0-0000-7000-8000-000000000001");
  lead.set_given_name(" Ada ");
  lead.set_email("Ada@Example.com");
  lead.set_company_domain("https://www.Example.com/about");
  lead.set_owner("bob");
  lead.add_external_ids()->set_source("crm");
  lead.mutable_external_ids(0)->set_id("7");
  (*lead.mutable_attributes())["staff"].set_number(300);
  (*lead.mutable_attributes())["industry"].set_text("software");
  (*lead.mutable_attributes())["projects"].mutable_list();
  (*lead.mutable_attributes())["technologies"].mutable_list()->add_values("SAP");
  v1::Permission& permission = *lead.add_permissions();
  permission.set_channel(v1::CHANNEL_EMAIL);
  permission.set_purpose("sales");
  permission.set_state(v1::PERMISSION_STATE_DENIED);
  permission.mutable_time()->set_seconds(1'750'000'000);
  std::vector<std::string> seeds = {rpc::DeterministicBytes(request), ""};
  for (const char* path : {"given_name", "attributes.staff", "attributes.`a b`", "*", "owner", "email.x"}) {
    request.mutable_update_mask()->clear_paths();
    request.mutable_update_mask()->add_paths(path);
    seeds.push_back(rpc::DeterministicBytes(request));
  }
  lead.set_company(std::string("a\0b", 3));
  seeds.push_back(rpc::DeterministicBytes(request));
  return seeds;
}

}  // namespace

Target Request() { return {"request", &Run, &Seeds}; }

}  // namespace finalmile::fuzz

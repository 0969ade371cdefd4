#include "services/finalmile/lead_name.h"

#include <fmt/format.h>

#include <algorithm>

#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/base/status.h"
#include "services/finalmile/commands/show.h"

namespace finalmile::cli {
namespace {

constexpr size_t kUuid = 36;
constexpr int kNamed = 5;

bool IsWhole(const std::string& text) {
  return text.size() == kUuid && std::count(text.begin(), text.end(), '-') == 4 &&
         text.find_first_not_of("0123456789abcdef-") == std::string::npos;
}

}  // namespace

absl::StatusOr<std::string> ResolveLead(Session& session, const std::string& text) {
  using namespace leads::v1;
  if (text.starts_with("leads/") || IsWhole(text)) return LeadName(text);
  FindLeadsRequest request;
  request.set_text(text);
  ASSIGN_OR_RETURN(const FindLeadsResponse found,
                   session.Call<FindLeadsResponse>("leads.v1.LeadService/FindLeads", request));
  if (found.leads_size() == 1) return found.leads(0).name();
  if (found.leads().empty()) {
    return absl::NotFoundError(
        fmt::format("no lead is known by '{}'; give {}. finalmile leads list shows them", text, kLeadHelp));
  }
  std::string leads;
  for (int i = 0; i < std::min(found.leads_size(), kNamed); ++i) {
    const Lead& lead = found.leads(i);
    leads += fmt::format("{}{} ({}{}{})", i > 0 ? ", " : "", lead.name(), WhoIs(lead),
                         lead.company().empty() ? "" : ", ", lead.company());
  }
  if (found.leads_size() > kNamed) leads += ", and more";
  return absl::InvalidArgumentError(
      fmt::format("'{}' may mean several leads: {}; give more of the name", text, leads));
}

}  // namespace finalmile::cli

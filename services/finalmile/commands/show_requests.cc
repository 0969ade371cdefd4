#include "services/finalmile/commands/show_requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/output/format.h"
#include "services/finalmile/output/moment.h"

namespace finalmile::cli {
namespace {

using appointments::v1::MeetingRequest;
using leads::v1::Lead;

constexpr int kLeadsAtOnce = 1000;
constexpr size_t kReasonsShown = 4;

std::string WhoOf(const MeetingRequest& request, const LeadsByName& leads) {
  if (request.lead().empty()) return "(erased)";
  const auto lead = leads.find(request.lead());
  return lead == leads.end() ? request.lead() : WhoIs(lead->second);
}

std::string CompanyOf(const MeetingRequest& request, const LeadsByName& leads) {
  const auto lead = leads.find(request.lead());
  if (lead == leads.end()) return "-";
  if (!lead->second.company().empty()) return lead->second.company();
  return lead->second.company_domain().empty() ? "-" : lead->second.company_domain();
}

std::string OrDash(const std::string& text) { return text.empty() ? "-" : text; }

// Country code -> its zones, as the zone database has them.
std::multimap<std::string, std::string> ReadCountries() {
  const char* folder = std::getenv("TZDIR");
  std::ifstream file(fmt::format("{}/zone.tab", folder == nullptr ? "/usr/share/zoneinfo" : folder));
  std::multimap<std::string, std::string> zones;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    std::string country, place, zone;
    if (words >> country >> place >> zone) zones.emplace(country, zone);
  }
  return zones;
}

// The channels of `state` in a request, "phone, email".
std::string Channels(const MeetingRequest& request, leads::v1::PermissionState state) {
  std::vector<std::string> names;
  for (const appointments::v1::ChannelPermission& permission : request.permissions()) {
    if (permission.state() == state)
      names.push_back(EnumText(leads::v1::Channel_Name(permission.channel()), "CHANNEL_"));
  }
  return absl::StrJoin(names, ", ");
}

std::string ReachText(const MeetingRequest& request, const Lead* lead) {
  std::vector<std::string> parts;
  const std::string denied = Channels(request, leads::v1::PERMISSION_STATE_DENIED);
  const std::string allowed = Channels(request, leads::v1::PERMISSION_STATE_ALLOWED);
  if (!denied.empty()) parts.push_back("DENIED: " + denied);
  if (!allowed.empty()) parts.push_back("allowed: " + allowed);
  parts.emplace_back(parts.empty() ? "nothing is known of what they allow"
                                   : "the other channels are not known");
  if (lead != nullptr) {
    const auto show = [&](leads::v1::Channel channel, const std::string& value) {
      const bool barred =
          std::any_of(request.permissions().begin(), request.permissions().end(), [&](auto& one) {
            return one.channel() == channel && one.state() == leads::v1::PERMISSION_STATE_DENIED;
          });
      if (!value.empty() && !barred) parts.push_back(value);
    };
    show(leads::v1::CHANNEL_PHONE, lead->phone());
    show(leads::v1::CHANNEL_EMAIL, lead->email());
  }
  return absl::StrJoin(parts, " · ");
}

std::string WhyText(const MeetingRequest& request) {
  std::vector<leads::v1::Reason> reasons(request.reasons().begin(), request.reasons().end());
  std::stable_sort(reasons.begin(), reasons.end(),
                   [](const auto& a, const auto& b) { return a.points() > b.points(); });
  std::vector<std::string> parts;
  for (const leads::v1::Reason& reason : reasons) {
    if (parts.size() == kReasonsShown || reason.points() <= 0) break;
    parts.push_back(fmt::format("{} {}", reason.text(), FormatPoints(reason.points())));
  }
  return absl::StrJoin(parts, " · ");
}

}  // namespace

absl::StatusOr<LeadsByName> ReadLeads(Session& session, const std::vector<MeetingRequest>& requests) {
  std::set<std::string> names;
  for (const MeetingRequest& request : requests) names.insert(request.lead());
  return ReadLeads(session, names);
}

absl::StatusOr<LeadsByName> ReadLeads(Session& session, const std::set<std::string>& wanted) {
  using namespace leads::v1;
  LeadsByName leads;
  std::vector<std::string> names;
  for (const std::string& name : wanted) {
    if (!name.empty()) names.push_back(name);
  }
  for (size_t begin = 0; begin < names.size(); begin += kLeadsAtOnce) {
    BatchGetLeadsRequest batch;
    const size_t end = std::min(names.size(), begin + kLeadsAtOnce);
    for (size_t i = begin; i < end; ++i) batch.add_names(names[i]);
    auto found = session.Call<BatchGetLeadsResponse>("leads.v1.LeadService/BatchGetLeads", batch);
    if (found.ok()) {
      for (const Lead& lead : found->leads()) leads[lead.name()] = lead;
      continue;
    }
    if (!absl::IsNotFound(found.status())) return found.status();
    // One of them is gone.
    for (size_t i = begin; i < end; ++i) {
      GetLeadRequest one;
      one.set_name(names[i]);
      auto lead = session.Call<Lead>("leads.v1.LeadService/GetLead", one);
      if (lead.ok()) {
        leads[names[i]] = *std::move(lead);
      } else if (!absl::IsNotFound(lead.status())) {
        return lead.status();
      }
    }
  }
  std::erase_if(leads, [](const auto& entry) { return entry.second.name().empty(); });
  return leads;
}

std::string RequestName(const std::string& text) {
  return text.starts_with("meetingRequests/") ? text : "meetingRequests/" + text;
}

std::string StateText(const MeetingRequest& request) {
  std::string text = EnumText(MeetingRequest::State_Name(request.state()), "STATE_");
  using namespace appointments::v1;
  if (request.state() == MeetingRequest::STATE_RETURNED)
    text += ": " + EnumText(ReturnReason_Name(request.return_reason()), "RETURN_REASON_");
  if (request.state() == MeetingRequest::STATE_CLOSED)
    text += ": " + EnumText(CloseReason_Name(request.close_reason()), "CLOSE_REASON_");
  if (request.rebook()) text += ", meeting to be booked again";
  if (request.cooled()) text += ", interest has faded";
  return text;
}

std::string AnswerText(const MeetingRequest& request, absl::Time now) {
  if (request.state() > MeetingRequest::STATE_WORKING) return "-";
  if (request.window_attempts() > 0) {
    return fmt::format("{} of 8 attempts{}", request.window_attempts(),
                       request.within_response_time() ? ", answered in time" : "");
  }
  const absl::Time deadline = rpc::FromTimestamp(request.deadline());
  const absl::Duration left = deadline - now;
  if (left > absl::Hours(1)) return "answer " + FormatAgo(deadline, now);
  if (left > absl::ZeroDuration()) return "answer within " + FormatElapsed(left);
  return (left > -absl::Hours(1) ? FormatElapsed(-left) : FormatSpan(-left)) + " over";
}

bool ZoneOf(const Lead& lead, absl::TimeZone& zone) {
  const auto text = [&](const char* name) {
    const auto value = lead.attributes().find(name);
    return value == lead.attributes().end() ? std::string() : value->second.text();
  };
  if (const std::string named = text("time_zone"); named.find('/') != std::string::npos)
    return absl::LoadTimeZone(named, &zone);
  const std::string country = absl::AsciiStrToUpper(text("country"));
  if (country.size() != 2) return false;
  static const auto& zones = *new std::multimap<std::string, std::string>(ReadCountries());
  return zones.count(country) == 1 && absl::LoadTimeZone(zones.find(country)->second, &zone);
}

void ShowRequests(const std::vector<MeetingRequest>& requests, const LeadsByName& leads, Session& session) {
  const absl::Time now = session.clock.Now();
  Table table({{"WHO", Align::kLeft, true},
               {"COMPANY", Align::kLeft, true},
               {"LANE"},
               {"GRADE"},
               {"SCORE", Align::kRight},
               {"STATE", Align::kLeft, true},
               {"ANSWER"},
               {"SETTER"},
               {"NAME"}});
  for (const MeetingRequest& request : requests) {
    table.Add({WhoOf(request, leads), CompanyOf(request, leads), request.lane(), request.grade(),
               FormatPoints(request.score()), StateText(request), AnswerText(request, now),
               request.setter().empty() && !request.owner().empty() ? request.owner() + " (owner)"
                                                                    : OrDash(request.setter()),
               request.name()});
  }
  session.output.Show(table);
}

void ShowRequest(const MeetingRequest& request, const Lead* lead, Session& session) {
  Output& output = session.output;
  const absl::Time now = session.clock.Now();
  LeadsByName leads;
  if (lead != nullptr) leads[request.lead()] = *lead;
  const auto text = [&](const char* name) {
    if (lead == nullptr) return std::string();
    const auto value = lead->attributes().find(name);
    return value == lead->attributes().end() ? std::string() : ValueText(value->second);
  };
  std::vector<std::string> who = {WhoOf(request, leads), text("title"), CompanyOf(request, leads),
                                  text("city")};
  std::erase_if(who, [](const std::string& part) { return part.empty() || part == "-"; });
  std::string line = absl::StrJoin(who, ", ");
  absl::TimeZone zone;
  if (lead != nullptr && ZoneOf(*lead, zone))
    line += fmt::format(" ({} there)", absl::FormatTime("%H:%M", now, zone));
  line += "   " + request.grade();
  if (lead != nullptr) {
    line += fmt::format("  fit {}  E {}", FormatPoints(lead->score().fit()),
                        FormatPoints(lead->score().engagement()));
  }
  output.Line(line);
  const auto field = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) output.Line(fmt::format("  {:<9}{}", name, value));
  };
  field("state", StateText(request) + (request.setter().empty() ? "" : ", " + request.setter()));
  field("why", WhyText(request));
  field("missing", absl::StrJoin(request.missing(), ", "));
  field("reach", ReachText(request, lead));
  if (!request.situation().empty()) field("say", fmt::format("situation \"{}\"", request.situation()));
  if (request.has_callback_at())
    field("callback", FormatMoment(rpc::FromTimestamp(request.callback_at()), now, output.zone()));
  if (request.has_quiet_until() && request.state() >= MeetingRequest::STATE_RETURNED)
    field("quiet", "until " + FormatMoment(rpc::FromTimestamp(request.quiet_until()), now, output.zone()));
}

}  // namespace finalmile::cli

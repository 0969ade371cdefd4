#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "finalmile/appointments/v1/meeting_request.pb.h"
#include "finalmile/leads/v1/lead.pb.h"
#include "services/finalmile/session.h"

// How meeting requests look to people.
namespace finalmile::cli {

// Leads by name; those that are not there any more are left out. The other one reads the leads of requests.
using LeadsByName = std::map<std::string, leads::v1::Lead>;
absl::StatusOr<LeadsByName> ReadLeads(Session& session, const std::set<std::string>& names);
absl::StatusOr<LeadsByName> ReadLeads(Session& session,
                                      const std::vector<appointments::v1::MeetingRequest>& requests);

// "meetingRequests/{id}" from that or from the bare id.
std::string RequestName(const std::string& text);

// "claimed", "open, back from a meeting".
std::string StateText(const appointments::v1::MeetingRequest& request);
// "answer within 3:12", "answer in 4 h", "12:05 over", "3 h over"; once they were tried, how often.
std::string AnswerText(const appointments::v1::MeetingRequest& request, absl::Time now);

// One row per request: who, company, why it is here, until when, whose.
void ShowRequests(const std::vector<appointments::v1::MeetingRequest>& requests, const LeadsByName& leads,
                  Session& session);
// All of one, with its lead; `lead` may be null.
void ShowRequest(const appointments::v1::MeetingRequest& request, const leads::v1::Lead* lead,
                 Session& session);

// The zone that a lead lives in: its attribute time_zone, else the only zone of its country (an ISO 3166 code
// of two letters); UTC is never a guess: false where neither says it.
bool ZoneOf(const leads::v1::Lead& lead, absl::TimeZone& zone);

}  // namespace finalmile::cli

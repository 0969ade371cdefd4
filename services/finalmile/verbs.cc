#include "services/finalmile/commands/commands.h"
#include "services/finalmile/verb.h"

namespace finalmile::cli {

std::vector<Verb> ChannelVerbs() {
  std::vector<Verb> verbs;
  AddNext(verbs);
  AddRequests(verbs);
  AddSlots(verbs);
  AddMeetings(verbs);
  AddBriefs(verbs);
  AddHosts(verbs);
  AddTeams(verbs);
  AddImport(verbs);
  AddImports(verbs);
  AddContent(verbs);
  AddUse(verbs);
  AddAssets(verbs);
  AddShelf(verbs);
  AddGaps(verbs);
  AddLeads(verbs);
  AddSales(verbs);
  AddActivity(verbs);
  AddExplain(verbs);
  AddTracks(verbs);
  AddAnalyze(verbs);
  AddPractice(verbs);
  AddPractices(verbs);
  AddReview(verbs);
  AddPolicy(verbs);
  AddEvents(verbs);
  AddOperations(verbs);
  AddParked(verbs);
  AddVersion(verbs);
  return verbs;
}

std::string_view GroupSummary(std::string_view group) {
  if (group == "assets") return "list, review, publish and retire sales content";
  if (group == "gaps") return "what the shelf does not answer: list, report and answer";
  if (group == "imports") return "imports of leads: list them, and take one back";
  if (group == "leads") return "list, rank, show, create and change leads";
  if (group == "activity") return "what leads did";
  if (group == "requests") return "meeting requests: list, show and reassign";
  if (group == "calendar") return "meetings as calendar files";
  if (group == "meetings") return "meetings: list, and show with their history";
  if (group == "hosts") return "who holds meetings: list, show, change, and time off";
  if (group == "teams") return "in whose hours the time to answer counts";
  if (group == "policy") return "the rules that score leads";
  if (group == "tracks") return "talk tracks: list, show, import, add examples and publish";
  if (group == "practices") return "practices of talk tracks: list and show";
  if (group == "events") return "what the services told each other";
  if (group == "topics") return "the topics of the event log";
  if (group == "consumers") return "where consumers are in their topics, and moving them on";
  if (group == "parked") return "records that could not be applied";
  return "";
}

}  // namespace finalmile::cli

#pragma once

#include <vector>

#include "services/finalmile/verb.h"

// Each adds its verbs to the table.
namespace finalmile::cli {

// What needs only a channel to the suite.
void AddLeads(std::vector<Verb>& verbs);
void AddExplain(std::vector<Verb>& verbs);
void AddActivity(std::vector<Verb>& verbs);
void AddPolicy(std::vector<Verb>& verbs);
void AddAssets(std::vector<Verb>& verbs);
void AddContent(std::vector<Verb>& verbs);
void AddUse(std::vector<Verb>& verbs);
void AddShelf(std::vector<Verb>& verbs);
void AddGaps(std::vector<Verb>& verbs);
void AddNext(std::vector<Verb>& verbs);
void AddRequests(std::vector<Verb>& verbs);
void AddSlots(std::vector<Verb>& verbs);
void AddMeetings(std::vector<Verb>& verbs);
void AddBriefs(std::vector<Verb>& verbs);
void AddHosts(std::vector<Verb>& verbs);
void AddTeams(std::vector<Verb>& verbs);
void AddSales(std::vector<Verb>& verbs);
void AddTracks(std::vector<Verb>& verbs);
void AddAnalyze(std::vector<Verb>& verbs);
void AddPractice(std::vector<Verb>& verbs);
void AddPractices(std::vector<Verb>& verbs);
void AddReview(std::vector<Verb>& verbs);
void AddImport(std::vector<Verb>& verbs);
void AddImports(std::vector<Verb>& verbs);
void AddEvents(std::vector<Verb>& verbs);
void AddOperations(std::vector<Verb>& verbs);
void AddParked(std::vector<Verb>& verbs);
void AddVersion(std::vector<Verb>& verbs);

// What runs the suite, its stores or its event log in this process.
void AddDev(std::vector<Verb>& verbs);
void AddServe(std::vector<Verb>& verbs);
void AddDemo(std::vector<Verb>& verbs);
void AddDeploy(std::vector<Verb>& verbs);
void AddDoctor(std::vector<Verb>& verbs);

}  // namespace finalmile::cli

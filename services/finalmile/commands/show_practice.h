#pragma once

#include <string>
#include <vector>

#include "finalmile/coaching/v1/practice.pb.h"
#include "finalmile/coaching/v1/practice_service.pb.h"
#include "services/finalmile/session.h"

// How practice, mastery and certificates look to people.
namespace finalmile::cli {

// "mastered", "2 of 3 days, a coach's review is missing", "lapsed: forgotten".
std::string MasteryText(const coaching::v1::Mastery& mastery);

// One row per practice: track, rep, when it took place, state, score, name.
void ShowPractices(const std::vector<coaching::v1::Practice>& practices, Output& output);
// One practice: its analysis, its turns as they are counted for people (from 1), its reviews, and the
// criteria of the rubric by which it is judged.
void ShowPractice(const coaching::v1::Practice& practice, const coaching::v1::Rubric& rubric,
                  Session& session);
// The practices that wait for a review, counted from 1.
void ShowReviewQueue(const std::vector<coaching::v1::QueuedPractice>& queue, Session& session);
// What to practise, why and by when.
void ShowDue(const std::vector<coaching::v1::DuePractice>& due, Session& session);
// One row per track. `certificates` are the rep's.
void ShowMastery(const coaching::v1::GetMasteryResponse& mastery,
                 const std::vector<coaching::v1::Certificate>& certificates, Session& session);
void ShowCertificates(const std::vector<coaching::v1::Certificate>& certificates, Output& output);
void ShowTeam(const coaching::v1::GetTeamCoachingResponse& team, Output& output);

}  // namespace finalmile::cli

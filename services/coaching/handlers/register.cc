#include "services/coaching/handlers/register.h"

#include "finalmile/coaching/v1/practice_service.pb.h"
#include "finalmile/coaching/v1/talk_track_service.pb.h"
#include "libs/rpc/methods.h"
#include "services/coaching/handlers/analysis_handlers.h"
#include "services/coaching/handlers/assignment_handlers.h"
#include "services/coaching/handlers/example_handlers.h"
#include "services/coaching/handlers/mastery_handlers.h"
#include "services/coaching/handlers/practice_handlers.h"
#include "services/coaching/handlers/track_handlers.h"

namespace finalmile::coaching::handlers {

using rpc::Unary;

std::unique_ptr<rpc::Service> NewTalkTrackService(Dependencies dependencies) {
  auto service = std::make_unique<rpc::Service>(
      v1::GetTalkTrackRequest::descriptor()->file()->FindServiceByName("TalkTrackService"));
  auto tracks = std::make_shared<TrackHandlers>(dependencies);
  Unary(*service, "CreateTalkTrack", tracks, &TrackHandlers::CreateTalkTrack);
  Unary(*service, "UpdateTalkTrack", tracks, &TrackHandlers::UpdateTalkTrack);
  Unary(*service, "PublishTalkTrack", tracks, &TrackHandlers::PublishTalkTrack);
  Unary(*service, "GetTalkTrack", tracks, &TrackHandlers::GetTalkTrack);
  Unary(*service, "ListTalkTracks", tracks, &TrackHandlers::ListTalkTracks);
  auto examples = std::make_shared<ExampleHandlers>(dependencies);
  Unary(*service, "AddExample", examples, &ExampleHandlers::AddExample);
  Unary(*service, "ListExamples", examples, &ExampleHandlers::ListExamples);
  Unary(*service, "DeleteExample", examples, &ExampleHandlers::DeleteExample);
  return service;
}

std::unique_ptr<rpc::Service> NewPracticeService(Dependencies dependencies, absl::TimeZone zone) {
  auto service = std::make_unique<rpc::Service>(
      v1::GetPracticeRequest::descriptor()->file()->FindServiceByName("PracticeService"));
  auto analysis = std::make_shared<AnalysisHandlers>(dependencies);
  Unary(*service, "AnalyzeTranscript", analysis, &AnalysisHandlers::AnalyzeTranscript);
  auto assignments = std::make_shared<AssignmentHandlers>(dependencies);
  Unary(*service, "AssignPractice", assignments, &AssignmentHandlers::AssignPractice);
  Unary(*service, "ListDuePractice", assignments, &AssignmentHandlers::ListDuePractice);
  auto practices = std::make_shared<PracticeHandlers>(dependencies, zone);
  Unary(*service, "SubmitPractice", practices, &PracticeHandlers::SubmitPractice);
  Unary(*service, "GetPractice", practices, &PracticeHandlers::GetPractice);
  Unary(*service, "ListPractices", practices, &PracticeHandlers::ListPractices);
  Unary(*service, "ListReviewQueue", practices, &PracticeHandlers::ListReviewQueue);
  Unary(*service, "SubmitReview", practices, &PracticeHandlers::SubmitReview);
  auto mastery = std::make_shared<MasteryHandlers>(dependencies);
  Unary(*service, "GetMastery", mastery, &MasteryHandlers::GetMastery);
  Unary(*service, "ListCertificates", mastery, &MasteryHandlers::ListCertificates);
  Unary(*service, "GetTeamCoaching", mastery, &MasteryHandlers::GetTeamCoaching);
  return service;
}

}  // namespace finalmile::coaching::handlers

#include "services/coaching/handlers/register.h"

#include <string>
#include <string_view>

#include "finalmile/coaching/v1/practice_service.pb.h"
#include "finalmile/coaching/v1/talk_track_service.pb.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/methods.h"
#include "services/coaching/handlers/analysis_handlers.h"
#include "services/coaching/handlers/example_handlers.h"
#include "services/coaching/handlers/track_handlers.h"

namespace finalmile::coaching::handlers {
namespace {

using rpc::Unary;

// A method of the contract that this release does not have: its caller is told so.
template <class Request, class Response>
void NotThere(rpc::Service& service, const std::string& name) {
  service.Unary<Request, Response>(name,
                                   [name](rpc::CallContext&, const Request&) -> absl::StatusOr<Response> {
                                     return rpc::Error(absl::StatusCode::kUnimplemented, "NOT_THERE_YET",
                                                       name + " is not there in this release");
                                   });
}

}  // namespace

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

std::unique_ptr<rpc::Service> NewPracticeService(Dependencies dependencies) {
  auto service = std::make_unique<rpc::Service>(
      v1::GetPracticeRequest::descriptor()->file()->FindServiceByName("PracticeService"));
  auto analysis = std::make_shared<AnalysisHandlers>(dependencies);
  Unary(*service, "AnalyzeTranscript", analysis, &AnalysisHandlers::AnalyzeTranscript);
  NotThere<v1::AssignPracticeRequest, v1::AssignPracticeResponse>(*service, "AssignPractice");
  NotThere<v1::ListDuePracticeRequest, v1::ListDuePracticeResponse>(*service, "ListDuePractice");
  NotThere<v1::SubmitPracticeRequest, v1::SubmitPracticeResponse>(*service, "SubmitPractice");
  NotThere<v1::GetPracticeRequest, v1::Practice>(*service, "GetPractice");
  NotThere<v1::ListPracticesRequest, v1::ListPracticesResponse>(*service, "ListPractices");
  NotThere<v1::ListReviewQueueRequest, v1::ListReviewQueueResponse>(*service, "ListReviewQueue");
  NotThere<v1::SubmitReviewRequest, v1::SubmitReviewResponse>(*service, "SubmitReview");
  NotThere<v1::GetMasteryRequest, v1::GetMasteryResponse>(*service, "GetMastery");
  NotThere<v1::ListCertificatesRequest, v1::ListCertificatesResponse>(*service, "ListCertificates");
  NotThere<v1::GetTeamCoachingRequest, v1::GetTeamCoachingResponse>(*service, "GetTeamCoaching");
  return service;
}

}  // namespace finalmile::coaching::handlers

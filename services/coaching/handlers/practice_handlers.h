#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "finalmile/coaching/v1/practice_service.pb.h"
#include "libs/rpc/context.h"
#include "services/coaching/handlers/dependencies.h"

namespace finalmile::coaching::handlers {

// Submitted practices of one rep at one track, drafts of one rep, and reviews of one practice, those that
// were replaced included.
inline constexpr int kMostPractices = 1'000;
inline constexpr int kMostDrafts = 20;
inline constexpr int kMostReviews = 100;
inline constexpr int kMostComments = 200;
inline constexpr size_t kLongestComment = 2'000;

// The methods of PracticeService that keep practices and their reviews. Thread-safe.
class PracticeHandlers {
 public:
  // `zone`: where a practice's day begins.
  PracticeHandlers(Dependencies dependencies, absl::TimeZone zone) : d_(dependencies), zone_(zone) {}

  absl::StatusOr<v1::SubmitPracticeResponse> SubmitPractice(rpc::CallContext& context,
                                                            const v1::SubmitPracticeRequest& request);
  absl::StatusOr<v1::Practice> GetPractice(rpc::CallContext& context, const v1::GetPracticeRequest& request);
  absl::StatusOr<v1::ListPracticesResponse> ListPractices(rpc::CallContext& context,
                                                          const v1::ListPracticesRequest& request);
  absl::StatusOr<v1::ListReviewQueueResponse> ListReviewQueue(rpc::CallContext& context,
                                                              const v1::ListReviewQueueRequest& request);
  absl::StatusOr<v1::SubmitReviewResponse> SubmitReview(rpc::CallContext& context,
                                                        const v1::SubmitReviewRequest& request);

 private:
  const Dependencies d_;
  const absl::TimeZone zone_;
};

}  // namespace finalmile::coaching::handlers

#pragma once

#include "absl/status/statusor.h"
#include "finalmile/coaching/v1/talk_track_service.pb.h"
#include "libs/rpc/context.h"
#include "services/coaching/handlers/dependencies.h"

namespace finalmile::coaching::handlers {

// Talk tracks, as talk_track_service.proto says. Thread-safe.
class TrackHandlers {
 public:
  explicit TrackHandlers(Dependencies dependencies) : d_(dependencies) {}

  absl::StatusOr<v1::TalkTrack> CreateTalkTrack(rpc::CallContext& context,
                                                const v1::CreateTalkTrackRequest& request);
  absl::StatusOr<v1::TalkTrack> UpdateTalkTrack(rpc::CallContext& context,
                                                const v1::UpdateTalkTrackRequest& request);
  absl::StatusOr<v1::PublishTalkTrackResponse> PublishTalkTrack(rpc::CallContext& context,
                                                                const v1::PublishTalkTrackRequest& request);
  absl::StatusOr<v1::TalkTrack> GetTalkTrack(rpc::CallContext& context,
                                             const v1::GetTalkTrackRequest& request);
  absl::StatusOr<v1::ListTalkTracksResponse> ListTalkTracks(rpc::CallContext& context,
                                                            const v1::ListTalkTracksRequest& request);

 private:
  const Dependencies d_;
};

}  // namespace finalmile::coaching::handlers

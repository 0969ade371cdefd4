#pragma once

#include "absl/status/statusor.h"
#include "finalmile/coaching/v1/talk_track_service.pb.h"
#include "google/protobuf/empty.pb.h"
#include "libs/rpc/context.h"
#include "services/coaching/handlers/dependencies.h"

namespace finalmile::coaching::handlers {

// Examples in role, as talk_track_service.proto says. Thread-safe.
class ExampleHandlers {
 public:
  explicit ExampleHandlers(Dependencies dependencies) : d_(dependencies) {}

  absl::StatusOr<v1::Example> AddExample(rpc::CallContext& context, const v1::AddExampleRequest& request);
  absl::StatusOr<v1::ListExamplesResponse> ListExamples(rpc::CallContext& context,
                                                        const v1::ListExamplesRequest& request);
  absl::StatusOr<google::protobuf::Empty> DeleteExample(rpc::CallContext& context,
                                                        const v1::DeleteExampleRequest& request);

 private:
  const Dependencies d_;
};

}  // namespace finalmile::coaching::handlers

#pragma once

#include "absl/status/statusor.h"
#include "finalmile/coaching/v1/practice_service.pb.h"
#include "libs/rpc/context.h"
#include "services/coaching/handlers/dependencies.h"

namespace finalmile::coaching::handlers {

// The analysis of a transcript that is kept nowhere, as practice_service.proto says. Thread-safe.
class AnalysisHandlers {
 public:
  explicit AnalysisHandlers(Dependencies dependencies) : d_(dependencies) {}

  absl::StatusOr<v1::Analysis> AnalyzeTranscript(rpc::CallContext& context,
                                                 const v1::AnalyzeTranscriptRequest& request);

 private:
  const Dependencies d_;
};

}  // namespace finalmile::coaching::handlers

#pragma once

#include "absl/status/statusor.h"
#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/rpc/context.h"
#include "services/leads/handlers/dependencies.h"

namespace finalmile::leads::handlers {

// Imports that were run, and taking them back. Thread-safe.
class ImportHandlers {
 public:
  explicit ImportHandlers(Dependencies dependencies) : d_(dependencies) {}

  absl::StatusOr<v1::ListImportsResponse> ListImports(rpc::CallContext& context,
                                                      const v1::ListImportsRequest& request);
  absl::StatusOr<v1::UndoImportResponse> UndoImport(rpc::CallContext& context,
                                                    const v1::UndoImportRequest& request);

 private:
  const Dependencies d_;
};

}  // namespace finalmile::leads::handlers

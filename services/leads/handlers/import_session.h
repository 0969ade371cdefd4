#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "finalmile/leads/v1/import.pb.h"
#include "libs/rpc/service.h"
#include "services/leads/domain/import_row.h"
#include "services/leads/handlers/dependencies.h"
#include "services/leads/scoring/import_rows.h"
#include "services/leads/scoring/import_turn.h"
#include "services/leads/store/import_store.h"

namespace finalmile::leads::handlers {

// One stream of ImportLeads. The rows of each message are stored in one transaction, which also moves the
// import on; a row that cannot be a lead is answered as a reject and the rest goes on. While the rows of one
// message are stored, those of the next one are taken (ImportTurn).
class ImportSession final : public rpc::BidiSession<v1::ImportLeadsRequest, v1::ImportLeadsResponse> {
 public:
  explicit ImportSession(Dependencies dependencies) : d_(dependencies) {}

  absl::StatusOr<std::vector<v1::ImportLeadsResponse>> OnMessage(rpc::CallContext& context,
                                                                 const v1::ImportLeadsRequest& request,
                                                                 const rpc::LetNext& let_next) override;
  absl::StatusOr<std::vector<v1::ImportLeadsResponse>> Finish(rpc::CallContext& context) override;

 private:
  absl::StatusOr<v1::ImportLeadsResponse> Open(rpc::CallContext& context, const v1::ImportHeader& header);
  absl::StatusOr<v1::ImportLeadsResponse> ImportRows(rpc::CallContext& context, const v1::ImportRows& rows,
                                                     const rpc::LetNext& let_next);
  // Reads the rows of a message behind `from_line`; those that cannot be a lead are rejected in `results`.
  absl::StatusOr<std::vector<scoring::IdentifiedRow>> ReadRows(const v1::ImportRows& rows, int64_t from_line,
                                                               scoring::RowResults& results) const;
  // Returns what would come of the rows, with what was read, and stores nothing.
  absl::StatusOr<scoring::RowResults> Count(rpc::CallContext& context,
                                            const std::vector<scoring::IdentifiedRow>& rows,
                                            const scoring::RowResults& read);
  // Stores the rows and the progress; adds to `results` what came of them.
  absl::Status Store(rpc::CallContext& context, const std::vector<scoring::IdentifiedRow>& rows,
                     absl::Duration deadline, scoring::ImportTurn& turn, scoring::RowResults& results);
  // The progress with what was counted.
  store::ImportProgress Total(const store::ImportProgress& counted) const;

  const Dependencies d_;
  std::optional<domain::ImportPlan> plan_;
  bool dry_run_ = false;
  domain::RowRules rules_;
  std::string file_digest_;
  scoring::DryRun dry_;
  // The last line that was read.
  int64_t read_line_ = 0;
  // The message that was read last.
  std::shared_ptr<scoring::ImportTurn> turn_;
  // Belongs to the message whose turn it is to be stored, once Open has returned.
  store::ImportProgress progress_;
};

}  // namespace finalmile::leads::handlers

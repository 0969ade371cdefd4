#pragma once

#include <string>
#include <vector>

#include "services/leads/leads_fixture.h"

namespace finalmile::leads {

// Imports rows as a client does.
class ImportFixture : public LeadsTest {
 protected:
  explicit ImportFixture(std::string store_url = {}) : LeadsTest(std::move(store_url)) {}

  // Sends header and rows (from line 2) in chunks; returns the last answer, with the rejects and conflicts of
  // all.
  absl::StatusOr<v1::ImportLeadsResponse> Import(const v1::ImportHeader& header,
                                                 const std::vector<std::vector<std::string>>& rows,
                                                 size_t chunk = 2) {
    auto stream = harness_.channel().Open("/finalmile.leads.v1.LeadService/ImportLeads", {});
    v1::ImportLeadsRequest request;
    *request.mutable_header() = header;
    v1::ImportLeadsResponse last;
    std::vector<v1::ImportReject> rejects, unread;
    std::vector<v1::ImportConflict> conflicts;
    auto exchange = [&] {
      if (!stream->Write(request) || !stream->Read(last)) return false;
      rejects.insert(rejects.end(), last.rejects().begin(), last.rejects().end());
      unread.insert(unread.end(), last.unread().begin(), last.unread().end());
      conflicts.insert(conflicts.end(), last.conflicts().begin(), last.conflicts().end());
      return true;
    };
    bool going = exchange();
    for (size_t i = 0; going && i < rows.size(); i += chunk) {
      request.Clear();
      for (size_t j = i; j < std::min(rows.size(), i + chunk); ++j) {
        v1::ImportRow& row = *request.mutable_rows()->add_rows();
        row.set_line(static_cast<int64_t>(j) + 2);
        for (const std::string& cell : rows[j]) row.add_cells(cell);
      }
      going = exchange();
    }
    stream->WritesDone();
    v1::ImportLeadsResponse end;
    while (stream->Read(end)) {
    }
    if (absl::Status status = stream->Finish(); !status.ok()) return status;
    last.mutable_rejects()->Assign(rejects.begin(), rejects.end());
    last.mutable_unread()->Assign(unread.begin(), unread.end());
    last.mutable_conflicts()->Assign(conflicts.begin(), conflicts.end());
    return last;
  }
};

}  // namespace finalmile::leads

#include "services/finalmile/commands/rescoring.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "finalmile/leads/v1/scoring_service.pb.h"
#include "libs/base/status.h"
#include "services/finalmile/output/format.h"

namespace finalmile::cli {
namespace {

// Between two looks: each is twice as late as the one before it, since it counts the leads.
constexpr absl::Duration kFirstWait = absl::Milliseconds(20);
constexpr absl::Duration kLongestWait = absl::Seconds(1);
constexpr absl::Duration kMostStanding = absl::Minutes(1);

}  // namespace

absl::StatusOr<bool> FinishRescoring(Session& session) {
  RETURN_IF_ERROR(session.connector.Channel().status());
  if (!session.connector.IsOwn()) return false;
  const std::unique_ptr<WaitEvent> never = session.clock.NewWaitEvent();
  int64_t total = 0;
  int64_t last = 0;
  absl::Duration moved = session.clock.Steady();
  absl::Duration wait = kFirstWait;
  while (true) {
    ASSIGN_OR_RETURN(const auto rescoring,
                     session.Call<leads::v1::Rescoring>("leads.v1.ScoringService/GetRescoring",
                                                        leads::v1::GetRescoringRequest()));
    const int64_t left = rescoring.leads_left();
    total = std::max(total, left);
    const absl::Duration now = session.clock.Steady();
    if (left == 0) break;
    if (left != last) moved = now;
    last = left;
    session.output.Progress(
        fmt::format("{} of {} leads scored", FormatCount(total - left), FormatCount(total)));
    if (now - moved > kMostStanding) {
      session.output.Progress("");
      session.output.Note(fmt::format("{} leads are still to be scored; the next command goes on with them.",
                                      FormatCount(left)));
      return false;
    }
    never->WaitUntil(now + wait);
    wait = std::min(2 * wait, kLongestWait);
  }
  session.output.Progress("");
  RETURN_IF_ERROR(session.connector.Settle());
  return true;
}

}  // namespace finalmile::cli

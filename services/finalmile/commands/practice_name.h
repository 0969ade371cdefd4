#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "finalmile/coaching/v1/practice_service.pb.h"
#include "libs/base/status.h"
#include "services/finalmile/output/format.h"
#include "services/finalmile/session.h"

namespace finalmile::cli {

inline std::string PracticeMethod(std::string_view name) {
  return fmt::format("coaching.v1.PracticeService/{}", name);
}

// "reps/kim" of "kim"; empty, which is the caller, stays empty.
inline std::string RepName(const std::string& text) {
  return text.empty() || text.starts_with("reps/") ? text : "reps/" + text;
}

inline constexpr char kPracticeHelp[] = "its number in the queue of finalmile review, or its name";

// The name of the practice that `text` says: its place in the queue of reviews, from 1, or its name.
// INVALID_ARGUMENT: it is below 1; NOT_FOUND: fewer wait.
inline absl::StatusOr<std::string> PracticeNamed(Session& session, const std::string& text) {
  int64_t place = 0;
  if (!absl::SimpleAtoi(text, &place)) return text.starts_with("practices/") ? text : "practices/" + text;
  if (place < 1)
    return absl::InvalidArgumentError("PRACTICE is counted from 1, as finalmile review lists them");
  using Page = coaching::v1::ListReviewQueueResponse;
  std::string name;
  int64_t count = 0;
  RETURN_IF_ERROR(session
                      .EachPage<Page>(PracticeMethod("ListReviewQueue"),
                                      coaching::v1::ListReviewQueueRequest(), place,
                                      [&](const Page& page) -> int64_t {
                                        for (const auto& queued : page.practices())
                                          if (++count == place) name = queued.practice().name();
                                        return page.practices_size();
                                      })
                      .status());
  if (!name.empty()) return name;
  return absl::NotFoundError(fmt::format("PRACTICE {}: {} wait for a review; finalmile review lists them",
                                         place, FormatCount(count)));
}

}  // namespace finalmile::cli

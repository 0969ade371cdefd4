#include "libs/events/local/diagnose.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/base/status.h"
#include "libs/events/checks.h"
#include "libs/storage/diagnose.h"

namespace finalmile::events::local {
namespace {

absl::StatusOr<std::vector<TopicSpec>> TopicsAt(std::string_view url, Clock& clock, absl::Duration patience) {
  ASSIGN_OR_RETURN(const auto log, Open(url, clock));
  return log->ListTopics(clock.Steady() + patience);
}

}  // namespace

std::vector<Finding> Diagnose(std::string_view url, Clock& clock, const LogNeeds& needs,
                              absl::Duration patience) {
  std::vector<Finding> findings;
  if (!storage::DiagnoseFile(std::string(url.substr(url.find(':') + 1)), findings)) {
    Skip({"topics"}, "they are looked at when a process opens the file", findings);
    return findings;
  }
  const absl::StatusOr<std::vector<TopicSpec>> topics = TopicsAt(url, clock, patience);
  if (!topics.ok()) {
    findings.push_back({VerdictOf(topics.status()), "topics", std::string(topics.status().message())});
    return findings;
  }
  size_t there = 0;
  for (const TopicSpec& wanted : needs.topics) {
    const auto found = std::find_if(topics->begin(), topics->end(),
                                    [&](const TopicSpec& topic) { return topic.name == wanted.name; });
    if (found == topics->end()) continue;
    ++there;
    if (const absl::Status same = CheckPartitions(*found, wanted); !same.ok())
      findings.push_back({Verdict::kFail, "topics", std::string(same.message())});
  }
  findings.push_back({Verdict::kOk, "topics",
                      there == needs.topics.size()
                          ? fmt::format("all {} topics are there", there)
                          : fmt::format("{} of {} topics are there; the others are made at the next start",
                                        there, needs.topics.size())});
  return findings;
}

}  // namespace finalmile::events::local

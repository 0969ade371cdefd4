#include "services/finalmile/commands/booking_times.h"

#include <fmt/format.h>

#include <vector>

#include "absl/strings/str_split.h"
#include "libs/rpc/errors.h"
#include "services/finalmile/commands/host_name.h"
#include "services/finalmile/output/moment.h"

namespace finalmile::cli {
namespace {

absl::Status WithMessage(const absl::Status& status, const std::string& message) {
  absl::Status told(status.code(), message);
  status.ForEachPayload(
      [&](absl::string_view url, const absl::Cord& payload) { told.SetPayload(url, payload); });
  return told;
}

}  // namespace

absl::StatusOr<absl::Time> ReadStart(Session& session, const std::string& text,
                                     const std::string& zone_name) {
  absl::TimeZone zone = session.output.zone();
  if (!zone_name.empty() && !absl::LoadTimeZone(zone_name, &zone))
    return absl::InvalidArgumentError(fmt::format("--zone '{}' is no zone of the IANA database", zone_name));
  absl::Time time;
  if (!ParseFuture(text, session.clock.Now(), zone, time)) {
    return absl::InvalidArgumentError(fmt::format(
        "--at '{}' must be a time to come: 'Thu 15:00', 'tomorrow 09:30' or 2026-12-03 15:00", text));
  }
  if (const std::string note = ClockChangeNote(text, time, zone); !note.empty()) session.output.Note(note);
  return time;
}

absl::Status WithTimes(const absl::Status& status, const Session& session) {
  const auto info = rpc::ErrorInfoOf(status);
  if (!info) return status;
  absl::Time earliest;
  if (const auto found = info->metadata().find("earliest_time");
      found != info->metadata().end() &&
      absl::ParseTime(absl::RFC3339_full, found->second, &earliest, nullptr)) {
    return WithMessage(status,
                       fmt::format("it is too early to say that: wait until {}",
                                   FormatMoment(earliest, session.clock.Now(), session.output.zone())));
  }
  if (!info->metadata().contains("alternative_1")) return status;
  std::string free;
  std::string first;
  for (int i = 1;; ++i) {
    const auto found = info->metadata().find(fmt::format("alternative_{}", i));
    if (found == info->metadata().end()) break;
    const std::vector<std::string> parts = absl::StrSplit(found->second, ' ');
    absl::Time start;
    if (parts.size() != 2 || !absl::ParseTime(absl::RFC3339_full, parts[0], &start, nullptr)) break;
    const std::string text = absl::FormatTime("%a %H:%M", start, session.output.zone());
    free += fmt::format("{}{} {}", free.empty() ? "" : " · ", text, HostText(parts[1]));
    if (first.empty()) first = fmt::format("--at '{}' --host {}", text, HostText(parts[1]));
  }
  return WithMessage(
      status, fmt::format("{}. Free: {}. Take the first: {}", std::string(status.message()), free, first));
}

}  // namespace finalmile::cli

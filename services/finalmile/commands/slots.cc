#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>

#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/host_name.h"
#include "services/finalmile/commands/times.h"
#include "services/finalmile/output/moment.h"

// The times that can be booked.
namespace finalmile::cli {
namespace {

using namespace appointments::v1;

// The server gives no more at once.
constexpr int64_t kMostSlots = 200;

struct SlotFlags {
  std::vector<std::string> hosts;
  std::string zone;
  std::string from;
  int64_t minutes = 30;
  int64_t limit = 20;
};

absl::StatusOr<ExitCode> FindSlots(Session& session, const SlotFlags& flags) {
  FindSlotsRequest request;
  for (const std::string& host : flags.hosts) request.add_hosts(HostName(host));
  *request.mutable_duration() = rpc::ToDuration(absl::Minutes(flags.minutes));
  request.set_guest_zone(flags.zone);
  // One more shows whether there are more.
  request.set_limit(static_cast<int32_t>(std::min<int64_t>(flags.limit + 1, kMostSlots)));
  if (!flags.from.empty()) {
    ASSIGN_OR_RETURN(const absl::Time from, ReadMoment(session, "--from", flags.from));
    *request.mutable_start_time() = rpc::ToTimestamp(from);
  }
  ASSIGN_OR_RETURN(FindSlotsResponse response,
                   session.Call<FindSlotsResponse>("appointments.v1.AppointmentService/FindSlots", request));
  const bool more = response.slots_size() > flags.limit;
  while (response.slots_size() > flags.limit) response.mutable_slots()->RemoveLast();
  if (session.output.json()) {
    session.output.Json(response);
    return ExitCode::kOk;
  }
  if (response.slots().empty()) {
    session.output.Note("Nothing is free; look later with --from, or at finalmile hosts list.");
    return ExitCode::kOk;
  }
  absl::TimeZone zone = session.output.zone();
  // The server knows the zone, so that this machine's database has to as well.
  if (!flags.zone.empty() && !absl::LoadTimeZone(flags.zone, &zone))
    return absl::FailedPreconditionError(fmt::format("this machine has no zone {}", flags.zone));
  // A line for each day and host, days in order.
  std::map<std::pair<absl::CivilDay, std::string>, std::string> lines;
  for (const Slot& slot : response.slots()) {
    const absl::Time start = rpc::FromTimestamp(slot.start_time());
    lines[{absl::ToCivilDay(start, zone), slot.host()}] += "  " + absl::FormatTime("%H:%M", start, zone);
  }
  session.output.Line(
      fmt::format("Times of {}.", PlaceOf(zone, rpc::FromTimestamp(response.slots(0).start_time()))));
  Table table({{"day"}, {"free"}, {"host"}});
  for (const auto& [key, times] : lines) {
    const absl::Time noon = absl::FromCivil(absl::CivilHour(key.first) + 12, zone);
    table.Add({absl::FormatTime("%a %e %b", noon, zone), std::string(Trim(times)), HostText(key.second)});
  }
  session.output.Show(table);
  if (more) session.output.Note("There are more; --limit shows them.");
  return ExitCode::kOk;
}

Action DeclareSlots(Flags& flags) {
  auto given = std::make_shared<SlotFlags>();
  flags.Texts("--host", "HOST", given->hosts, "of this host; may be repeated (everybody's)");
  flags.Text("--zone", "ZONE", given->zone,
             "the guest's zone, in which times are shown: Europe/Madrid (yours)");
  flags.Number("--minutes", given->minutes, 5, 480, "how long the meeting is (30)");
  flags.Text("--from", "WHEN", given->from, "from then on: 'tomorrow', 'Thu 15:00' (now)");
  flags.Number("--limit", given->limit, 1, kMostSlots, "at most so many (20)");
  return [given](Session& session) { return FindSlots(session, *given); };
}

}  // namespace

void AddSlots(std::vector<Verb>& verbs) {
  verbs.push_back(
      {"slots", "the times that can be booked", "finalmile slots --zone Europe/Madrid", DeclareSlots});
}

}  // namespace finalmile::cli

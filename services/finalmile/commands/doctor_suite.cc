#include "services/finalmile/commands/doctor_suite.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "finalmile/v1/operations_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/consumer_trouble.h"
#include "services/finalmile/output/format.h"

namespace finalmile::cli {
namespace {

// An event goes to Kafka within moments of its commit.
constexpr absl::Duration kLongWait = absl::Minutes(1);

// The answers of all processes of one service, put together.
struct ServiceView {
  int processes = 0;
  // By task, how many lead it.
  std::map<std::string, int> leaders;
  // The same in every process, but for the moment at which it was asked.
  int64_t outbox = 0;
  int64_t parked = 0;
  absl::Time oldest_event = absl::InfiniteFuture();
  // The troubles of consumers, and of the store.
  std::set<std::string> troubles;
};

struct SuiteView {
  std::map<std::string, ServiceView> services;
  // Addresses.
  std::map<std::string, std::vector<std::string>> versions;
};

absl::StatusOr<v1::Status> Ask(Process& process, absl::Duration patience) {
  RETURN_IF_ERROR(process.channel.status());
  rpc::Channel& channel = **process.channel;
  RETURN_IF_ERROR(channel.Connect(patience));
  return channel.Call<v1::Status>("/finalmile.v1.OperationsService/GetStatus", v1::GetStatusRequest(),
                                  {.timeout = patience});
}

void Note(const v1::Status& status, const std::string& address, SuiteView& suite) {
  suite.versions[status.version()].push_back(address);
  for (const v1::ServiceStatus& service : status.services()) {
    ServiceView& view = suite.services[service.service()];
    ++view.processes;
    for (const v1::LeaderTaskStatus& task : service.leader_tasks())
      view.leaders[task.name()] += task.leader() ? 1 : 0;
    view.outbox = std::max(view.outbox, service.outbox_depth());
    view.parked = std::max(view.parked, service.parked_failed());
    if (service.has_oldest_event_time())
      view.oldest_event = std::min(view.oldest_event, rpc::FromTimestamp(service.oldest_event_time()));
    if (!service.error().empty()) view.troubles.insert(service.error());
    for (const v1::ConsumerStatus& consumer : service.consumers()) {
      const std::string trouble = TroubleOf(consumer);
      if (!trouble.empty()) view.troubles.insert(fmt::format("{}: {}", consumer.name(), trouble));
    }
  }
}

Finding OfProcess(Process& process, absl::Duration patience, SuiteView& suite) {
  const absl::StatusOr<v1::Status> status = Ask(process, patience);
  if (!status.ok()) {
    const bool token = absl::IsUnauthenticated(status.status()) || absl::IsPermissionDenied(status.status());
    return {VerdictOf(status.status()), "process",
            fmt::format("{}: {}", process.address, std::string(status.status().message())),
            token ? "give --token-file of a manager, an integration or an admin" : ""};
  }
  std::vector<std::string> services;
  for (const v1::ServiceStatus& service : status->services()) services.push_back(service.service());
  const std::string text =
      fmt::format("{} serves {}, version {}, up for {}", process.address, fmt::join(services, ", "),
                  status->version(), absl::FormatDuration(absl::Seconds(status->uptime().seconds())));
  Note(*status, process.address, suite);
  if (!process.service.empty() &&
      std::find(services.begin(), services.end(), process.service) == services.end())
    return {Verdict::kFail, "process", text, fmt::format("--address says that it is {}", process.service)};
  if (!status->tokens_problem().empty())
    return {Verdict::kWarn, "process", fmt::format("{}: {}", text, status->tokens_problem()),
            "mend the line: its token is not admitted"};
  const absl::StatusOr<bool> serving = rpc::IsServing(**process.channel, "", patience);
  if (serving.ok() && !*serving)
    return {Verdict::kWarn, "process", text + ", but its health says NOT_SERVING", "it is about to stop"};
  return {Verdict::kOk, "process", text};
}

void AddService(const std::string& name, const ServiceView& view, absl::Time now,
                std::vector<Finding>& findings) {
  std::vector<std::string> unled;
  std::vector<std::string> twice;
  for (const auto& [task, leaders] : view.leaders) {
    if (leaders == 0) unled.push_back(task);
    if (leaders > 1) twice.push_back(task);
  }
  if (!unled.empty()) {
    findings.push_back(
        {Verdict::kWarn, "leaders",
         fmt::format("{}: none of {} {} leads {}", name, view.processes,
                     view.processes == 1 ? "process" : "processes", fmt::join(unled, ", ")),
         "name every replica in --address; if none leads, the runbook's FinalMileNoLeader says what to do"});
  }
  if (!twice.empty()) {
    findings.push_back({Verdict::kWarn, "leaders",
                        fmt::format("{}: more than one process leads {}", name, fmt::join(twice, ", ")),
                        "ask again; if it stays, see the runbook's FinalMileTwoLeaders"});
  }
  if (unled.empty() && twice.empty()) {
    findings.push_back({Verdict::kOk, "leaders",
                        fmt::format("{}: each of {} tasks has one leader", name, view.leaders.size())});
  }
  const absl::Duration age =
      view.oldest_event == absl::InfiniteFuture() ? absl::ZeroDuration() : now - view.oldest_event;
  const std::string waiting = fmt::format(
      "{}: {} events wait to be sent{}", name, FormatCount(view.outbox),
      age <= absl::ZeroDuration()
          ? ""
          : fmt::format(", the oldest for {}", absl::FormatDuration(absl::Trunc(age, absl::Seconds(1)))));
  findings.push_back(
      age > kLongWait ? Finding{Verdict::kWarn, "outbox", waiting, "see what is said of events and leaders"}
                      : Finding{Verdict::kOk, "outbox", waiting});
  if (view.parked > 0) {
    findings.push_back({Verdict::kWarn, "parked",
                        fmt::format("{}: {} records cannot be applied", name, FormatCount(view.parked)),
                        "`finalmile parked list` names them"});
  } else {
    findings.push_back({Verdict::kOk, "parked", fmt::format("{}: no record is parked", name)});
  }
  for (const std::string& trouble : view.troubles)
    findings.push_back({Verdict::kFail, "consumers", fmt::format("{}: {}", name, trouble), "see its log"});
}

}  // namespace

FindingGroup DiagnoseSuite(Session& session, absl::Duration patience) {
  FindingGroup group{"suite", {}};
  auto processes = session.connector.Processes();
  if (!processes.ok()) {
    group.findings.push_back({Verdict::kFail, "process", std::string(processes.status().message())});
    return group;
  }
  if (processes->empty()) {
    Skip({"process", "versions", "leaders", "outbox", "parked", "consumers"},
         "no --address is given, so that no running process was asked", group.findings);
    return group;
  }
  SuiteView suite;
  for (Process& process : *processes) group.findings.push_back(OfProcess(process, patience, suite));
  if (suite.services.empty()) {
    Skip({"versions", "leaders", "outbox", "parked", "consumers"}, "no process answered", group.findings);
    return group;
  }
  std::vector<std::string> versions;
  for (const auto& [version, addresses] : suite.versions)
    versions.push_back(fmt::format("{} at {}", version, fmt::join(addresses, ", ")));
  if (versions.size() > 1) {
    group.findings.push_back({Verdict::kWarn, "versions",
                              fmt::format("the processes differ: {}", fmt::join(versions, "; ")),
                              "finish the rollout, or go back to the release before"});
  } else {
    group.findings.push_back({Verdict::kOk, "versions",
                              fmt::format("every process is {}; this program is {}",
                                          suite.versions.begin()->first, FINALMILE_VERSION)});
  }
  for (const auto& [name, view] : suite.services) AddService(name, view, session.clock.Now(), group.findings);
  return group;
}

}  // namespace finalmile::cli

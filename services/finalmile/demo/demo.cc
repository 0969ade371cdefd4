#include "services/finalmile/demo/demo.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>

#include "absl/time/civil_time.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "finalmile/leads/v1/scoring_service.pb.h"
#include "finalmile/v1/events_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/demo/content.h"
#include "services/finalmile/demo/play_clock.h"
#include "services/finalmile/demo/practising.h"
#include "services/finalmile/demo/replay_rng.h"
#include "services/finalmile/demo/sample.h"
#include "services/finalmile/demo/selling.h"
#include "services/finalmile/demo/setting.h"
#include "services/finalmile/demo/why.h"
#include "services/finalmile/local_suite.h"
#include "services/finalmile/output/format.h"

namespace finalmile::cli {
namespace {

using namespace leads::v1;

constexpr int kBatch = 1000;
constexpr absl::Duration kIdleWait = absl::Seconds(30);
constexpr int kShownEvents = 8;

// A folder of our own, removed at the end.
class TemporaryFolder {
 public:
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  absl::StatusOr<std::string> Make() {
    std::string name = (std::filesystem::temp_directory_path() / "finalmile-demo-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
      return absl::FailedPreconditionError(
          fmt::format("{}: a folder cannot be made there; give one with --data", name));
    }
    path_ = name;
    return path_;
  }

 private:
  std::string path_;
};

// The last Monday, 00:00 UTC: weeks of the sample are weeks of the calendar, whenever it is played.
absl::Time LastMonday(absl::Time now) {
  const absl::CivilDay today = absl::ToCivilDay(now, absl::UTCTimeZone());
  const absl::CivilDay monday = absl::GetWeekday(today) == absl::Weekday::monday
                                    ? today
                                    : absl::PrevWeekday(today, absl::Weekday::monday);
  return absl::FromCivil(monday, absl::UTCTimeZone());
}

class Demo {
 public:
  Demo(Session& session, const DemoOptions& options)
      : session_(session),
        options_(options),
        end_(LastMonday(session.clock.Now())),
        start_(end_ - SampleOptions().weeks * absl::Hours(168)),
        clock_(session.clock, start_),
        suite_rng_(options.seed) {}

  absl::Status Run() {
    std::string data = options_.data;
    if (data.empty()) {
      ASSIGN_OR_RETURN(data, folder_.Make());
    } else if (std::filesystem::exists(std::filesystem::path(data) / "leads.db")) {
      return absl::FailedPreconditionError(
          fmt::format("--data {}: there is a store already; give an empty folder", data));
    }
    RETURN_IF_ERROR(Start(data));
    ASSIGN_OR_RETURN(assets_, ImportContent(*channel_, (std::filesystem::path(data) / "content").string()));
    RETURN_IF_ERROR(Rest());
    RETURN_IF_ERROR(Play());
    RETURN_IF_ERROR(ShowTop());
    RETURN_IF_ERROR(ShowReady());
    Output output = AtTheEnd();
    RETURN_IF_ERROR(setting_->Show(output));
    RETURN_IF_ERROR(practising_->Show(output));
    RETURN_IF_ERROR(ShowSelling());
    channel_.reset();
    ben_.reset();
    cora_.reset();
    suite_->Stop();
    ShowWhatNext();
    return absl::OkStatus();
  }

 private:
  template <class Response>
  absl::StatusOr<Response> Call(std::string_view method, const google::protobuf::Message& request) {
    return channel_->Call<Response>(fmt::format("/finalmile.{}", method), request,
                                    {.timeout = session_.timeout});
  }

  absl::Status Start(const std::string& data) {
    // What is set for the real suite does not hold for this one.
    ASSIGN_OR_RETURN(suite_, StartQuietly(EmbeddedIn(data), &clock_, &suite_rng_));
    channel_ = ChannelAs("");
    ben_ = ChannelAs("ben:host");
    cora_ = ChannelAs("cora:coach");
    return absl::OkStatus();
  }

  std::unique_ptr<rpc::Channel> ChannelAs(const std::string& who) {
    return rpc::NewGrpcChannel({.target = suite_->address(), .act_as = who}, session_.clock, session_.rng);
  }

  // Day by day, each at its evening: as if it happened.
  absl::Status Play() {
    const absl::Duration begun = session_.clock.Steady();
    const SampleOptions sample{.seed = options_.seed, .start = start_};
    const std::vector<SampleDay> days = GenerateSample(sample);
    selling_ =
        std::make_unique<Selling>(session_, *channel_, options_.seed, [this] { suite_rng_.BeginAnew(); });
    setting_ =
        std::make_unique<Setting>(session_, *channel_, clock_, options_.seed, [this] { return Rest(); });
    practising_ =
        std::make_unique<Practising>(session_, Practising::Channels{*channel_, *ben_, *cora_}, clock_);
    RETURN_IF_ERROR(setting_->Begin());
    RETURN_IF_ERROR(practising_->Begin());
    RETURN_IF_ERROR(Rest());
    int64_t leads = 0;
    int64_t activities = 0;
    for (size_t day = 0; day < days.size(); ++day) {
      const bool friday = day % 7 == 4;
      if (days[day].leads.empty() && days[day].activities.empty() && !friday) continue;
      session_.output.Progress(fmt::format("Week {} of {}", day / 7 + 1, sample.weeks));
      RETURN_IF_ERROR(JumpTo(sample.start + static_cast<int64_t>(day) * absl::Hours(24) + absl::Hours(18)));
      for (const CreateLeadRequest& request : days[day].leads) {
        RETURN_IF_ERROR(Call<Lead>("leads.v1.LeadService/CreateLead", request).status());
      }
      leads += static_cast<int64_t>(days[day].leads.size());
      activities += static_cast<int64_t>(days[day].activities.size());
      RETURN_IF_ERROR(Record(days[day].activities));
      RETURN_IF_ERROR(Rest());
      RETURN_IF_ERROR(setting_->PlayDay());
      RETURN_IF_ERROR(practising_->PlayDay(day));
      RETURN_IF_ERROR(Rest());
      if (!friday) continue;
      RETURN_IF_ERROR(selling_->PlayWeek());
      RETURN_IF_ERROR(Rest());
    }
    RETURN_IF_ERROR(JumpTo(end_));
    session_.output.Progress("");
    if (!session_.output.json()) {
      session_.output.Line(
          fmt::format("{} weeks, {} companies, {} people, {} activities, played in {:.1f} s (seed {}).",
                      sample.weeks, sample.companies, FormatCount(leads), FormatCount(activities),
                      absl::ToDoubleSeconds(session_.clock.Steady() - begun), options_.seed));
    }
    return absl::OkStatus();
  }

  // What fell due in between is done before anything new happens, or the figures would depend on who is
  // faster.
  absl::Status JumpTo(absl::Time time) {
    clock_.JumpTo(time);
    if (!clock_.WaitUntilIdle(kIdleWait)) return NoRest();
    return Rest();
  }
  // Until all that followed from what was sent is done.
  absl::Status Rest() {
    RETURN_IF_ERROR(WaitUntilSettled(*channel_, session_.clock));
    return clock_.WaitUntilIdle(kIdleWait) ? absl::OkStatus() : NoRest();
  }
  static absl::Status NoRest() { return absl::DeadlineExceededError("the suite does not come to rest"); }

  absl::Status Record(const std::vector<Activity>& activities) {
    RecordActivitiesRequest request;
    for (size_t i = 0; i < activities.size(); ++i) {
      *request.add_activities() = activities[i];
      if (request.activities_size() < kBatch && i + 1 < activities.size()) continue;
      RETURN_IF_ERROR(
          Call<RecordActivitiesResponse>("leads.v1.LeadService/RecordActivities", request).status());
      request.clear_activities();
    }
    return absl::OkStatus();
  }

  absl::Status ShowTop() {
    ListTopLeadsRequest request;
    request.set_page_size(options_.top);
    ASSIGN_OR_RETURN(const ListTopLeadsResponse top,
                     Call<ListTopLeadsResponse>("leads.v1.LeadService/ListTopLeads", request));
    Output output = AtTheEnd();
    if (!output.json()) {
      output.Line();
      output.Line(fmt::format("The {} best leads now:", top.leads_size()));
      output.Line();
      ShowLeads({top.leads().begin(), top.leads().end()}, output);
    }
    if (!top.leads().empty()) best_ = top.leads(0);
    for (const Lead& lead : top.leads()) {
      ExplainScoreRequest explain;
      explain.set_name(lead.name());
      *explain.mutable_as_of() = top.as_of();
      ASSIGN_OR_RETURN(const auto why,
                       Call<ExplainScoreResponse>("leads.v1.LeadService/ExplainScore", explain));
      const double gap = std::abs(SumOf(why.reasons()) - why.score().score());
      if (gap > 1e-6 || std::abs(why.score().score() - lead.score().score()) > 1e-6) {
        return absl::InternalError(fmt::format("the reasons of {} do not add up to its score", lead.name()));
      }
      if (output.json()) {
        output.Json(why);
      } else {
        output.Line();
        ShowExplanation(fmt::format("{}, {}", WhoIs(lead), lead.company()), why, output);
      }
    }
    return absl::OkStatus();
  }

  absl::Status ShowReady() {
    v1::TailEventsRequest request;
    request.add_topics("finalmile.leads.events.v1");
    request.set_from_start(true);
    request.set_until_now(true);
    const auto stream =
        channel_->Open("/finalmile.v1.EventsService/TailEvents", {.timeout = session_.timeout});
    if (stream->Write(request)) stream->WritesDone();
    std::map<std::string, int64_t> seqs;
    std::map<std::string, int64_t> counts;
    std::vector<LeadEvent> ready;
    for (v1::TailEventsResponse response; stream->Read(response);) {
      for (const auto& record : response.records()) {
        LeadEvent event;
        if (!event.ParseFromString(record.value())) return absl::DataLossError("an event cannot be read");
        // A relay that was not sure sends again.
        if (int64_t& seen = seqs[event.key()]; event.seq() > seen) {
          seen = event.seq();
        } else {
          continue;
        }
        ++counts[EventName(event)];
        if (event.has_lead_became_sales_ready()) ready.push_back(std::move(event));
      }
    }
    RETURN_IF_ERROR(stream->Finish());
    // Partitions are read one after the other.
    std::sort(ready.begin(), ready.end(), [](const LeadEvent& a, const LeadEvent& b) {
      return std::pair(rpc::FromTimestamp(a.time()), a.key()) >
             std::pair(rpc::FromTimestamp(b.time()), b.key());
    });
    return PrintReady(ready, counts);
  }

  absl::Status PrintReady(const std::vector<LeadEvent>& ready, const std::map<std::string, int64_t>& counts) {
    Output output = AtTheEnd();
    if (output.json()) {
      for (const LeadEvent& event : ready) output.Json(event);
      return absl::OkStatus();
    }
    GetPolicyRequest in_force;
    in_force.set_name("policies/-");
    ASSIGN_OR_RETURN(const Policy policy, Call<Policy>("leads.v1.ScoringService/GetPolicy", in_force));
    output.Line();
    output.Line(fmt::format(
        "{} times a lead became sales-ready, read from the topic finalmile.leads.events.v1; the latest:",
        FormatCount(static_cast<int64_t>(ready.size()))));
    output.Line();
    Table table(
        {{"WHEN"}, {"LANE"}, {"GRADE"}, {"SCORE", Align::kRight}, {"WHY", Align::kLeft, true}, {"LEAD"}});
    for (size_t i = 0; i < ready.size() && i < kShownEvents; ++i) {
      const LeadBecameSalesReady& event = ready[i].lead_became_sales_ready();
      table.Add({output.TimeText(rpc::FromTimestamp(ready[i].time())), event.lane(), event.grade(),
                 FormatPoints(event.score().score()), WhyReady(event, policy), ready[i].key()});
    }
    output.Show(table);
    output.Line();
    std::string line = "Events on that topic:";
    for (const auto& [name, count] : counts) {
      // How many there are depends on which of what sales did is read together.
      if (name != "LeadStageChanged") line += fmt::format(" {} {},", FormatCount(count), name);
    }
    line += " and LeadStageChanged as sales went on.";
    output.Line(line);
    return absl::OkStatus();
  }

  absl::Status ShowSelling() {
    Output output = AtTheEnd();
    if (!output.json()) {
      output.Line();
      output.Line(fmt::format(
          "{} sales assets, imported from a folder of Markdown when the quarter began, and used since.",
          assets_));
    }
    RETURN_IF_ERROR(selling_->Show(best_, output));
    RETURN_IF_ERROR(Rest());
    return ShowContent(session_, *channel_, best_, output);
  }

  static std::string EventName(const LeadEvent& event) {
    const auto* field = LeadEvent::GetReflection()->GetOneofFieldDescriptor(
        event, LeadEvent::descriptor()->FindOneofByName("event"));
    return field == nullptr ? "unknown" : field->message_type()->name();
  }

  void ShowWhatNext() {
    Output& output = session_.output;
    if (output.json()) return;
    output.Line();
    if (options_.data.empty()) {
      output.Line("Next:");
      output.Line("  finalmile demo --data ./demo        the same again, kept in ./demo");
      output.Line(
          "  finalmile dev --data ./demo         serves it; then leads top, search, team, events tail in "
          "another terminal");
    } else {
      output.Line("Next:");
      output.Line(fmt::format("  finalmile leads top --why --data {}", options_.data));
      output.Line(fmt::format("  finalmile search waiting crews --data {}", options_.data));
      output.Line(fmt::format("  finalmile mastery --rep ben --data {}", options_.data));
      output.Line(fmt::format("  finalmile practise --as ana --data {}", options_.data));
      output.Line(fmt::format("  finalmile dev --data {}", options_.data));
    }
    output.Line("  finalmile dev                       an empty store of your own");
    output.Line("  finalmile import leads.csv --mapping my-mapping.yaml --dry-run");
  }

  // Relative times as of the sample's end.
  Output AtTheEnd() { return session_.output.At(clock_); }

  Session& session_;
  const DemoOptions options_;
  const absl::Time end_;
  const absl::Time start_;
  TemporaryFolder folder_;
  PlayClock clock_;
  ReplayRng suite_rng_;
  std::unique_ptr<app::Suite> suite_;
  std::unique_ptr<rpc::Channel> channel_;
  std::unique_ptr<rpc::Channel> ben_;
  std::unique_ptr<rpc::Channel> cora_;
  std::unique_ptr<Selling> selling_;
  std::unique_ptr<Setting> setting_;
  std::unique_ptr<Practising> practising_;
  size_t assets_ = 0;
  Lead best_;
};

}  // namespace

absl::Status PlayDemo(Session& session, const DemoOptions& options) { return Demo(session, options).Run(); }

}  // namespace finalmile::cli

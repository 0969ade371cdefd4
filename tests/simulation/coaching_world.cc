// The coaching service in two processes on one store and one log. Authors make, change and publish talk
// tracks and add examples in role, assets of the catalog change, processes crash and freeze, and clocks move
// on.

#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>

#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "finalmile/catalog/v1/catalog_event.pb.h"
#include "finalmile/coaching/v1/coaching_event.pb.h"
#include "finalmile/coaching/v1/talk_track_service.pb.h"
#include "libs/app/settings.h"
#include "libs/outbox/envelope.h"
#include "libs/outbox/schema.h"
#include "libs/rpc/timestamps.h"
#include "services/coaching/wiring.h"
#include "tests/simulation/event_topic.h"
#include "tests/simulation/service_client.h"

namespace finalmile::simulation {
namespace {

namespace v1 = coaching::v1;
using catalog::v1::CatalogEvent;
using testing::Simulation;

constexpr int kAuthors = 3;
constexpr int kActions = 14;
constexpr int kTracks = 3;
constexpr int kAssets = 3;
constexpr int kAssetEvents = 15;
// The wall clock of a process is off by so much at most.
constexpr absl::Duration kSkew = absl::Seconds(2);

std::string Words(int count) {
  std::string text = "word";
  for (int i = 1; i < count; ++i) text += " word";
  return text;
}

// The topic tells this of one track.
struct Told {
  std::vector<int64_t> published;
  // The asset and version of each change since the last publication.
  std::map<std::string, int64_t> changed;
};

class Run {
 public:
  Run(uint64_t seed, const RunOptions& options)
      : simulation_(seed, {.trace = options.trace, .replay = options.replay}),
        servers_(simulation_, {{"outbox", outbox::Migrations()}, {"coaching", coaching::kModule.migrations}},
                 {{.name = outbox::TopicName<v1::CoachingEvent>(), .partitions = 3},
                  {.name = outbox::TopicName<CatalogEvent>(), .partitions = 3},
                  {.name = outbox::TopicName<appointments::v1::AppointmentEvent>(), .partitions = 1}}),
        config_(*config::Load(app::SchemaFor({&coaching::kModule}), {}, {})),
        client_{"finalmile.coaching.v1", simulation_, replicas_, violations_} {}

  Outcome Play() {
    simulation_.faults() = testing::Faults::Draw(simulation_.rng());
    for (const char* name : {"p1", "p2"}) {
      replicas_.push_back(std::make_unique<Replica>(simulation_, name, [this](Simulation::Process& process) {
        return ServiceProgram::Start(servers_, coaching::kModule, config_, process);
      }));
    }
    simulation_.Spawn("assets", [this] { Assets(); });
    for (int author = 0; author < kAuthors; ++author)
      simulation_.Spawn(fmt::format("author {}", author), [this, author] { Author(author); });
    for (int i = 0; i < 8; ++i) {
      if (Meddle(simulation_, replicas_, absl::Seconds(3), 5) == 2)
        simulation_.ShiftWallClock(simulation_.rng().Uniform() * absl::Minutes(10));
    }
    while (done_ < kAuthors + 1) simulation_.Sleep(absl::Seconds(1));
    simulation_.faults() = {};
    Settle();
    Check();
    // Every consent ends.
    simulation_.ShiftWallClock(absl::Hours(2));
    Settle();
    if (const int64_t left = Count("examples WHERE due_time IS NOT NULL"); left > 0)
      Violated(fmt::format("{} examples outlive their consent", left));
    Check();
    for (const auto& replica : replicas_) replica->Stop();
    simulation_.JoinAll();
    return {violations_, simulation_.trace_hash(), simulation_.points(), simulation_.clock().Steady()};
  }

 private:
  void Violated(std::string what) { violations_.push_back(std::move(what)); }
  int64_t Count(const std::string& from) { return servers_.Query("SELECT COUNT(*) FROM " + from)[0].Int(0); }
  std::string AnyAsset() { return fmt::format("assets/a{}", simulation_.rng().Below(kAssets)); }
  std::string AnyTrack() { return fmt::format("t{}", simulation_.rng().Below(kTracks)); }

  // Events of the catalog, in order of each asset; a record may come twice.
  void Assets() {
    Rng& rng = simulation_.rng();
    for (int i = 0; i < kAssetEvents; ++i) {
      simulation_.Sleep(rng.Uniform() * absl::Seconds(2));
      const std::string asset = AnyAsset();
      const int64_t seq = ++seqs_[asset];
      const outbox::Cause cause;
      CatalogEvent event = outbox::NewEvent<CatalogEvent>(
          {simulation_.clock(), rng, simulation_.clock().Now(), cause}, asset, seq);
      switch (rng.Below(4)) {
        case 0:
          event.mutable_asset_retired()->set_version(seq);
          break;
        case 1:
          event.mutable_asset_versioned()->set_version(seq);
          break;
        default:
          event.mutable_asset_published()->set_version(seq);
          event.mutable_asset_published()->set_previous_version(seq - 1);
      }
      const events::Message message = outbox::ToMessage(outbox::ToOutbox(event));
      std::vector<events::Message> messages(rng.Below(4) == 0 ? 2 : 1, message);
      const absl::Status sent =
          servers_.log().Append(messages, simulation_.clock().Steady() + absl::Seconds(10));
      if (!sent.ok()) Violated(sent.ToString());
      if (!event.has_asset_versioned()) heard_[asset].push_back(event);
    }
    ++done_;
  }

  void Author(int author) {
    for (int i = 0; i < kActions; ++i) {
      simulation_.Sleep(simulation_.rng().Uniform() * absl::Seconds(1));
      const std::string request = fmt::format("{}-{}", author, i);
      const std::string track = AnyTrack();
      switch (simulation_.rng().Below(6)) {
        case 0:
        case 1:
          Create(request, track);
          break;
        case 2:
          Update(request, track);
          break;
        case 3:
          AddExample(request, track);
          break;
        default:
          Publish(request, track);
      }
    }
    ++done_;
  }

  v1::TalkTrack Content(const std::string& title) {
    v1::TalkTrack track;
    track.set_title(title);
    track.set_owner("max");
    track.set_situation("new-fleet-manager");
    track.add_source_assets(AnyAsset());
    track.add_source_assets(AnyAsset());
    v1::Story& story = *track.mutable_story();
    for (std::string* part : {story.mutable_hook(), story.mutable_before(), story.mutable_after(),
                              story.mutable_number(), story.mutable_question()})
      *part = "30 percent";
    story.set_telling_short(Words(20));
    story.set_telling_medium(Words(100));
    story.set_telling_long(Words(300));
    v1::KeyMessage& message = *track.add_key_messages();
    message.set_id("one");
    message.set_text("cut idle time");
    message.set_required(true);
    return track;
  }

  void Create(const std::string& id, const std::string& track) {
    v1::CreateTalkTrackRequest request;
    *request.mutable_talk_track() = Content(id);
    request.set_talk_track_id(track);
    request.set_request_id("create-" + id);
    const auto created = client_.Call<v1::TalkTrack>("TalkTrackService/CreateTalkTrack", request,
                                                     {absl::StatusCode::kAlreadyExists});
    if (!created) return;
    if (!created_.insert(track).second) Violated(fmt::format("{} was made twice", track));
    if (created->title() != id) Violated(fmt::format("create {} was answered with {}", id, created->title()));
  }

  void Update(const std::string& id, const std::string& track) {
    v1::UpdateTalkTrackRequest request;
    *request.mutable_talk_track() = Content(id);
    request.mutable_talk_track()->set_name("talkTracks/" + track);
    request.mutable_update_mask()->add_paths("*");
    request.set_request_id("update-" + id);
    const auto updated = client_.Call<v1::TalkTrack>("TalkTrackService/UpdateTalkTrack", request,
                                                     {absl::StatusCode::kNotFound});
    if (updated && updated->title() != id)
      Violated(fmt::format("update {} was answered with {}", id, updated->title()));
  }

  void AddExample(const std::string& id, const std::string& track) {
    v1::AddExampleRequest request;
    request.set_parent("talkTracks/" + track);
    v1::Example& example = *request.mutable_example();
    example.set_title(id);
    example.set_provenance(v1::Example::PROVENANCE_STAGED);
    if (simulation_.rng().Below(2) == 0) {
      example.set_provenance(v1::Example::PROVENANCE_CONSENTED);
      example.set_consent_reference("contract");
      *example.mutable_expire_time() = rpc::ToTimestamp(simulation_.clock().Now() + absl::Hours(1));
    }
    for (const auto role : {v1::Turn::ROLE_REP, v1::Turn::ROLE_GUEST}) {
      v1::Turn& turn = *example.add_turns();
      turn.set_role(role);
      turn.set_speaker(v1::Turn::Role_Name(role));
      turn.set_text("words");
    }
    request.set_request_id("example-" + id);
    const auto added =
        client_.Call<v1::Example>("TalkTrackService/AddExample", request,
                                  {absl::StatusCode::kNotFound, absl::StatusCode::kInvalidArgument});
    if (added && !examples_.insert(added->name()).second)
      Violated(fmt::format("example {} was added twice", id));
  }

  void Publish(const std::string& id, const std::string& track) {
    v1::PublishTalkTrackRequest request;
    request.set_name("talkTracks/" + track);
    request.set_recertify(simulation_.rng().Below(3) == 0);
    request.set_request_id("publish-" + id);
    client_.Call<v1::PublishTalkTrackResponse>(
        "TalkTrackService/PublishTalkTrack", request,
        {absl::StatusCode::kNotFound, absl::StatusCode::kFailedPrecondition});
  }

  void Settle() {
    const absl::Duration limit = simulation_.clock().Steady() + kSettleLimit;
    std::string left;
    do {
      simulation_.Sleep(absl::Seconds(5));
      const int64_t outbox = Count("outbox");
      const int64_t due = Count(fmt::format("examples WHERE due_time <= {}",
                                            ToMicros(simulation_.clock().Now() - absl::Seconds(5))));
      const int64_t lag = servers_.Lag("coaching.catalog", outbox::TopicName<CatalogEvent>());
      if (outbox + due + lag == 0) return;
      left = fmt::format("{} rows in the outbox, {} due, {} events of assets behind", outbox, due, lag);
    } while (simulation_.clock().Steady() < limit);
    Violated("does not come to rest: " + left);
  }

  void Check() {
    std::map<std::string, Told> told;
    CheckEventTopic<v1::CoachingEvent>(servers_, violations_, [&](const v1::CoachingEvent& event) {
      Told& one = told[event.key()];
      if (event.has_talk_track_published()) {
        one.published.push_back(event.talk_track_published().version());
        one.changed.clear();
      } else {
        const v1::TalkTrackSourcesChanged& change = event.talk_track_sources_changed();
        one.changed[change.asset()] = change.asset_version();
      }
    });
    std::set<std::string> stored;
    for (const storage::Row& row : servers_.Query("SELECT id, latest_version, published_version, "
                                                  "publish_time, sources_changed FROM talk_tracks")) {
      stored.insert(row.Text(0));
      CheckTrack(row, told["talkTracks/" + row.Text(0)]);
    }
    for (const std::string& track : created_) {
      if (!stored.contains(track)) Violated("lost: " + track);
    }
    if (const int64_t parked = Count("parked"); parked > 0)
      Violated(fmt::format("{} records are parked", parked));
  }

  void CheckTrack(const storage::Row& row, const Told& told) {
    const std::string track = row.Text(0);
    const int64_t published = row.Int(2);
    if ((told.published.empty() ? 0 : told.published.back()) != published)
      Violated(fmt::format("{}: the topic tells another published version than the store", track));
    // Published versions stay; of drafts the newest alone.
    std::set<int64_t> expected(told.published.begin(), told.published.end());
    expected.insert(row.Int(1));
    std::set<int64_t> versions;
    for (const storage::Row& version : servers_.Query(
             fmt::format("SELECT version FROM talk_track_versions WHERE talk_track = '{}'", track)))
      versions.insert(version.Int(0));
    if (versions != expected) Violated(fmt::format("{} has other versions than it should", track));
    if (row.Bool(4) == told.changed.empty()) Violated(fmt::format("{}: sources_changed is wrong", track));
    // Each source is marked by the newest change after the publication, and by no other.
    for (const storage::Row& source : servers_.Query(fmt::format(
             "SELECT asset, change, asset_version FROM talk_track_sources WHERE talk_track = '{}'", track))) {
      int64_t newest = 0;
      bool close = false;
      for (const CatalogEvent& event : heard_[source.Text(0)]) {
        const int64_t time = ToMicros(rpc::FromTimestamp(event.time()));
        if (time <= row.Int(3)) continue;
        newest = event.seq();
        close = time - row.Int(3) <= absl::ToInt64Microseconds(kSkew);
      }
      const int64_t marked = source.Int(2);
      const auto of_topic = told.changed.find(source.Text(0));
      if ((of_topic == told.changed.end() ? 0 : of_topic->second) != marked)
        Violated(fmt::format("{}: topic and store differ about {}", track, source.Text(0)));
      // The clock of the process that published may be behind.
      if (marked != newest && !(close && marked == 0)) {
        Violated(fmt::format("{}: {} is marked by {} rather than {}", track, source.Text(0), marked, newest));
      }
    }
  }

  Simulation simulation_;
  Servers servers_;
  const config::Config config_;
  Replicas replicas_;
  std::vector<std::string> violations_;
  const ServiceClient client_;
  int done_ = 0;
  std::map<std::string, int64_t> seqs_;
  // The events that may mark a track, by asset.
  std::map<std::string, std::vector<CatalogEvent>> heard_;
  std::set<std::string> created_;
  std::set<std::string> examples_;
};

}  // namespace

Outcome RunCoachingWorld(uint64_t seed, const RunOptions& options) { return Run(seed, options).Play(); }

}  // namespace finalmile::simulation

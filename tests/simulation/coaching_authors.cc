#include "tests/simulation/coaching_authors.h"

#include <fmt/format.h>

#include "finalmile/coaching/v1/talk_track_service.pb.h"
#include "libs/outbox/envelope.h"
#include "libs/rpc/timestamps.h"

namespace finalmile::simulation {
namespace {

namespace v1 = coaching::v1;
using catalog::v1::CatalogEvent;

constexpr int kActions = 10;
constexpr int kAssetEvents = 12;

std::string Words(int count) {
  std::string text = "word";
  for (int i = 1; i < count; ++i) text += " word";
  return text;
}

class Author {
 public:
  explicit Author(const CoachingStage& stage) : stage_(stage), client_(stage.As()) {}

  void Act(const std::string& request, const std::string& track) {
    switch (stage_.Below(6)) {
      case 0:
        Create(request, track);
        break;
      case 1:
      case 2:
        Update(request, track);
        break;
      case 3:
        AddExample(request, track);
        break;
      default:
        Publish(request, track, stage_.OneIn(8));
    }
  }

  void Begin(const std::string& request, const std::string& track) {
    Create(request, track);
    AddExample(request, track);
    Publish(request, track, stage_.OneIn(8));
  }

  void Renew(const std::string& request, const std::string& track) {
    Update(request, track);
    Publish(request, track, /*recertify=*/true);
  }

 private:
  std::string AnyAsset() { return fmt::format("assets/a{}", stage_.Below(kAssets)); }

  v1::TalkTrack Content(const std::string& id, const std::string& title) {
    v1::TalkTrack track;
    track.set_title(title);
    track.set_owner("max");
    track.set_situation(SituationOf(id));
    track.add_source_assets(AnyAsset());
    track.add_source_assets(AnyAsset());
    v1::Story& story = *track.mutable_story();
    for (std::string* part : {story.mutable_hook(), story.mutable_before(), story.mutable_after(),
                              story.mutable_number(), story.mutable_question()})
      *part = "30 percent";
    story.set_telling_short(Words(20));
    story.set_telling_medium(Words(100));
    story.set_telling_long(Words(300));
    const auto add = [&](const char* message, const char* text, double weight) {
      v1::KeyMessage& one = *track.add_key_messages();
      one.set_id(message);
      one.set_text(text);
      one.set_weight(weight);
      return &one;
    };
    add("idle", "cut idle time by 30 percent", 7)->set_required(true);
    add("drivers", "drivers like", 2);
    const absl::Duration validity = ValidityOf(id);
    *track.mutable_certificate_validity() =
        rpc::ToDuration(validity == absl::InfiniteDuration() ? absl::ZeroDuration() : validity);
    return track;
  }

  void Create(const std::string& id, const std::string& track) {
    v1::CreateTalkTrackRequest request;
    *request.mutable_talk_track() = Content(track, id);
    request.set_talk_track_id(track);
    request.set_request_id("create-" + id);
    const auto created = client_.Call<v1::TalkTrack>("TalkTrackService/CreateTalkTrack", request,
                                                     {absl::StatusCode::kAlreadyExists});
    if (!created) return;
    if (!stage_.model.created.insert(track).second) stage_.Violated(fmt::format("{} was made twice", track));
    if (created->title() != id)
      stage_.Violated(fmt::format("create {} was answered with {}", id, created->title()));
  }

  void Update(const std::string& id, const std::string& track) {
    v1::UpdateTalkTrackRequest request;
    *request.mutable_talk_track() = Content(track, id);
    request.mutable_talk_track()->set_name("talkTracks/" + track);
    request.mutable_update_mask()->add_paths("*");
    request.set_request_id("update-" + id);
    const auto updated = client_.Call<v1::TalkTrack>("TalkTrackService/UpdateTalkTrack", request,
                                                     {absl::StatusCode::kNotFound});
    if (updated && updated->title() != id)
      stage_.Violated(fmt::format("update {} was answered with {}", id, updated->title()));
  }

  void AddExample(const std::string& id, const std::string& track) {
    v1::AddExampleRequest request;
    request.set_parent("talkTracks/" + track);
    v1::Example& example = *request.mutable_example();
    example.set_title(id);
    example.set_provenance(v1::Example::PROVENANCE_STAGED);
    if (stage_.OneIn(2)) {
      example.set_provenance(v1::Example::PROVENANCE_CONSENTED);
      example.set_consent_reference("contract");
      *example.mutable_expire_time() = rpc::ToTimestamp(stage_.simulation.clock().Now() + absl::Hours(1));
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
                                  {absl::StatusCode::kNotFound, absl::StatusCode::kInvalidArgument,
                                   absl::StatusCode::kResourceExhausted});
    if (added && !stage_.model.examples.insert(added->name()).second)
      stage_.Violated(fmt::format("example {} was added twice", id));
  }

  void Publish(const std::string& id, const std::string& track, bool recertify) {
    v1::PublishTalkTrackRequest request;
    request.set_name("talkTracks/" + track);
    request.set_recertify(recertify);
    request.set_request_id("publish-" + id);
    if (client_.Call<v1::PublishTalkTrackResponse>(
            "TalkTrackService/PublishTalkTrack", request,
            {absl::StatusCode::kNotFound, absl::StatusCode::kFailedPrecondition}))
      stage_.model.published.insert(track);
  }

  const CoachingStage& stage_;
  const ServiceClient client_;
};

}  // namespace

void SendAssets(const CoachingStage& stage) {
  testing::Simulation& simulation = stage.simulation;
  for (int i = 0; i < kAssetEvents; ++i) {
    stage.Pause(absl::Seconds(2));
    const std::string asset = fmt::format("assets/a{}", stage.Below(kAssets));
    const int64_t seq = ++stage.model.asset_seqs[asset];
    const outbox::Cause cause;
    CatalogEvent event = outbox::NewEvent<CatalogEvent>(
        {simulation.clock(), simulation.rng(), simulation.clock().Now(), cause}, asset, seq);
    switch (stage.Below(4)) {
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
    const std::vector<events::Message> messages(stage.OneIn(4) ? 2 : 1, message);
    const absl::Status sent =
        stage.servers.log().Append(messages, simulation.clock().Steady() + absl::Seconds(10));
    if (!sent.ok()) stage.Violated(sent.ToString());
    if (!event.has_asset_versioned()) stage.model.heard[asset].push_back(event);
  }
}

void PlayAuthor(const CoachingStage& stage, int round, int author) {
  Author one(stage);
  one.Begin(fmt::format("{}-{}", round, author), fmt::format("t{}", author % kTracks));
  for (int i = 0; i < kActions; ++i) {
    stage.Pause(absl::Seconds(2));
    one.Act(fmt::format("{}-{}-{}", round, author, i), fmt::format("t{}", stage.Below(kTracks)));
  }
}

void AskForMasteryAnew(const CoachingStage& stage, int round) {
  Author(stage).Renew(fmt::format("renew-{}", round), "t0");
}

}  // namespace finalmile::simulation

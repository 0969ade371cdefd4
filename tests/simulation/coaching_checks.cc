#include "tests/simulation/coaching_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "finalmile/coaching/v1/practice_service.pb.h"
#include "libs/rpc/timestamps.h"
#include "tests/simulation/event_topic.h"

namespace finalmile::simulation {
namespace {

namespace v1 = coaching::v1;
using catalog::v1::CatalogEvent;
using v1::CoachingEvent;

// The topic tells this of one track.
struct Told {
  std::vector<int64_t> published;
  // The asset and version of each change since the last publication.
  std::map<std::string, int64_t> changed;
};

class Check {
 public:
  explicit Check(const CoachingStage& stage) : stage_(stage), servers_(stage.servers) {}

  CoachingStories CheckAll() {
    CheckEventTopic<CoachingEvent>(servers_, stage_.violations, [&](const CoachingEvent& event) {
      events_[event.key()].push_back(event);
    });
    CheckTracks();
    for (const auto& [key, events] : events_) {
      if (!key.starts_with("reps/")) continue;
      const std::string rep = key.substr(5);
      stories_.reps[rep] = StoryOf(rep, events, stories_.versions, stage_.violations);
    }
    CheckPractices();
    CheckReviews();
    if (const int64_t parked = servers_.Query("SELECT COUNT(*) FROM parked")[0].Int(0); parked > 0)
      Violated(fmt::format("{} records are parked", parked));
    return std::move(stories_);
  }

 private:
  void Violated(std::string what) { stage_.Violated(std::move(what)); }

  Told Follow(const std::string& track) {
    Told told;
    for (const CoachingEvent& event : events_["talkTracks/" + track]) {
      if (!event.has_talk_track_published()) {
        const v1::TalkTrackSourcesChanged& change = event.talk_track_sources_changed();
        told.changed[change.asset()] = change.asset_version();
        continue;
      }
      const v1::TalkTrackPublished& published = event.talk_track_published();
      if (published.recertify())
        stories_.versions[track].emplace_back(rpc::FromTimestamp(event.time()), published.version());
      told.published.push_back(published.version());
      told.changed.clear();
    }
    return told;
  }

  void CheckTracks() {
    std::set<std::string> stored;
    for (const storage::Row& row :
         servers_.Query("SELECT id, latest_version, published_version, publish_time, sources_changed, "
                        "certificate_version FROM talk_tracks")) {
      stored.insert(row.Text(0));
      CheckTrack(row, Follow(row.Text(0)));
    }
    for (const std::string& track : stage_.model.created) {
      if (!stored.contains(track)) Violated("lost: " + track);
    }
  }

  void CheckTrack(const storage::Row& row, const Told& told) {
    const std::string& track = row.Text(0);
    const int64_t published = row.Int(2);
    if ((told.published.empty() ? 0 : told.published.back()) != published)
      Violated(fmt::format("{}: the topic tells another published version than the store", track));
    const auto& asked = stories_.versions[track];
    if ((asked.empty() ? 0 : asked.back().second) != row.Int(5))
      Violated(fmt::format("{}: the topic tells another certificate version than the store", track));
    // Published versions stay; of drafts the newest alone.
    std::set<int64_t> expected(told.published.begin(), told.published.end());
    expected.insert(row.Int(1));
    std::set<int64_t> versions;
    for (const storage::Row& version : servers_.Query(
             fmt::format("SELECT version FROM talk_track_versions WHERE talk_track = '{}'", track)))
      versions.insert(version.Int(0));
    if (versions != expected) Violated(fmt::format("{} has other versions than it should", track));
    if (row.Bool(4) == told.changed.empty()) Violated(fmt::format("{}: sources_changed is wrong", track));
    for (const storage::Row& source : servers_.Query(fmt::format(
             "SELECT asset, change, asset_version FROM talk_track_sources WHERE talk_track = '{}'", track)))
      CheckSource(row, source, told);
  }

  // A source is marked by the newest change after the publication, and by no other.
  void CheckSource(const storage::Row& track, const storage::Row& source, const Told& told) {
    int64_t newest = 0;
    bool close = false;
    const auto heard = stage_.model.heard.find(source.Text(0));
    for (const CatalogEvent& event :
         heard == stage_.model.heard.end() ? std::vector<CatalogEvent>() : heard->second) {
      const int64_t time = ToMicros(rpc::FromTimestamp(event.time()));
      if (time <= track.Int(3)) continue;
      newest = event.seq();
      close = MayHaveCrossed(FromMicros(track.Int(3)), FromMicros(time));
    }
    const int64_t marked = source.Int(2);
    const auto of_topic = told.changed.find(source.Text(0));
    if ((of_topic == told.changed.end() ? 0 : of_topic->second) != marked)
      Violated(fmt::format("{}: topic and store differ about {}", track.Text(0), source.Text(0)));
    if (marked != newest && !(close && marked == 0)) {
      Violated(fmt::format("{}: {} is marked by {} rather than {}", track.Text(0), source.Text(0), marked,
                           newest));
    }
  }

  // A publication of this time may have been written after a change of that time was heard: where the clock
  // of its process is behind, or the clocks moved on while it was written.
  bool MayHaveCrossed(absl::Time publication, absl::Time change) {
    if (change - publication <= kSkew) return true;
    constexpr absl::Duration kLongestCall = absl::Minutes(2);
    absl::Time moved = publication;
    for (const auto& [before, by] : stage_.model.jumps) {
      if (before >= publication - kSkew && before - moved <= kLongestCall)
        moved = std::max(moved, before + by);
    }
    return moved > publication && change - moved <= kLongestCall;
  }

  // Each practice was sent once, and what was acknowledged is there; drafts are in no event.
  void CheckPractices() {
    std::map<std::string, PracticeFacts> told;
    for (const auto& [rep, story] : stories_.reps) {
      for (const auto& [track, one] : story.tracks) {
        for (const PracticeFacts& facts : one.practices) told[facts.id] = facts;
      }
    }
    std::set<int64_t> stored;
    size_t submitted = 0;
    for (const storage::Row& row : servers_.Query(
             "SELECT id, rep, track, state, practice_time, track_version, score, analysis_score FROM "
             "practices")) {
      const std::string name = "practices/" + row.Text(0);
      const auto sent = stage_.model.practices.find(row.Int(4));
      if (sent == stage_.model.practices.end() || sent->second.rep != row.Text(1) ||
          sent->second.track != row.Text(2)) {
        Violated(fmt::format("{} was never sent", name));
        continue;
      }
      const PracticeModel& model = sent->second;
      if (!stored.insert(row.Int(4)).second) Violated(fmt::format("{} is there twice", name));
      if (!model.name.empty() && model.name != name)
        Violated(fmt::format("{} was acknowledged as {}", name, model.name));
      const bool draft = row.Int(3) == v1::Practice::STATE_DRAFT;
      if (draft ? !model.may_be_draft || model.submitted : !model.may_be_submitted)
        Violated(fmt::format("{} has the state {}", name, row.Int(3)));
      const auto fact = told.find(row.Text(0));
      if (draft) {
        if (fact != told.end()) Violated(fmt::format("{}, a draft, is in an event", name));
        continue;
      }
      ++submitted;
      if (row.Real(7) != model.score) Violated(fmt::format("{} is analysed wrongly", name));
      const PracticeFacts& facts = fact == told.end() ? PracticeFacts() : fact->second;
      if (facts.time != FromMicros(row.Int(4)) || facts.track_version != row.Int(5) ||
          facts.score != row.Real(6) || facts.by_coach != (row.Int(3) == v1::Practice::STATE_REVIEWED))
        Violated(fmt::format("{}: topic and store differ", name));
    }
    if (submitted != told.size()) Violated("the topic tells of practices that are not there");
    for (const auto& [time, model] : stage_.model.practices) {
      if (!model.name.empty() && !stored.contains(time)) Violated(fmt::format("lost: {}", model.name));
    }
  }

  // Each review was sent once; those that were acknowledged are there, and the newest of each reviewer
  // counts.
  void CheckReviews() {
    std::map<std::string, std::vector<ReviewStory>> told;
    for (const auto& [rep, story] : stories_.reps) {
      for (const ReviewStory& review : story.reviews) told[review.practice].push_back(review);
    }
    std::map<std::string, std::vector<ReviewStory>> kept;
    std::set<std::string> stored;
    std::map<std::pair<std::string, std::string>, int> current;
    for (const storage::Row& row :
         servers_.Query("SELECT practice, number, replaced, reviewer, self, comments, levels FROM "
                        "practice_reviews ORDER BY practice, number")) {
      v1::Review comments;
      comments.ParseFromString(row.Blob(5));
      const std::string id = comments.comments_size() == 1 ? comments.comments(0).text() : "";
      const auto sent = stage_.model.reviews.find(id);
      if (sent == stage_.model.reviews.end() || sent->second.practice != "practices/" + row.Text(0) ||
          sent->second.reviewer != row.Text(3) || sent->second.self != row.Bool(4)) {
        Violated(fmt::format("review {} of {} was never sent", row.Int(1), row.Text(0)));
        continue;
      }
      if (!stored.insert(id).second) Violated(fmt::format("review {} is there twice", id));
      std::vector<ReviewStory>& reviews = kept[row.Text(0)];
      reviews.push_back({row.Text(0), row.Text(3), row.Bool(4), sent->second.level});
      if (row.Int(1) != std::ssize(reviews)) Violated(fmt::format("review {} has a wrong number", id));
      // One that is replaced has a later one behind it.
      int& newest = current[{row.Text(0), row.Text(3)}];
      if (!row.Bool(2) && ++newest > 1) Violated(fmt::format("review {} replaces nothing", id));
      if (row.Bool(2) && newest > 0) Violated(fmt::format("review {} is replaced by an earlier one", id));
    }
    for (const auto& [of, newest] : current) {
      if (newest != 1) Violated(fmt::format("no review of {} by {} counts", of.first, of.second));
    }
    if (kept != told) Violated("topic and store differ about reviews");
    for (const auto& [id, review] : stage_.model.reviews) {
      if (review.acknowledged && !stored.contains(id)) Violated(fmt::format("lost: review {}", id));
    }
  }

  const CoachingStage& stage_;
  Servers& servers_;
  // By key.
  std::map<std::string, std::vector<CoachingEvent>> events_;
  CoachingStories stories_;
};

}  // namespace

CoachingStories CheckCoachingWorld(const CoachingStage& stage) { return Check(stage).CheckAll(); }

}  // namespace finalmile::simulation

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/base/status.h"
#include "libs/testing/personal_fields.h"
#include "services/coaching/coaching_fixture.h"
#include "services/coaching/store/track_store.h"

namespace finalmile::coaching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kName[] = "talkTracks/new-fleet-manager";

class TracksTest : public CoachingTest {
 protected:
  std::vector<std::string> Listed(const std::string& caller, const std::string& filter = "",
                                  int page_size = 0) {
    std::vector<std::string> names;
    v1::ListTalkTracksRequest request;
    request.set_filter(filter);
    request.set_page_size(page_size);
    do {
      const auto page = Call<v1::ListTalkTracksResponse>(As(caller), "ListTalkTracks", request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const v1::TalkTrack& track : page->talk_tracks()) names.push_back(track.name());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return names;
  }
};

TEST_P(TracksTest, ATrackIsCreatedOnceAndReadAgain) {
  const auto created = Create(Whole(), "", "r1");
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->name(), kName);
  EXPECT_EQ(created->state(), v1::TalkTrack::STATE_DRAFT);
  EXPECT_EQ(created->version(), 1);
  EXPECT_EQ(created->published_version(), 0);
  EXPECT_EQ(created->rubric().name(), "first-conversation-1");
  EXPECT_EQ(created->rubric().criteria_size(), 6);
  EXPECT_EQ(created->language(), "en");
  EXPECT_EQ(created->key_messages(1).weight(), 1);
  EXPECT_EQ(created->bands().max_talk_share(), .65);
  EXPECT_EQ(rpc::FromDuration(created->certificate_validity()), absl::Hours(24 * 180));
  EXPECT_THAT(created->missing(), ElementsAre("examples: at least one example in role is needed"));
  const auto repeated = Create(Whole(), "", "r1");
  ASSERT_TRUE(repeated.ok()) << repeated.status();
  EXPECT_EQ(repeated->SerializeAsString(), created->SerializeAsString());
  EXPECT_THAT(EventsOf(kName), IsEmpty()) << "a draft emits nothing";

  Restart();
  const auto read = Get(kName);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->SerializeAsString(), created->SerializeAsString());
}

TEST_P(TracksTest, ANameIsGivenOnce) {
  ASSERT_TRUE(Create(Whole(), "mine").ok());
  EXPECT_EQ(ReasonOf(Create(Whole(), "mine").status()), "TALK_TRACK_EXISTS");
  EXPECT_THAT(FieldsOf(Create(Whole(), "Mine").status()), ElementsAre("talk_track_id"));
  EXPECT_TRUE(Create(Whole(), std::string(100, 'x')).ok());
  EXPECT_THAT(FieldsOf(Create(Whole(), std::string(101, 'x')).status()), ElementsAre("talk_track_id"));
  v1::TalkTrack track = Whole();
  track.set_title("价格");
  EXPECT_THAT(FieldsOf(Create(track, "").status()), ElementsAre("talk_track_id"));
}

TEST_P(TracksTest, AnUpdateIsADraftBesideWhatIsPublished) {
  const v1::TalkTrack published = Published(Whole());
  v1::TalkTrack change = published;
  change.set_title("Another title");
  change.set_audience("not in the mask");
  const auto updated = Update(change, {"title"});
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->version(), 2);
  EXPECT_EQ(updated->state(), v1::TalkTrack::STATE_DRAFT);
  EXPECT_EQ(updated->published_version(), 1);
  EXPECT_EQ(updated->title(), "Another title");
  EXPECT_EQ(updated->audience(), published.audience());
  EXPECT_NE(updated->etag(), published.etag());
  EXPECT_EQ(Get(kName)->version(), 1);
  EXPECT_EQ(Get(kName)->state(), v1::TalkTrack::STATE_PUBLISHED);
  EXPECT_EQ(Get(kName, 2)->title(), "Another title");

  EXPECT_EQ(ReasonOf(Update(change, {"title"}).status()), "ETAG_MISMATCH") << "its etag is that of version 1";
  change.clear_etag();
  EXPECT_EQ(Update(change, {"title"})->etag(), updated->etag()) << "nothing changed";
  EXPECT_THAT(FieldsOf(Update(change, {"state"}).status()), ElementsAre("update_mask"));

  change.set_title("A third title");
  ASSERT_EQ(Update(change, {"title"})->version(), 3);
  EXPECT_EQ(ReasonOf(Get(kName, 2).status()), "VERSION_NOT_FOUND") << "a draft whose place was taken is gone";
  EXPECT_EQ(Count("talk_track_versions"), 2);
  ASSERT_TRUE(Publish(kName).ok());
  EXPECT_EQ(Get(kName)->title(), "A third title");
  EXPECT_EQ(Get(kName, 1)->state(), v1::TalkTrack::STATE_REPLACED);
}

TEST_P(TracksTest, PublishingSaysAllThatIsMissing) {
  v1::TalkTrack track;
  track.set_title("Empty");
  track.set_owner("max");
  const auto created = Create(track, "empty");
  ASSERT_TRUE(created.ok()) << created.status();
  const absl::Status status = Publish(created->name()).status();
  EXPECT_EQ(ReasonOf(status), "INCOMPLETE");
  EXPECT_THAT(created->missing(), SizeIs(11));
  std::vector<std::string> said;
  for (const auto& violation : rpc::ViolationsOf(status))
    said.push_back(violation.field() + ": " + violation.description());
  std::vector<std::string> lacked;
  for (const std::string& missing : created->missing()) lacked.push_back("talk_track." + missing);
  EXPECT_EQ(said, lacked);
  EXPECT_EQ(Get(created->name())->state(), v1::TalkTrack::STATE_DRAFT);
}

TEST_P(TracksTest, APublicationEmitsItsEvent) {
  v1::TalkTrack track = Whole();
  track.add_source_assets("assets/pitch");
  const auto created = Create(track);
  ASSERT_TRUE(created.ok()) << created.status();
  ASSERT_TRUE(Add(kName, Staged()).ok());
  const auto published = Publish(kName);
  ASSERT_TRUE(published.ok()) << published.status();
  EXPECT_EQ(published->talk_track().state(), v1::TalkTrack::STATE_PUBLISHED);
  EXPECT_EQ(published->talk_track().certificate_version(), 1);
  EXPECT_THAT(published->talk_track().missing(), IsEmpty());
  ASSERT_THAT(published->cues(), SizeIs(2));
  EXPECT_EQ(published->cues(0).message(), "idle-hours");
  EXPECT_THAT(published->cues(0).words(), ElementsAre("cut", "idle", "time", "30", "percent"));
  EXPECT_EQ(published->cues(0).stems_size(), 5);
  EXPECT_EQ(published->cues(0).needed_words(), 4);
  ASSERT_THAT(EventsOf(kName), SizeIs(1));
  const v1::CoachingEvent event = EventsOf(kName)[0];
  EXPECT_EQ(event.principal().name(), "cora");
  const v1::TalkTrackPublished& emitted = event.talk_track_published();
  EXPECT_EQ(emitted.version(), 1);
  EXPECT_EQ(emitted.situation(), "new-fleet-manager");
  EXPECT_EQ(emitted.audience(), "heads of logistics");
  EXPECT_THAT(emitted.source_assets(), ElementsAre("assets/pitch"));
  EXPECT_EQ(emitted.language(), "en");
  EXPECT_TRUE(emitted.recertify()) << "the first publication";
  EXPECT_EQ(rpc::FromDuration(emitted.certificate_validity()), absl::Hours(24 * 180));

  ASSERT_TRUE(Publish(kName).ok());
  EXPECT_THAT(EventsOf(kName), SizeIs(1)) << "nothing happened";
  ASSERT_TRUE(Publish(kName, /*recertify=*/true).ok());
  ASSERT_THAT(EventsOf(kName), SizeIs(2));
  track = Get(kName).value();
  track.set_title("Another title");
  ASSERT_TRUE(Update(track, {"title"}).ok());
  ASSERT_TRUE(Publish(kName).ok());
  ASSERT_THAT(EventsOf(kName), SizeIs(3));
  EXPECT_FALSE(EventsOf(kName)[2].talk_track_published().recertify());
  EXPECT_EQ(Get(kName)->certificate_version(), 1);
}

TEST_P(TracksTest, RepsSeeWhatIsOrWasPublished) {
  ASSERT_TRUE(Create(Whole(), "draft").ok());
  const v1::TalkTrack published = Published(Whole(), "used");
  v1::TalkTrack change = published;
  change.set_title("A draft of mine");
  ASSERT_TRUE(Update(change, {"title"}).ok());
  EXPECT_EQ(ReasonOf(Get("talkTracks/draft", 0, "kim").status()), "TALK_TRACK_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Examples("talkTracks/draft", "kim").status()), "TALK_TRACK_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Get("talkTracks/used", 2, "kim").status()), "VERSION_NOT_FOUND");
  EXPECT_TRUE(Get("talkTracks/used", 0, "kim").ok());
  EXPECT_TRUE(Get("talkTracks/used", 1, "kim").ok());
  EXPECT_EQ(Examples("talkTracks/used", "kim")->examples_size(), 1);
  EXPECT_THAT(Listed("kim"), ElementsAre("talkTracks/used"));
  EXPECT_THAT(Listed("kim", "situation = \"new-fleet-manager\" OR title = \"x\""),
              ElementsAre("talkTracks/used"));
  EXPECT_THAT(Listed("cora"), ElementsAre("talkTracks/draft", "talkTracks/used"));
}

TEST_P(TracksTest, ListsInPagesAndByFilter) {
  for (const char* id : {"a", "b", "c"}) ASSERT_TRUE(Create(Whole(), id).ok());
  Published(Whole(), "d");
  EXPECT_THAT(Listed("cora", "", 3),
              ElementsAre("talkTracks/a", "talkTracks/b", "talkTracks/c", "talkTracks/d"));
  EXPECT_THAT(Listed("cora", "state = STATE_PUBLISHED"), ElementsAre("talkTracks/d"));
  EXPECT_THAT(Listed("cora", "sources_changed = true"), IsEmpty());
  v1::ListTalkTracksRequest request;
  request.set_filter("story = x");
  EXPECT_THAT(FieldsOf(Call<v1::ListTalkTracksResponse>(As("cora"), "ListTalkTracks", request).status()),
              ElementsAre("filter"));
}

TEST_P(TracksTest, EveryoneHasAPart) {
  v1::CreateTalkTrackRequest request;
  *request.mutable_talk_track() = Whole();
  EXPECT_TRUE(absl::IsPermissionDenied(Call<v1::TalkTrack>(As("kim"), "CreateTalkTrack", request).status()));
  EXPECT_TRUE(Call<v1::TalkTrack>(As("cora"), "CreateTalkTrack", request).ok());
  ASSERT_TRUE(Add(kName, Staged()).ok());
  EXPECT_TRUE(absl::IsPermissionDenied(Publish(kName, false, "max").status()));
  EXPECT_TRUE(absl::IsPermissionDenied(Publish(kName, false, "kim").status()));
  EXPECT_TRUE(Publish(kName, false, "mia").ok());
}

TEST_P(TracksTest, FaultsNameTheirField) {
  v1::TalkTrack track = Whole();
  track.mutable_key_messages(0)->set_weight(-1);
  track.mutable_rubric()->set_name("mine");
  v1::Criterion& criterion = *track.mutable_rubric()->add_criteria();
  criterion.set_id("one");
  criterion.set_text("one");
  criterion.set_weight(1);
  for (int i = 0; i < 5; ++i) criterion.add_levels("level");
  EXPECT_THAT(FieldsOf(Create(track).status()),
              ElementsAre("talk_track.key_messages[0].weight", "talk_track.rubric.criteria[0].levels"));
  criterion.mutable_levels()->RemoveLast();
  track.mutable_key_messages(0)->set_weight(1);
  EXPECT_TRUE(Create(track).ok());
  EXPECT_EQ(ReasonOf(Get("talkTracks/none").status()), "TALK_TRACK_NOT_FOUND");
  EXPECT_THAT(FieldsOf(Get(kName, -1).status()), ElementsAre("version"));
  EXPECT_EQ(ReasonOf(Get(kName, 2).status()), "VERSION_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Publish("talkTracks/none").status()), "TALK_TRACK_NOT_FOUND");
}

TEST_P(TracksTest, ACertificateMayBeValidForEver) {
  v1::TalkTrack track = Whole();
  track.mutable_certificate_validity();
  const auto created = Create(track);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_TRUE(created->has_certificate_validity());
  EXPECT_EQ(created->certificate_validity().seconds(), 0);
}

TEST_P(TracksTest, ThereAreAtMostAThousand) {
  std::vector<store::TrackRow> rows(998);
  for (size_t i = 0; i < rows.size(); ++i) rows[i].id = TalkTrackId(fmt::format("track-{}", i));
  ASSERT_EQ(harness_->database().Transact({.deadline = harness_->clock().Steady() + absl::Seconds(30)},
                                          [&](storage::Transaction& transaction) {
                                            return store::kTracks.Insert(transaction,
                                                                         storage::Pointers(rows));
                                          }),
            absl::OkStatus());
  EXPECT_TRUE(Create(Whole(), "a").ok());
  EXPECT_TRUE(Create(Whole(), "b").ok());
  EXPECT_EQ(ReasonOf(Create(Whole(), "c").status()), "TOO_MANY_TALK_TRACKS");
}

FINALMILE_ON_BOTH_ENGINES(TracksTest);

TEST(CoachingEventTest, HoldsNoPersonalFields) {
  EXPECT_THAT(testing::PersonalFields(*v1::CoachingEvent::descriptor()), IsEmpty());
}

}  // namespace
}  // namespace finalmile::coaching

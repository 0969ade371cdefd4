#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "services/coaching/coaching_fixture.h"

namespace finalmile::coaching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kName[] = "talkTracks/new-fleet-manager";

class SourcesTest : public CoachingTest {
 protected:
  static v1::TalkTrack BuiltOn(const std::vector<std::string>& assets) {
    v1::TalkTrack track = Whole();
    for (const std::string& asset : assets) track.add_source_assets(asset);
    return track;
  }
  void AssetPublished(const std::string& asset, int64_t version, absl::Time time) {
    catalog::v1::CatalogEvent event = NextOf(asset, time);
    event.mutable_asset_published()->set_version(version);
    event.mutable_asset_published()->set_previous_version(version - 1);
    Append(event);
  }
  void AssetRetired(const std::string& asset, int64_t version, absl::Time time) {
    catalog::v1::CatalogEvent event = NextOf(asset, time);
    event.mutable_asset_retired()->set_version(version);
    Append(event);
  }
  void AssetExpired(const std::string& asset, int64_t version, absl::Time time) {
    catalog::v1::CatalogEvent event = NextOf(asset, time);
    event.mutable_asset_expired()->set_version(version);
    Append(event);
  }
  // "assets/pitch PUBLISHED 2"
  std::vector<std::string> ChangesOf(const std::string& name) {
    harness_->Settle();
    const auto track = Get(name);
    EXPECT_TRUE(track.ok()) << track.status();
    std::vector<std::string> changes;
    if (!track.ok()) return changes;
    for (const v1::SourceChange& change : track->source_changes()) {
      changes.push_back(fmt::format("{} {} {}", change.asset(),
                                    v1::SourceChange::Kind_Name(change.kind()).substr(5),
                                    change.asset_version()));
    }
    EXPECT_EQ(track->sources_changed(), !changes.empty());
    return changes;
  }
};

TEST_P(SourcesTest, AnotherVersionMarksTheTrackUntilItIsPublishedAgain) {
  Published(BuiltOn({"assets/pitch", "assets/story"}));
  Published(BuiltOn({"assets/other"}), "other");
  MoveTo(At(2, 9));
  AssetPublished("assets/pitch", 2, At(2, 9));
  EXPECT_THAT(ChangesOf(kName), ElementsAre("assets/pitch PUBLISHED 2"));
  EXPECT_THAT(ChangesOf("talkTracks/other"), IsEmpty());
  const v1::CoachingEvent event = EventsOf(kName).back();
  EXPECT_EQ(event.principal().name(), "coaching.catalog");
  EXPECT_EQ(event.talk_track_sources_changed().version(), 1);
  EXPECT_EQ(event.talk_track_sources_changed().asset(), "assets/pitch");
  EXPECT_EQ(event.talk_track_sources_changed().asset_version(), 2);
  EXPECT_EQ(event.talk_track_sources_changed().kind(), v1::SourceChange::KIND_PUBLISHED);

  MoveTo(At(2, 10));
  const auto published = Publish(kName);
  ASSERT_TRUE(published.ok()) << published.status();
  EXPECT_EQ(published->talk_track().version(), 1) << "the authors have looked: it still holds";
  EXPECT_THAT(ChangesOf(kName), IsEmpty());
  EXPECT_TRUE(EventsOf(kName).back().has_talk_track_published());
}

TEST_P(SourcesTest, ARetiredAndAnExpiredSourceMarkIt) {
  Published(BuiltOn({"assets/pitch", "assets/story"}));
  MoveTo(At(2, 9));
  AssetRetired("assets/pitch", 1, At(2, 9));
  AssetExpired("assets/story", 3, At(2, 9));
  EXPECT_THAT(ChangesOf(kName), ElementsAre("assets/pitch RETIRED 1", "assets/story EXPIRED 3"));
  EXPECT_THAT(EventsOf(kName), SizeIs(3));
}

TEST_P(SourcesTest, DraftsAndWindowsOfAnAssetMarkNothing) {
  Published(BuiltOn({"assets/pitch"}));
  MoveTo(At(2, 9));
  catalog::v1::CatalogEvent draft = NextOf("assets/pitch", At(2, 9));
  draft.mutable_asset_versioned()->set_version(2);
  Append(draft);
  catalog::v1::CatalogEvent window = NextOf("assets/pitch", At(2, 9));
  window.mutable_asset_published()->set_version(1);
  window.mutable_asset_published()->set_previous_version(1);
  Append(window);
  AssetPublished("assets/unknown", 2, At(2, 9));
  EXPECT_THAT(ChangesOf(kName), IsEmpty());
  EXPECT_THAT(EventsOf(kName), SizeIs(1));
  EXPECT_EQ(Count("parked"), 0);
}

TEST_P(SourcesTest, AChangeBeforeThePublicationMarksNothingHoweverLateItArrives) {
  Published(BuiltOn({"assets/pitch", "assets/story"}));
  MoveTo(At(2, 9));
  AssetPublished("assets/pitch", 2, At(1, 9));
  AssetPublished("assets/story", 2, At(1, 10));
  EXPECT_THAT(ChangesOf(kName), IsEmpty()) << "at its time, and an hour before";
  AssetPublished("assets/story", 3, At(1, 10) + absl::Microseconds(1));
  EXPECT_THAT(ChangesOf(kName), ElementsAre("assets/story PUBLISHED 3"));
}

TEST_P(SourcesTest, ASourceOfADraftAloneMarksNothing) {
  const v1::TalkTrack published = Published(BuiltOn({"assets/pitch"}));
  v1::TalkTrack draft = published;
  draft.clear_source_assets();
  draft.add_source_assets("assets/story");
  ASSERT_TRUE(Update(draft, {"source_assets"}).ok());
  MoveTo(At(2, 9));
  AssetPublished("assets/story", 2, At(2, 9));
  EXPECT_THAT(ChangesOf(kName), IsEmpty());
  AssetPublished("assets/pitch", 2, At(2, 9));
  EXPECT_THAT(ChangesOf(kName), ElementsAre("assets/pitch PUBLISHED 2"));
  MoveTo(At(2, 10));
  ASSERT_TRUE(Publish(kName).ok());
  AssetPublished("assets/pitch", 3, At(2, 11));
  EXPECT_THAT(ChangesOf(kName), IsEmpty()) << "it is no source of version 2";
}

TEST_P(SourcesTest, AnyOrderOfAssetsLeadsToTheSame) {
  // A track for each order of the assets a, b and c; each has assets of its own.
  std::vector<int> order = {0, 1, 2};
  std::vector<std::vector<int>> orders;
  do orders.push_back(order);
  while (std::next_permutation(order.begin(), order.end()));
  const auto asset = [](size_t track, int which) { return fmt::format("assets/{}{}", "abc"[which], track); };
  const auto name = [](size_t track) { return fmt::format("track-{}", track); };
  for (size_t i = 0; i < orders.size(); ++i)
    Published(BuiltOn({asset(i, 0), asset(i, 1), asset(i, 2)}), name(i));
  MoveTo(At(2, 9));
  for (size_t i = 0; i < orders.size(); ++i) {
    for (const int which : orders[i]) {
      AssetPublished(asset(i, which), 2, At(2, which));
      if (which == 1) AssetRetired(asset(i, which), 2, At(2, 8));
      harness_->Consume();
    }
  }
  for (size_t i = 0; i < orders.size(); ++i) {
    EXPECT_THAT(
        ChangesOf("talkTracks/" + name(i)),
        ElementsAre(asset(i, 0) + " PUBLISHED 2", asset(i, 1) + " RETIRED 2", asset(i, 2) + " PUBLISHED 2"));
    EXPECT_THAT(EventsOf("talkTracks/" + name(i)), SizeIs(5));
  }
}

TEST_P(SourcesTest, ARecordThatComesAgainHasNoEffectAndOneThatIsNoneIsParked) {
  Published(BuiltOn({"assets/pitch"}));
  MoveTo(At(2, 9));
  catalog::v1::CatalogEvent event = NextOf("assets/pitch", At(2, 9));
  event.mutable_asset_retired()->set_version(1);
  Append(event);
  EXPECT_THAT(ChangesOf(kName), SizeIs(1));
  MoveTo(At(2, 10));
  ASSERT_TRUE(Publish(kName).ok());
  Append(event);
  EXPECT_THAT(ChangesOf(kName), IsEmpty());

  const auto retired = [&](const std::string& asset) {
    catalog::v1::CatalogEvent event = NextOf(asset, At(2, 10));
    event.mutable_asset_retired()->set_version(1);
    return outbox::ToMessage(outbox::ToOutbox(event));
  };
  events::Message malformed = retired("assets/malformed");
  malformed.value = "\xff";
  Append(malformed);
  events::Message misplaced = retired("assets/one");
  misplaced.key = "assets/another";
  Append(misplaced);
  harness_->Settle();
  EXPECT_EQ(Count("parked"), 2);
}

FINALMILE_ON_BOTH_ENGINES(SourcesTest);

}  // namespace
}  // namespace finalmile::coaching

#include "services/coaching/domain/tracks/life.h"

#include <gtest/gtest.h>

namespace finalmile::coaching {
namespace {

absl::Time At(int hour) { return absl::UnixEpoch() + absl::Hours(hour); }

TEST(TrackLife, ADraftStandsBesideWhatIsPublished) {
  Life life;
  Write(life);
  EXPECT_EQ(StateOf(life, 1), TrackState::kDraft);
  EXPECT_EQ(ShownVersion(life), 1);
  EXPECT_TRUE(Publish(life, false, false, At(1)));
  EXPECT_EQ(StateOf(life, 1), TrackState::kPublished);
  Write(life);
  EXPECT_EQ(ShownVersion(life), 1);
  EXPECT_EQ(StateOf(life, 2), TrackState::kDraft);
  EXPECT_TRUE(Publish(life, false, false, At(2)));
  EXPECT_EQ(StateOf(life, 1), TrackState::kReplaced);
  EXPECT_EQ(ShownVersion(life), 2);
}

TEST(TrackLife, PublishingAgainNeedsAReason) {
  Life life;
  Write(life);
  ASSERT_TRUE(Publish(life, false, false, At(1)));
  const Life published = life;
  EXPECT_FALSE(Publish(life, false, false, At(2)));
  EXPECT_EQ(life, published);
  EXPECT_TRUE(Publish(life, false, true, At(2)));
  EXPECT_EQ(life.publish_time, At(2));
  EXPECT_TRUE(Publish(life, true, false, At(3)));
}

TEST(TrackLife, TheFirstPublicationRecertifiesAndLaterOnesWhereAsked) {
  Life life;
  Write(life);
  Life before = life;
  Publish(life, false, false, At(1));
  EXPECT_TRUE(Recertifies(before, life));
  EXPECT_EQ(life.certificate_version, 1);
  Write(life);
  before = life;
  Publish(life, false, false, At(2));
  EXPECT_FALSE(Recertifies(before, life));
  EXPECT_EQ(life.certificate_version, 1);
  Write(life);
  before = life;
  Publish(life, true, false, At(3));
  EXPECT_TRUE(Recertifies(before, life));
  EXPECT_EQ(life.certificate_version, 3);
}

TEST(TrackLife, AChangeBeforeThePublicationMarksNothing) {
  Life life;
  Write(life);
  Publish(life, false, false, At(2));
  Source source{"assets/a"};
  EXPECT_FALSE(TakeChange(source, {"assets/a", SourceChangeKind::kPublished, 2, At(1)}, life));
  EXPECT_FALSE(TakeChange(source, {"assets/a", SourceChangeKind::kPublished, 2, At(2)}, life));
  EXPECT_EQ(source.change, SourceChangeKind::kNone);
  const Source change{"assets/a", SourceChangeKind::kPublished, 3, At(2) + absl::Microseconds(1)};
  EXPECT_TRUE(TakeChange(source, change, life));
  EXPECT_EQ(source, change);
}

}  // namespace
}  // namespace finalmile::coaching

#include "services/finalmile/import/track_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace finalmile::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kMarkdown[] = R"(---
title: New fleet manager
owner: max
situation: new-fleet-manager
source_assets: [assets/pitch]
key_messages:
  - id: idle-hours
    text: Idle hours are the cost.
    weight: 3
    required: true
    cues: ["cut idle time by 30 percent", '"idle hour"']
avoid: [to be honest]
certificate_validity: 2160h
---

## Hook
Your predecessor counted trucks.

## 15 Seconds
You count trucks.
We count hours.
)";

std::string Problem(const std::string& path, const std::string& content) {
  const auto track = ReadTrackFile(path, content);
  EXPECT_TRUE(absl::IsInvalidArgument(track.status())) << track.status();
  return std::string(track.status().message());
}

TEST(TrackFile, MarkdownHasTheStoryInSections) {
  const auto track = ReadTrackFile("a/new-fleet-manager.md", kMarkdown);
  ASSERT_TRUE(track.ok()) << track.status();
  EXPECT_EQ(track->title(), "New fleet manager");
  EXPECT_THAT(track->source_assets(), ElementsAre("assets/pitch"));
  ASSERT_EQ(track->key_messages_size(), 1);
  EXPECT_TRUE(track->key_messages(0).required());
  EXPECT_THAT(track->key_messages(0).cues(), ElementsAre("cut idle time by 30 percent", "\"idle hour\""));
  EXPECT_EQ(track->certificate_validity().seconds(), 90 * 86'400);
  EXPECT_EQ(track->story().hook(), "Your predecessor counted trucks.\n\n");
  EXPECT_EQ(track->story().telling_short(), "You count trucks.\nWe count hours.\n");
  EXPECT_EQ(track->story().telling_long(), "");
}

TEST(TrackFile, LineEndsOfWindowsAreTaken) {
  std::string windows;
  for (const char c : std::string(kMarkdown)) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  const auto track = ReadTrackFile("a.markdown", windows);
  ASSERT_TRUE(track.ok()) << track.status();
  EXPECT_EQ(track->SerializeAsString(), ReadTrackFile("a.md", kMarkdown)->SerializeAsString());
}

TEST(TrackFile, YamlHasAllOfIt) {
  const auto track = ReadTrackFile("a.yml", "title: T\nstory: { hook: Listen, telling_short: Short }\n");
  ASSERT_TRUE(track.ok()) << track.status();
  EXPECT_EQ(track->title(), "T");
  EXPECT_EQ(track->story().telling_short(), "Short");
}

TEST(TrackFile, WhatIsNotTakenIsSaidWithItsLine) {
  EXPECT_THAT(Problem("a.yaml", "title: T\nheadline: H\n"), HasSubstr("a.yaml:2"));
  EXPECT_THAT(Problem("a.md", "---\ntitle: T\nheadline: H\n---\n"), HasSubstr("a.md:3"));
  EXPECT_THAT(Problem("a.md", "# Title\n"), HasSubstr("a.md:1: a track begins with front matter"));
  EXPECT_THAT(Problem("a.md", ""), HasSubstr("a.md:1"));
  EXPECT_THAT(Problem("a.md", "---\ntitle: T\n"), HasSubstr("has no end"));
  EXPECT_THAT(Problem("a.md", "---\ntitle: T\n---\n\nwords\n"),
              HasSubstr("a.md:5: text before the first heading"));
  EXPECT_THAT(Problem("a.md", "---\ntitle: T\n---\n## Moral\n"), HasSubstr("a.md:4: 'moral' is no section"));
  EXPECT_THAT(Problem("a.md", "---\ntitle: T\n---\n## Hook\na\n## hook\n"),
              HasSubstr("a.md:6: the story has 'hook'"));
  // As an editor writes it that knows no UTF-8.
  EXPECT_THAT(Problem("a.md", "---\ntitle: T\n---\n## Hook\nf\xFCr\n"), HasSubstr("a.md:5: is not UTF-8"));
  EXPECT_THAT(Problem("a.yaml", "title: T\nf\xFCr: a\n"), HasSubstr("a.yaml:2: is not UTF-8"));
  EXPECT_THAT(Problem("a.txt", "title: T\n"), HasSubstr("a.txt"));
}

TEST(TrackFile, TheFileNamesTheTrack) {
  EXPECT_EQ(TrackIdOf("tracks/New fleet manager.md"), "new-fleet-manager");
  EXPECT_EQ(TrackIdOf("价格.md"), "");
}

}  // namespace
}  // namespace finalmile::cli

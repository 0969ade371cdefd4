#include "services/catalog/domain/sketch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "libs/base/random.h"

namespace finalmile::catalog::domain {
namespace {

using ::testing::IsEmpty;

constexpr std::string_view kTemplate =
    "Hi {{first_name}},\n\nteams such as yours at {{company}} tell us that new engineers need nine weeks "
    "before they "
    "change code with confidence. With code search they need four. Acme cut its ramp-up from nine weeks to "
    "four within "
    "one quarter, and its senior engineers stopped answering the same questions every day. Nobody had to "
    "change how "
    "they work: search sits beside the editor and reads every repository you have. Would fifteen minutes on "
    "{{day}} be "
    "worth your time? I will bring the figures of three companies of your size, and you can tell me within "
    "ten minutes "
    "whether it fits. If not, I will not call again.\n\nBest regards\n{{sender}}";

std::string Filled() {
  std::string text(kTemplate);
  const std::pair<std::string_view, std::string_view> values[] = {{"{{first_name}}", "Ada"},
                                                                  {"{{company}}", "Contoso Retail GmbH"},
                                                                  {"{{day}}", "Tuesday at ten"},
                                                                  {"{{sender}}", "Rob"}};
  for (const auto& [field, value] : values) text.replace(text.find(field), field.size(), value);
  return text;
}

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  return text.replace(text.find(from), from.size(), to);
}

BestMatch Find(std::string_view message) {
  const SketchCandidate candidates[] = {{AssetId("follow-up"), 2, SketchOf(kTemplate)}};
  return FindBest(WholeSketchOf(message), candidates);
}

TEST(Sketch, AFilledTemplateIsANearCopy) {
  EXPECT_EQ(Find(Filled()).match, Match::kNearCopy);
  EXPECT_EQ(Find(Filled()).similarity, 1);
}

TEST(Sketch, LayoutCaseAndPunctuationDoNotCount) {
  std::string text = Filled();
  std::replace(text.begin(), text.end(), '.', '\n');
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  EXPECT_EQ(Find(text).similarity, 1);
}

TEST(Sketch, AddedTextLeavesItACopy) {
  EXPECT_EQ(Find("Good morning! It rained on my way here, and I thought of your talk.\n" + Filled() +
                 "\nPS: see you at the fair in Hannover next week, stand 12 in hall 4.")
                .match,
            Match::kNearCopy);
}

TEST(Sketch, OneWordChangedIsANearCopyStill) {
  EXPECT_EQ(Find(Replaced(Filled(), "fifteen minutes", "twenty minutes")).match, Match::kNearCopy);
}

TEST(Sketch, FourFifthsOfAnAssetAreThatAssetEdited) {
  std::string text =
      Replaced(Filled(),
               " Nobody had to change how they work: search sits beside the editor and reads every "
               "repository you have.",
               " You met our founder in Berlin, who told me about your plans for the spring.");
  text = "Thanks for the coffee yesterday. " + text;
  const BestMatch best = Find(text);
  EXPECT_EQ(best.match, Match::kEdited);
  EXPECT_NEAR(best.similarity, 0.8, 0.1);
}

TEST(Sketch, EveryTenthWordChangedIsEdited) {
  std::string text;
  size_t word = 0;
  for (const char c : Filled()) {
    text += c;
    if (c == ' ' && ++word % 10 == 0) text += "x" + std::to_string(word) + " ";
  }
  EXPECT_EQ(Find(text).match, Match::kEdited);
}

TEST(Sketch, AnotherTextOnTheSameMatterIsNone) {
  const BestMatch best = Find(
      "Hi Ada, many engineering teams lose weeks with every new engineer. Our customers use code search, so "
      "their "
      "people find what they need on their own. May I show you within fifteen minutes what that did for a "
      "company of "
      "your size? Tuesday at ten would suit me. Best regards Rob");
  EXPECT_EQ(best.match, Match::kNone);
  EXPECT_LT(best.similarity, 0.2);
}

TEST(Sketch, ChineseTextIsComparedByCharacters) {
  const Sketch asset = SketchOf("您好，我们帮助新工程师在四周内上手，而不是九周。");
  EXPECT_EQ(Containment(asset, WholeSketchOf("张女士，您好！我们帮助新工程师在四周内上手，而不是九周。谢谢")),
            1);
  EXPECT_LT(Containment(asset, WholeSketchOf("请问您下周二有时间吗？我想介绍一下我们的产品。")), 0.1);
}

TEST(Sketch, TooShortTextsAreNotRecognised) {
  EXPECT_EQ(
      Containment(SketchOf("one two three four five six"), WholeSketchOf("one two three four five six")), 0);
  EXPECT_THAT(IndexedHashes(SketchOf("one two three four five six")), IsEmpty());
  EXPECT_EQ(Containment(SketchOf("one two three four five six seven"),
                        WholeSketchOf("one two three four five six seven")),
            1);
  EXPECT_EQ(Find("").match, Match::kNone);
  EXPECT_EQ(FindBest(WholeSketchOf("some text"), {}).match, Match::kNone);
}

TEST(Sketch, AGreetingKeptWholeDoesNotOutweighALetterEdited) {
  const SketchCandidate candidates[] = {
      {AssetId("greeting"), 1, SketchOf("If not, I will not call again. Best regards")},
      {AssetId("letter"), 1, SketchOf(kTemplate)}};
  const std::string text =
      Replaced(Filled(), "With code search they need four.", "You told me as much last week in Berlin.");
  const BestMatch best = FindBest(WholeSketchOf(text), candidates);
  EXPECT_EQ(best.candidate, 1u);
  EXPECT_EQ(best.match, Match::kEdited);
}

TEST(Sketch, BestOfEqualsIsTheNewer) {
  const Sketch sketch = SketchOf(kTemplate);
  const Sketch opening = SketchOf(kTemplate.substr(0, 200));
  const SketchCandidate candidates[] = {{AssetId("b"), 1, opening},
                                        {AssetId("b"), 2, sketch},
                                        {AssetId("a"), 3, sketch},
                                        {AssetId("c"), 3, sketch}};
  EXPECT_EQ(FindBest(WholeSketchOf(Filled()), candidates).candidate, 2u);
}

TEST(Sketch, ThresholdsAtTheirEdges) {
  EXPECT_EQ(MatchOf(0.95), Match::kNearCopy);
  EXPECT_EQ(MatchOf(std::nextafter(0.95, 0)), Match::kEdited);
  EXPECT_EQ(MatchOf(0.5), Match::kEdited);
  EXPECT_EQ(MatchOf(std::nextafter(0.5, 0)), Match::kNone);
}

TEST(Sketch, IsStoredAndReadBack) {
  const Sketch sketch = SketchOf(kTemplate, 40);
  EXPECT_EQ(sketch.hashes.size(), 40u);
  EXPECT_GT(sketch.shingles, 40u);
  EXPECT_EQ(*DecodeSketch(Encode(sketch)), sketch);
  EXPECT_EQ(*DecodeSketch(Encode(Sketch())), Sketch());
  const std::string bytes = Encode(sketch);
  EXPECT_FALSE(DecodeSketch("").ok());
  EXPECT_FALSE(DecodeSketch(bytes.substr(1)).ok());
  std::string swapped = bytes;
  std::swap_ranges(swapped.begin() + 8, swapped.begin() + 16, swapped.begin() + 16);
  EXPECT_FALSE(DecodeSketch(swapped).ok());
  EXPECT_FALSE(DecodeSketch(Encode({{1, 2, 3}, 2})).ok());
}

TEST(Sketch, ResemblanceIsTheShareOfBoth) {
  const auto text = [](int from, int to) {
    std::string words;
    for (int i = from; i < to; ++i) words += "word" + std::to_string(i) + " ";
    return words;
  };
  // 98 phrases each, 48 of them in both.
  EXPECT_DOUBLE_EQ(Resemblance(SketchOf(text(0, 100)), SketchOf(text(50, 150))), 48.0 / 148);
  EXPECT_EQ(Resemblance(SketchOf(text(0, 100)), SketchOf(text(0, 100))), 1);
  EXPECT_EQ(Resemblance(SketchOf(text(0, 100)), SketchOf(text(200, 300))), 0);
  EXPECT_EQ(Resemblance(SketchOf(text(0, 6)), SketchOf(text(0, 6))), 0) << "too short to tell";
  EXPECT_EQ(Resemblance(SketchOf(text(0, 7)), SketchOf(text(0, 7))), 1);
  // The resemblance of long texts is estimated.
  const Sketch whole = WholeSketchOf(text(0, 3'000));
  EXPECT_NEAR(Resemblance(Cut(WholeSketchOf(text(1'000, 4'000)), 128), whole), 0.5, 0.13);
  EXPECT_EQ(Cut(whole, 128).hashes.size(), 128u);
  EXPECT_EQ(Cut(whole, 128).shingles, whole.shingles);
}

// Hashes are stored: this value may not change.
TEST(Sketch, HashesAreTheSameForEver) {
  EXPECT_EQ(SketchOf("one two three").hashes, std::vector<uint64_t>{12359822249045967730u});
}

std::string Words(Rng& rng, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += "w" + std::to_string(rng.Below(50'000)) + " ";
  return text;
}

// Assets longer than the sketch, in messages longer than the probe.
TEST(Sketch, TheErrorOfLongTextsIsAsStated) {
  const auto rng = NewSeededRng(7);
  for (const double share : {0.2, 0.5, 0.8, 0.95}) {
    double squares = 0;
    double bias = 0;
    int found = 0;
    constexpr int kRuns = 60;
    for (int run = 0; run < kRuns; ++run) {
      const std::string kept = Words(*rng, static_cast<size_t>(1'000 * share));
      const std::string lost = Words(*rng, static_cast<size_t>(1'000 * (1 - share)));
      const Sketch asset = SketchOf(kept + lost);
      const Sketch message = WholeSketchOf(Words(*rng, 500) + kept + Words(*rng, 1'000));
      const double error = Containment(asset, message) - share;
      squares += error * error;
      bias += error;
      std::vector<int64_t> probes = ProbeHashes(message);
      std::sort(probes.begin(), probes.end());
      const std::vector<int64_t> indexed = IndexedHashes(asset);
      found += std::any_of(indexed.begin(), indexed.end(), [&](int64_t hash) {
        return std::binary_search(probes.begin(), probes.end(), hash);
      });
    }
    EXPECT_LT(std::sqrt(squares / kRuns), 1.4 * std::sqrt(share * (1 - share) / kSketchSize)) << share;
    EXPECT_LT(std::abs(bias / kRuns), 0.01) << share;
    EXPECT_EQ(found, kRuns) << share;
  }
}

}  // namespace
}  // namespace finalmile::catalog::domain

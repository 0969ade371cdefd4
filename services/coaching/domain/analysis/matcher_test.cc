#include "services/coaching/domain/analysis/matcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <tuple>

namespace finalmile::coaching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kPlenty = 1'000'000;

// The tokens of each match of a cue, counted from 0, with ~ where one is fuzzy.
std::vector<std::string> Found(std::string_view cue, std::string_view said) {
  Speech speech("en");
  speech.Add(said, 0);
  Steps steps(kPlenty);
  Matcher matcher(speech, steps);
  const Pattern pattern = CuePattern(cue, speech);
  std::vector<std::string> found;
  for (const Match& match : matcher.Find(pattern)) {
    std::string tokens;
    for (const MatchedWord& word : matcher.WordsOf(pattern, match))
      tokens += std::to_string(word.token) + " ";
    tokens.pop_back();
    found.push_back(tokens + (match.fuzzy ? "~" : ""));
  }
  return found;
}

TEST(Matcher, AQuarterMayBeLeftOut) {
  EXPECT_THAT(Found("cut idle truck", "cut idle"), IsEmpty());
  EXPECT_THAT(Found("cut idle truck time", "idle truck time"), ElementsAre("0 1 2"));
  EXPECT_THAT(Found("cut idle truck time", "cut truck time"), ElementsAre("0 1 2"));
  EXPECT_THAT(Found("cut idle truck time", "cut idle truck"), ElementsAre("0 1 2"));
  EXPECT_THAT(Found("cut idle truck time", "truck time"), IsEmpty());
  EXPECT_THAT(Found("cut idle truck time cost fuel load tire", "cut truck time cost load tire"),
              ElementsAre("0 1 2 3 4 5"));
  EXPECT_THAT(Found("cut idle truck time cost fuel load tire", "cut truck time cost load"), IsEmpty());
}

TEST(Matcher, NumbersAndNegatorsMayNot) {
  EXPECT_THAT(Found("cut idle time 30", "cut idle time"), IsEmpty());
  EXPECT_THAT(Found("30 idle truck time", "idle truck time"), IsEmpty());
  EXPECT_THAT(Found("never cut idle time", "cut idle time"), IsEmpty());
  EXPECT_THAT(Found("never cut idle time", "never cut time"), ElementsAre("0 1 2"));
}

// 2 · 3 + 3 tokens from the first to the last.
TEST(Matcher, TheWindowIsBounded) {
  EXPECT_THAT(Found("cut idle time", "cut x x x x x idle time"), ElementsAre("0 6 7"));
  EXPECT_THAT(Found("cut idle time", "cut x x x x x x idle time"), ElementsAre("0 7 8"));
  EXPECT_THAT(Found("cut idle time", "cut x x x x x x x idle time"), IsEmpty());
}

TEST(Matcher, TheLongestThenTheFirstThenTheShortest) {
  EXPECT_THAT(Found("cut idle truck time", "cut idle truck then cut idle truck time"),
              ElementsAre("0 1 2", "4 5 6 7"));
  EXPECT_THAT(Found("cut idle time", "cut cut idle time time"), ElementsAre("1 2 3"));
  EXPECT_THAT(Found("cut idle time", "cut idle time cut idle time"), ElementsAre("0 1 2", "3 4 5"));
  EXPECT_THAT(Found("cut idle time", "idle time cut"), IsEmpty());
  EXPECT_THAT(Found("cut idle time", "cut idle. time"), IsEmpty());
}

TEST(Matcher, OneWordMayBeFuzzy) {
  EXPECT_THAT(Found("sign contract", "sign contrast"), ElementsAre("0 1~"));
  EXPECT_THAT(Found("contract", "contrast"), IsEmpty());
  EXPECT_THAT(Found("signal contract", "signel contrast"), IsEmpty());
  // Six letters, the first alike, no digit.
  EXPECT_THAT(Found("sign trucks", "sign trocks"), ElementsAre("0 1~"));
  EXPECT_THAT(Found("sign truck", "sign trock"), IsEmpty());
  EXPECT_THAT(Found("sign trucks", "sign drucks"), IsEmpty());
  EXPECT_THAT(Found("sign truck12", "sign truck13"), IsEmpty());
  // Two edits from ten letters on; Snowball leaves these words as they are.
  EXPECT_THAT(Found("sign protocolxa", "sign prutucolxa"), ElementsAre("0 1~"));
  EXPECT_THAT(Found("sign protocolx", "sign prutucolx"), IsEmpty());
  // Rather the right word, where both are there.
  EXPECT_THAT(Found("sign contract", "sign contrast contract"), ElementsAre("0 1~"));
  EXPECT_THAT(Found("contract sign", "contrast contract sign"), ElementsAre("1 2"));
}

TEST(Matcher, QuotedWordsStandSideBySide) {
  EXPECT_THAT(Found("\"would you like to donate\"", "would you like to donate"), ElementsAre("0 1 2 3 4"));
  EXPECT_THAT(Found("\u201Cwould you like to donate\u201D", "would you like to donated"),
              ElementsAre("0 1 2 3 4"));
  EXPECT_THAT(Found("\"would you like to donate\"", "would you really like to donate"), IsEmpty());
  EXPECT_THAT(Found("\"cut cut\"", "cut cut cut"), ElementsAre("0 1"));
}

TEST(Matcher, FunctionWordsEqualThemselvesAlone) {
  EXPECT_THAT(Found("\"willing\"", "we will"), IsEmpty());
  EXPECT_THAT(Found("\"will\"", "we are willing"), IsEmpty());
}

TEST(Matcher, StepsRunOut) {
  Speech speech("en");
  speech.Add("cut idle time cut idle time", 0);
  const Pattern pattern = CuePattern("cut idle time", speech);
  Steps all(kPlenty);
  EXPECT_THAT(Matcher(speech, all).Find(pattern), ::testing::SizeIs(2));
  Steps enough(all.taken());
  EXPECT_THAT(Matcher(speech, enough).Find(pattern), ::testing::SizeIs(2));
  EXPECT_TRUE(enough.left());
  Steps few(all.taken() - 1);
  EXPECT_THAT(Matcher(speech, few).Find(pattern), IsEmpty());
  EXPECT_FALSE(few.left());
}

// All alignments of a pattern with what was said, by trying each.
void Try(const Pattern& pattern, const std::vector<uint32_t>& said, size_t word,
         std::vector<MatchedWord>& taken, std::vector<Match>& found) {
  if (word == pattern.words.size()) {
    const size_t skips = pattern.words.size() - taken.size();
    if (taken.empty() || skips > pattern.most_skips) return;
    const uint32_t first = taken.front().token;
    const uint32_t last = taken.back().token;
    if (last - first + 1 <= pattern.window) found.push_back({first, last, taken.size(), false});
    return;
  }
  if (!pattern.fixed[word]) Try(pattern, said, word + 1, taken, found);
  for (uint32_t token = taken.empty() ? 0 : taken.back().token + 1; token < said.size(); ++token) {
    if (said[token] != pattern.words[word]) continue;
    taken.push_back({token, word});
    Try(pattern, said, word + 1, taken, found);
    taken.pop_back();
  }
}

RC_GTEST_PROP(MatcherProperty, FindsWhatTryingEachAlignmentFinds, ()) {
  const std::vector<std::string> words = {"cut", "idle", "truck", "7", "never"};
  const auto text = [&](size_t most) {
    std::string joined;
    for (const std::string& word : *rc::gen::resize(
             static_cast<int>(most), rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(words))))
      joined += word + " ";
    return joined;
  };
  Speech speech("en");
  speech.Add(text(14), 0);
  const Pattern pattern = CuePattern(text(9), speech);
  RC_PRE(!pattern.words.empty() && !speech.tokens().empty());
  Steps steps(kPlenty);
  Matcher matcher(speech, steps);
  const std::vector<Match> found = matcher.Find(pattern);

  std::vector<uint32_t> said;
  for (const Token& token : speech.tokens()) said.push_back(token.word);
  std::vector<Match> all;
  std::vector<MatchedWord> taken;
  Try(pattern, said, 0, taken, all);
  RC_ASSERT(all.empty() == found.empty());
  if (all.empty()) return;
  const auto better = [](const Match& a, const Match& b) {
    return std::tuple(b.words, a.last, b.first) < std::tuple(a.words, b.last, a.first);
  };
  const Match best = *std::min_element(all.begin(), all.end(), better);
  RC_ASSERT(std::find(found.begin(), found.end(), best) != found.end());
  for (size_t i = 0; i < found.size(); ++i) {
    // In parentheses: RapidCheck takes the expression apart and evaluates both sides.
    RC_ASSERT((i == 0 || found[i - 1].last < found[i].first));
    const auto proof = matcher.WordsOf(pattern, found[i]);
    RC_ASSERT(proof.size() == found[i].words);
    RC_ASSERT(proof.front().token == found[i].first && proof.back().token == found[i].last);
    for (size_t j = 0; j < proof.size(); ++j) {
      RC_ASSERT(said[proof[j].token] == pattern.words[proof[j].word]);
      RC_ASSERT((j == 0 || (proof[j - 1].token < proof[j].token && proof[j - 1].word < proof[j].word)));
    }
  }
}

}  // namespace
}  // namespace finalmile::coaching

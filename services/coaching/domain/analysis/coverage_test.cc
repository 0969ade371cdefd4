#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/coaching/domain/analysis/analysis.h"
#include "services/coaching/domain/analysis/test_analysis.h"

namespace finalmile::coaching {
namespace {

using ::testing::IsEmpty;

Analysis Heard(const AnalysisTrack& track, const std::vector<Turn>& turns) {
  EXPECT_THAT(Validate(track), IsEmpty());
  EXPECT_THAT(Validate(turns), IsEmpty());
  absl::StatusOr<Analysis> analysis = Analyze(track, turns);
  EXPECT_TRUE(analysis.ok()) << analysis.status();
  return *std::move(analysis);
}

// Says what becomes of the one cue when the rep says `text`: "missing", or the words that were found.
std::string Result(const std::string& cue, const std::string& text, const std::string& language = "en") {
  const MessageFinding message = Heard(TrackOf({cue}, language), {Says(Role::kRep, text)}).messages.at(0);
  if (message.mentions.empty()) return "missing";
  const Finding& finding = message.mentions[0];
  std::string result = message.covered ? "covered" : "negated by " + finding.negated_by;
  result += fmt::format(" ({} of {}", finding.matched.size(), finding.cue_words);
  if (finding.fuzzy) result += ", fuzzy";
  if (finding.in_question) result += ", in question";
  return result + "): " + finding.words;
}

struct Row {
  const char* cue;
  const char* said;
  const char* result;
};

// These rows say what "covered" means. Negation follows NegEx (Chapman and others, Journal of Biomedical
// Informatics 34, 2001, https://doi.org/10.1006/jbin.2001.1029), in that its scope is a few tokens and ends
// at conjunctions; equal words are those of one stem of Snowball's English stemmer
// (https://snowballstem.org), or those that optimal string alignment holds together.
constexpr Row kRows[] = {
    {"cut idle time by 30 percent", "We typically cut the idle time of a truck by thirty percent.",
     "covered (5 of 5): cut the idle time of a truck by thirty percent"},
    {"cut idle time by 30 percent", "Customers cut idle time by about 30%.",
     "covered (5 of 5): cut idle time by about 30%"},
    {"cut idle time by 30 percent", "Idle times were cut by 30 per cent.",
     "covered (4 of 5): Idle times were cut by 30 per cent"},
    {"cut idle time by 30 percent", "We can reduce idle time by 30 percent.",
     "covered (4 of 5): idle time by 30 percent"},
    {"cut idle time by 30 percent", "Customers cut idle time by about 20%.", "missing"},
    {"cut idle time", "We do not cut idle time, we measure it.", "negated by not (3 of 3): cut idle time"},
    {"cut idle time", "We not only cut idle time, we prove it.", "covered (3 of 3): cut idle time"},
    {"cut idle time", "It's not about price. We cut idle time.", "covered (3 of 3): cut idle time"},
    {"cut idle time", "Cutting idle time isn't what we do.", "negated by isn't (3 of 3): Cutting idle time"},
    {"cut idle time", "We cut idle time, don't we?", "covered (3 of 3, in question): cut idle time"},
    // A known limit, which shows as what it is.
    {"cut idle time", "I don't think anyone else will cut your idle time.",
     "negated by don't (3 of 3): cut your idle time"},
    {"cut idle time", "It is hard to find time to sit idle and cut costs.", "missing"},
    {"no long-term contract", "There is no long term contract at all.",
     "covered (4 of 4): no long term contract"},
    {"no long-term contract", "There is a long-term contract.", "missing"},
    {"implementation in four weeks", "The implmentation takes 4 weeks.",
     "covered (3 of 3, fuzzy): implmentation takes 4 weeks"},
    {"implementation in four weeks", "The implmentation takes six weeks.", "missing"},
    // A known price of forgiving slips.
    {"signed contract", "We have a signed contrast.", "covered (2 of 2, fuzzy): signed contrast"},
    {"contract", "In contrast we are fast.", "missing"},
    // Snowball stems "customer" and "custom" alike.
    {"customer success manager", "You get a custom success manager.",
     "covered (3 of 3): custom success manager"},
    {"\"would you like to donate\"", "I do like that. Did you donate?", "missing"},
    {"\"would you like to donate\"", "So would you like to donate today?",
     "covered (5 of 5, in question): would you like to donate"},
};

TEST(Coverage, OfSentences) {
  for (const Row& row : kRows)
    EXPECT_EQ(Result(row.cue, row.said), row.result) << row.cue << " | " << row.said;
}

}  // namespace
}  // namespace finalmile::coaching

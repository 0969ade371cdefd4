#include "services/coaching/domain/analysis/negation.h"

#include <gtest/gtest.h>

#include "services/coaching/domain/analysis/analysis.h"
#include "services/coaching/domain/analysis/test_analysis.h"

namespace finalmile::coaching {
namespace {

// The word that denies "cut idle time" ("senken Leerzeit" in German); "" where it counts, "missing" where it
// is not there.
std::string DeniedBy(const std::string& text, const std::string& language = "en") {
  const AnalysisTrack track = TrackOf({language == "de" ? "\"senken Leerzeit\"" : "cut idle time"}, language);
  const Turn turn = Says(Role::kRep, text);
  const auto analysis = Analyze(track, {&turn, 1});
  EXPECT_TRUE(analysis.ok()) << analysis.status();
  const MessageFinding& message = analysis->messages.at(0);
  if (message.mentions.empty()) return "missing";
  const Finding& mention = message.mentions[0];
  EXPECT_EQ(text.substr(mention.negated_at.begin, mention.negated_at.end - mention.negated_at.begin),
            mention.negated_by);
  EXPECT_EQ(message.covered, mention.negated_by.empty());
  return mention.negated_by;
}

TEST(Negation, ReachesSixWordsAhead) {
  EXPECT_EQ(DeniedBy("Never a b c d e cut idle time."), "Never");
  EXPECT_EQ(DeniedBy("Never a b c d e f cut idle time."), "");
}

TEST(Negation, ReachesThreeWordsBack) {
  EXPECT_EQ(DeniedBy("Cut idle time a b never."), "never");
  EXPECT_EQ(DeniedBy("Cut idle time a b c never."), "");
  EXPECT_EQ(DeniedBy("Cut idle time a, never."), "");
}

TEST(Negation, StandsBetween) { EXPECT_EQ(DeniedBy("We cut costs but not idle time."), "not"); }

TEST(Negation, HasManyWords) {
  for (const std::string word : {"no", "not", "never", "without", "cannot", "none", "nor", "hardly", "don't",
                                 "Don\u2019t", "doesnt", "isn't", "WON'T", "cant"})
    EXPECT_EQ(DeniedBy("We " + word + " cut idle time."), word);
  EXPECT_EQ(DeniedBy("We want to cut idle time."), "");
}

TEST(Negation, EndsAtConjunctions) {
  for (const std::string word : {"but", "however", "though", "although", "yet", "except", "because"}) {
    EXPECT_EQ(DeniedBy("Not cheap " + word + " cut idle time."), "") << word;
    EXPECT_EQ(DeniedBy("Cut idle time " + word + " not cheap."), "") << word;
  }
}

TEST(Negation, OfPhrasesThatDenyNothing) {
  for (const std::string phrase :
       {"not only", "not just", "don't just", "not to mention", "no doubt", "no question", "no wonder",
        "why not", "no problem", "no matter", "not least", "can't wait", "without a doubt", "why don't we"})
    EXPECT_EQ(DeniedBy("We " + phrase + " cut idle time."), "") << phrase;
  EXPECT_EQ(DeniedBy("No doubt we do not cut idle time."), "not");
}

TEST(Negation, EndsWithItsClause) {
  EXPECT_EQ(DeniedBy("It's not about price, we cut idle time."), "");
  EXPECT_EQ(DeniedBy("We don't sell boxes and we cut idle time."), "");
  EXPECT_EQ(DeniedBy("We don't promise and cut idle time."), "don't");
  EXPECT_EQ(DeniedBy("I don't think that we cut idle time."), "don't");
  EXPECT_EQ(DeniedBy("I don't think, you know, we cut idle time."), "");
  EXPECT_EQ(DeniedBy("I don't, you know, cut idle time."), "don't");
  EXPECT_EQ(DeniedBy("We cut idle time and don't need boxes."), "");
  EXPECT_EQ(DeniedBy("We cut idle time for those who don't drive."), "");
}

TEST(Negation, OfAnAnswerEndsWithTheAnswer) {
  EXPECT_EQ(DeniedBy("No, cut idle time."), "");
  EXPECT_EQ(DeniedBy("Well, not at all, cut idle time."), "");
  EXPECT_EQ(DeniedBy("no we cut idle time"), "");
  EXPECT_EQ(DeniedBy("well no your trucks cut idle time"), "");
  EXPECT_EQ(DeniedBy("no trucks cut idle time"), "no");
  EXPECT_EQ(DeniedBy("We have no it cut idle time."), "no");
  EXPECT_EQ(DeniedBy("Not for any good money, cut idle time."), "Not");
  EXPECT_EQ(DeniedBy("They will not, cut idle time."), "not");
}

TEST(Negation, OfAQuestionAsks) {
  EXPECT_EQ(DeniedBy("Wouldn't you cut idle time?"), "");
  EXPECT_EQ(DeniedBy("You wouldn't cut idle time?"), "wouldn't");
  EXPECT_EQ(DeniedBy("Wouldn't you cut idle time."), "Wouldn't");
}

TEST(Negation, IsTheCuesOwn) {
  const AnalysisTrack track = TrackOf({"never cut idle time"});
  const Turn turn = Says(Role::kRep, "We never cut idle time, not at all.");
  EXPECT_TRUE(Analyze(track, {&turn, 1})->messages[0].covered);
}

TEST(Negation, OfGerman) {
  EXPECT_EQ(DeniedBy("Wir senken Leerzeit.", "de"), "");
  EXPECT_EQ(DeniedBy("Nie senken Leerzeiten allein.", "de"), "Nie");
  EXPECT_EQ(DeniedBy("Wir wollen keine senken Leerzeit.", "de"), "keine");
  EXPECT_EQ(DeniedBy("Wir senken Leerzeit nicht.", "de"), "nicht");
  EXPECT_EQ(DeniedBy("Nicht nur senken Leerzeit.", "de"), "");
  EXPECT_EQ(DeniedBy("Nicht billig, sondern senken Leerzeit.", "de"), "");
}

TEST(Negation, OfOtherLanguagesIsNotKnownAndSaid) {
  const AnalysisTrack track = TrackOf({"\"temps mort\""}, "fr");
  const Turn turn = Says(Role::kRep, "Nous n'avons pas de temps mort.");
  const auto analysis = Analyze(track, {&turn, 1});
  EXPECT_TRUE(analysis->messages[0].covered);
  EXPECT_EQ(analysis->notes.at(0), "negation is not known in fr: what was denied counts as said");
}

}  // namespace
}  // namespace finalmile::coaching

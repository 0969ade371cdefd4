#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "services/coaching/practice_fixture.h"

// What was said in a practice, and what reviewers say of it, is in the practice's own tables and nowhere
// else.
namespace finalmile::coaching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// One word for each place where a rep or a coach writes.
constexpr char kDraft[] = "quartz";
constexpr char kTurn[] = "feldspar";
constexpr char kSpeaker[] = "Obsidian";
constexpr char kWritten[] = "basalt";
constexpr char kCoachComment[] = "granite";
constexpr char kOwnComment[] = "marble";
constexpr char kRefused[] = "pumice";

class PracticeSecrecyTest : public PracticeTest {
 protected:
  // A review by the coach or by the rep itself.
  static v1::SubmitReviewRequest ReviewOf(const std::string& practice, const std::string& comment,
                                          bool self) {
    v1::SubmitReviewRequest request;
    request.set_name(practice);
    request.set_self(self);
    request.set_request_id(comment);
    v1::CriterionLevel& level = *request.mutable_review()->add_levels();
    level.set_criterion("value");
    level.set_level(2);
    request.mutable_review()->add_comments()->set_text(comment);
    return request;
  }
  // The same call again, as by a client that lost the answer.
  void SubmitTwice(const v1::SubmitPracticeRequest& request) {
    for (int i = 0; i < 2; ++i) {
      const auto submitted = Submit("kim", request);
      ASSERT_TRUE(submitted.ok()) << submitted.status();
      practice_ = submitted->practice();
    }
  }
  void ReviewTwice(const std::string& reviewer, const v1::SubmitReviewRequest& request) {
    for (int i = 0; i < 2; ++i)
      ASSERT_TRUE(Call<v1::SubmitReviewResponse>(As(reviewer), "SubmitReview", request).ok());
  }
  // It is refused.
  void Refuse(const v1::SubmitPracticeRequest& request) { EXPECT_FALSE(Submit("kim", request).ok()); }
  void Refuse(const v1::SubmitReviewRequest& request, const std::string& reviewer = "cora") {
    EXPECT_FALSE(Call<v1::SubmitReviewResponse>(As(reviewer), "SubmitReview", request).ok());
  }
  void PractiseAndReview();
  void AskForWhatIsRefused();

  v1::Practice practice_;
};

void PracticeSecrecyTest::PractiseAndReview() {
  v1::SubmitPracticeRequest draft = Attempt(kDraft);
  draft.set_draft(true);
  draft.set_request_id("draft");
  SubmitTwice(draft);
  v1::SubmitPracticeRequest conversation = Attempt(std::string(kTurn) + " " + kIdle);
  conversation.mutable_practice()->mutable_turns(1)->set_speaker(kSpeaker);
  conversation.set_request_id("conversation");
  SubmitTwice(conversation);
  ReviewTwice("cora", ReviewOf(practice_.name(), kCoachComment, false));
  ReviewTwice("kim", ReviewOf(practice_.name(), kOwnComment, true));
  v1::SubmitPracticeRequest written;
  written.mutable_practice()->set_talk_track("talkTracks/fleet");
  written.mutable_practice()->set_written(kWritten);
  written.set_request_id("written");
  SubmitTwice(written);
}

void PracticeSecrecyTest::AskForWhatIsRefused() {
  v1::SubmitPracticeRequest wrong = Attempt(kRefused);
  wrong.mutable_practice()->mutable_turns(0)->set_start(2);
  wrong.mutable_practice()->mutable_turns(0)->set_end(1);
  Refuse(wrong);
  wrong = Attempt(kRefused);
  wrong.mutable_practice()->set_written(kRefused);
  Refuse(wrong);
  wrong = Attempt(std::string(1 << 21, 'a') + kRefused);
  Refuse(wrong);
  wrong = Attempt("words");
  wrong.mutable_practice()->mutable_turns(0)->set_speaker(kRefused + std::string(200, 'a'));
  Refuse(wrong);
  Refuse(Attempt(kRefused, "none"));
  // Another body under a known id.
  wrong = Attempt(kRefused);
  wrong.set_request_id("conversation");
  Refuse(wrong);
  wrong = Attempt(kRefused);
  wrong.mutable_practice()->set_name(practice_.name());
  Refuse(wrong);
  v1::SubmitReviewRequest review = ReviewOf(practice_.name(), kRefused, false);
  review.mutable_review()->mutable_comments(0)->set_turn(9);
  Refuse(review);
  review = ReviewOf(practice_.name(), kRefused + std::string(3000, 'a'), false);
  review.set_request_id("long");
  Refuse(review);
  review = ReviewOf(practice_.name(), kRefused, false);
  review.mutable_review()->mutable_levels(0)->set_level(9);
  Refuse(review);
  Refuse(ReviewOf(practice_.name(), kRefused, false), "kim");
  Refuse(ReviewOf("practices/" + testing::UuidOf("none"), kRefused, false));
}

TEST_P(PracticeSecrecyTest, WhatIsSaidIsInTheTablesOfPracticesAlone) {
  PractiseAndReview();
  AskForWhatIsRefused();
  // Time passes, and the timers write.
  MoveTo(At(1, 10) + absl::Hours(24 * 200));
  const auto tables = [&](const std::string& word) {
    const std::vector<std::string> found = TablesThatHold(word);
    return std::set<std::string>(found.begin(), found.end());
  };
  for (const char* said : {kDraft, kTurn, kSpeaker, kWritten})
    EXPECT_THAT(tables(said), ElementsAre("practice_contents")) << said;
  // Repeats have added nothing.
  for (const char* comment : {kCoachComment, kOwnComment})
    EXPECT_THAT(TablesThatHold(comment), ElementsAre("practice_reviews")) << comment;
  EXPECT_THAT(tables(kRefused), IsEmpty());
  for (const bool restarted : {false, true}) {
    if (restarted) Restart();
    for (const char* word : {kDraft, kTurn, kSpeaker, kWritten, kCoachComment, kOwnComment, kRefused})
      EXPECT_THAT(WhatElseHolds(word), IsEmpty());
  }
  EXPECT_THAT(WhatElseHolds("talkTracks/fleet"), Not(IsEmpty())) << "the search finds what is there";
}

FINALMILE_ON_BOTH_ENGINES(PracticeSecrecyTest);

}  // namespace
}  // namespace finalmile::coaching

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "services/coaching/domain/practice/practice.h"
#include "services/coaching/handlers/practice_handlers.h"
#include "services/coaching/practice_fixture.h"

// Practices and their reviews.
namespace finalmile::coaching {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class PracticesTest : public PracticeTest {
 protected:
  v1::Practice GetPractice(const std::string& caller, const std::string& name) {
    v1::GetPracticeRequest request;
    request.set_name(name);
    const auto practice = Call<v1::Practice>(As(caller), "GetPractice", request);
    return practice.ok() ? *practice : v1::Practice();
  }
  std::vector<std::string> List(const std::string& caller, const std::string& filter = "",
                                int page_size = 0) {
    v1::ListPracticesRequest request;
    request.set_filter(filter);
    request.set_page_size(page_size);
    std::vector<std::string> names;
    do {
      const auto page = Call<v1::ListPracticesResponse>(As(caller), "ListPractices", request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const v1::Practice& practice : page->practices()) names.push_back(practice.name());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return names;
  }
  std::vector<std::string> Queue(int page_size = 0) {
    v1::ListReviewQueueRequest request;
    request.set_page_size(page_size);
    std::vector<std::string> names;
    do {
      const auto page = Call<v1::ListReviewQueueResponse>(As("cora"), "ListReviewQueue", request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const v1::QueuedPractice& queued : page->practices()) names.push_back(queued.practice().name());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return names;
  }
};
FINALMILE_ON_BOTH_ENGINES(PracticesTest);

TEST_P(PracticesTest, ASubmittedPracticeIsAnalysedAndKept) {
  const auto submitted = Submit("kim", Attempt(kIdle));
  ASSERT_TRUE(submitted.ok()) << submitted.status();
  const v1::Practice& practice = submitted->practice();
  EXPECT_EQ(practice.state(), v1::Practice::STATE_SUBMITTED);
  EXPECT_EQ(practice.rep(), "reps/kim");
  EXPECT_EQ(practice.version(), 1);
  EXPECT_EQ(practice.practice_day(), "2026-12-01");
  EXPECT_NEAR(practice.score(), 8, 1e-9);
  EXPECT_NEAR(practice.analysis().coverage(), 7. / 9, 1e-9);
  EXPECT_THAT(submitted->mastery().days(), ElementsAre("2026-12-01"));
  EXPECT_EQ(submitted->mastery().state(), v1::Mastery::STATE_NONE);
  EXPECT_EQ(Emitted("kim"), "submitted");
  const v1::PracticeSubmitted event = RepEvents("kim")[0].practice_submitted();
  EXPECT_EQ(event.practice(), practice.name());
  EXPECT_EQ(event.version(), 1);
  EXPECT_NEAR(event.score(), 8, 1e-9);

  const v1::Practice kept = GetPractice("cora", practice.name());
  EXPECT_EQ(kept.turns(0).text(), kIdle);
  EXPECT_EQ(kept.analysis().messages(0).mentions(0).words(), "cut your idle time by 30 percent");
  Restart();
}

TEST_P(PracticesTest, WhatIsSavedForARepeatHoldsNoWordsOfIt) {
  v1::SubmitPracticeRequest request = Attempt(kIdle);
  request.set_request_id("once");
  const auto first = Submit("kim", request);
  const auto second = Submit("kim", request);
  ASSERT_TRUE(first.ok() && second.ok()) << first.status() << second.status();
  EXPECT_EQ(first->SerializeAsString(), second->SerializeAsString());
  EXPECT_EQ(Emitted("kim"), "submitted");
  for (const std::string& bytes : {first->SerializeAsString(), RepEvents("kim")[0].SerializeAsString()}) {
    EXPECT_THAT(bytes, Not(HasSubstr("your idle time")));
    EXPECT_THAT(bytes, Not(HasSubstr("Guest")));
  }
  // It says what was found, and where.
  EXPECT_TRUE(first->practice().analysis().messages(0).covered());
  EXPECT_EQ(first->practice().analysis().messages(0).mentions(0).range().begin(), 3);
  // The store alone has it.
  for (const std::string& holder : WhatHolds("your idle time")) EXPECT_THAT(holder, StartsWith("store.db"));
  request.mutable_practice()->mutable_turns(0)->set_text("Other words");
  EXPECT_EQ(ReasonOf(Submit("kim", request).status()), "REQUEST_ID_REUSED");
}

TEST_P(PracticesTest, ADraftIsSeenByItsRepAlone) {
  v1::SubmitPracticeRequest draft = Attempt(kNeither);
  draft.set_draft(true);
  const auto saved = Submit("kim", draft);
  ASSERT_TRUE(saved.ok()) << saved.status();
  const std::string name = saved->practice().name();
  EXPECT_EQ(saved->practice().state(), v1::Practice::STATE_DRAFT);
  EXPECT_FALSE(saved->practice().has_score());
  EXPECT_EQ(Emitted("kim"), "");
  EXPECT_EQ(GetPractice("kim", name).turns(0).text(), kNeither);
  for (const char* other : {"ben", "cora", "mia"}) {
    EXPECT_EQ(GetPractice(other, name).name(), "") << other;
    EXPECT_THAT(List(other), IsEmpty()) << other;
  }
  v1::GetPracticeRequest get;
  get.set_name(name);
  EXPECT_EQ(ReasonOf(Call<v1::Practice>(harness_->channel(), "GetPractice", get).status()),
            "PRACTICE_NOT_FOUND")
      << "not by admins either";
  EXPECT_THAT(List("kim"), ElementsAre(name));
  EXPECT_THAT(Queue(), IsEmpty());
  EXPECT_EQ(ReasonOf(Review("cora", name, 2).status()), "PRACTICE_NOT_FOUND");
  EXPECT_EQ(MasteryOf("kim").days_size(), 0);

  // It is submitted with other words.
  v1::SubmitPracticeRequest submit = Attempt(kBoth);
  submit.mutable_practice()->set_name(name);
  EXPECT_EQ(ReasonOf(Submit("ben", submit).status()), "PRACTICE_NOT_FOUND");
  submit.mutable_practice()->set_etag("stale");
  EXPECT_EQ(ReasonOf(Submit("kim", submit).status()), "ETAG_MISMATCH");
  submit.mutable_practice()->set_etag(saved->practice().etag());
  const auto submitted = Submit("kim", submit);
  ASSERT_TRUE(submitted.ok()) << submitted.status();
  EXPECT_EQ(submitted->practice().name(), name);
  EXPECT_EQ(submitted->practice().score(), 10);
  EXPECT_EQ(GetPractice("mia", name).turns(0).text(), kBoth);
  submit.mutable_practice()->clear_etag();
  EXPECT_EQ(ReasonOf(Submit("kim", submit).status()), "WRONG_STATE");
}

TEST_P(PracticesTest, FaultsAreNamed) {
  const auto fields = [&](const v1::SubmitPracticeRequest& request) {
    std::vector<std::string> names;
    for (const auto& violation : rpc::ViolationsOf(Submit("kim", request).status()))
      names.push_back(violation.field());
    return names;
  };
  v1::SubmitPracticeRequest request;
  EXPECT_THAT(fields(request), ElementsAre("practice.talk_track", "practice.turns"));
  request = Attempt(kIdle);
  request.mutable_practice()->set_written("and a message");
  EXPECT_THAT(fields(request), ElementsAre("practice.turns"));
  request = Attempt(kIdle);
  *request.mutable_practice()->mutable_practice_time() =
      rpc::ToTimestamp(At(1, 10) + kClockSkew + absl::Microseconds(1));
  EXPECT_THAT(fields(request), ElementsAre("practice.practice_time"));
  *request.mutable_practice()->mutable_practice_time() = rpc::ToTimestamp(At(1, 10) + kClockSkew);
  EXPECT_THAT(fields(request), IsEmpty());
  *request.mutable_practice()->mutable_practice_time() =
      rpc::ToTimestamp(At(1, 10) - kOldestPractice - absl::Microseconds(1));
  EXPECT_THAT(fields(request), ElementsAre("practice.practice_time"));
  EXPECT_EQ(ReasonOf(Submit("kim", Attempt(kIdle, "unknown")).status()), "TALK_TRACK_NOT_FOUND");
  EXPECT_EQ(Submit("cora", Attempt(kIdle)).status().code(), absl::StatusCode::kPermissionDenied);
}

TEST_P(PracticesTest, DraftsAndPracticesAreLimited) {
  v1::SubmitPracticeRequest draft = Attempt(kIdle);
  draft.set_draft(true);
  for (int i = 0; i < handlers::kMostDrafts; ++i) ASSERT_TRUE(Submit("kim", draft).ok()) << i;
  EXPECT_EQ(ReasonOf(Submit("kim", draft).status()), "TOO_MANY_DRAFTS");
  // One that takes the place of another is none more.
  draft.mutable_practice()->set_name(List("kim").front());
  EXPECT_TRUE(Submit("kim", draft).ok());
}

TEST_P(PracticesTest, AThousandOfATrackAreTheMost) {
  Practise("kim", kIdle);
  Execute(fmt::format(R"sql(
INSERT INTO practices
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {})
SELECT 'practice-' || n, 1, 'kim', 'fleet', 2, {} - n, '2026-11-30', 1, 8, 1, 8, {} FROM numbers)sql",
                      handlers::kMostPractices - 3, ToMicros(At(1, 9)), ToMicros(At(1, 9))));
  for (int more = 0; more < 2; ++more) EXPECT_TRUE(Submit("kim", Attempt(kIdle)).ok()) << more;
  EXPECT_EQ(Count("practices"), handlers::kMostPractices);
  EXPECT_EQ(ReasonOf(Submit("kim", Attempt(kIdle)).status()), "TOO_MANY_PRACTICES");
  PublishTrack("giant", "giant-bought-rival");
  EXPECT_TRUE(Submit("kim", Attempt(kIdle, "giant")).ok()) << "another track";
}

TEST_P(PracticesTest, ReviewsAndCommentsAreLimited) {
  const std::string name = Practise("kim", kIdle);
  v1::SubmitReviewRequest request;
  request.set_name(name);
  v1::CriterionLevel& level = *request.mutable_review()->add_levels();
  level.set_criterion("value");
  level.set_level(2);
  const auto with = [&](int comments, size_t length) {
    request.mutable_review()->clear_comments();
    for (int i = 0; i < comments; ++i)
      request.mutable_review()->add_comments()->set_text(std::string(length, 'a'));
    return FieldsOf(Call<v1::SubmitReviewResponse>(As("cora"), "SubmitReview", request).status());
  };
  EXPECT_THAT(with(handlers::kMostComments - 1, 1), IsEmpty());
  EXPECT_THAT(with(handlers::kMostComments, 1), IsEmpty());
  EXPECT_THAT(with(handlers::kMostComments + 1, 1), ElementsAre("review.comments"));
  EXPECT_THAT(with(1, handlers::kLongestComment - 1), IsEmpty());
  EXPECT_THAT(with(1, handlers::kLongestComment), IsEmpty());
  EXPECT_THAT(with(1, handlers::kLongestComment + 1), ElementsAre("review.comments[0].text"));
  EXPECT_THAT(with(1, 0), ElementsAre("review.comments[0].text"));
  while (Count("practice_reviews") < handlers::kMostReviews) ASSERT_TRUE(Review("cora", name, 2).ok());
  EXPECT_EQ(ReasonOf(Review("coco", name, 2).status()), "TOO_MANY_REVIEWS");
}

TEST_P(PracticesTest, ACoachsReviewTakesThePlaceOfTheAnalysis) {
  const std::string name = Practise("kim", kIdle);
  EXPECT_THAT(Queue(), ElementsAre(name));
  const auto reviewed = Review("cora", name, 2);
  ASSERT_TRUE(reviewed.ok()) << reviewed.status();
  EXPECT_EQ(reviewed->practice().state(), v1::Practice::STATE_REVIEWED);
  EXPECT_NEAR(reviewed->score_before(), 8, 1e-9);
  EXPECT_EQ(reviewed->practice().score(), 7);
  EXPECT_THAT(reviewed->mastery().days(), IsEmpty()) << "7 is below the mark";
  EXPECT_EQ(reviewed->agreement_units(), 0);
  EXPECT_THAT(Queue(), IsEmpty());
  EXPECT_EQ(Emitted("kim"), "submitted, reviewed");
  const v1::PracticeReviewed event = RepEvents("kim")[1].practice_reviewed();
  EXPECT_EQ(event.reviewer(), "cora");
  EXPECT_EQ(event.rubric(), "first-conversation-1");
  EXPECT_EQ(event.levels_size(), 6);
  EXPECT_EQ(event.score(), 7);

  // One coach reviews again, and another one does.
  ASSERT_TRUE(Review("cora", name, 3).ok());
  const auto second = Review("coco", name, 2);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->score_before(), 10);
  EXPECT_EQ(second->practice().score(), 8.5);
  EXPECT_EQ(second->agreement_units(), 6);
  EXPECT_FALSE(second->has_agreement()) << "under ten units";
  EXPECT_THAT(GetPractice("kim", name).reviews(), SizeIs(2));
  EXPECT_EQ(Count("practice_reviews"), 3) << "the history is kept";
}

TEST_P(PracticesTest, NobodyCoachesThemselves) {
  const std::string name = Practise("bo", kIdle);
  EXPECT_EQ(ReasonOf(Review("bo", name, 3).status()), "OWN_PRACTICE");
  EXPECT_EQ(ReasonOf(Review("cora", name, 3, true).status()), "NOT_YOURS");
  EXPECT_EQ(ReasonOf(Review("ben", name, 3).status()), "PRACTICE_NOT_FOUND");
  const auto self = Review("bo", name, 3, true);
  ASSERT_TRUE(self.ok()) << self.status();
  EXPECT_NEAR(self->practice().score(), 8, 1e-9);
  EXPECT_EQ(self->practice().state(), v1::Practice::STATE_SUBMITTED);
  EXPECT_THAT(Queue(), ElementsAre(name)) << "it still waits for a coach";
  EXPECT_EQ(Emitted("bo"), "submitted, self-reviewed");
}

TEST_P(PracticesTest, CommentsStandAtTurnsThatAreThere) {
  const std::string name = Practise("kim", kIdle);
  v1::SubmitReviewRequest request;
  request.set_name(name);
  v1::CriterionLevel& level = *request.mutable_review()->add_levels();
  level.set_criterion("value");
  level.set_level(2);
  v1::TurnComment& comment = *request.mutable_review()->add_comments();
  comment.set_text("Say it as a range.");
  const auto at = [&](int turn) {
    comment.set_turn(turn);
    return ReasonOf(Call<v1::SubmitReviewResponse>(As("cora"), "SubmitReview", request).status());
  };
  EXPECT_EQ(at(-1), "NO_SUCH_TURN");
  EXPECT_EQ(at(2), "NO_SUCH_TURN");
  EXPECT_EQ(at(1), "");
  EXPECT_EQ(at(0), "");
  const v1::Practice practice = GetPractice("kim", name);
  ASSERT_EQ(practice.reviews_size(), 1);
  EXPECT_EQ(practice.reviews(0).comments(0).text(), "Say it as a range.");
  EXPECT_EQ(practice.reviews(0).score(), 7);
  for (const v1::CoachingEvent& event : RepEvents("kim"))
    EXPECT_THAT(event.SerializeAsString(), Not(HasSubstr("range")));

  level.set_level(4);
  EXPECT_EQ(at(0), "INVALID_FIELDS");
  level.set_level(3);
  level.set_criterion("charm");
  EXPECT_EQ(at(0), "INVALID_FIELDS");
  request.mutable_review()->clear_levels();
  EXPECT_EQ(at(0), "INVALID_FIELDS") << "nothing is observed";
}

TEST_P(PracticesTest, TheRubricOfTheSubmissionJudges) {
  const std::string name = Practise("kim", kIdle);
  v1::UpdateTalkTrackRequest update;
  update.mutable_talk_track()->set_name("talkTracks/fleet");
  v1::Rubric& rubric = *update.mutable_talk_track()->mutable_rubric();
  rubric.set_name("short-1");
  v1::Criterion& value = *rubric.add_criteria();
  value.set_id("value");
  value.set_text("Value");
  value.set_weight(1);
  for (const char* text : {"none", "some", "much", "all"}) value.add_levels(text);
  update.mutable_update_mask()->add_paths("rubric");
  Must<v1::TalkTrack>("UpdateTalkTrack", update);
  Republish("fleet", false);
  const auto reviewed = Review("cora", name, 2);
  ASSERT_TRUE(reviewed.ok()) << reviewed.status();
  EXPECT_EQ(RepEvents("kim")[1].practice_reviewed().rubric(), "first-conversation-1");
  const std::string later = Practise("kim", kIdle);
  EXPECT_EQ(ReasonOf(Review("cora", later, 2).status()), "INVALID_FIELDS");
}

TEST_P(PracticesTest, TheQueueBeginsWithWhoMeetsAGuestNext) {
  const std::string waiting = Practise("ana", kIdle);
  MoveTo(At(1, 11));
  const std::string late = Practise("ben", kIdle);
  const std::string soon = Practise("kim", kIdle);
  Set("m1", "ben", At(4, 10));
  Set("m2", "kim", At(3, 10));
  Set("elsewhere", "ana", At(2, 10), "another-situation");
  Set("over", "ana", At(1, 10));
  EXPECT_THAT(Queue(), ElementsAre(soon, late, waiting));
  EXPECT_THAT(Queue(1), ElementsAre(soon, late, waiting));
}

TEST_P(PracticesTest, ListsAreFilteredAndPaged) {
  std::vector<std::string> names;
  for (int hour = 10; hour < 13; ++hour) {
    MoveTo(At(1, hour));
    names.insert(names.begin(), Practise("kim", kIdle));
  }
  Practise("ben", kIdle);
  EXPECT_THAT(List("kim"), names);
  EXPECT_THAT(List("kim", "", 1), names);
  EXPECT_THAT(List("mia", "rep = \"reps/kim\""), names);
  EXPECT_THAT(List("mia"), SizeIs(4));
  EXPECT_THAT(List("kim", "rep = \"reps/ben\""), IsEmpty());
  EXPECT_THAT(List("kim", "state = STATE_REVIEWED"), IsEmpty());
  EXPECT_THAT(List("kim", "practice_time > \"2026-12-01T10:30:00Z\""), SizeIs(2));
}

TEST_P(PracticesTest, WrittenMessagesArePractisedToo) {
  v1::SubmitPracticeRequest request;
  request.mutable_practice()->set_talk_track("talkTracks/fleet");
  request.mutable_practice()->set_written(kBoth);
  const auto submitted = Submit("kim", request);
  ASSERT_TRUE(submitted.ok()) << submitted.status();
  EXPECT_EQ(submitted->practice().score(), 10);
  EXPECT_EQ(GetPractice("kim", submitted->practice().name()).written(), kBoth);
}

}  // namespace
}  // namespace finalmile::coaching

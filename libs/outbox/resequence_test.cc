#include "libs/outbox/resequence.h"

#include "libs/outbox/test_fixture.h"

namespace finalmile::outbox {
namespace {

class ResequenceTest : public OutboxTest {
 protected:
  ResequenceTest() {
    Sql("CREATE TABLE notes (id TEXT PRIMARY KEY, seq BIGINT NOT NULL)");
    Sql("CREATE TABLE tags (id TEXT PRIMARY KEY, seq BIGINT NOT NULL)");
  }

  absl::StatusOr<Resequenced> Run() {
    static constexpr AggregateTable kTables[] = {{"notes/", "notes"}, {"tags/", "tags"}};
    return Resequence("note", *database, *events, "t", kTables, clock, absl::Seconds(10));
  }
  // "records, unknown, absent, others"
  std::string Counts() {
    const auto done = Run();
    if (!done.ok()) return done.status().ToString();
    return fmt::format("{}, {}, {}, {}", done->records, done->unknown, done->absent, done->others);
  }
  int64_t SeqIn(const std::string& table, const std::string& id) {
    return Sql("SELECT seq FROM " + table + " WHERE id = '" + id + "'").at(0).Int(0);
  }
};

TEST_F(ResequenceTest, RaisesToTheLastEventThatTheTopicHolds) {
  for (int seq = 1; seq <= 5; ++seq) Append("notes/a", seq, "x");
  for (int seq = 1; seq <= 2; ++seq) Append("notes/b", seq, "x");
  for (int seq = 1; seq <= 3; ++seq) Append("tags/a", seq, "x");
  Append("notes/a", 2, "a repeat");
  // As of the backup: two events of notes/a and one of tags/a came later, one of notes/b is not sent yet.
  Sql("INSERT INTO notes VALUES ('a', 3), ('b', 3), ('c', 7)");
  Sql("INSERT INTO tags VALUES ('a', 2)");
  EXPECT_EQ(Counts(), "11, 3, 0, 0");
  EXPECT_EQ(SeqIn("notes", "a"), 5);
  EXPECT_EQ(SeqIn("notes", "b"), 3) << "nothing is lowered";
  EXPECT_EQ(SeqIn("notes", "c"), 7) << "the topic need not hold everything";
  EXPECT_EQ(SeqIn("tags", "a"), 3);
  EXPECT_EQ(Counts(), "11, 0, 0, 0") << "again";
}

TEST_F(ResequenceTest, CountsWhatTheStoreDoesNotHold) {
  for (int seq = 1; seq <= 2; ++seq) Append("notes/gone", seq, "x");
  Append("others/a", 4, "of no aggregate of ours");
  Append("notes/a", 0, "without a seq");
  Sql("INSERT INTO notes VALUES ('a', 1)");
  EXPECT_EQ(Counts(), "4, 0, 2, 2");
  EXPECT_EQ(SeqIn("notes", "a"), 1);
}

TEST_F(ResequenceTest, TakesATopicOfSeveralBatches) {
  std::vector<events::Message> messages;
  for (int seq = 1; seq <= 4500; ++seq) {
    messages.push_back({"t", "notes/a", "x", {{"ce_sequence", std::to_string(seq)}}});
  }
  ASSERT_EQ(log_->Append(messages, Soon()), absl::OkStatus());
  Sql("INSERT INTO notes VALUES ('a', 3000)");
  EXPECT_EQ(Counts(), "4500, 1500, 0, 0");
  EXPECT_EQ(SeqIn("notes", "a"), 4500);
}

TEST_F(ResequenceTest, RefusesAStoreThatAProcessLeadsOn) {
  const auto leadership = database->Elect("note", Soon());
  ASSERT_TRUE(leadership.ok());
  const auto done = Run();
  EXPECT_TRUE(absl::IsFailedPrecondition(done.status()));
  EXPECT_EQ(done.status().message(), "note runs on this store: stop all its replicas first");
}

TEST_F(ResequenceTest, StoreAndLogHaveToAnswer) {
  Append("notes/a", 1, "x");
  database->away = true;
  EXPECT_TRUE(absl::IsUnavailable(Run().status()));
  database->away = false;
  EXPECT_TRUE(absl::IsNotFound(
      Resequence("note", *database, *events, "absent", {}, clock, absl::Seconds(1)).status()));
}

}  // namespace
}  // namespace finalmile::outbox

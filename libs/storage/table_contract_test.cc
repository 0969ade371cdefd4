// Tables of columns, on both engines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/storage/contract_test_fixture.h"
#include "libs/storage/table.h"

namespace finalmile::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

enum class Mood { kGrave = 1, kGay = 2 };

struct Reader {
  std::string name;
  absl::Time seen = absl::InfinitePast();
};

struct Note {
  std::string id;
  std::string text;
  int64_t version = 0;
  double weight = 0;
  bool pinned = false;
  Bytes picture;
  Mood mood = Mood::kGrave;
  absl::Time create_time = absl::UnixEpoch();
  absl::Time due_time = absl::InfiniteFuture();
  Reader reader;
  bool operator==(const Note& other) const {
    return std::tie(id, text, version, weight, pinned, picture, mood, create_time, due_time, reader.name,
                    reader.seen) == std::tie(other.id, other.text, other.version, other.weight, other.pinned,
                                             other.picture, other.mood, other.create_time, other.due_time,
                                             other.reader.name, other.reader.seen);
  }
};

const Table<Note>& Notes() {
  static const Table<Note> kNotes("notes", {"id"},
                                  {{"id", &Note::id},
                                   {"text", &Note::text},
                                   {"version", &Note::version},
                                   {"weight", &Note::weight},
                                   {"pinned", &Note::pinned},
                                   {"picture", &Note::picture},
                                   {"mood", &Note::mood},
                                   {"create_time", &Note::create_time},
                                   {"due_time", &Note::due_time, absl::InfiniteFuture()},
                                   {"reader_name", In(&Note::reader, &Reader::name)},
                                   {"reader_seen", In(&Note::reader, &Reader::seen), absl::InfinitePast()},
                                   {"length", "BIGINT", [](const Note& note) -> Value {
                                      return static_cast<int64_t>(note.text.size());
                                    }}});
  return kNotes;
}

Note NoteOf(std::string id, std::string text) {
  Note note;
  note.id = std::move(id);
  note.text = std::move(text);
  return note;
}

class TableTest : public EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    MustExecute(
        "CREATE TABLE notes (id TEXT PRIMARY KEY, text TEXT, version BIGINT, weight DOUBLE PRECISION, pinned "
        "BOOLEAN, "
        "picture {bytes}, mood BIGINT, create_time BIGINT, due_time BIGINT, reader_name TEXT, reader_seen "
        "BIGINT, "
        "length BIGINT)");
  }

  absl::Status Write(absl::Status (Table<Note>::*write)(Transaction&, std::span<const Note* const>) const,
                     const std::vector<Note>& notes, const Table<Note>& table = Notes()) {
    return Transact([&](Transaction& transaction) { return (table.*write)(transaction, Pointers(notes)); });
  }

  std::vector<Note> Read(const std::vector<std::string>& ids, bool lock = false) {
    std::vector<Note> notes;
    EXPECT_EQ(Transact([&](Transaction& transaction) -> absl::Status {
                ASSIGN_OR_RETURN(const Deferred read, lock ? Notes().DeferLock(transaction, ids)
                                                           : Notes().DeferRead(transaction, ids));
                RETURN_IF_ERROR(transaction.Settle());
                ASSIGN_OR_RETURN(notes, Notes().Records(*read));
                return absl::OkStatus();
              }),
              absl::OkStatus());
    return notes;
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, TableTest, ::testing::Values(Engine::kSqlite, Engine::kPostgres),
                         EngineName);

TEST_P(TableTest, EveryKindOfFieldComesBack) {
  Note full = NoteOf("a", "what is written");
  full.version = -7;
  full.weight = 0.1;
  full.pinned = true;
  full.picture = {std::string("\0\xFF", 2)};
  full.mood = Mood::kGay;
  full.create_time = absl::FromUnixMicros(1'700'000'000'123'456);
  full.due_time = absl::FromUnixMicros(1'800'000'000'000'001);
  full.reader.name = "Ada";
  full.reader.seen = absl::FromUnixMicros(-1);
  const Note blank = NoteOf("b", "");
  ASSERT_EQ(Write(&Table<Note>::Insert, {full, blank}), absl::OkStatus());
  EXPECT_THAT(Read({"a", "b", "c"}), UnorderedElementsAre(full, blank));
  EXPECT_EQ(Count("SELECT length FROM notes WHERE id = 'a'"), 15);
  EXPECT_EQ(Count("SELECT COUNT(*) FROM notes WHERE due_time IS NULL AND reader_seen IS NULL"), 1);
}

TEST_P(TableTest, LocksComeInOrderOfTheKey) {
  ASSERT_EQ(Write(&Table<Note>::Insert, {NoteOf("b", "2"), NoteOf("a", "1"), NoteOf("c", "3")}),
            absl::OkStatus());
  EXPECT_THAT(Read({"a", "b", "c", "d"}, /*lock=*/true),
              ElementsAre(NoteOf("a", "1"), NoteOf("b", "2"), NoteOf("c", "3")));
  EXPECT_THAT(Read({}, /*lock=*/true), IsEmpty());
}

TEST_P(TableTest, InsertRefusesWhatIsThere) {
  ASSERT_EQ(Write(&Table<Note>::Insert, {NoteOf("a", "1")}), absl::OkStatus());
  EXPECT_EQ(Write(&Table<Note>::Insert, {NoteOf("b", "2"), NoteOf("a", "2")}).code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(Read({"a", "b"}), ElementsAre(NoteOf("a", "1")));
}

TEST_P(TableTest, InsertAbsentLeavesWhatIsThere) {
  ASSERT_EQ(Write(&Table<Note>::Insert, {NoteOf("a", "1")}), absl::OkStatus());
  ASSERT_EQ(Write(&Table<Note>::InsertAbsent, {NoteOf("a", "2"), NoteOf("b", "2")}), absl::OkStatus());
  EXPECT_THAT(Read({"a", "b"}), UnorderedElementsAre(NoteOf("a", "1"), NoteOf("b", "2")));
}

TEST_P(TableTest, DeferInsertAbsentTellsWhichWereInserted) {
  ASSERT_EQ(Write(&Table<Note>::Insert, {NoteOf("a", "1")}), absl::OkStatus());
  const std::vector<Note> notes{NoteOf("a", "2"), NoteOf("b", "2")};
  std::vector<std::string> inserted;
  EXPECT_EQ(Transact([&](Transaction& transaction) -> absl::Status {
              inserted.clear();
              const Note* pointers[] = {&notes[0], &notes[1]};
              ASSIGN_OR_RETURN(const Deferred result, Notes().DeferInsertAbsent(transaction, pointers));
              RETURN_IF_ERROR(transaction.Settle());
              for (const Row& row : result->rows) inserted.push_back(row.Text(0));
              return absl::OkStatus();
            }),
            absl::OkStatus());
  EXPECT_THAT(inserted, ElementsAre("b"));
}

TEST_P(TableTest, InsertOrUpdateOverwrites) {
  ASSERT_EQ(Write(&Table<Note>::Insert, {NoteOf("a", "1")}), absl::OkStatus());
  ASSERT_EQ(Write(&Table<Note>::InsertOrUpdate, {NoteOf("a", "2"), NoteOf("b", "2")}), absl::OkStatus());
  EXPECT_THAT(Read({"a", "b"}), UnorderedElementsAre(NoteOf("a", "2"), NoteOf("b", "2")));
}

TEST_P(TableTest, InsertOrAddSums) {
  const auto of = [](const std::string& id, int64_t version, double weight) {
    Note note = NoteOf(id, "");
    note.version = version;
    note.weight = weight;
    return note;
  };
  const Table<Note> sums("notes", {"id"},
                         {{"id", &Note::id}, {"version", &Note::version}, {"weight", &Note::weight}});
  ASSERT_EQ(Write(&Table<Note>::InsertOrAdd, {of("a", 1, 0.5), of("b", 2, 1)}, sums), absl::OkStatus());
  ASSERT_EQ(Write(&Table<Note>::InsertOrAdd, {of("a", 3, 0.25), of("b", -2, -1), of("c", 4, 0)}, sums),
            absl::OkStatus());
  EXPECT_EQ(Count("SELECT COUNT(*) FROM notes WHERE id = 'a' AND version = 4 AND weight = 0.75"), 1);
  EXPECT_EQ(Count("SELECT COUNT(*) FROM notes WHERE id = 'b' AND version = 0 AND weight = 0"), 1);
  EXPECT_EQ(Count("SELECT COUNT(*) FROM notes WHERE id = 'c' AND version = 4 AND weight = 0"), 1);
}

TEST_P(TableTest, UpdateWritesTheColumnsOfItsTableAlone) {
  Note note = NoteOf("a", "1");
  note.version = 1;
  ASSERT_EQ(Write(&Table<Note>::Insert, {note}), absl::OkStatus());
  Note changed = NoteOf("a", "2");
  changed.version = 2;
  changed.weight = 2;
  const Table<Note> part = Notes().Part({"version", "weight"});
  ASSERT_EQ(Write(&Table<Note>::Update, {changed, NoteOf("b", "2")}, part), absl::OkStatus());
  changed.text = "1";
  EXPECT_THAT(Read({"a", "b"}), ElementsAre(changed));
  changed.text = "3";
  ASSERT_EQ(Write(&Table<Note>::Update, {changed}), absl::OkStatus());
  EXPECT_THAT(Read({"a"}), ElementsAre(changed));
}

TEST_P(TableTest, StrongIdsAreKeys) {
  using NoteId = StrongId<struct NoteKind>;
  struct Brief {
    NoteId id;
    std::string text;
    absl::Time due_time = absl::InfiniteFuture();
  };
  const Table<Brief> briefs(
      "notes", {"id"},
      {{"id", &Brief::id}, {"text", &Brief::text}, {"due_time", &Brief::due_time, absl::InfiniteFuture()}});
  const absl::Time due = absl::FromUnixSeconds(7);
  const std::vector<Brief> written{{NoteId("b"), "2", due}, {NoteId("a"), "1"}};
  std::vector<Brief> read;
  std::vector<NoteId> due_ids;
  ASSERT_EQ(
      Transact([&](Transaction& transaction) -> absl::Status {
        RETURN_IF_ERROR(briefs.Insert(transaction, Pointers(written)));
        const std::vector<NoteId> ids = SortedUnique(std::vector{NoteId("b"), NoteId("a"), NoteId("b")});
        ASSIGN_OR_RETURN(const Deferred locked, briefs.DeferLock(transaction, ids));
        RETURN_IF_ERROR(transaction.Settle());
        ASSIGN_OR_RETURN(read, briefs.Records(*locked));
        ASSIGN_OR_RETURN(due_ids, briefs.DueKeys<NoteId>(transaction, due, 2));
        return absl::OkStatus();
      }),
      absl::OkStatus());
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0].id, NoteId("a"));
  EXPECT_EQ(read[1].id, NoteId("b"));
  EXPECT_EQ(read[1].text, "2");
  EXPECT_THAT(due_ids, ElementsAre(NoteId("b")));
}

TEST_P(TableTest, AColumnThatCannotBeReadEndsTheReading) {
  const Table<Note> strict(
      "notes", {"id"},
      {{"id", &Note::id},
       {"text", "TEXT", [](const Note& note) -> Value { return note.text; },
        [](const Row&, size_t, Note&) { return absl::DataLossError("the text is damaged"); }}});
  ASSERT_EQ(Write(&Table<Note>::Insert, {NoteOf("a", "1")}), absl::OkStatus());
  const absl::Status status = Transact([&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Result result, transaction.Execute(strict.select()));
    return strict.Records(result).status();
  });
  EXPECT_EQ(status, absl::DataLossError("the text is damaged"));
}

TEST(TablePartTest, HoldsAllChangesComparesTheOtherColumns) {
  const Table<Note> part = Notes().Part({"version", "weight"});
  const Note note = NoteOf("a", "1");
  Note changed = note;
  EXPECT_TRUE(part.HoldsAllChanges(note, changed));
  changed.version = 2;
  EXPECT_TRUE(part.HoldsAllChanges(note, changed));
  changed.due_time = absl::UnixEpoch();
  EXPECT_FALSE(part.HoldsAllChanges(note, changed));
}

TEST(TableTextsTest, NameEveryColumnOnce) {
  const TableTexts texts("versions", {{"asset", "TEXT"}, {"version", "BIGINT"}, {"head", "BYTES"}}, 2);
  EXPECT_EQ(texts.columns, "asset, version, head");
  EXPECT_EQ(texts.upsert,
            "INSERT INTO versions (asset, version, head) SELECT r.* FROM {rows: asset TEXT, version BIGINT, "
            "head BYTES} AS "
            "r WHERE TRUE ON CONFLICT (asset, version) DO UPDATE SET head = excluded.head");
  EXPECT_EQ(
      texts.update,
      "UPDATE versions SET head = r.head FROM {rows: asset TEXT, version BIGINT, head BYTES} AS r WHERE "
      "versions.asset = r.asset AND versions.version = r.version");
}

}  // namespace
}  // namespace finalmile::storage

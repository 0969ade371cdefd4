// What database.h promises of statements, on both engines.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "libs/base/status.h"
#include "libs/storage/contract_test_fixture.h"

namespace finalmile::storage {
namespace {

using absl::StatusCode;

class StatementTest : public EngineTest {};

INSTANTIATE_TEST_SUITE_P(Engines, StatementTest, ::testing::Values(Engine::kSqlite, Engine::kPostgres),
                         EngineName);

Value Null() { return std::monostate(); }

TEST_P(StatementTest, NamesItsEngine) {
  EXPECT_EQ(database_->engine(), GetParam());
  EXPECT_TRUE(Transact([&](Transaction& transaction) {
                EXPECT_EQ(transaction.engine(), GetParam());
                return absl::OkStatus();
              }).ok());
}

TEST_P(StatementTest, EveryValueComesBackExactly) {
  MakeItems();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::vector<double> doubles = {0.1,
                                       1.0 / 3.0,
                                       1e308,
                                       kInfinity,
                                       std::numeric_limits<double>::denorm_min(),
                                       -std::numeric_limits<double>::min(),
                                       4.0,
                                       -0.0};
  const std::vector<std::string> texts = {
      "",  "NULL",     "null", "a'b\"c\\d", "{x,y}", "line\nfeed\r\ttab", "日本語 \xF0\x9F\x98\x80",
      ",", " padded ", "\\x41"};
  const std::vector<int64_t> integers = {0, -1, std::numeric_limits<int64_t>::max(),
                                         std::numeric_limits<int64_t>::min()};
  const std::vector<std::string> blobs = {"", std::string("\0\0a\0", 4), "\xFF\xFE", "\\x00"};
  const bool many[] = {false, true};
  for (const bool bulk : many) {
    MustExecute("DELETE FROM items");
    std::vector<Row> rows;
    for (size_t i = 0; i < texts.size(); ++i) {
      const int64_t id = i < integers.size() ? integers[i] : static_cast<int64_t>(100 + i);
      rows.push_back(
          Row({id, texts[i], doubles[i % doubles.size()], i % 2 == 0, Bytes{blobs[i % blobs.size()]}}));
    }
    if (bulk) {
      auto done = ExecuteMany(
          "INSERT INTO items (id, name, amount, done, data) SELECT id, name, amount, done, data FROM "
          "{rows: id BIGINT, name TEXT, amount DOUBLE, done BOOLEAN, data BYTES} AS r",
          rows);
      ASSERT_TRUE(done.ok()) << done.status();
      EXPECT_EQ(done->affected, static_cast<int64_t>(rows.size()));
    } else {
      for (const Row& row : rows) {
        auto done = Execute("INSERT INTO items (id, name, amount, done, data) VALUES ($1, $2, $3, $4, $5)",
                            row.values());
        ASSERT_TRUE(done.ok()) << done.status();
        EXPECT_EQ(done->affected, 1);
      }
    }
    for (const Row& row : rows) {
      auto read = Execute("SELECT id, name, amount, done, data FROM items WHERE id = $1", {row.Int(0)});
      ASSERT_TRUE(read.ok()) << read.status();
      ASSERT_EQ(read->rows.size(), 1u);
      EXPECT_EQ(read->affected, 1);
      EXPECT_EQ(read->rows[0].Int(0), row.Int(0));
      EXPECT_EQ(read->rows[0].Text(1), row.Text(1));
      EXPECT_EQ(read->rows[0].Real(2), row.Real(2)) << "bits matter";
      EXPECT_EQ(read->rows[0].Bool(3), row.Bool(3));
      EXPECT_EQ(read->rows[0].Blob(4), row.Blob(4));
    }
  }
}

TEST_P(StatementTest, NullStaysNullInEveryTypeAlsoAfterOtherValues) {
  MakeItems();
  const std::string insert = "INSERT INTO items (id, name, amount, done, data) VALUES ($1, $2, $3, $4, $5)";
  MustExecute(insert, {int64_t{1}, Null(), Null(), Null(), Null()});
  MustExecute(insert, {int64_t{2}, std::string("x"), 1.5, true, Bytes{"b"}});
  MustExecute(insert, {int64_t{3}, Null(), 2.5, Null(), Bytes{"b"}});
  auto done = ExecuteMany(
      "INSERT INTO items (id, name, amount, done, data) SELECT id, name, amount, done, data FROM "
      "{rows: id BIGINT, name TEXT, amount DOUBLE, done BOOLEAN, data BYTES} AS r",
      {Row({int64_t{4}, Null(), Null(), Null(), Null()}),
       Row({int64_t{5}, std::string("NULL"), Null(), false, Null()})});
  ASSERT_TRUE(done.ok()) << done.status();
  auto read = Execute("SELECT id, name, amount, done, data FROM items ORDER BY id");
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->rows.size(), 5u);
  for (size_t column = 1; column < 5; ++column) {
    EXPECT_TRUE(read->rows[0].Null(column));
    EXPECT_FALSE(read->rows[1].Null(column));
    EXPECT_TRUE(read->rows[3].Null(column));
  }
  EXPECT_TRUE(read->rows[2].Null(1));
  EXPECT_EQ(read->rows[2].OptionalReal(2), 2.5);
  EXPECT_EQ(read->rows[2].OptionalText(1), std::nullopt);
  EXPECT_EQ(read->rows[4].Text(1), "NULL");
  EXPECT_FALSE(read->rows[4].Bool(3));
}

TEST_P(StatementTest, RefusesWhatOneEngineCannotStore) {
  MakeItems();
  const std::string insert = "INSERT INTO items (id, name, amount) VALUES ($1, $2, $3)";
  for (const absl::Status& refused : {Execute(insert, {int64_t{1}, std::string("a\0b", 3), 1.0}).status(),
                                      Execute(insert, {int64_t{1}, std::string("a\xFF"), 1.0}).status(),
                                      Execute(insert, {int64_t{1}, Null(), std::nan("")}).status()}) {
    EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
    EXPECT_TRUE(IsUnstorable(refused)) << refused;
  }
  const std::string bulk =
      "INSERT INTO items (id, name) SELECT id, name FROM {rows: id BIGINT, name TEXT} AS r";
  const absl::Status refused = ExecuteMany(bulk, {Row({int64_t{1}, std::string(1, '\0')})}).status();
  EXPECT_TRUE(IsUnstorable(refused)) << refused;
  const absl::Status mistaken = ExecuteMany(bulk, {Row({1.0, std::string("x")})}).status();
  EXPECT_EQ(mistaken.code(), StatusCode::kInvalidArgument);
  EXPECT_FALSE(IsUnstorable(mistaken)) << "a fault of the program's";
  EXPECT_EQ(ExecuteMany(bulk, {Row({int64_t{1}})}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Count("SELECT COUNT(*) FROM items"), 0);
}

TEST_P(StatementTest, ErrorsHaveTheirCodes) {
  MakeItems();
  MustExecute("CREATE TABLE parts (item BIGINT NOT NULL REFERENCES items (id))");
  MustExecute("INSERT INTO items (id, name) VALUES (1, 'one')");
  EXPECT_EQ(Execute("INSERT INTO items (id) VALUES (1)").status().code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(Execute("INSERT INTO items (id, name) VALUES (2, 'one')").status().code(),
            StatusCode::kAlreadyExists);
  EXPECT_EQ(Execute("INSERT INTO parts (item) VALUES (9)").status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Execute("INSERT INTO parts (item) VALUES (NULL)").status().code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(Execute("INSERT INTO items (id, amount) VALUES (3, -1.5e308)").status().code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(Execute("SELEC 1").status().code(), StatusCode::kInternal);
  EXPECT_EQ(Execute("SELECT absent FROM items").status().code(), StatusCode::kInternal);
  EXPECT_EQ(Execute("SELECT \"absent\" FROM items").status().code(), StatusCode::kInternal);
  EXPECT_EQ(Execute("SELECT {nonsense}").status().code(), StatusCode::kInternal);
  EXPECT_EQ(Execute("SELECT name FROM items WHERE id = $1").status().code(), StatusCode::kInternal);
  EXPECT_EQ(Execute("SELECT 1 FROM {rows: a TEXT} AS r").status().code(), StatusCode::kInternal);
  EXPECT_EQ(ExecuteMany("SELECT 1", {Row({int64_t{1}})}).status().code(), StatusCode::kInternal);
  EXPECT_EQ(Count("SELECT COUNT(*) FROM items"), 1);
}

TEST_P(StatementTest, MacrosMakeOneTextServeBoth) {
  MustExecute("CREATE TABLE log (id {identity}, name TEXT NOT NULL, data {bytes})");
  for (const char* name : {"b", "a", "B"}) {
    auto inserted = Execute("INSERT INTO log (name) VALUES ($1) RETURNING id", {std::string(name)});
    ASSERT_TRUE(inserted.ok()) << inserted.status();
    EXPECT_EQ(inserted->affected, 1);
    EXPECT_EQ(inserted->rows[0].Int(0), Count("SELECT MAX(id) FROM log"));
  }
  MustExecute("SELECT id FROM log WHERE name = $1 {for_update}", {std::string("a")});
  MustExecute("SELECT id FROM log WHERE name = $1 {skip_locked}", {std::string("a")});
  auto sorted = Execute("SELECT name, '{not a macro}' FROM log ORDER BY name {sorted}");
  ASSERT_TRUE(sorted.ok()) << sorted.status();
  EXPECT_EQ(sorted->rows[0].Text(0), "B");
  EXPECT_EQ(sorted->rows[0].Text(1), "{not a macro}");
  EXPECT_EQ(sorted->rows[2].Text(0), "b");
  EXPECT_EQ(Count("SELECT COUNT(*) FROM log WHERE name LIKE 'b%'"), 1);
}

TEST_P(StatementTest, ParametersAreBoundByNameWhateverTheirOrder) {
  MustExecute("CREATE TABLE pairs (a TEXT, b TEXT, c TEXT)");
  MustExecute("INSERT INTO pairs (c, a, b) VALUES ($2, $1, $2)", {std::string("one"), std::string("two")});
  EXPECT_EQ(Count("SELECT COUNT(*) FROM pairs WHERE c = $3 AND b = $2 AND a = $1",
                  {std::string("one"), std::string("two"), std::string("two")}),
            1);
}

TEST_P(StatementTest, ExecuteManyTakesNoneOneAndThousands) {
  MustExecute("CREATE TABLE n (id BIGINT PRIMARY KEY, v BIGINT NOT NULL)");
  const std::string upsert =
      "INSERT INTO n (id, v) SELECT id, v FROM {rows: id BIGINT, v BIGINT} AS r WHERE TRUE "
      "ON CONFLICT (id) DO UPDATE SET v = n.v + excluded.v RETURNING id, v";
  for (const int size : {0, 1, 5000, 5000}) {
    std::vector<Row> rows;
    for (int i = 0; i < size; ++i) rows.push_back(Row({int64_t{i}, int64_t{i}}));
    auto done = ExecuteMany(upsert, rows);
    ASSERT_TRUE(done.ok()) << done.status();
    EXPECT_EQ(done->affected, size);
    EXPECT_EQ(done->rows.size(), static_cast<size_t>(size));
  }
  EXPECT_EQ(Count("SELECT COUNT(*) FROM n"), 5000);
  EXPECT_EQ(Count("SELECT CAST(SUM(v) AS BIGINT) FROM n"), 4999 * 5000);
  EXPECT_EQ(Count("SELECT SUM(v) FROM n"), 4999 * 5000) << "a whole sum needs no cast";
}

TEST_P(StatementTest, ExecuteManyUpdatesAndJoins) {
  MustExecute("CREATE TABLE n (id BIGINT PRIMARY KEY, v TEXT)");
  MustExecute("INSERT INTO n (id, v) VALUES (1, 'a'), (2, 'b'), (3, 'c')");
  auto updated = ExecuteMany(
      "UPDATE n SET v = r.v FROM {rows: id BIGINT, v TEXT} AS r WHERE n.id = r.id RETURNING n.id, n.v",
      {Row({int64_t{1}, std::string("A")}), Row({int64_t{9}, std::string("none")}),
       Row({int64_t{3}, Null()})});
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->affected, 2);
  EXPECT_EQ(updated->rows.size(), 2u);
  auto joined = ExecuteMany("SELECT n.id, n.v FROM {rows: id BIGINT} AS r JOIN n ON n.id = r.id",
                            {Row({int64_t{3}}), Row({int64_t{4}}), Row({int64_t{1}})});
  ASSERT_TRUE(joined.ok()) << joined.status();
  ASSERT_EQ(joined->rows.size(), 2u);
  EXPECT_EQ(joined->affected, 2);
  auto locked =
      ExecuteMany("SELECT n.v FROM {rows: id BIGINT} AS r JOIN n ON n.id = r.id ORDER BY n.id {for_update}",
                  {Row({int64_t{3}}), Row({int64_t{1}})});
  ASSERT_TRUE(locked.ok()) << locked.status();
  EXPECT_EQ(locked->rows.size(), 2u);
  auto ignored = ExecuteMany(
      "INSERT INTO n (id) SELECT id FROM {rows: id BIGINT} AS r WHERE TRUE ON CONFLICT DO NOTHING",
      {Row({int64_t{1}}), Row({int64_t{7}})});
  ASSERT_TRUE(ignored.ok()) << ignored.status();
  EXPECT_EQ(ignored->affected, 1);
}

TEST_P(StatementTest, CountsAffectedRows) {
  MustExecute("CREATE TABLE p (id BIGINT PRIMARY KEY)");
  MustExecute("CREATE TABLE c (p BIGINT REFERENCES p (id) ON DELETE CASCADE)");
  EXPECT_EQ(Execute("INSERT INTO p (id) VALUES (1), (2), (3)")->affected, 3);
  EXPECT_EQ(Execute("INSERT INTO c (p) VALUES (1), (1), (2)")->affected, 3);
  EXPECT_EQ(Execute("CREATE TABLE other (id BIGINT)")->affected, 0);
  EXPECT_EQ(Execute("UPDATE p SET id = id WHERE id > 5")->affected, 0);
  EXPECT_EQ(Execute("DELETE FROM p WHERE id <= 2")->affected, 2);
  EXPECT_EQ(Execute("SELECT id FROM p")->affected, 1);
  EXPECT_EQ(Count("SELECT COUNT(*) FROM c"), 0);
}

TEST_P(StatementTest, BigResultsArriveWhole) {
  MustExecute("CREATE TABLE big (id BIGINT PRIMARY KEY, body TEXT)");
  std::vector<Row> rows;
  for (int64_t i = 0; i < 2000; ++i)
    rows.push_back(Row({i, std::string(5000, static_cast<char>('a' + i % 26))}));
  ASSERT_TRUE(
      ExecuteMany("INSERT INTO big (id, body) SELECT id, body FROM {rows: id BIGINT, body TEXT} AS r", rows)
          .ok());
  auto read = Execute("SELECT id, body FROM big ORDER BY id");
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->rows.size(), rows.size());
  for (size_t i = 0; i < rows.size(); ++i) ASSERT_EQ(read->rows[i].Text(1), rows[i].Text(1));
}

TEST_P(StatementTest, ManyTextsOverflowThePreparedStatementsUnharmed) {
  MustExecute("CREATE TABLE n (id BIGINT PRIMARY KEY)");
  const absl::Status status = Transact([](Transaction& transaction) -> absl::Status {
    for (int64_t i = 0; i < 1100; ++i) {
      ASSIGN_OR_RETURN(Result result,
                       transaction.Execute("SELECT " + std::to_string(i) + " + $1", {int64_t{1}}));
      EXPECT_EQ(result.rows[0].Int(0), i + 1);
    }
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

}  // namespace
}  // namespace finalmile::storage

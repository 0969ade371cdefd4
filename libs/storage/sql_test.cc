#include "libs/storage/sql.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace finalmile::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Expanded(Engine engine, std::string_view sql) {
  auto statement = Expand(engine, sql);
  EXPECT_TRUE(statement.ok()) << statement.status();
  return statement.ok() ? statement->text : "";
}

TEST(Expand, ReplacesWordsPerEngine) {
  constexpr std::string_view kSql = "a {bytes} b {sorted} { for_update }";
  EXPECT_EQ(Expanded(Engine::kPostgres, kSql), "a BYTEA b COLLATE \"C\" FOR UPDATE");
  EXPECT_EQ(Expanded(Engine::kSqlite, kSql), "a BLOB b  ");
  EXPECT_EQ(Expanded(Engine::kSqlite, "{skip_locked}"), "");
}

TEST(Expand, LeavesLiteralsNamesAndCommentsAlone) {
  constexpr std::string_view kSql = "'{bytes}''{x}' \"{y}\" -- {z}\n /* {bytes} */ 'open {";
  EXPECT_EQ(Expanded(Engine::kPostgres, kSql), kSql);
  EXPECT_EQ(Expanded(Engine::kSqlite, kSql), kSql);
}

TEST(Expand, MakesATableOfTheRows) {
  constexpr std::string_view kSql =
      "SELECT * FROM {rows: a TEXT, b_2 BIGINT,c DOUBLE , d BOOLEAN, e BYTES} AS r";
  auto postgres = Expand(Engine::kPostgres, kSql);
  ASSERT_TRUE(postgres.ok());
  EXPECT_EQ(
      postgres->text,
      "SELECT * FROM (WITH finalmile_rows AS (SELECT unnest($1::text[]) AS a, unnest($2::bigint[]) AS b_2, "
      "unnest($3::float8[]) AS c, unnest($4::boolean[]) AS d, unnest($5::bytea[]) AS e) SELECT * FROM "
      "finalmile_rows) AS r");
  ASSERT_EQ(postgres->columns.size(), 5u);
  EXPECT_EQ(postgres->columns[1].name, "b_2");
  EXPECT_EQ(postgres->columns[4].type, ColumnType::kBytes);
  EXPECT_EQ(Expanded(Engine::kSqlite, "SELECT * FROM {rows: a TEXT, b BIGINT} AS r"),
            "SELECT * FROM (SELECT $1 AS a, $2 AS b) AS r");
}

TEST(Expand, NamesWhatItDoesNotUnderstand) {
  for (const char* sql :
       {"{nonsense}", "{}", "{bytes", "{rows:}", "{rows: a}", "{rows: a JSON}", "{rows: a TEXT,}",
        "{rows: 1a TEXT}", "{rows: a;b TEXT}", "{rows: a TEXT} {rows: b TEXT}"}) {
    EXPECT_EQ(Expand(Engine::kSqlite, sql).status().code(), absl::StatusCode::kInternal) << sql;
  }
  EXPECT_THAT(std::string(Expand(Engine::kSqlite, "SELECT {nonsense}").status().message()),
              HasSubstr("{nonsense}"));
}

TEST(SplitStatements, CutsAtSemicolonsOutsideText) {
  EXPECT_THAT(SplitStatements(" a; b ';' c;\n\n; -- d;\n /* ; */ ; \"x;y\" "),
              ElementsAre("a", "b ';' c", "\"x;y\""));
  EXPECT_THAT(SplitStatements("-- first\nCREATE TABLE t (a TEXT)"),
              ElementsAre("-- first\nCREATE TABLE t (a TEXT)"));
  EXPECT_TRUE(SplitStatements("").empty());
  EXPECT_TRUE(SplitStatements(" ; ;").empty());
}

TEST(CheckRows, NamesRowAndColumn) {
  const std::vector<RowsColumn> columns = {{"a", ColumnType::kText}, {"b", ColumnType::kBigint}};
  EXPECT_TRUE(
      CheckRows(columns, {Row({std::string("x"), int64_t{1}}), Row({std::monostate(), std::monostate()})})
          .ok());
  const absl::Status wrong =
      CheckRows(columns, {Row({std::string("x"), int64_t{1}}), Row({std::string("x"), true})});
  EXPECT_EQ(wrong.message(), "row 1, column b: not of type BIGINT");
  EXPECT_FALSE(CheckRows(columns, {Row({std::string("x")})}).ok());
}

TEST(CheckChannel, AcceptsOneToSixtyThreeLetters) {
  EXPECT_FALSE(CheckChannel("").ok());
  EXPECT_TRUE(CheckChannel("a").ok());
  EXPECT_TRUE(CheckChannel(std::string(63, '_')).ok());
  EXPECT_FALSE(CheckChannel(std::string(64, 'a')).ok());
  EXPECT_FALSE(CheckChannel("A").ok());
  EXPECT_FALSE(CheckChannel("a'").ok());
}

}  // namespace
}  // namespace finalmile::storage

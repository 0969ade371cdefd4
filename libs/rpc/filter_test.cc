#include "libs/rpc/filter.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/rpc/errors.h"

namespace finalmile::rpc {
namespace {

using storage::Value;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return upper;
}

const FilterSchema& Schema() {
  static const FilterSchema schema{
      .fields = {{"owner", FilterType::kText, "owner"},
                 {"n", FilterType::kInt, "n"},
                 {"fit", FilterType::kReal, "l.fit"},
                 {"open", FilterType::kBool, "is_open"},
                 {"create_time", FilterType::kTimestamp, "created"},
                 {"age", FilterType::kDuration, "age_us"},
                 {"stage", FilterType::kEnum, "stage", {{"NEW", int64_t{1}}, {"WON", int64_t{8}}}},
                 {"product", FilterType::kTextList, "SELECT v FROM tags"},
                 {"tag", FilterType::kTextList, "SELECT f FROM tags", {}, Upper}}};
  return schema;
}

storage::Condition Compile(std::string_view filter, int first = 1) {
  const auto condition = CompileFilter(filter, Schema(), first);
  EXPECT_EQ(condition.status(), absl::OkStatus()) << filter;
  return condition.value_or(storage::Condition());
}

std::string Sql(std::string_view filter) { return Compile(filter).sql; }

std::string Wrong(std::string_view filter) {
  const auto condition = CompileFilter(filter, Schema(), 1);
  const auto violations = ViolationsOf(condition.status());
  EXPECT_EQ(violations.size(), 1u) << filter;
  if (violations.empty()) return "";
  EXPECT_EQ(violations[0].field(), "filter");
  return violations[0].description();
}

TEST(FilterTest, LiteralsTakeTheFormOfWhatIsStored) {
  EXPECT_EQ(Sql("tag = Acme"), "(($1 IN (SELECT f FROM tags)))");
  EXPECT_THAT(Compile("tag = Acme").values, ElementsAre(Value(std::string("ACME"))));
  EXPECT_THAT(Compile("product = Acme").values, ElementsAre(Value(std::string("Acme"))));
}

TEST(FilterTest, EmptyIsTrue) {
  EXPECT_EQ(Sql(""), "TRUE");
  EXPECT_EQ(Sql(" \t\n"), "TRUE");
}

TEST(FilterTest, ComparisonsByType) {
  EXPECT_EQ(Sql("owner = \"sam\""), "((owner = $1))");
  EXPECT_EQ(Sql("owner < 'sam'"), "((owner {sorted} < $1))");
  EXPECT_EQ(Sql("n != 5"), "((n IS DISTINCT FROM $1))");
  EXPECT_EQ(Sql("fit >= 50"), "((l.fit >= $1))");
  EXPECT_EQ(Sql("n:5"), "((n = $1))");
  EXPECT_EQ(Sql("n:*"), "((n IS NOT NULL))");
  EXPECT_EQ(Sql("owner:*"), "((COALESCE(owner, '') <> ''))");
  EXPECT_THAT(Compile("fit >= 50").values, ElementsAre(Value(50.0)));
  EXPECT_THAT(Compile("fit=-.5e1").values, ElementsAre(Value(-5.0)));
  EXPECT_THAT(Compile("n <= -5").values, ElementsAre(Value(int64_t{-5})));
  EXPECT_THAT(Compile("open = true").values, ElementsAre(Value(true)));
  EXPECT_THAT(Compile("stage = WON").values, ElementsAre(Value(int64_t{8})));
  EXPECT_THAT(Compile("stage = 'NEW'").values, ElementsAre(Value(int64_t{1})));
  EXPECT_THAT(Compile("age > 90s").values, ElementsAre(Value(int64_t{90'000'000})));
  EXPECT_THAT(Compile("age > 0.5s").values, ElementsAre(Value(int64_t{500'000})));
  EXPECT_THAT(Compile("create_time > 1970-01-01T00:00:01.5Z").values, ElementsAre(Value(int64_t{1'500'000})));
  EXPECT_THAT(Compile("create_time > \"1970-01-01T01:00:00+01:00\"").values, ElementsAre(Value(int64_t{0})));
}

TEST(FilterTest, Texts) {
  EXPECT_THAT(Compile("owner = sam.o-neil@x/y:z").values,
              ElementsAre(Value(std::string("sam.o-neil@x/y:z"))));
  EXPECT_THAT(Compile("owner = Jürgen").values, ElementsAre(Value(std::string("Jürgen"))));
  EXPECT_THAT(Compile(R"(owner = "a \"b\" \\ 'c'")").values,
              ElementsAre(Value(std::string(R"(a "b" \ 'c')"))));
  EXPECT_THAT(Compile("owner = 'it\\'s; DROP TABLE'").values,
              ElementsAre(Value(std::string("it's; DROP TABLE"))));
  EXPECT_THAT(Compile("owner = ''").values, ElementsAre(Value(std::string())));
  const storage::Condition contains = Compile("owner:\"50%_\\\\X\"");
  EXPECT_EQ(contains.sql, "((LOWER(owner {sorted}) LIKE $1 ESCAPE '\\'))");
  EXPECT_THAT(contains.values, ElementsAre(Value(std::string("%50\\%\\_\\\\x%"))));
}

TEST(FilterTest, Structure) {
  const storage::Condition both = Compile("owner = a AND fit >= 50 AND n = 1", 3);
  EXPECT_EQ(both.sql, "((owner = $3) AND (l.fit >= $4) AND (n = $5))");
  EXPECT_THAT(both.values, ElementsAre(Value(std::string("a")), Value(50.0), Value(int64_t{1})));
  EXPECT_EQ(Sql("n=1 AND (n=2 OR n=3)"), "((n = $1) AND ((n = $2) OR (n = $3)))");
  EXPECT_EQ(Sql("NOT n=1"), "(NOT COALESCE((n = $1), FALSE))");
  EXPECT_EQ(Sql("-n=1"), "(NOT COALESCE((n = $1), FALSE))");
  EXPECT_EQ(Sql("NOT(n=1 OR n=2)"), "(NOT COALESCE(((n = $1) OR (n = $2)), FALSE))");
  EXPECT_EQ(Sql("owner=\"AND\" AND owner=ANDY"), "((owner = $1) AND (owner = $2))");
}

TEST(FilterTest, ErrorsSayWhereAndWhat) {
  EXPECT_EQ(
      Wrong("stge = WON"),
      "character 1: no field 'stge' to filter by; there are owner, n, fit, open, create_time, age, stage, "
      "product, tag");
  EXPECT_EQ(Wrong("n = 1 AND"), "character 10: a comparison is missing");
  EXPECT_EQ(Wrong("n = 1 OR n = 2 AND n = 3"),
            "character 16: AND and OR are mixed: group them with parentheses");
  EXPECT_EQ(Wrong("n = 1 n = 2"), "character 7: expected AND, OR or the end");
  EXPECT_EQ(Wrong("n 1"), "character 3: expected = != < <= > >= or : after 'n'");
  EXPECT_EQ(Wrong("n ="), "character 4: a value for 'n' is missing");
  EXPECT_EQ(Wrong("n = 1.5"), "character 5: 'n' expects a whole number");
  EXPECT_EQ(Wrong("n = 9223372036854775808"), "character 5: 'n' expects a whole number");
  EXPECT_EQ(Wrong("fit = nan"), "character 7: 'fit' expects a number");
  EXPECT_EQ(Wrong("fit = 1e999"), "character 7: 'fit' expects a number");
  EXPECT_EQ(Wrong("open = yes"), "character 8: 'open' expects true or false");
  EXPECT_EQ(Wrong("open < true"), "character 6: 'open' has no order: use = or !=");
  EXPECT_EQ(Wrong("stage = won"), "character 9: 'stage' expects one of NEW, WON");
  EXPECT_THAT(Wrong("create_time > yesterday"), HasSubstr("'create_time' expects a time such as"));
  EXPECT_THAT(Wrong("create_time > infinite-future"), HasSubstr("'create_time' expects a time"));
  EXPECT_EQ(Wrong("age > 90"), "character 7: 'age' expects a duration in seconds such as 90s");
  EXPECT_THAT(Wrong("age > 1e10s"), HasSubstr("expects a duration"));
  EXPECT_EQ(Wrong("(n = 1"), "character 7: expected AND, OR or ')'");
  EXPECT_EQ(Wrong("n = 1)"), "character 6: expected AND, OR or the end");
  EXPECT_EQ(Wrong("owner = \"x"), "character 9: the quotation mark is never closed");
  EXPECT_EQ(Wrong("owner = 'x\\"), "character 9: the quotation mark is never closed");
  EXPECT_EQ(Wrong("owner = 'x\\n'"), "character 12: only \\\" \\' \\\\ may follow a backslash");
  EXPECT_EQ(Wrong("owner = *"),
            "character 9: expected a value for 'owner'; text with other signs goes in quotes");
  EXPECT_EQ(Wrong("owner = AND"),
            "character 9: expected a value for 'owner'; text with other signs goes in quotes");
  EXPECT_EQ(Wrong("= 1"), "character 1: expected the name of a field");
  EXPECT_EQ(Wrong(std::string_view("owner = 'a\0'", 12)),
            "character 11: must not contain the character U+0000");
}

TEST(FilterTest, LengthAndDepthAreBounded) {
  const auto padded = [](size_t length) { return "n = 1" + std::string(length - 5, ' '); };
  EXPECT_EQ(Sql(padded(999)), "((n = $1))");
  EXPECT_EQ(Sql(padded(1000)), "((n = $1))");
  EXPECT_EQ(Wrong(padded(1001)), "has 1001 bytes, the limit is 1000");
  const auto nested = [](size_t depth) { return std::string(depth, '(') + "n=1" + std::string(depth, ')'); };
  Sql(nested(15));
  Sql(nested(16));
  EXPECT_EQ(Wrong(nested(17)), "character 18: more than 16 levels of parentheses and negations");
  EXPECT_THAT(Wrong(std::string(900, '-')), HasSubstr("more than 16 levels"));
}

TEST(FilterTest, AListIsAskedForOneOfItsValues) {
  EXPECT_EQ(Sql("product = a"), "(($1 IN (SELECT v FROM tags)))");
  EXPECT_EQ(Sql("product:a"), "(($1 IN (SELECT v FROM tags)))");
  EXPECT_EQ(Sql("product != a"), "(($1 NOT IN (SELECT v FROM tags)))");
  EXPECT_EQ(Sql("product:*"), "(EXISTS (SELECT v FROM tags))");
  EXPECT_THAT(Wrong("product > a"), HasSubstr("has no order"));
}

TEST(FilterTermsTest, AreComparisonsJoinedByAnd) {
  const auto none = ParseFilterTerms("", Schema());
  ASSERT_TRUE(none.ok());
  EXPECT_TRUE(none->empty());
  const auto terms = ParseFilterTerms("product:a AND stage != WON AND owner = 'x y'", Schema());
  ASSERT_TRUE(terms.ok()) << terms.status();
  ASSERT_EQ(terms->size(), 3u);
  EXPECT_EQ((*terms)[0].field, "product");
  EXPECT_FALSE((*terms)[0].differs);
  EXPECT_EQ((*terms)[0].value, Value(std::string("a")));
  EXPECT_TRUE((*terms)[1].differs);
  EXPECT_EQ((*terms)[1].value, Value(int64_t{8}));
  EXPECT_EQ((*terms)[2].value, Value(std::string("x y")));
  for (const char* beyond :
       {"product:a OR n = 1", "NOT product:a", "-n = 1", "(n = 1)", "n > 1", "owner:*"}) {
    const auto violations = ViolationsOf(ParseFilterTerms(beyond, Schema()).status());
    ASSERT_EQ(violations.size(), 1u) << beyond;
    EXPECT_THAT(violations[0].description(), HasSubstr("only comparisons")) << beyond;
  }
}

}  // namespace
}  // namespace finalmile::rpc

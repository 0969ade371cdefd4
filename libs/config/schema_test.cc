#include "libs/config/schema.h"

#include <gtest/gtest.h>

#include "libs/config/value.h"

namespace finalmile::config {
namespace {

const Setting& Only(const Schema& schema) { return schema.settings().back(); }

TEST(SchemaTest, WholeNumbersAreTakenUpToTheirLimits) {
  Schema schema;
  schema.Int("http-port", 8080, 1, 65535, "port");
  const Setting& port = Only(schema);
  EXPECT_FALSE(ParseValue(port, "0"));
  EXPECT_EQ(ParseValue(port, "1"), TypedValue(int64_t{1}));
  EXPECT_EQ(ParseValue(port, "65535"), TypedValue(int64_t{65535}));
  EXPECT_FALSE(ParseValue(port, "65536"));
  EXPECT_FALSE(ParseValue(port, "80x"));
  EXPECT_FALSE(ParseValue(port, ""));
  EXPECT_EQ(Expectation(port), "a whole number from 1 to 65535");
}

TEST(SchemaTest, DurationsAreTakenUpToTheirLimits) {
  Schema schema;
  schema.Duration("drain", absl::Seconds(30), absl::Milliseconds(1), absl::Minutes(1), "time");
  const Setting& drain = Only(schema);
  EXPECT_EQ(ParseValue(drain, "1ms"), TypedValue(absl::Milliseconds(1)));
  EXPECT_FALSE(ParseValue(drain, "999us"));
  EXPECT_EQ(ParseValue(drain, "60s"), TypedValue(absl::Minutes(1)));
  EXPECT_FALSE(ParseValue(drain, "60001ms"));
  EXPECT_FALSE(ParseValue(drain, "inf"));
  EXPECT_FALSE(ParseValue(drain, "30"));
  EXPECT_EQ(Expectation(drain), "a duration (such as 250ms, 30s, 1h30m) from 1ms to 1m");
}

TEST(SchemaTest, SizesHaveUnits) {
  Schema schema;
  schema.Bytes("max-message", 4 << 20, 0, 1 << 30, "size");
  const Setting& size = Only(schema);
  EXPECT_EQ(size.fallback, "4MiB");
  EXPECT_EQ(ParseValue(size, "512"), TypedValue(int64_t{512}));
  EXPECT_EQ(ParseValue(size, "512B"), TypedValue(int64_t{512}));
  EXPECT_EQ(ParseValue(size, "64KiB"), TypedValue(int64_t{65536}));
  EXPECT_EQ(ParseValue(size, "64kB"), TypedValue(int64_t{64000}));
  EXPECT_EQ(ParseValue(size, "1GiB"), TypedValue(int64_t{1} << 30));
  EXPECT_FALSE(ParseValue(size, "1073741825"));
  EXPECT_FALSE(ParseValue(size, "-1"));
  EXPECT_FALSE(ParseValue(size, "99999999999999GiB"));
  EXPECT_FALSE(ParseValue(size, "MiB"));
}

TEST(SchemaTest, NumbersAreFinite) {
  Schema schema;
  schema.Double("share", 0.5, 0, 1, "share");
  EXPECT_EQ(ParseValue(Only(schema), "1"), TypedValue(1.0));
  EXPECT_FALSE(ParseValue(Only(schema), "1.000001"));
  EXPECT_FALSE(ParseValue(Only(schema), "-0.1"));
  EXPECT_FALSE(ParseValue(Only(schema), "nan"));
  EXPECT_FALSE(ParseValue(Only(schema), "inf"));
}

TEST(SchemaTest, ChoicesAndSwitches) {
  Schema schema;
  schema.Choice("log-level", "info", {"debug", "info"}, "level").Bool("fast", false, "fast");
  EXPECT_TRUE(ParseValue(*schema.Find("log-level"), "debug"));
  EXPECT_FALSE(ParseValue(*schema.Find("log-level"), "Debug"));
  EXPECT_EQ(ParseValue(*schema.Find("fast"), "On"), TypedValue(true));
  EXPECT_EQ(ParseValue(*schema.Find("fast"), "0"), TypedValue(false));
  EXPECT_FALSE(ParseValue(*schema.Find("fast"), "maybe"));
}

TEST(SchemaTest, AnAddressHoldsNoPassword) {
  Schema schema;
  schema.Url("store", "sqlite:x.db", "store");
  const Setting& store = Only(schema);
  EXPECT_TRUE(ParseValue(store, "postgresql://finalmile@db:5432/leads?passfile=/run/pass"));
  EXPECT_TRUE(ParseValue(store, "postgresql:///leads?host=/run/postgresql"));
  EXPECT_TRUE(ParseValue(store, "kafka://a:9092,b:9092"));
  EXPECT_TRUE(ParseValue(store, "sqlite:a:b@c.db"));
  EXPECT_FALSE(ParseValue(store, "postgresql://finalmile:hunter2@db/leads"));
  EXPECT_FALSE(ParseValue(store, "postgresql://db/leads?user=a&password=hunter2"));
}

TEST(SchemaTest, TheSameSettingMayBeDeclaredTwice) {
  Schema schema;
  schema.Int("batch", 10, 1, 100, "rows").Int("batch", 10, 1, 100, "rows");
  EXPECT_EQ(schema.settings().size(), 2u);  // and config
}

TEST(SchemaDeathTest, MistakesOfTheProgramEndIt) {
  EXPECT_DEATH(Schema().Int("batch", 10, 1, 100, "rows").Int("batch", 11, 1, 100, "rows"), "declared twice");
  EXPECT_DEATH(Schema().Int("Batch", 10, 1, 100, "rows"), "malformed name");
  EXPECT_DEATH(Schema().Int("batch", 0, 1, 100, "rows"), "from 1 to 100");
}

TEST(SchemaTest, DescribeNamesFlagRangeAndDefault) {
  Schema schema;
  schema.Int("http-port", 8080, 0, 65535, "port of the web page");
  EXPECT_NE(
      schema.Describe().find("--http-port VALUE\n      port of the web page.\n      a whole number from 0 to "
                             "65535; default 8080\n"),
      std::string::npos)
      << schema.Describe();
}

TEST(SchemaTest, NearestIsNearOrNothing) {
  const std::vector<std::string> names = {"store", "events", "http-port"};
  EXPECT_EQ(Nearest("stroe", names), "store");
  EXPECT_EQ(Nearest("htp-port", names), "http-port");
  EXPECT_EQ(Nearest("colour", names), "");
}

TEST(SchemaTest, EnvironmentNames) {
  EXPECT_EQ(EnvironmentName("http-port"), "FINALMILE_HTTP_PORT");
  EXPECT_EQ(EnvironmentName("otel-service-name"), "OTEL_SERVICE_NAME");
}

}  // namespace
}  // namespace finalmile::config

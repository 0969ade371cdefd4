#include <gtest/gtest.h>

#include "libs/config/config.h"

namespace finalmile::config {
namespace {

Schema TestSchema() {
  Schema schema;
  schema.Url("store", "sqlite:x.db", "store")
      .Int("http-port", 8080, -1, 65535, "port")
      .Bool("fast", false, "fast");
  return schema;
}

std::string Error(const std::vector<std::string>& arguments) {
  return std::string(ParseFlags(TestSchema(), arguments).status().message());
}

TEST(FlagsTest, BothSpellingsAndTheLastOneCounts) {
  const auto line = ParseFlags(TestSchema(), {"--store", "sqlite:a.db", "--http-port=1", "--http-port=2"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->settings, (Assignments{{"store", "sqlite:a.db"}, {"http-port", "2"}}));
  EXPECT_FALSE(line->help);
}

TEST(FlagsTest, SwitchesStandAloneOrWithAValue) {
  EXPECT_EQ(ParseFlags(TestSchema(), {"--fast"})->settings, (Assignments{{"fast", "true"}}));
  EXPECT_EQ(ParseFlags(TestSchema(), {"--fast=false"})->settings, (Assignments{{"fast", "false"}}));
}

TEST(FlagsTest, NegativeAndEmptyValues) {
  EXPECT_EQ(ParseFlags(TestSchema(), {"--http-port", "-1"})->settings, (Assignments{{"http-port", "-1"}}));
  EXPECT_EQ(ParseFlags(TestSchema(), {"--store="})->settings, (Assignments{{"store", ""}}));
}

TEST(FlagsTest, Actions) {
  EXPECT_TRUE(ParseFlags(TestSchema(), {"--help"})->help);
  EXPECT_TRUE(ParseFlags(TestSchema(), {"-h"})->help);
  EXPECT_TRUE(ParseFlags(TestSchema(), {"--version"})->version);
  EXPECT_TRUE(ParseFlags(TestSchema(), {"--print-config", "--fast"})->print_config);
}

TEST(FlagsTest, AnUnknownFlagIsNamedWithTheNearest) {
  EXPECT_EQ(Error({"--stroe=sqlite:a.db"}), "--stroe: there is no such flag; did you mean --store?");
  EXPECT_EQ(Error({"--http-prot", "1"}), "--http-prot: there is no such flag; did you mean --http-port?");
  EXPECT_EQ(Error({"--colour", "red"}), "--colour: there is no such flag; --help lists them");
  EXPECT_EQ(Error({"serve"}),
            "\"serve\" is no flag; settings are given as --name value, and --help lists them");
}

TEST(FlagsTest, AFlagWithoutItsValueIsNamed) {
  EXPECT_NE(Error({"--http-port"}).find("--http-port"), std::string::npos) << Error({"--http-port"});
}

}  // namespace
}  // namespace finalmile::config

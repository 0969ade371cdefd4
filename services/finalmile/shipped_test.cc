#include "services/finalmile/shipped.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

namespace finalmile::cli {
namespace {

using ::testing::HasSubstr;

TEST(Shipped, MappingsParseAndSayWhenActivitiesHappened) {
  for (const std::string name : {"x-education", "bank-marketing"}) {
    const auto mapping = LoadMapping(name);
    ASSERT_TRUE(mapping.ok()) << mapping.status();
    EXPECT_EQ(mapping->name(), name);
    EXPECT_TRUE(mapping->has_activity_time());
    EXPECT_FALSE(mapping->after_contact().empty());
    EXPECT_NE(mapping->outcome().column(), "");
  }
}

TEST(Shipped, EveryMappingHasItsPolicy) {
  for (const std::string name : {"x-education", "bank-marketing"}) {
    const std::string policy_name = ShippedPolicyFor(name);
    const auto policy = LoadPolicy(policy_name);
    ASSERT_TRUE(policy.ok()) << policy.status();
    EXPECT_EQ(policy->name(), "policies/" + policy_name);
    EXPECT_GT(policy->lanes_size(), 0);
  }
  EXPECT_EQ(ShippedPolicyFor("my-own"), "");
}

TEST(Shipped, FindsTheMappingByTheColumns) {
  const std::vector<std::string> columns = {
      "y",        "job",          "marital",        "education",     "default",   "housing",     "loan",
      "contact",  "month",        "day_of_week",    "duration",      "campaign",  "pdays",       "previous",
      "poutcome", "emp.var.rate", "cons.price.idx", "cons.conf.idx", "euribor3m", "nr.employed", "age"};
  EXPECT_EQ(ShippedMappingFor(columns, ';'), "bank-marketing");
  EXPECT_EQ(ShippedMappingFor(columns, ','), "");
  auto more = columns;
  more.emplace_back("age");
  EXPECT_EQ(ShippedMappingFor(more, ';'), "");
  EXPECT_EQ(ShippedMappingFor({}, ','), "");
}

TEST(Shipped, FilesAndNames) {
  const auto unknown = LoadMapping("my-mapping");
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(unknown.status().message()), HasSubstr("bank-marketing, x-education"));
  EXPECT_THAT(std::string(LoadMapping("/nowhere/m.yaml").status().message()), HasSubstr("/nowhere/m.yaml"));
  const std::string path = ::testing::TempDir() + "/mapping.yaml";
  std::ofstream(path) << "name: mine\ncolums: []\n";
  EXPECT_THAT(std::string(LoadMapping(path).status().message()),
              HasSubstr(path + ":2: unknown key 'colums'"));
  std::remove(path.c_str());
}

}  // namespace
}  // namespace finalmile::cli

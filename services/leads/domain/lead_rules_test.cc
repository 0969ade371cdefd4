#include "services/leads/domain/lead_rules.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "services/leads/domain/test_policy.h"
#include "services/leads/domain/text.h"

namespace finalmile::leads::domain {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> FieldsOf(const std::vector<Violation>& violations) {
  std::vector<std::string> fields;
  for (const Violation& violation : violations) fields.push_back(violation.field);
  return fields;
}

TEST(Email, IsNormalised) {
  EXPECT_EQ(*NormaliseEmail("  Ann.Lee@Example.COM "), "ann.lee@example.com");
  EXPECT_EQ(EmailDomain("ann@example.com"), "example.com");
  EXPECT_EQ(EmailDomain("nobody"), "");
}

TEST(Email, WhatIsNoAddressIsRefusedWithoutRepeatingIt) {
  for (const char* wrong :
       {"", "ann", "@example.com", "ann@", "ann@example", "ann@@example.com", "ann@a@b.com",
        "ann lee@example.com", "ann@example..com", "ann@-a.com", "a@b.com,c@d.com"}) {
    const auto email = NormaliseEmail(wrong);
    ASSERT_FALSE(email.ok()) << wrong;
    EXPECT_EQ(std::string(email.status().message()), "is not one e-mail address like name@example.com");
  }
  EXPECT_TRUE(NormaliseEmail(std::string(64, 'a') + "@example.com").ok());
  EXPECT_FALSE(NormaliseEmail(std::string(65, 'a') + "@example.com").ok());
}

TEST(Email, MeansTheSameHoweverItIsWritten) {
  for (const char* written :
       {"max@gmail.com", "max@gmail.com\u00A0", "\uFEFFmax@gmail.com", "max@gmail.com\u200B",
        "m\u200Bax@gmail.com\u2060", "ＭＡＸ＠ｇｍａｉｌ．ｃｏｍ"}) {
    EXPECT_EQ(*NormaliseEmail(written), "max@gmail.com") << written;
  }
  EXPECT_EQ(*NormaliseEmail("Max@BÜCHER.example"), "max@xn--bcher-kva.example");
  EXPECT_EQ(*NormaliseEmail("MÜLLER@example.com"), "müller@example.com");
  EXPECT_FALSE(NormaliseEmail("max\u00A0moritz@gmail.com").ok());
}

TEST(Domain, IsNormalised) {
  EXPECT_EQ(*NormaliseDomain("https://www.Example.com:443/about?x"), "example.com");
  EXPECT_EQ(*NormaliseDomain("sub.example.co.uk"), "sub.example.co.uk");
  EXPECT_EQ(*NormaliseDomain("https://www.bücher.example/über"), "xn--bcher-kva.example");
  EXPECT_EQ(*NormaliseDomain("example.com.\u00A0"), "example.com");
  EXPECT_FALSE(NormaliseDomain("localhost").ok());
  EXPECT_FALSE(NormaliseDomain("https://").ok());
}

TEST(LeadRules, AGoodLead) {
  Lead lead;
  lead.email = " Ann@Example.com";
  lead.company_domain = "WWW.example.com";
  lead.given_name = "\u00A0Ann\u2003Lee\u200B ";
  lead.external_ids = {{"crm", "1"}, {"import:x", "1"}};
  lead.attributes = {{"staff", 20.0}, {"tech.stack", std::vector<std::string>{"a"}}};
  Normalise(lead);
  EXPECT_EQ(lead.email, "ann@example.com");
  EXPECT_EQ(lead.company_domain, "example.com");
  EXPECT_EQ(lead.given_name, "Ann Lee");
  EXPECT_THAT(Validate(lead), IsEmpty());
}

TEST(LeadRules, FieldsAtTheirLimits) {
  Lead lead;
  lead.given_name = std::string(255, 'x') + "é";
  EXPECT_THAT(Validate(lead), IsEmpty());
  lead.given_name += "x";
  EXPECT_THAT(FieldsOf(Validate(lead)), ElementsAre("given_name"));
  lead = {};
  lead.phone = std::string("a\0b", 3);
  EXPECT_THAT(FieldsOf(Validate(lead)), ElementsAre("phone"));
  lead = {};
  lead.email = "x";
  lead.company_domain = "x";
  EXPECT_THAT(FieldsOf(Validate(lead)), ElementsAre("email", "company_domain"));
}

TEST(LeadRules, ExternalIds) {
  Lead lead;
  for (int i = 0; i < 16; ++i) lead.external_ids.push_back({fmt::format("s{}", i), "1"});
  EXPECT_THAT(Validate(lead), IsEmpty());
  lead.external_ids.push_back({"s16", "1"});
  EXPECT_THAT(FieldsOf(Validate(lead)), ElementsAre("external_ids"));
  lead.external_ids = {{"crm", "1"}, {"crm", "2"}, {"CRM", ""}};
  EXPECT_THAT(FieldsOf(Validate(lead)),
              ElementsAre("external_ids[1].source", "external_ids[2].source", "external_ids[2].id"));
}

TEST(LeadRules, Attributes) {
  Lead lead;
  for (int i = 0; i < 200; ++i) lead.attributes[fmt::format("a{}", i)] = true;
  EXPECT_THAT(Validate(lead), IsEmpty());
  lead.attributes["b"] = true;
  EXPECT_THAT(FieldsOf(Validate(lead)), ElementsAre("attributes"));
  lead.attributes = {
      {"staff", std::nan("")}, {"note", std::string(1025, 'x')}, {"ok", std::string(1024, 'x')}};
  EXPECT_THAT(FieldsOf(Validate(lead)), ElementsAre("attributes[note]", "attributes[staff]"));
  for (const char* wrong : {"", "Staff", "1a", "a b", "email", "campaign"})
    EXPECT_NE(WrongAttributeName(wrong), "") << wrong;
  EXPECT_EQ(WrongAttributeName(std::string(64, 'a')), "");
  EXPECT_NE(WrongAttributeName(std::string(65, 'a')), "");
}

TEST(LeadRules, PermissionsAndGates) {
  Lead lead;
  const Permission good{Channel::kEmail, "sales", PermissionState::kDenied, "consent", "crm", kMonday};
  lead.permissions = {good, good};
  lead.gates = {Gate::kUnspecified, Gate::kOptOut, Gate::kOptOut};
  EXPECT_THAT(FieldsOf(Validate(lead)), ElementsAre("gates[0]", "gates[2]", "permissions[1]"));
  lead = {};
  lead.permissions = {{}};
  EXPECT_THAT(FieldsOf(Validate(lead)),
              ElementsAre("permissions[0].channel", "permissions[0].state", "permissions[0].purpose"));
}

Activity GoodActivity() {
  Activity activity = TestActivity("page_view", kMonday, 1);
  activity.lead = LeadId("0190163d-8694-739b-aea5-966c26f8ad91");
  return activity;
}

TEST(LeadNames, AreTheIdBehindTheCollection) {
  const std::string id = "0190163d-8694-739b-aea5-966c26f8ad91";
  EXPECT_EQ(LeadName(LeadId(id)), "leads/" + id);
  EXPECT_EQ(LeadIdOf("leads/" + id), LeadId(id));
  for (const std::string& other : {id, "lead/" + id, "leads/" + id + "0", std::string("leads/"),
                                   std::string("leads/0190163D-8694-739b-aea5-966c26f8ad91"),
                                   std::string("leads/0190163d086940739b0aea50966c26f8ad91")}) {
    EXPECT_EQ(LeadIdOf(other), std::nullopt) << other;
  }
}

std::vector<std::string> WrongIn(const Activity& activity) { return FieldsOf(Validate(activity, kMonday)); }

TEST(ActivityRules, FieldsAtTheirLimits) {
  EXPECT_THAT(WrongIn(GoodActivity()), IsEmpty());
  Activity activity = GoodActivity();
  activity.lead = LeadId();
  EXPECT_THAT(WrongIn(activity), ElementsAre("lead"));
  activity = GoodActivity();
  activity.source = "Web";
  activity.type = "page-view";
  activity.activity_id = "";
  EXPECT_THAT(WrongIn(activity), ElementsAre("source", "activity_id", "type"));
  activity = GoodActivity();
  activity.activity_id = std::string(128, 'x');
  EXPECT_THAT(WrongIn(activity), IsEmpty());
  activity.activity_id += 'x';
  EXPECT_THAT(WrongIn(activity), ElementsAre("activity_id"));
  for (const auto& [count, good] : {std::pair{-1, false}, {0, true}, {10'000, true}, {10'001, false}}) {
    activity = GoodActivity();
    activity.count = count;
    EXPECT_EQ(WrongIn(activity).empty(), good) << count;
  }
  activity = GoodActivity();
  activity.seconds = -0.5;
  activity.properties = {{"Bad", ""}, {"kind", std::string(257, 'x')}};
  EXPECT_THAT(WrongIn(activity), ElementsAre("seconds", "properties", "properties[kind]"));
  activity = GoodActivity();
  for (int i = 0; i < 33; ++i) activity.properties[fmt::format("p{}", i)] = "";
  EXPECT_THAT(WrongIn(activity), ElementsAre("properties"));
}

TEST(ActivityRules, TimesAtTheirLimits) {
  const auto at = [](absl::Time time) {
    Activity activity = GoodActivity();
    activity.event_time = time;
    return WrongIn(activity).empty();
  };
  const absl::Duration tick = absl::Microseconds(1);
  EXPECT_TRUE(at(kMonday + absl::Minutes(30)));
  EXPECT_FALSE(at(kMonday + absl::Minutes(30) + tick));
  EXPECT_TRUE(at(kEarliestActivity));
  EXPECT_FALSE(at(kEarliestActivity - tick));
  EXPECT_FALSE(at(absl::UnixEpoch()));
}

TEST(Text, Words) {
  EXPECT_EQ(SpacedWords("Vice-President, EMEA"), " vice president emea ");
  EXPECT_EQ(SpacedWords(" -- "), "");
  EXPECT_EQ(Characters("né"), 2u);
  EXPECT_EQ(Trim(" \t"), "");
}

TEST(Text, HashesStayTheSameForEver) {
  // Stored in limit states and activity ids: a change here breaks both.
  EXPECT_EQ(StableHash(""), 0xf52a15e9a9b5e89bu);
  EXPECT_NE(StableHash("a"), StableHash("a", 1));
  EXPECT_NE(StableHash("a"), StableHash("A"));
}

}  // namespace
}  // namespace finalmile::leads::domain

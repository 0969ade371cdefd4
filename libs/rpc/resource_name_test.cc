#include "libs/rpc/resource_name.h"

#include <gtest/gtest.h>

#include "libs/rpc/edge.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/testdata/echo_fixture.h"

namespace finalmile::rpc {
namespace {

constexpr char kLead[] = "leads/01930000-0000-7000-8000-00000000000a";

v1::ResourceName Form(const std::string& pattern, v1::ResourceName::Id id) {
  v1::ResourceName form;
  form.set_pattern(pattern);
  form.set_id(id);
  return form;
}

// "field: what is wrong"; empty: nothing is.
template <class Request>
std::string Refusal(const Request& request) {
  Request parsed;
  const auto violations = ViolationsOf(ParseRequest(request.SerializeAsString(), parsed));
  return violations.empty() ? "" : violations[0].field() + ": " + violations[0].description();
}

TEST(ResourceNameTest, NamesAreWrittenAsTheContractSays) {
  const v1::ResourceName& things = FormOf<pb::ReadThingRequest>("name");
  EXPECT_EQ(CollectionOf(things), "things/");
  EXPECT_EQ(NameOf("a", things), "things/a");
  EXPECT_TRUE(Fits(NameOf("a", things), things));
  EXPECT_EQ(IdIn(NameOf("a", things)), "a");
}

TEST(ResourceNameTest, AnIdHasOneToAHundredCharacters) {
  const v1::ResourceName form = Form("assets/{asset}", v1::ResourceName::ID_UNSPECIFIED);
  EXPECT_FALSE(Fits("assets/", form));
  EXPECT_TRUE(Fits("assets/a", form));
  EXPECT_TRUE(Fits("assets/" + std::string(99, '-'), form));
  EXPECT_TRUE(Fits("assets/" + std::string(100, '_'), form));
  EXPECT_FALSE(Fits("assets/" + std::string(101, '9'), form));
  for (const char* wrong :
       {"", "a", "asset/a", "assetsa", "assets/A", "assets/a/b", "assets/a.b", "assets/é"})
    EXPECT_FALSE(Fits(wrong, form)) << wrong;
}

TEST(ResourceNameTest, AUuidIsLowerCase) {
  const v1::ResourceName form = Form("leads/{lead}", v1::ResourceName::ID_UUID);
  EXPECT_TRUE(Fits(kLead, form));
  for (const char* wrong :
       {"leads/", "leads/l1", "leads/01930000-0000-7000-8000-00000000000",
        "leads/01930000-0000-7000-8000-00000000000ab", "leads/01930000-0000-7000-8000-00000000000A",
        "leads/0193000000000-7000-8000-00000000000a", "01930000-0000-7000-8000-00000000000a"})
    EXPECT_FALSE(Fits(wrong, form)) << wrong;
}

TEST(ResourceNameTest, APrincipalIsWrittenAsInTokens) {
  const v1::ResourceName form = Form("hosts/{host}", v1::ResourceName::ID_PRINCIPAL);
  EXPECT_TRUE(Fits("hosts/kim.lee", form));
  EXPECT_TRUE(Fits("hosts/" + std::string(64, 'k'), form));
  EXPECT_FALSE(Fits("hosts/" + std::string(65, 'k'), form));
  for (const char* wrong : {"hosts/", "hosts/Kim", "hosts/kim lee", "hosts/kim/lee", "kim"})
    EXPECT_FALSE(Fits(wrong, form)) << wrong;
  EXPECT_EQ(
      DescriptionOf(form),
      "must be hosts/{host}, where {host} is the name of a principal, 1 to 64 characters of [a-z0-9._-]");
}

TEST(ResourceNameTest, AWildcardIsTakenWhereTheContractSaysSo) {
  v1::ResourceName form = Form("leads/{lead}", v1::ResourceName::ID_UUID);
  EXPECT_FALSE(Fits("leads/-", form));
  form.set_wildcard(true);
  EXPECT_TRUE(Fits("leads/-", form));
  EXPECT_FALSE(Fits("leads/--", form));
  EXPECT_EQ(DescriptionOf(form),
            "must be leads/{lead}, where {lead} is a lower-case UUID, or leads/- with an identity");
}

TEST(ResourceNameTest, TheIdFollowsTheCollection) { EXPECT_EQ(IdIn("assets/a-1"), "a-1"); }

TEST(ResourceNameTest, ARequestWithAWrongNameIsRefused) {
  const std::string things = "must be things/{thing}, where {thing} is 1 to 100 characters of [a-z0-9_-]";
  pb::ReadThingRequest request;
  EXPECT_EQ(Refusal(request), "name: " + things);
  request.set_name("things/a");
  EXPECT_EQ(Refusal(request), "");
  request.set_lead("leads/l1");
  EXPECT_EQ(Refusal(request), "lead: must be leads/{lead}, where {lead} is a lower-case UUID");
  request.set_lead(kLead);
  request.add_others("things/b");
  EXPECT_EQ(Refusal(request), "");
  request.add_others("");
  EXPECT_EQ(Refusal(request), "others[1]: " + things);
  request.mutable_others()->RemoveLast();
  request.mutable_inner()->set_lead(kLead);
  EXPECT_EQ(Refusal(request), "") << "a name within may be empty";
  request.mutable_inner()->set_name("x");
  EXPECT_EQ(Refusal(request), "inner.name: " + things);
  request.clear_inner();
  request.add_items()->set_name("x");
  EXPECT_EQ(Refusal(request), "") << "items are judged one by one";
}

TEST(ResourceNameTest, TheNameOfWhatIsCreatedIsNotRead) {
  pb::CreateReadThingRequest request;
  request.mutable_read_thing()->set_name("anything");
  EXPECT_EQ(Refusal(request), "");
  request.mutable_read_thing()->set_lead("x");
  EXPECT_EQ(Refusal(request), "read_thing.lead: must be leads/{lead}, where {lead} is a lower-case UUID");
}

TEST(ResourceNameTest, TheNameOfWhatIsUpdatedIsRequired) {
  pb::UpdateReadThingRequest request;
  request.mutable_read_thing()->set_lead(kLead);
  EXPECT_EQ(Refusal(request).substr(0, 28), "read_thing.name: must be rea");
  request.mutable_read_thing()->set_name("readThings/a");
  EXPECT_EQ(Refusal(request), "");
}

}  // namespace
}  // namespace finalmile::rpc

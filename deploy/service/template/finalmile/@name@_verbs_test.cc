#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "finalmile/@name@/v1/@name@_service.pb.h"
#include "finalmile/leads/v1/lead_service.pb.h"
#include "services/finalmile/testing/verbs_fixture.h"

namespace finalmile::cli {
namespace {

namespace v1 = @name@::v1;
using ::testing::HasSubstr;

class @Name@VerbsTest : public VerbsTest {
 protected:
  @Name@VerbsTest() {
    one_.set_name("@nouns@/n1");
    one_.set_title("the first");
    one_.set_description("what it says");
    one_.set_lead("leads/l1");
    connector_.channel.On<leads::v1::GetLeadRequest, leads::v1::Lead>(
        "LeadService/GetLead", [](const leads::v1::GetLeadRequest&) -> absl::StatusOr<leads::v1::Lead> {
          leads::v1::Lead lead;
          lead.set_given_name("Ada");
          return lead;
        });
  }

  v1::@Noun@ one_;
};

TEST_F(@Name@VerbsTest, ListNamesWhomEachIsAbout) {
  connector_.channel.On<v1::List@Nouns@Request, v1::List@Nouns@Response>(
      "@Name@Service/List@Nouns@", [&](const v1::List@Nouns@Request&) -> absl::StatusOr<v1::List@Nouns@Response> {
        v1::List@Nouns@Response response;
        *response.add_@table@() = one_;
        return response;
      });
  EXPECT_EQ(Invoke({"@group@", "list"}).out,
            "TITLE      LEAD  EXPIRES  NAME\n"
            "the first  Ada   -        @nouns@/n1\n");
  EXPECT_THAT(Invoke({"@group@", "list", "--json"}).out, HasSubstr("\"lead\":\"leads/l1\""));
}

TEST_F(@Name@VerbsTest, ShowTakesANameWithoutItsPrefix) {
  connector_.channel.On<v1::Get@Noun@Request, v1::@Noun@>(
      "@Name@Service/Get@Noun@", [&](const v1::Get@Noun@Request& request) -> absl::StatusOr<v1::@Noun@> {
        EXPECT_EQ(request.name(), "@nouns@/n1");
        return one_;
      });
  EXPECT_THAT(Invoke({"@group@", "show", "n1"}).out, HasSubstr("what it says"));
}

TEST_F(@Name@VerbsTest, CreateSendsWhatIsGiven) {
  connector_.channel.On<v1::Create@Noun@Request, v1::@Noun@>(
      "@Name@Service/Create@Noun@", [&](const v1::Create@Noun@Request& request) -> absl::StatusOr<v1::@Noun@> {
        EXPECT_NE(request.request_id(), "");
        EXPECT_EQ(request.@noun@().lead(), "leads/l1");
        EXPECT_EQ(request.@noun@().expire_time().seconds(), 1'772'323'200);
        return one_;
      });
  EXPECT_THAT(Invoke({"@group@", "create", "the first", "--lead", "l1", "--expires", "2026-03-01"}).out, HasSubstr("Ada"));
  EXPECT_FALSE(Invoke({"@group@", "create", "the first", "--expires", "soon"}).code.ok());
}

}  // namespace
}  // namespace finalmile::cli

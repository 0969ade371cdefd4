#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "finalmile/leads/v1/lead_service.pb.h"
#include "finalmile/leads/v1/scoring_service.pb.h"
#include "services/finalmile/testing/verbs_fixture.h"

namespace finalmile::cli {
namespace {

using namespace leads::v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Lead SomeLead(const std::string& id, double fit, double engagement) {
  Lead lead;
  lead.set_name("leads/" + id);
  lead.set_given_name("Ada");
  lead.set_family_name("Lovelace");
  lead.set_stage(STAGE_SALES_READY);
  lead.mutable_score()->set_fit(fit);
  lead.mutable_score()->set_engagement(engagement);
  lead.mutable_score()->set_score(fit + engagement);
  lead.mutable_score()->set_grade("A1");
  return lead;
}

TEST_F(VerbsTest, TopShowsATableAndJson) {
  connector_.channel.On<ListTopLeadsRequest, ListTopLeadsResponse>(
      "LeadService/ListTopLeads",
      [](const ListTopLeadsRequest& request) -> absl::StatusOr<ListTopLeadsResponse> {
        EXPECT_EQ(request.page_size(), 3);
        EXPECT_EQ(request.filter(), "fit >= 50");
        ListTopLeadsResponse response;
        *response.add_leads() = SomeLead("l1", 80, 61.25);
        return response;
      });
  const Result table = Invoke({"leads", "top", "--limit", "3", "--filter", "fit >= 50"});
  ASSERT_TRUE(table.code.ok()) << table.code.status();
  EXPECT_EQ(table.out,
            "GRADE  SCORE   FIT     E  WHO           COMPANY  STAGE        OWNER  LEAD\n"
            "A1     141.2  80.0  61.2  Ada Lovelace  -        sales ready  -      leads/l1\n");
  const Result json = Invoke({"leads", "top", "--limit", "3", "--filter", "fit >= 50", "--json"});
  Lead lead;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(json.out, &lead).ok());
  EXPECT_EQ(lead.given_name(), "Ada");
  EXPECT_THAT(json.out, HasSubstr("\"given_name\":\"Ada\""));
}

TEST_F(VerbsTest, ListReadsPagesUpToItsLimit) {
  std::vector<int> sizes;
  connector_.channel.On<ListLeadsRequest, ListLeadsResponse>(
      "LeadService/ListLeads", [&](const ListLeadsRequest& request) -> absl::StatusOr<ListLeadsResponse> {
        sizes.push_back(request.page_size());
        ListLeadsResponse response;
        for (int i = 0; i < std::min(1000, request.page_size()); ++i)
          *response.add_leads() = SomeLead("l", 1, 1);
        response.set_next_page_token("more");
        return response;
      });
  const Result result = Invoke({"leads", "list", "--limit", "1500"});
  ASSERT_TRUE(result.code.ok());
  EXPECT_THAT(sizes, ElementsAre(1000, 500));
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 1501);
  EXPECT_THAT(result.err, HasSubstr("--limit 0"));
}

TEST_F(VerbsTest, CreateAndUpdateSendWhatIsGiven) {
  Lead sent;
  UpdateLeadRequest update;
  connector_.channel.On<CreateLeadRequest, Lead>(
      "LeadService/CreateLead", [&](const CreateLeadRequest& request) -> absl::StatusOr<Lead> {
        EXPECT_FALSE(request.request_id().empty());
        sent = request.lead();
        return SomeLead("l1", 1, 2);
      });
  connector_.channel.On<UpdateLeadRequest, Lead>(
      "LeadService/UpdateLead", [&](const UpdateLeadRequest& request) -> absl::StatusOr<Lead> {
        update = request;
        return SomeLead("l1", 1, 2);
      });
  ASSERT_TRUE(Invoke({"leads", "create", "--email", "a@b.de", "--attribute", "staff=250", "--attribute",
                      "project=true", "--attribute", "title=CTO", "--attribute", "technologies=[a, b]",
                      "--attribute", "zip=\"0815\"", "--gate", "open-opportunity", "--external-id", "crm=7"})
                  .code.ok());
  EXPECT_EQ(sent.email(), "a@b.de");
  EXPECT_EQ(sent.attributes().at("staff").number(), 250);
  EXPECT_TRUE(sent.attributes().at("project").boolean());
  EXPECT_EQ(sent.attributes().at("title").text(), "CTO");
  EXPECT_EQ(sent.attributes().at("zip").text(), "0815");
  EXPECT_THAT(sent.attributes().at("technologies").list().values(), ElementsAre("a", "b"));
  EXPECT_THAT(sent.gates(), ElementsAre(GATE_OPEN_OPPORTUNITY));
  EXPECT_EQ(sent.external_ids(0).source(), "crm");

  ASSERT_TRUE(Invoke({"leads", "update", "leads/l1", "--owner", "", "--attribute", "staff=3", "--clear",
                      "campaign", "--etag", "e"})
                  .code.ok());
  EXPECT_EQ(update.lead().name(), "leads/l1");
  EXPECT_EQ(update.lead().etag(), "e");
  EXPECT_THAT(update.update_mask().paths(), ElementsAre("owner", "attributes.staff", "campaign"));

  const Result nothing = Invoke({"leads", "update", "leads/l1"});
  EXPECT_EQ(ExitCodeOf(nothing.code.status()), ExitCode::kUsage);
  EXPECT_THAT(ErrorLine(Invoke({"leads", "create", "--gate", "nice"}).code.status()),
              HasSubstr("--gate 'nice'"));
  EXPECT_THAT(ErrorLine(Invoke({"leads", "create", "--attribute", "staff"}).code.status()),
              HasSubstr("NAME=VALUE"));
}

TEST_F(VerbsTest, ExplainPrintsReasonsAndTheirSum) {
  connector_.channel.On<ExplainScoreRequest, ExplainScoreResponse>(
      "LeadService/ExplainScore",
      [](const ExplainScoreRequest& request) -> absl::StatusOr<ExplainScoreResponse> {
        EXPECT_EQ(request.name(), "leads/l1");
        EXPECT_EQ(request.as_of().seconds(), 1772352000);
        ExplainScoreResponse response;
        response.mutable_score()->set_score(41.5);
        response.mutable_score()->set_fit(30);
        response.mutable_score()->set_engagement(11.5);
        for (const double points : {30.0, 11.5}) {
          auto& reason = *response.add_reasons();
          reason.set_part(points == 30 ? "fit" : "engagement");
          reason.set_text("because");
          reason.set_points(points);
        }
        response.add_readiness("fit 30 of 50");
        response.set_recounting(true);
        return response;
      });
  const Result result = Invoke({"explain", "leads/l1", "--as-of", "2026-03-01T08:00:00Z"});
  ASSERT_TRUE(result.code.ok());
  EXPECT_THAT(result.out, HasSubstr(" 30.00  fit         because"));
  EXPECT_THAT(result.out, HasSubstr(" 41.50  sum         = fit 30.00 + engagement 11.50"));
  EXPECT_THAT(result.out, HasSubstr("fit 30 of 50"));
  EXPECT_THAT(result.out, HasSubstr("its stored score may still differ"));
  EXPECT_THAT(ErrorLine(Invoke({"explain", "leads/l1", "--as-of", "then"}).code.status()),
              HasSubstr("--as-of 'then'"));
}

TEST_F(VerbsTest, ActivitiesComeFromFlagsOrLines) {
  std::vector<int> batches;
  Activity one;
  connector_.channel.On<RecordActivityRequest, RecordActivityResponse>(
      "LeadService/RecordActivity",
      [&](const RecordActivityRequest& request) -> absl::StatusOr<RecordActivityResponse> {
        one = request.activity();
        return RecordActivityResponse();
      });
  connector_.channel.On<RecordActivitiesRequest, RecordActivitiesResponse>(
      "LeadService/RecordActivities",
      [&](const RecordActivitiesRequest& request) -> absl::StatusOr<RecordActivitiesResponse> {
        batches.push_back(request.activities_size());
        EXPECT_EQ(request.activities(0).lead(), "leads/l1");
        RecordActivitiesResponse response;
        response.set_recorded(request.activities_size());
        if (request.activities_size() > 4) return response;
        // The third is wrong, and the fourth comes from a clock that runs ahead.
        response.set_recorded(request.activities_size() - 1);
        response.mutable_rejects()->Add()->set_index(2);
        response.mutable_rejects(0)->set_field("count");
        response.mutable_rejects(0)->set_reason("must be between 0 and 10000");
        response.add_clock_ahead(3);
        return response;
      });
  ASSERT_TRUE(Invoke({"activity", "record", "--lead", "leads/l1", "--type", "page_view", "--subject",
                      "pricing", "--property", "a=b"})
                  .code.ok());
  EXPECT_EQ(one.lead(), "leads/l1");
  EXPECT_EQ(one.subject(), "pricing");
  EXPECT_EQ(one.properties().at("a"), "b");
  EXPECT_FALSE(one.activity_id().empty());

  const auto line = [](int id) {
    return "{\"lead\":\"leads/l1\",\"type\":\"t\",\"source\":\"web\",\"activity_id\":\"" +
           std::to_string(id) + "\",\"event_time\":\"2026-03-01T09:00:00Z\"}\n\n";
  };
  std::string lines;
  for (int i = 0; i < 1005; ++i) lines += line(i);
  const Result bulk = Invoke({"activity", "record", "-"}, lines);
  ASSERT_TRUE(bulk.code.ok()) << bulk.code.status();
  EXPECT_THAT(batches, ElementsAre(1000, 5));
  EXPECT_EQ(bulk.out, "1,005 activities recorded\n");
  // Each line is taken or rejected by itself, and numbered as in the file.
  const Result some =
      Invoke({"activity", "record", "-"}, line(1) + line(2) + "{\"leed\":1}\n" + line(3) + line(4));
  ASSERT_TRUE(some.code.ok()) << some.code.status();
  EXPECT_EQ(*some.code, ExitCode::kPartly);
  EXPECT_EQ(some.out, "3 activities recorded, 2 lines rejected\n");
  EXPECT_THAT(some.err, HasSubstr("line 5: \"leed\" is nothing that an activity has"));
  EXPECT_THAT(some.err, HasSubstr("line 6: count: must be between 0 and 10000"));
  EXPECT_THAT(some.err, HasSubstr("the clock of their source runs ahead: 1"));
  EXPECT_THAT(ErrorLine(Invoke({"activity", "record", "-"}, "{\"leed\":1}\n").code.status()),
              HasSubstr("line 1: "));
  EXPECT_THAT(ErrorLine(Invoke({"activity", "record"}).code.status()), HasSubstr("--lead is missing"));
}

TEST_F(VerbsTest, ImportWritesRejectsAndASummary) {
  FakeImport server;
  connector_.channel.open = [&] { return server.Open(); };
  const std::string folder = ::testing::TempDir();
  const std::string file = folder + "/leads.csv";
  const std::string mapping = folder + "/mapping.yaml";
  const std::string rejects = folder + "/rejects.csv";
  std::ofstream(file) << "A,B\nok,1\nbad,\"=x,y\"\nodd,2\n";
  std::ofstream(mapping) << "name: mine\nignore: [A, B]\n";
  const Result result = Invoke({"import", file, "--mapping", mapping, "--rejects", rejects});
  ASSERT_TRUE(result.code.ok()) << result.code.status();
  EXPECT_EQ(*result.code, ExitCode::kPartly);
  EXPECT_THAT(result.out, HasSubstr("3 rows in "));
  EXPECT_THAT(result.out, HasSubstr("2 created, 0 updated, 0 unchanged, 0 activities, 1 rejected"));
  EXPECT_THAT(
      result.out,
      HasSubstr("1 cell was not read; its row was taken without it:\n  line 4, column 'A': is odd\n"));
  std::stringstream written;
  written << std::ifstream(rejects).rdbuf();
  EXPECT_EQ(written.str(),
            "\"line\",\"column\",\"reason\",\"A\",\"B\"\r\n"
            "\"3\",\"A\",\"must not be bad\",\"bad\",\"'=x,y\"\r\n"
            "\"4\",\"A\",\"is odd; the row is stored without it\",\"odd\",\"2\"\r\n");

  // The same file is the same import, whatever its path; another content or mapping is another.
  const Result again = Invoke({"import", file, "--mapping", mapping, "--json"});
  ASSERT_TRUE(again.code.ok());
  EXPECT_THAT(again.out, HasSubstr("\"rows\":0,\"created\":2"));
  ASSERT_EQ(server.headers.size(), 2u);
  EXPECT_EQ(server.headers[0].request_id(), server.headers[1].request_id());
  std::ofstream(file) << "A,B\nok,1\nok,2\n";
  ASSERT_TRUE(Invoke({"import", file, "--mapping", mapping}).code.ok());
  EXPECT_NE(server.headers[2].request_id(), server.headers[1].request_id());

  EXPECT_THAT(ErrorLine(Invoke({"import", file}).code.status()), HasSubstr("--mapping is missing"));
  EXPECT_EQ(ExitCodeOf(Invoke({"import", folder + "/none.csv"}).code.status()), ExitCode::kNotFound);
  std::filesystem::create_directory(folder + "/no-pages");
  EXPECT_EQ(ExitCodeOf(Invoke({"import", folder + "/no-pages"}).code.status()), ExitCode::kUsage);
  std::filesystem::remove(folder + "/no-pages");
  EXPECT_THAT(
      ErrorLine(
          Invoke({"import", file, "--mapping", mapping, "--rejects", folder + "/no/r.csv"}).code.status()),
      HasSubstr("cannot be written"));
  for (const std::string& path : {file, mapping, rejects}) std::remove(path.c_str());
}

TEST_F(VerbsTest, PublishTriesWithoutPublishing) {
  PublishPolicyRequest sent;
  connector_.channel.On<PublishPolicyRequest, PublishPolicyResponse>(
      "ScoringService/PublishPolicy",
      [&](const PublishPolicyRequest& request) -> absl::StatusOr<PublishPolicyResponse> {
        sent = request;
        PublishPolicyResponse response;
        *response.mutable_policy() = request.policy();
        auto& trial = *response.mutable_trial();
        trial.set_leads(6468);
        (*trial.mutable_grades_before())["A1"] = 2;
        (*trial.mutable_grades_after())["A1"] = 5;
        trial.set_suggested_min_engagement(37.512345678901234);
        trial.add_becoming_ready("leads/l9");
        trial.mutable_crossings_suggested()->set_scored(507);
        trial.mutable_crossings_suggested()->set_a_week(39);
        return response;
      });
  connector_.channel.On<BatchGetLeadsRequest, BatchGetLeadsResponse>(
      "LeadService/BatchGetLeads",
      [](const BatchGetLeadsRequest& request) -> absl::StatusOr<BatchGetLeadsResponse> {
        BatchGetLeadsResponse response;
        for (const std::string& name : request.names()) {
          Lead& lead = *response.add_leads();
          lead.set_name(name);
          lead.set_given_name("Ada");
        }
        return response;
      });
  const Result result =
      Invoke({"policy", "publish", "x-education-1", "--dry-run", "--weekly-capacity", "40"});
  ASSERT_TRUE(result.code.ok()) << result.code.status();
  EXPECT_TRUE(sent.dry_run());
  EXPECT_EQ(sent.weekly_capacity(), 40);
  EXPECT_EQ(sent.request_id(), "");
  EXPECT_THAT(result.out, HasSubstr("6,468 leads; nothing was published"));
  EXPECT_THAT(result.out, HasSubstr("A1            2      5      +3"));
  EXPECT_THAT(result.out, HasSubstr("Ada"));
  // As it can be published: with all of its digits.
  EXPECT_THAT(
      result.out,
      HasSubstr("For 40 leads a week: min_engagement: 37.512345678901234 in the lane engaged.\n"
                "In the last 13 weeks it would have let in 39.0 a week: 0 by a hand-raise and 507 by"));
  ASSERT_TRUE(Invoke({"policy", "publish", "x-education-1"}).code.ok());
  EXPECT_NE(sent.request_id(), "");
}

TEST_F(VerbsTest, PoliciesThatComeWithTheProgramAreListedAndShownByName) {
  connector_.channel.On<GetPolicyRequest, Policy>("ScoringService/GetPolicy",
                                                  [](const GetPolicyRequest&) -> absl::StatusOr<Policy> {
                                                    return absl::NotFoundError("it was never published");
                                                  });
  const std::string listed = Invoke({"policy", "list", "--shipped"}).out;
  for (const std::string name : {"b2b-software-1", "bank-marketing-1", "x-education-1"}) {
    EXPECT_THAT(listed, HasSubstr("policies/" + name));
    EXPECT_THAT(Invoke({"policy", "show", name}).out, HasSubstr("policies/" + name));
    EXPECT_THAT(Invoke({"policy", "show", "policies/" + name, "--shipped"}).out, HasSubstr("hand-raise"));
    // A file to edit.
    const std::string yaml = Invoke({"policy", "show", name, "--yaml"}).out;
    EXPECT_THAT(yaml, HasSubstr("\nname: policies/" + name + "\n"));
    EXPECT_EQ(yaml.front(), '#');
  }
  EXPECT_EQ(ExitCodeOf(Invoke({"policy", "show", "mine-1"}).code.status()), ExitCode::kNotFound);
  EXPECT_THAT(ErrorLine(Invoke({"policy", "show", "--yaml"}).code.status()),
              HasSubstr("b2b-software-1, bank-marketing-1, x-education-1"));
}

TEST_F(VerbsTest, ErrorsOfTheServiceArePassedOn) {
  connector_.channel.On<GetLeadRequest, Lead>("LeadService/GetLead",
                                              [](const GetLeadRequest&) -> absl::StatusOr<Lead> {
                                                return absl::NotFoundError("there is no lead leads/l1");
                                              });
  const Result result = Invoke({"leads", "show", "leads/l1"});
  EXPECT_EQ(ExitCodeOf(result.code.status()), ExitCode::kNotFound);
  EXPECT_EQ(result.out, "");
}

}  // namespace
}  // namespace finalmile::cli

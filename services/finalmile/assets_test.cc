#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "finalmile/catalog/v1/catalog_event.pb.h"
#include "finalmile/catalog/v1/catalog_service.pb.h"
#include "libs/rpc/errors.h"
#include "services/finalmile/events/decode.h"
#include "services/finalmile/testing/fake_asset_import.h"
#include "services/finalmile/testing/verbs_fixture.h"

namespace finalmile::cli {
namespace {

using namespace catalog::v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class AssetVerbsTest : public VerbsTest {};

Asset SomeAsset() {
  Asset asset;
  asset.set_name("assets/acme");
  asset.set_kind(ASSET_KIND_BATTLE_CARD);
  asset.set_title("Against Acme");
  asset.set_owner("mia");
  asset.set_version(3);
  asset.set_published_version(2);
  asset.set_latest_version(4);
  asset.set_state(ASSET_STATE_IN_REVIEW);
  asset.set_body("# Acme\n\nThey are \x1b[31mred.\n");
  asset.mutable_tags()->add_products("Search");
  asset.mutable_tags()->add_products("Index");
  asset.mutable_battle_card()->set_competitor("Acme");
  auto& claim = *asset.mutable_battle_card()->add_claims();
  claim.set_claim("cheaper");
  claim.set_answer("not over three years");
  auto& field = *asset.add_merge_fields();
  field.set_name("company");
  field.set_default_value("your company");
  asset.add_missing("summary: is required");
  return asset;
}

TEST_F(AssetVerbsTest, SearchShowsSnippetsFacetsAndTheCorrection) {
  connector_.channel.On<SearchAssetsRequest, SearchAssetsResponse>(
      "CatalogService/SearchAssets",
      [](const SearchAssetsRequest& request) -> absl::StatusOr<SearchAssetsResponse> {
        SearchAssetsResponse response;
        if (request.query() == "denied") {
          if (request.unpublished()) return absl::PermissionDeniedError("not you");
          return response;
        }
        if (request.query() == "nothing") return response;
        if (request.query() == "draft") {
          if (!request.unpublished()) return response;
          response.set_total(1);
          *response.add_hits()->mutable_asset() = SomeAsset();
          return response;
        }
        EXPECT_EQ(request.query(), "pricng objectons");
        EXPECT_EQ(request.page_size(), 3);
        EXPECT_EQ(request.filter(), "stage = closing");
        response.set_corrected_query("pricing objections");
        response.set_partial(true);
        response.set_total(1234);
        auto& hit = *response.add_hits();
        *hit.mutable_asset() = SomeAsset();
        hit.set_snippet("when \x02pricing\x03 comes\nup, \x02objections\x03 follow\x1b");
        auto& kinds = *response.add_facets();
        kinds.set_field("kind");
        for (const auto& [kind, count] :
             {std::pair("ASSET_KIND_DECK", 3), {"ASSET_KIND_BATTLE_CARD", 1000}}) {
          kinds.add_values()->set_value(kind);
          kinds.mutable_values()->rbegin()->set_count(count);
        }
        auto& single = *response.add_facets();
        single.set_field("language");
        single.add_values()->set_value("en");
        // Every hit has both.
        auto& same = *response.add_facets();
        same.set_field("keyword");
        for (const char* keyword : {"delay", "roll-out"}) {
          same.add_values()->set_value(keyword);
          same.mutable_values()->rbegin()->set_count(1234);
        }
        return response;
      });
  const std::vector<std::string> line = {"search", "pricng",   "objectons",      "--limit",
                                         "3",      "--filter", "stage = closing"};
  const Result plain = Invoke(line);
  ASSERT_TRUE(plain.code.ok()) << plain.code.status();
  EXPECT_EQ(plain.out,
            "Did you mean \"pricing objections\"? That is what was searched for.\n\n"
            "Nothing has all of these words; what has most of them comes first.\n\n"
            "Against Acme  battle card  assets/acme\n"
            "  when pricing comes up, objections follow \n\n"
            "1 of 1,234\n"
            "kind: deck 3, battle card 1,000\n");
  colour_ = true;
  EXPECT_THAT(Invoke(line).out,
              HasSubstr("  when \x1b[1mpricing\x1b[0m comes up, \x1b[1mobjections\x1b[0m "));
  std::vector<std::string> json = line;
  json.emplace_back("--json");
  EXPECT_THAT(Invoke(json).out, HasSubstr("\"corrected_query\":\"pricing objections\""));
  const Result none = Invoke({"search", "nothing"});
  EXPECT_EQ(*none.code, ExitCode::kOk);
  EXPECT_EQ(none.out, "");
  EXPECT_EQ(none.err, "Nothing is found.\n");
  EXPECT_EQ(Invoke({"search", "denied"}).err, "Nothing is found.\n");
  EXPECT_EQ(Invoke({"search", "draft"}).err,
            "No published asset matches, but 1 not published: add --unpublished to see them.\n");
  colour_ = false;
  EXPECT_EQ(Invoke({"search", "draft", "--unpublished"}).out,
            "Against Acme  battle card  in review  assets/acme\n\n1 of 1\n");
}

TEST_F(AssetVerbsTest, ShowIsForAPerson) {
  connector_.channel.On<GetAssetRequest, Asset>("CatalogService/GetAsset",
                                                [](const GetAssetRequest& request) -> absl::StatusOr<Asset> {
                                                  EXPECT_EQ(request.name(), "assets/acme");
                                                  if (request.version() == 9)
                                                    return rpc::NotFound("assets/acme", "asset");
                                                  EXPECT_EQ(request.version(), 3);
                                                  return SomeAsset();
                                                });
  connector_.channel.On<ListAssetVersionsRequest, ListAssetVersionsResponse>(
      "CatalogService/ListAssetVersions",
      [](const ListAssetVersionsRequest& request) -> absl::StatusOr<ListAssetVersionsResponse> {
        EXPECT_EQ(request.parent(), "assets/acme");
        ListAssetVersionsResponse response;
        *response.add_versions() = SomeAsset();
        if (request.page_token().empty()) response.set_next_page_token("more");
        return response;
      });
  const Result shown = Invoke({"show", "acme", "--version", "3"});
  ASSERT_TRUE(shown.code.ok()) << shown.code.status();
  EXPECT_EQ(shown.out,
            "Against Acme\n\n"
            "Asset           assets/acme\n"
            "Kind            battle card\n"
            "Version         3, in review; published is 2; newest is 4\n"
            "Owner           mia\n"
            "Products        Search, Index\n"
            "Merge fields\n"
            "  - company (by default \"your company\")\n"
            "Competitor      Acme\n"
            "Claims\n"
            "  - cheaper\n"
            "    not over three years\n"
            "Missing, so that it cannot be published\n"
            "  - summary: is required\n\n"
            "# Acme\n\n"
            "They are  [31mred.\n");
  EXPECT_THAT(Invoke({"show", "assets/acme", "--version", "3", "--json"}).out,
              HasSubstr("\"battle_card\":{\"competitor\":\"Acme\""));
  const Result versions = Invoke({"show", "acme", "--versions"});
  EXPECT_THAT(versions.out, HasSubstr("VERSION  STATE"));
  EXPECT_EQ(std::count(versions.out.begin(), versions.out.end(), '\n'), 3);
  EXPECT_EQ(ExitCodeOf(Invoke({"show", "acme", "--version", "9"}).code.status()), ExitCode::kNotFound);
}

TEST_F(AssetVerbsTest, RenderFillsAndListsEveryUnfilledField) {
  connector_.channel.On<RenderAssetRequest, RenderAssetResponse>(
      "CatalogService/RenderAsset",
      [](const RenderAssetRequest& request) -> absl::StatusOr<RenderAssetResponse> {
        EXPECT_EQ(request.lead(), "leads/l1");
        if (request.values().size() < 2) {
          return rpc::Error(absl::StatusCode::kInvalidArgument, "MERGE_FIELDS_MISSING",
                            "without a value: a, b, c, d", {{"fields", "a,b,c,d"}});
        }
        EXPECT_EQ(request.values().at("company"), "A=B");
        EXPECT_EQ(request.values().at("name"), "");
        RenderAssetResponse response;
        response.set_title("Follow-up");
        response.set_subject("Hello");
        response.set_body("Dear you,\n\nbye\n");
        response.set_use_token("t1");
        if (request.version() > 0) {
          auto* part = response.add_parts();
          part->set_path("phone_script.objections[1].answer");
          part->set_text("Two minutes");
        }
        return response;
      });
  const Result filled =
      Invoke({"render", "mail", "--set", "company=A=B", "--set", "name=", "--lead", "leads/l1"});
  ASSERT_TRUE(filled.code.ok()) << filled.code.status();
  EXPECT_EQ(filled.out, "Subject: Hello\n\nDear you,\n\nbye\n");
  EXPECT_THAT(filled.err, HasSubstr("t1"));
  EXPECT_EQ(Invoke({"render", "mail", "--set", "company=A=B", "--set", "name=", "--lead", "leads/l1",
                    "--version", "1"})
                .out,
            "Subject: Hello\n\nDear you,\n\nbye\n\nObjection 2, answer: Two minutes\n");
  const Result unfilled = Invoke({"render", "mail", "--lead", "leads/l1"});
  EXPECT_EQ(ExitCodeOf(unfilled.code.status()), ExitCode::kUsage);
  EXPECT_EQ(ErrorLine(unfilled.code.status()), "without a value: a, b, c, d; --set FIELD=VALUE gives one");
  EXPECT_EQ(unfilled.out, "");
  for (const char* wrong : {"a", "=a"})
    EXPECT_THAT(ErrorLine(Invoke({"render", "mail", "--set", wrong}).code.status()),
                HasSubstr("FIELD=VALUE"));
}

TEST_F(AssetVerbsTest, ListTakesPagesUpToTheLimit) {
  std::vector<int> sizes;
  connector_.channel.On<ListAssetsRequest, ListAssetsResponse>(
      "CatalogService/ListAssets",
      [&](const ListAssetsRequest& request) -> absl::StatusOr<ListAssetsResponse> {
        EXPECT_EQ(request.filter(), "kind = ASSET_KIND_DECK");
        sizes.push_back(request.page_size());
        ListAssetsResponse response;
        for (int i = 0; i < request.page_size(); ++i) *response.add_assets() = SomeAsset();
        response.set_next_page_token("more");
        return response;
      });
  const Result result = Invoke({"assets", "list", "--limit", "1001", "--filter", "kind = ASSET_KIND_DECK"});
  ASSERT_TRUE(result.code.ok());
  EXPECT_THAT(sizes, ElementsAre(1000, 1));
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 1002);
  EXPECT_THAT(result.out, HasSubstr("battle card  in review        3  Against Acme  mia    assets/acme\n"));
  EXPECT_THAT(result.err, HasSubstr("--limit 0"));
}

TEST_F(AssetVerbsTest, ChangesCarryWhatIsGiven) {
  SubmitForReviewRequest submit;
  ApproveAssetRequest approve;
  PublishAssetRequest publish;
  RetireAssetRequest retire;
  const auto answer = [](auto& sent, auto response) {
    using Response = decltype(response);
    using Request = std::remove_reference_t<decltype(sent)>;
    return std::function<absl::StatusOr<Response>(const Request&)>(
        [&sent](const Request& request) -> absl::StatusOr<Response> {
          sent = request;
          Response reply;
          *reply.mutable_asset() = SomeAsset();
          return reply;
        });
  };
  connector_.channel.On("CatalogService/SubmitForReview", answer(submit, SubmitForReviewResponse()));
  connector_.channel.On("CatalogService/ApproveAsset", answer(approve, ApproveAssetResponse()));
  connector_.channel.On("CatalogService/PublishAsset", answer(publish, PublishAssetResponse()));
  connector_.channel.On("CatalogService/RetireAsset", answer(retire, RetireAssetResponse()));
  EXPECT_THAT(Invoke({"assets", "submit", "acme", "--etag", "e"}).out, HasSubstr("in review"));
  EXPECT_EQ(submit.name(), "assets/acme");
  EXPECT_EQ(submit.etag(), "e");
  EXPECT_NE(submit.request_id(), "");
  ASSERT_TRUE(Invoke({"assets", "approve", "acme", "--refuse", "too long"}).code.ok());
  EXPECT_EQ(approve.refusal(), "too long");
  ASSERT_TRUE(Invoke({"assets", "publish", "acme", "--reviewer", "kim", "--until", "2027-01-01"}).code.ok());
  EXPECT_EQ(publish.reviewer(), "kim");
  EXPECT_FALSE(publish.has_publish_time());
  EXPECT_EQ(publish.expire_time().seconds(), 1'798'761'600);
  EXPECT_FALSE(publish.has_review_time());
  EXPECT_THAT(ErrorLine(Invoke({"assets", "publish", "acme", "--from", "soon"}).code.status()),
              HasSubstr("--from 'soon'"));
  EXPECT_THAT(Invoke({"assets", "retire", "acme", "--reason", "old", "--json"}).out,
              HasSubstr("{\"asset\":{"));
  EXPECT_EQ(retire.reason(), "old");
}

TEST_F(AssetVerbsTest, RecommendSaysWhy) {
  RecommendAssetsRequest sent;
  connector_.channel.On<RecommendAssetsRequest, RecommendAssetsResponse>(
      "CatalogService/RecommendAssets",
      [&](const RecommendAssetsRequest& request) -> absl::StatusOr<RecommendAssetsResponse> {
        sent = request;
        RecommendAssetsResponse response;
        auto& one = *response.add_recommendations();
        *one.mutable_asset() = SomeAsset();
        one.set_slot(RecommendAssetsResponse::SLOT_UNTESTED);
        one.set_reason("not used yet");
        return response;
      });
  const Result result = Invoke({"recommend", "--stage", "closing", "--lead", "leads/l1", "--grade", "A1",
                                "--kind", "battle-card", "--kind", "Case Study", "--limit", "2"});
  ASSERT_TRUE(result.code.ok()) << result.code.status();
  EXPECT_EQ(sent.stage(), "");
  EXPECT_EQ(sent.lead(), "leads/l1");
  EXPECT_THAT(result.err, HasSubstr("--stage and --grade are ignored"));
  EXPECT_EQ(sent.page_size(), 2);
  EXPECT_THAT(sent.kinds(), ElementsAre(ASSET_KIND_BATTLE_CARD, ASSET_KIND_CASE_STUDY));
  EXPECT_THAT(result.out,
              HasSubstr("untested  battle card  Against Acme     0     -     -  not used yet  assets/acme"));
  const Result of_none = Invoke({"recommend", "--stage", "closing"});
  EXPECT_EQ(sent.stage(), "closing");
  EXPECT_EQ(of_none.err, "");
  EXPECT_THAT(ErrorLine(Invoke({"recommend", "--kind", "unspecified"}).code.status()),
              HasSubstr("--kind 'unspecified': must be one of battle-card, email-template"));
}

TEST_F(AssetVerbsTest, ImportTellsAFolderFromAFile) {
  std::string folder = (std::filesystem::temp_directory_path() / "finalmile-assets-test-XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  std::ofstream(folder + "/bad.md") << "bad";
  std::ofstream(folder + "/good.md") << "good";
  FakeAssetImport server;
  connector_.channel.open = [&] { return server.Open(); };
  const Result first = Invoke(
      {"import", folder, "--kind", "battle-card", "--publish", "--reviewer", "kim", "--source", "handbook"});
  ASSERT_TRUE(first.code.ok()) << first.code.status();
  EXPECT_EQ(*first.code, ExitCode::kPartly);
  EXPECT_THAT(first.out, HasSubstr("2 pages in "));
  EXPECT_THAT(first.out, HasSubstr("1 created, 0 updated, 0 unchanged, 0 retired, 1 rejected"));
  EXPECT_THAT(first.err, HasSubstr(folder + "/bad.md:3: kind: must be one of"));
  EXPECT_EQ(server.headers[0].source(), "handbook");
  EXPECT_EQ(server.headers[0].default_kind(), ASSET_KIND_BATTLE_CARD);
  EXPECT_EQ(server.headers[0].default_owner(), "marketing");
  EXPECT_EQ(server.headers[0].default_audience(), "sales");
  EXPECT_EQ(server.headers[0].reviewer(), "kim");
  EXPECT_TRUE(server.headers[0].publish());

  // What the pages say is told once for all of them.
  std::ofstream(folder + "/odd.mdx") << "odd";
  std::ofstream(folder + "/page.html") << "x";
  const Result odd = Invoke({"import", folder, "--audience", "hosts"});
  EXPECT_EQ(server.headers.back().default_audience(), "hosts");
  EXPECT_THAT(odd.err, HasSubstr("Left out, since they are no Markdown: 1 .html."));
  EXPECT_THAT(odd.err, HasSubstr(folder + "/odd.mdx:2: warning: unknown key titel"));
  EXPECT_THAT(odd.err, HasSubstr("Keys of the front matter that are not taken: weight (1 page)."));
  EXPECT_THAT(odd.err, HasSubstr("Not published, because the pages say so: draft: true (1 page)."));
  EXPECT_THAT(odd.err, HasSubstr("1 page was renamed and its asset stays the same."));
  EXPECT_THAT(odd.out,
              HasSubstr("1 rejected, 1 left out for want of text; 3 published (2 from a later date on)"));
  for (const char* page : {"/odd.mdx", "/page.html"}) std::filesystem::remove(folder + page);

  std::filesystem::remove(folder + "/bad.md");
  const Result json = Invoke({"import", folder, "--dry-run", "--json"});
  EXPECT_EQ(*json.code, ExitCode::kOk);
  EXPECT_TRUE(server.headers[2].dry_run());
  EXPECT_TRUE(server.headers[2].source().starts_with("finalmile-assets-test-"));
  EXPECT_THAT(json.out, HasSubstr("\"outcome\":\"OUTCOME_UNCHANGED\""));
  EXPECT_THAT(json.out, HasSubstr("\"unchanged\":\"1\""));

  const auto error = [this](const std::vector<std::string>& line) {
    return ErrorLine(Invoke(line).code.status());
  };
  EXPECT_THAT(error({"import", folder, "--mapping", "crm"}), HasSubstr("--mapping does not go with "));
  EXPECT_THAT(error({"import", folder + "/good.md", "--publish"}), HasSubstr("which is a file"));
  EXPECT_THAT(error({"import", folder, "--publish"}), HasSubstr("--reviewer"));
  EXPECT_THAT(error({"import", folder, "--kind", "poem"}), HasSubstr("--kind 'poem'"));
  EXPECT_THAT(error({"import", folder + "/none"}), HasSubstr("no such file or folder"));
  std::filesystem::remove_all(folder);
}

TEST(DecodeEvent, KnowsEveryTopic) {
  CatalogEvent published;
  published.mutable_asset_published()->set_version(2);
  const auto decoded = DecodeEvent(TopicName("catalog.events"), published.SerializeAsString());
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->type, "AssetPublished");
  appointments::v1::AppointmentEvent held;
  held.mutable_appointment_held();
  EXPECT_EQ(DecodeEvent(TopicName("appointments.events"), held.SerializeAsString())->type, "AppointmentHeld");
  EXPECT_EQ(DecodeEvent(TopicName("catalog.events"), "\xff").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(DecodeEvent("t", "").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace finalmile::cli

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "finalmile/catalog/v1/catalog_service.pb.h"
#include "finalmile/catalog/v1/usage_service.pb.h"
#include "libs/rpc/errors.h"
#include "services/finalmile/testing/verbs_fixture.h"

namespace finalmile::cli {
namespace {

using namespace catalog::v1;
using ::testing::HasSubstr;

class UsageVerbsTest : public VerbsTest {
 protected:
  std::string ErrorOf(const std::vector<std::string>& line, const std::string& input = "") {
    const Result result = Invoke(line, input);
    EXPECT_EQ(result.out, "");
    return ErrorLine(result.code.status());
  }
};

TEST_F(UsageVerbsTest, UseSendsATokenOrATextAndSaysWhatItWas) {
  RecordUseRequest sent;
  Use answer;
  connector_.channel.On<RecordUseRequest, RecordUseResponse>(
      "UsageService/RecordUse", [&](const RecordUseRequest& request) -> absl::StatusOr<RecordUseResponse> {
        sent = request;
        RecordUseResponse response;
        *response.mutable_use() = answer;
        return response;
      });
  answer.set_asset("assets/acme");
  answer.set_version(3);
  answer.set_match(Use::MATCH_TOKEN);
  const Result by_token = Invoke(
      {"use", "--asset", "t1", "--rep", "kim", "--channel", "email", "--time", "2026-03-01T09:00:00Z"});
  ASSERT_TRUE(by_token.code.ok()) << by_token.code.status();
  EXPECT_EQ(by_token.out, "Recorded: assets/acme, version 3, by its token\n");
  EXPECT_EQ(sent.use_token(), "t1");
  EXPECT_EQ(sent.rep(), "kim");
  EXPECT_EQ(sent.lead(), "");
  EXPECT_EQ(sent.use_time().seconds(), 1'772'355'600);
  EXPECT_NE(sent.request_id(), "");

  answer.set_match(Use::MATCH_EDITED);
  answer.set_similarity(0.624);
  answer.add_misuses(MISUSE_STAGE);
  answer.add_misuses(MISUSE_UNFILLED_FIELD);
  const Result by_text =
      Invoke({"use", "--text", "-", "--rep", "kim", "--channel", "phone", "--lead", "leads/l1", "--stage",
              "closing", "--situation", "s", "--persona", "p", "--industry", "i", "--grade", "A1"},
             "Dear {{name}}");
  EXPECT_EQ(by_text.out,
            "Recorded: assets/acme, version 3, edited, 62 % of it kept\nMisused: stage, unfilled field\n");
  EXPECT_EQ(sent.final_text(), "Dear {{name}}");
  EXPECT_EQ(sent.lead(), "leads/l1");
  EXPECT_EQ(sent.stage() + sent.situation() + sent.persona() + sent.industry() + sent.grade(),
            "closingspiA1");
  EXPECT_FALSE(sent.has_use_time());

  answer.Clear();
  answer.set_match(Use::MATCH_NONE);
  answer.set_gap("gaps/g1");
  const std::vector<std::string> line = {"use", "--text", "-", "--rep", "kim", "--channel", "chat"};
  EXPECT_EQ(Invoke(line, "x").out, "Recorded: none of our assets\nCounted for gaps/g1\n");
  std::vector<std::string> json = line;
  json.emplace_back("--json");
  EXPECT_THAT(Invoke(json, "x").out, HasSubstr("\"match\":\"MATCH_NONE\""));
  EXPECT_EQ(ErrorOf({"use", "--text", "-", "--rep", "kim", "--channel", "email", "--time", "soon"}, "x"),
            "--time 'soon' must be a time such as 2026-03-01T09:00:00Z, 2026-03-01 or 2h (ago)");
}

TEST_F(UsageVerbsTest, TheTextIsWithinItsLimitOrRefused) {
  size_t sent = 0;
  connector_.channel.On<RecordUseRequest, RecordUseResponse>(
      "UsageService/RecordUse", [&](const RecordUseRequest& request) -> absl::StatusOr<RecordUseResponse> {
        sent = request.final_text().size();
        return RecordUseResponse();
      });
  constexpr size_t kMost = 256 << 10;
  const std::vector<std::string> line = {"use", "--text", "-", "--rep", "kim", "--channel", "email"};
  for (const size_t size : {size_t{1}, kMost - 1, kMost}) {
    EXPECT_TRUE(Invoke(line, std::string(size, 'x')).code.ok()) << size;
    EXPECT_EQ(sent, size);
  }
  EXPECT_EQ(ErrorOf(line, std::string(kMost + 1, 'x')), "--text -: is larger than 256 KiB");
  EXPECT_EQ(ErrorOf(line, ""), "--text -: is empty");
  EXPECT_EQ(ErrorOf(line, "\xff"), "--text -: is not UTF-8");
  EXPECT_EQ(ErrorOf({"use", "--text", "/nowhere/x", "--rep", "kim", "--channel", "email"}),
            "--text /nowhere/x: cannot be read");
  EXPECT_EQ(ErrorOf({"use", "--text", "/", "--rep", "kim", "--channel", "email"}),
            "--text /: cannot be read");
  EXPECT_THAT(ErrorOf({"use", "--rep", "kim", "--channel", "email"}), HasSubstr("--asset is missing"));
}

TEST_F(UsageVerbsTest, RateTakesOneToFive) {
  RateAssetRequest sent;
  connector_.channel.On<RateAssetRequest, RateAssetResponse>(
      "UsageService/RateAsset", [&](const RateAssetRequest& request) -> absl::StatusOr<RateAssetResponse> {
        sent = request;
        return RateAssetResponse();
      });
  for (const int rating : {1, 5}) {
    EXPECT_EQ(Invoke({"rate", "acme", std::to_string(rating), "--version", "2"}).out,
              std::to_string(rating) + " of 5 for assets/acme.\n");
    EXPECT_EQ(sent.rating(), rating);
    EXPECT_EQ(sent.version(), 2);
  }
  for (const std::string wrong : {"0", "6", "good", "4.5", "99999999999"})
    EXPECT_EQ(ErrorOf({"rate", "acme", wrong}), "RATING '" + wrong + "' must be a whole number from 1 to 5");
}

AssetPerformance SomePerformance(int64_t version) {
  AssetPerformance performance;
  performance.set_asset("assets/acme");
  performance.set_version(version);
  performance.set_offered(40);
  performance.set_used(1234);
  performance.set_viewed(12);
  performance.mutable_viewed_time()->set_seconds(200);
  performance.set_set(9);
  performance.set_held(7);
  performance.set_expected(4.26);
  performance.set_matured(31);
  performance.set_lift(0.045);
  performance.set_lift_low(-0.0121);
  performance.set_lift_high(0.1);
  performance.set_rating(4.25);
  performance.set_ratings(4);
  return performance;
}

TEST_F(UsageVerbsTest, PerformanceGivesIntervalsAndSaysWhatIsAssociation) {
  GetAssetPerformanceResponse response;
  *response.add_versions() = SomePerformance(2);
  response.add_versions()->set_version(1);
  connector_.channel.On<GetAssetPerformanceRequest, GetAssetPerformanceResponse>(
      "UsageService/GetAssetPerformance",
      [&](const GetAssetPerformanceRequest& request) -> absl::StatusOr<GetAssetPerformanceResponse> {
        EXPECT_EQ(request.name(), "assets/acme");
        return response;
      });
  const Result plain = Invoke({"performance", "acme"});
  ASSERT_TRUE(plain.code.ok()) << plain.code.status();
  EXPECT_EQ(
      plain.out,
      "VERSION  OFFERED   USED     VIEWED    RATING  SET  HELD  EXPECTED                    LIFT  EFFECT\n"
      "      2       40  1,234  12 (3:20)  4.2 of 4    9     7       4.3  +4.5 % (-1.2 to +10.0)       -\n"
      "      1        0      0          0         -    0     0       0.0                       -       -\n"
      "\n"
      "LIFT: meetings held above expected, per matured use, with its 95 % interval: association, not "
      "effect.\n"
      "EFFECT: not known before 10 offers and 10 withheld ones, drawn at random, have matured.\n");
  AssetPerformance::Incremental& effect = *response.mutable_versions(0)->mutable_incremental();
  effect.set_value(0.2);
  effect.set_low(0.05);
  effect.set_high(0.35);
  EXPECT_THAT(Invoke({"performance", "acme"}).out, HasSubstr("+20.0 % (+5.0 to +35.0)\n"));
  EXPECT_THAT(Invoke({"performance", "acme"}).out, HasSubstr("EFFECT: held per offer, less held where"));
  EXPECT_THAT(Invoke({"performance", "acme", "--json"}).out, HasSubstr("\"lift_low\":-0.0121"));
}

TEST_F(UsageVerbsTest, RecommendShowsSlotFiguresAndReason) {
  RecommendAssetsResponse response;
  auto& one = *response.add_recommendations();
  one.mutable_asset()->set_name("assets/acme");
  one.mutable_asset()->set_title("Against Acme");
  one.mutable_asset()->set_kind(ASSET_KIND_BATTLE_CARD);
  *one.mutable_performance() = SomePerformance(2);
  one.set_slot(RecommendAssetsResponse::SLOT_RANDOM);
  one.set_reason("drawn at random");
  connector_.channel.On<RecommendAssetsRequest, RecommendAssetsResponse>(
      "CatalogService/RecommendAssets",
      [&](const RecommendAssetsRequest&) -> absl::StatusOr<RecommendAssetsResponse> { return response; });
  const std::string out = Invoke({"recommend", "--stage", "closing"}).out;
  EXPECT_THAT(out,
              HasSubstr("random  battle card  Against Acme  1,234     7  +4.5 % (-1.2 to +10.0)  drawn at "
                        "random  assets/acme\n"));
  EXPECT_THAT(out, HasSubstr("association, not effect"));
}

TEST_F(UsageVerbsTest, ShelfGivesTheRateBesideTheLineAndWhatIsUnused) {
  ListUnusedAssetsRequest sent;
  ListUnusedAssetsResponse figures;
  figures.mutable_window()->set_seconds(90 * 86'400);
  connector_.channel.On<ListUnusedAssetsRequest, ListUnusedAssetsResponse>(
      "UsageService/ListUnusedAssets",
      [&](const ListUnusedAssetsRequest& request) -> absl::StatusOr<ListUnusedAssetsResponse> {
        sent = request;
        ListUnusedAssetsResponse page = figures;
        if (figures.shelf() == 0) return page;
        const bool first = request.page_token().empty();
        auto& item = *page.add_items();
        item.mutable_asset()->set_kind(ASSET_KIND_DECK);
        item.mutable_asset()->set_name(first ? "assets/one" : "assets/two");
        if (!first) item.mutable_last_use_time()->set_seconds(1'772'355'600);
        item.set_misuses(first ? 0 : 3);
        if (first) page.set_next_page_token("more");
        return page;
      });
  EXPECT_EQ(Invoke({"shelf"}).out, "No asset was live for 30 of the last 90 days: there is no shelf yet.\n");
  EXPECT_TRUE(sent.include_misused());
  figures.set_shelf(1200);
  figures.set_unused(800);
  figures.set_misused(100);
  figures.set_rate(0.75);
  const std::string out = Invoke({"shelf"}).out;
  EXPECT_THAT(out,
              HasSubstr("Shelf rate: 75.0 % of 1,200 assets unused or misused in the last 90 days, beside "
                        "the 90 % line.\n800 unused, 100 misused.\n\n"));
  EXPECT_THAT(out, HasSubstr("\nnever "));
  EXPECT_THAT(out, HasSubstr("assets/two\n"));
  const Result some = Invoke({"shelf", "--limit", "1", "--unused"});
  EXPECT_EQ(some.out.find("assets/two"), std::string::npos);
  EXPECT_THAT(some.err, HasSubstr("--limit 0"));
  EXPECT_FALSE(sent.include_misused());
  const std::string json = Invoke({"shelf", "--json"}).out;
  EXPECT_EQ(std::count(json.begin(), json.end(), '\n'), 3) << json;
  EXPECT_THAT(json.substr(0, json.find('\n')), HasSubstr("\"rate\":0.75"));
}

TEST_F(UsageVerbsTest, MisuseSaysWhy) {
  connector_.channel.On<ListMisuseRequest, ListMisuseResponse>(
      "UsageService/ListMisuse", [&](const ListMisuseRequest& request) -> absl::StatusOr<ListMisuseResponse> {
        ListMisuseResponse response;
        if (request.filter() == "rep = nobody") return response;
        Use& use = *response.add_uses();
        use.set_asset("assets/acme");
        use.set_rep("kim");
        use.set_channel("email");
        use.set_lead("leads/l1");
        use.set_match(Use::MATCH_NEAR_COPY);
        use.add_misuses(MISUSE_EXPIRED);
        use.add_misuses(MISUSE_NO_PERMISSION);
        return response;
      });
  EXPECT_THAT(Invoke({"misuse"}).out,
              HasSubstr("expired, no permission  kim  email    nearly a copy  leads/l1  assets/acme\n"));
  EXPECT_EQ(Invoke({"misuse", "--filter", "rep = nobody"}).err, "No misuse matches.\n");
}

TEST_F(UsageVerbsTest, GapsAreReportedListedAndAnswered) {
  ReportGapRequest report;
  AnswerGapRequest answer;
  Gap gap;
  gap.set_name("gaps/g1");
  gap.set_need("support hours");
  gap.set_count(12);
  gap.set_state(Gap::GAP_STATE_OPEN);
  gap.set_origin(Gap::ORIGIN_REP_MATERIAL);
  gap.set_competitor("Acme");
  connector_.channel.On<ReportGapRequest, Gap>("UsageService/ReportGap",
                                               [&](const ReportGapRequest& request) -> absl::StatusOr<Gap> {
                                                 report = request;
                                                 return gap;
                                               });
  connector_.channel.On<AnswerGapRequest, Gap>("UsageService/AnswerGap",
                                               [&](const AnswerGapRequest& request) -> absl::StatusOr<Gap> {
                                                 answer = request;
                                                 if (request.etag() == "old")
                                                   return absl::AbortedError("etag; read the gap again");
                                                 return gap;
                                               });
  connector_.channel.On<ListGapsRequest, ListGapsResponse>(
      "UsageService/ListGaps", [&](const ListGapsRequest& request) -> absl::StatusOr<ListGapsResponse> {
        EXPECT_EQ(request.filter(), "state = GAP_STATE_OPEN");
        ListGapsResponse response;
        *response.add_gaps() = gap;
        return response;
      });
  EXPECT_EQ(Invoke({"gaps", "list", "--filter", "state = GAP_STATE_OPEN"}).out,
            "ASKED  STATE  FROM          NEED           SITUATION  COMPETITOR  ANSWER  GAP\n"
            "   12  open   rep material  support hours             Acme                gaps/g1\n");
  ASSERT_TRUE(Invoke({"gaps", "report", "support hours", "--competitor", "Acme", "--situation", "s",
                      "--persona", "p", "--kind", "battle-card", "--asker", "kim"})
                  .code.ok());
  EXPECT_EQ(
      report.gap().need() + report.gap().competitor() + report.gap().situation() + report.gap().persona(),
      "support hoursAcmesp");
  EXPECT_EQ(report.gap().kind(), ASSET_KIND_BATTLE_CARD);
  EXPECT_EQ(report.asker(), "kim");
  EXPECT_NE(report.request_id(), "");
  EXPECT_THAT(ErrorOf({"gaps", "report", "x", "--kind", "poem"}), HasSubstr("--kind 'poem': must be one of"));

  ASSERT_TRUE(Invoke({"gaps", "accept", "g1", "--etag", "e"}).code.ok());
  EXPECT_EQ(answer.name(), "gaps/g1");
  EXPECT_EQ(answer.etag(), "e");
  EXPECT_TRUE(answer.has_accept());
  EXPECT_NE(answer.request_id(), "");
  ASSERT_TRUE(Invoke({"gaps", "ship", "gaps/g1", "--asset", "acme"}).code.ok());
  EXPECT_EQ(answer.ship().asset(), "assets/acme");
  gap.set_reason("in the price list");
  EXPECT_THAT(Invoke({"gaps", "decline", "g1", "--reason", "in the price list"}).out,
              HasSubstr("in the price list  gaps/g1"));
  EXPECT_EQ(answer.decline().reason(), "in the price list");
  EXPECT_THAT(Invoke({"gaps", "accept", "g1", "--json"}).out,
              HasSubstr("\"origin\":\"ORIGIN_REP_MATERIAL\""));
  EXPECT_EQ(ExitCodeOf(Invoke({"gaps", "accept", "g1", "--etag", "old"}).code.status()), ExitCode::kRefused);
}

}  // namespace
}  // namespace finalmile::cli

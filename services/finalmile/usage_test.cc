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
  const Result by_text = Invoke({"use",
                                 "--text",
                                 "-",
                                 "--rep",
                                 "kim",
                                 "--channel",
                                 "phone",
                                 "--lead",
                                 "leads/l1",
                                 "--stage",
                                 "closing",
                                 "--situation",
                                 "s",
                                 "--persona",
                                 "p",
                                 "--industry",
                                 "i",
                                 "--grade",
                                 "A1",
                                 "--message-id",
                                 "<m1@example.com>"},
                                "Dear {{name}}");
  EXPECT_EQ(by_text.out,
            "Recorded: assets/acme, version 3, edited, 62 % of the asset's wording kept\n"
            "Misused: stage, unfilled field\n");
  EXPECT_EQ(sent.final_text(), "Dear {{name}}");
  EXPECT_EQ(sent.lead(), "leads/l1");
  EXPECT_EQ(sent.situation() + sent.persona() + sent.industry(), "spi");
  EXPECT_THAT(by_text.err, HasSubstr("--stage and --grade are ignored"));
  EXPECT_EQ(sent.message_id(), "<m1@example.com>");
  EXPECT_FALSE(sent.has_use_time());

  answer.Clear();
  answer.set_match(Use::MATCH_NONE);
  answer.set_gap("gaps/g1");
  const std::vector<std::string> line = {"use", "--text", "-", "--rep", "kim", "--channel", "chat"};
  EXPECT_EQ(Invoke(line, "x").out,
            "Recorded: own words, none of our assets\n"
            "These words went to three leads by now: they count for gaps/g1\n");
  answer.clear_gap();
  answer.set_similarity(0.31);
  EXPECT_EQ(Invoke(line, "x").out,
            "Recorded: own words, none of our assets, they keep 31 % of the wording of the nearest asset\n");
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
  EXPECT_THAT(Invoke({"shelf"}).out,
              HasSubstr("1,200 assets are on the shelf. No use was recorded in the last 90 "
                        "days, so it is not known which of them are used."));
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
  EXPECT_THAT(
      Invoke({"misuse"}).out,
      HasSubstr(
          "expired, no permission  kim  email    nearly a copy              -  leads/l1  assets/acme\n"));
  EXPECT_EQ(Invoke({"misuse", "--filter", "rep = nobody"}).err, "No misuse matches.\n");
}

TEST_F(UsageVerbsTest, AnAskerIsToldWhatBecameOfTheirGaps) {
  std::string asker;
  std::vector<Gap> gaps;
  connector_.channel.On<ListGapsRequest, ListGapsResponse>(
      "UsageService/ListGaps", [&](const ListGapsRequest& request) -> absl::StatusOr<ListGapsResponse> {
        asker = request.asker();
        ListGapsResponse response;
        for (const Gap& gap : gaps) *response.add_gaps() = gap;
        return response;
      });
  EXPECT_EQ(Invoke({"gaps", "mine"}).err, "Nothing was asked for under this name.\n");
  EXPECT_EQ(asker, "-");
  const auto add = [&](Gap::GapState state, const std::string& need) -> Gap& {
    Gap& gap = gaps.emplace_back();
    gap.set_name("gaps/g" + std::to_string(gaps.size()));
    gap.set_need(need);
    gap.set_state(state);
    return gap;
  };
  add(Gap::GAP_STATE_OPEN, "What do we say to Acme?");
  add(Gap::GAP_STATE_ACCEPTED, "support hours");
  add(Gap::GAP_STATE_SHIPPED, "a deck").set_asset("assets/deck");
  add(Gap::GAP_STATE_USED, "a card").set_asset("assets/card");
  add(Gap::GAP_STATE_DECLINED, "a jingle").set_reason("we do not sing");
  const std::string out = Invoke({"gaps", "mine", "--asker", "kim"}).out;
  EXPECT_EQ(asker, "kim");
  for (const char* line :
       {"What do we say to Acme?  nobody has answered yet", "support hours            it will be made",
        "a deck                   made: finalmile show assets/deck",
        "a card                   made, and used: finalmile show assets/card",
        "a jingle                 declined: we do not sing"}) {
    EXPECT_THAT(out, HasSubstr(line));
  }
  EXPECT_THAT(Invoke({"gaps", "mine", "--json"}).out, HasSubstr("\"GAP_STATE_SHIPPED\""));
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

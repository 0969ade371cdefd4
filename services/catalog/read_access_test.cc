#include <gmock/gmock.h>

#include <map>
#include <set>

#include "libs/rpc/timestamps.h"
#include "services/catalog/catalog_fixture.h"

namespace finalmile::catalog {
namespace {

using finalmile::v1::Role;
using ::testing::UnorderedElementsAreArray;

constexpr Role kRoles[] = {finalmile::v1::ROLE_ADMIN,      finalmile::v1::ROLE_MARKETER,
                           finalmile::v1::ROLE_SETTER,     finalmile::v1::ROLE_HOST,
                           finalmile::v1::ROLE_COACH,      finalmile::v1::ROLE_MANAGER,
                           finalmile::v1::ROLE_INTEGRATION};

bool IsRep(Role role) { return role == finalmile::v1::ROLE_SETTER || role == finalmile::v1::ROLE_HOST; }

// Who reads which version in which method.
class ReadAccessTest : public CatalogTest {
 protected:
  // An asset and a version as GetAsset takes it.
  using Which = std::pair<std::string, int64_t>;

  void SetUp() override {
    const absl::Time now = harness_.clock().Now();
    Create(Letter("draft"));
    Create(Letter("review"));
    Submit("assets/review");
    Publish(Create(Letter("live")).name());
    Publish(Create(Letter("changed")).name());
    ASSERT_TRUE(Update(Changed("assets/changed"), "summary").ok());
    Publish(Create(Letter("replaced")).name());
    ASSERT_TRUE(Update(Changed("assets/replaced"), "summary").ok());
    Publish("assets/replaced");
    Publish(Create(Letter("retired")).name());
    Retire("assets/retired");
    Create(Letter("withdrawn"));
    Retire("assets/withdrawn");
    PublishWithin(Create(Letter("expired")).name(), now, now + absl::Hours(1));
    PublishWithin(Create(Letter("later")).name(), now + absl::Hours(3), now + absl::Hours(9));
    harness_.clock().Advance(absl::Hours(2));
    harness_.Settle();
  }

  static v1::Asset Changed(const std::string& name) {
    v1::Asset asset = Letter("x");
    asset.set_name(name);
    asset.set_summary("changed");
    return asset;
  }
  void Submit(const std::string& name) {
    v1::SubmitForReviewRequest request;
    request.set_name(name);
    ASSERT_TRUE(Call<v1::SubmitForReviewResponse>("SubmitForReview", request).ok());
  }
  void PublishWithin(const std::string& name, absl::Time from, absl::Time until) {
    v1::PublishAssetRequest request;
    request.set_name(name);
    request.set_reviewer("tom");
    *request.mutable_publish_time() = rpc::ToTimestamp(from);
    *request.mutable_expire_time() = rpc::ToTimestamp(until);
    ASSERT_TRUE(Call<v1::PublishAssetResponse>("PublishAsset", request).ok());
  }

  // The reason with which a method refuses the version; "" where it gives it.
  static std::string ReasonIn(const absl::Status& status) {
    if (status.ok()) return "";
    EXPECT_TRUE(status.code() != absl::StatusCode::kPermissionDenied ||
                rpc::ReasonOf(status) == "ROLE_MISSING");
    return rpc::ReasonOf(status);
  }
  static std::string TextOf(const Which& which) {
    return which.first + " version " + std::to_string(which.second);
  }

  // Every asset with each version that can be asked for, and whether reps may read it.
  std::map<Which, bool> everything_ = {
      {{"draft", 0}, false},   {{"draft", 1}, false},   {{"review", 0}, true},     {{"review", 1}, true},
      {{"live", 0}, true},     {{"live", 1}, true},     {{"changed", 0}, true},    {{"changed", 1}, true},
      {{"changed", 2}, false}, {{"replaced", 0}, true}, {{"replaced", 1}, false},  {{"replaced", 2}, true},
      {{"retired", 0}, true},  {{"retired", 1}, true},  {{"withdrawn", 0}, false}, {{"withdrawn", 1}, false},
      {{"expired", 0}, true},  {{"expired", 1}, true},  {{"later", 0}, false},     {{"later", 1}, false},
  };
};

TEST_F(ReadAccessTest, EveryMethodGivesEachRoleTheSame) {
  for (const Role role : kRoles) {
    SCOPED_TRACE(finalmile::v1::Role_Name(role));
    const auto channel = harness_.ChannelAs("somebody", {role});
    const auto call = [&]<class Response>(const std::string& method, const google::protobuf::Message& request,
                                          Response&& response) {
      const auto answer = channel->Call<std::decay_t<Response>>(kService + method, request);
      if (answer.ok()) response = *answer;
      return ReasonIn(answer.status());
    };
    std::set<std::string> shown;
    for (const auto& [which, for_reps] : everything_) {
      const std::string expected = for_reps || !IsRep(role) ? "" : "ROLE_MISSING";
      const std::string name = "assets/" + which.first;
      if (which.second == 0 && expected.empty()) shown.insert(name);

      v1::GetAssetRequest get;
      get.set_name(name);
      get.set_version(which.second);
      EXPECT_EQ(call("GetAsset", get, v1::Asset()), expected) << TextOf(which);

      v1::RenderAssetRequest render;
      render.set_name(name);
      render.set_version(which.second);
      for (const char* field : {"first_name", "company"}) (*render.mutable_values())[field] = "x";
      v1::RenderAssetResponse rendered;
      const std::string reason = call("RenderAsset", render, rendered);
      if (!expected.empty()) {
        EXPECT_EQ(rendered.body(), "") << TextOf(which);
      }
      if (which.second != 0) {
        EXPECT_EQ(reason, expected) << TextOf(which);
        continue;
      }
      v1::BatchGetAssetsRequest batch;
      batch.add_names("assets/live");
      batch.add_names(name);
      EXPECT_EQ(call("BatchGetAssets", batch, v1::BatchGetAssetsResponse()), expected) << TextOf(which);
    }

    std::set<std::string> listed;
    v1::ListAssetsRequest list;
    list.set_page_size(2);
    do {
      v1::ListAssetsResponse page;
      ASSERT_EQ(call("ListAssets", list, page), "");
      for (const v1::Asset& asset : page.assets()) listed.insert(asset.name());
      list.set_page_token(page.next_page_token());
    } while (!list.page_token().empty());
    EXPECT_THAT(listed, UnorderedElementsAreArray(shown));
    list.set_filter("state = ASSET_STATE_DRAFT OR state = ASSET_STATE_RETIRED");
    list.set_page_size(100);
    v1::ListAssetsResponse filtered;
    EXPECT_EQ(call("ListAssets", list, filtered), "");
    for (const v1::Asset& asset : filtered.assets()) EXPECT_TRUE(shown.contains(asset.name()));

    v1::ListAssetVersionsRequest versions;
    versions.set_parent("assets/changed");
    EXPECT_EQ(!call("ListAssetVersions", versions, v1::ListAssetVersionsResponse()).empty(), IsRep(role));

    v1::RecommendAssetsRequest recommend;
    recommend.set_page_size(20);
    v1::RecommendAssetsResponse recommended;
    EXPECT_EQ(call("RecommendAssets", recommend, recommended), "");
    for (const auto& one : recommended.recommendations()) {
      EXPECT_EQ(one.asset().state(), v1::ASSET_STATE_PUBLISHED);
      EXPECT_EQ(one.asset().version(), one.asset().published_version());
    }

    v1::SearchAssetsRequest search;
    search.set_query("draft");
    v1::SearchAssetsResponse found;
    EXPECT_EQ(call("SearchAssets", search, found), "");
    EXPECT_EQ(found.hits_size(), 0);
    search.set_unpublished(true);
    EXPECT_EQ(call("SearchAssets", search, found), IsRep(role) ? "ROLE_MISSING" : "");
    EXPECT_EQ(found.hits_size(), IsRep(role) ? 0 : 1);
  }
}

TEST_F(ReadAccessTest, TheHotPathGivesEachRoleTheSame) {
  const auto get = [&](Role role, const std::string& asset) {
    v1::GetAssetRequest request;
    request.set_name("assets/" + asset);
    return harness_.AnswerInline("finalmile.catalog.v1.CatalogService.GetAsset", {role}, request);
  };
  for (const auto& [which, for_reps] : everything_) {
    if (which.second != 0) continue;
    // An author reads it, and so it is hot.
    ASSERT_TRUE(Get("assets/" + which.first).ok());
    for (const Role role : kRoles) {
      const auto answer = get(role, which.first);
      ASSERT_TRUE(answer) << which.first;
      EXPECT_EQ(ReasonIn(answer->status()), for_reps || !IsRep(role) ? "" : "ROLE_MISSING")
          << which.first << " " << finalmile::v1::Role_Name(role);
    }
  }
  // Its time comes without a write.
  harness_.clock().Advance(absl::Hours(1) - absl::Microseconds(1));
  ASSERT_TRUE(Get("assets/later").ok());
  EXPECT_EQ(ReasonIn(get(finalmile::v1::ROLE_SETTER, "later")->status()), "ROLE_MISSING");
  harness_.clock().Advance(absl::Microseconds(1));
  EXPECT_EQ(ReasonIn(get(finalmile::v1::ROLE_SETTER, "later")->status()), "");
}

TEST_F(ReadAccessTest, AFieldReviewerReadsWhatIsToBeApproved) {
  const auto channel = harness_.ChannelAs("tom", {finalmile::v1::ROLE_SETTER});
  v1::ApproveAssetRequest approve;
  approve.set_name("assets/review");
  const auto approved =
      channel->Call<v1::ApproveAssetResponse>(std::string(kService) + "ApproveAsset", approve);
  ASSERT_TRUE(approved.ok()) << approved.status();
  EXPECT_EQ(approved->asset().reviewer(), "tom");
}

}  // namespace
}  // namespace finalmile::catalog

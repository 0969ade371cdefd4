#include "services/finalmile/demo/content.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "finalmile/catalog/v1/catalog_service.pb.h"
#include "services/finalmile/demo/content_sample.h"
#include "services/finalmile/testing/fake_asset_import.h"
#include "services/finalmile/testing/fake_channel.h"

namespace finalmile::cli {
namespace {

using namespace catalog::v1;
using ::testing::HasSubstr;

TEST(DemoContent, ImportsSearchesAndWritesToTheBestLead) {
  std::string folder = (std::filesystem::temp_directory_path() / "finalmile-content-test-XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  FakeAssetImport server;
  FakeConnector connector;
  connector.channel.open = [&] { return server.Open(); };
  bool rested = false;
  connector.channel.On<SearchAssetsRequest, SearchAssetsResponse>(
      "CatalogService/SearchAssets", [&](const SearchAssetsRequest&) -> absl::StatusOr<SearchAssetsResponse> {
        SearchAssetsResponse response;
        if (rested) response.add_hits()->mutable_asset()->set_title("Too expensive");
        return response;
      });
  connector.channel.On<RenderAssetRequest, RenderAssetResponse>(
      "CatalogService/RenderAsset",
      [](const RenderAssetRequest& request) -> absl::StatusOr<RenderAssetResponse> {
        EXPECT_EQ(request.name(), "assets/demo_emails_after-pricing-page");
        EXPECT_EQ(request.values().at("company"), "Work");
        RenderAssetResponse response;
        response.set_subject("To " + request.values().at("first_name"));
        return response;
      });
  const std::unique_ptr<Clock> clock = NewSystemClock();
  const std::unique_ptr<Rng> rng = NewSeededRng(1);
  std::ostringstream out;
  std::istringstream in;
  Output output(out, out, *clock, {});
  Session session{output, in, *clock, *rng, connector};
  leads::v1::Lead lead;
  lead.set_given_name("Ada");
  lead.set_company("Work");
  const auto rest = [&] {
    rested = true;
    return absl::OkStatus();
  };
  ASSERT_EQ(PlayContent(session, connector.channel, folder, lead, rest, output), absl::OkStatus());
  EXPECT_EQ(server.pages.size(), SamplePages().size());
  EXPECT_TRUE(server.headers[0].publish());
  EXPECT_TRUE(server.completes[0]);
  for (const SamplePage& page : SamplePages())
    EXPECT_EQ(server.pages.at(std::string(page.path)), page.content);
  EXPECT_THAT(out.str(), HasSubstr("10 sales assets"));
  EXPECT_THAT(out.str(), HasSubstr("Too expensive"));
  EXPECT_THAT(out.str(), HasSubstr("Subject: To Ada"));

  rested = false;
  const absl::Status empty = PlayContent(
      session, connector.channel, folder, lead, [] { return absl::OkStatus(); }, output);
  // The same pages again: nothing is published.
  EXPECT_THAT(std::string(empty.message()), HasSubstr("0 of 10 sample assets were published"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace finalmile::cli

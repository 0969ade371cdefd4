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
  bool found = true;
  connector.channel.open = [&] { return server.Open(); };
  connector.channel.On<SearchAssetsRequest, SearchAssetsResponse>(
      "CatalogService/SearchAssets", [&](const SearchAssetsRequest&) -> absl::StatusOr<SearchAssetsResponse> {
        SearchAssetsResponse response;
        if (found) response.add_hits()->mutable_asset()->set_title("Too expensive");
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
  const absl::StatusOr<size_t> imported = ImportContent(connector.channel, folder);
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(*imported, SamplePages().size());
  EXPECT_EQ(server.pages.size(), SamplePages().size());
  EXPECT_TRUE(server.headers[0].publish());
  EXPECT_TRUE(server.completes[0]);
  for (const SamplePage& page : SamplePages())
    EXPECT_EQ(server.pages.at(std::string(page.path)), page.content);
  ASSERT_EQ(ShowContent(session, connector.channel, lead, output), absl::OkStatus());
  EXPECT_THAT(out.str(), HasSubstr("Too expensive"));
  EXPECT_THAT(out.str(), HasSubstr("Subject: To Ada"));

  found = false;
  EXPECT_THAT(std::string(ShowContent(session, connector.channel, lead, output).message()),
              HasSubstr("finds nothing of what was published"));
  // The same pages again: nothing is published.
  EXPECT_THAT(std::string(ImportContent(connector.channel, folder).status().message()),
              HasSubstr("0 of 10 sample assets were published"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace finalmile::cli

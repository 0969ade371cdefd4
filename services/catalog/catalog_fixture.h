#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "finalmile/catalog/v1/catalog_event.pb.h"
#include "finalmile/catalog/v1/catalog_service.pb.h"
#include "libs/rpc/errors.h"
#include "libs/testing/module_harness.h"
#include "libs/testing/uuid_of.h"
#include "services/catalog/assets/asset_batch.h"
#include "services/catalog/wiring.h"

namespace finalmile::catalog {

// The catalog service, on the embedded engines unless told otherwise, driven through its API.
class CatalogTest : public ::testing::Test {
 protected:
  static constexpr char kService[] = "/finalmile.catalog.v1.CatalogService/";

  // A lead that the test knows by `word`.
  static std::string LeadName(std::string_view word) { return "leads/" + testing::UuidOf(word); }

  // As ModuleHarness.
  explicit CatalogTest(const std::string& store_url = "") : harness_(kModule, store_url) {}

  template <class Response>
  absl::StatusOr<Response> Call(const std::string& method, const google::protobuf::Message& request) {
    return harness_.channel().Call<Response>(kService + method, request);
  }

  static v1::Asset Letter(const std::string& title) {
    v1::Asset asset;
    asset.set_kind(v1::ASSET_KIND_EMAIL_TEMPLATE);
    asset.set_title(title);
    asset.set_owner("mia");
    asset.set_body("Hi {{first_name}}, ramp-up took nine weeks at {{company}}.");
    asset.mutable_email_template()->set_subject("{{topic}}");
    for (const char* name : {"first_name", "company", "topic"}) asset.add_merge_fields()->set_name(name);
    asset.mutable_merge_fields(2)->set_default_value("Ramp-up");
    return asset;
  }

  v1::Asset Create(const v1::Asset& asset, const std::string& asset_id = "") {
    v1::CreateAssetRequest request;
    *request.mutable_asset() = asset;
    request.set_asset_id(asset_id);
    auto created = Call<v1::Asset>("CreateAsset", request);
    EXPECT_TRUE(created.ok()) << created.status();
    return created.ok() ? *created : v1::Asset();
  }

  absl::StatusOr<v1::Asset> Get(const std::string& name, int64_t version = 0, int64_t min_revision = 0) {
    v1::GetAssetRequest request;
    request.set_name(name);
    request.set_version(version);
    request.set_min_revision(min_revision);
    return Call<v1::Asset>("GetAsset", request);
  }

  absl::StatusOr<v1::Asset> Update(const v1::Asset& asset, const std::string& path) {
    v1::UpdateAssetRequest request;
    *request.mutable_asset() = asset;
    if (!path.empty()) request.mutable_update_mask()->add_paths(path);
    return Call<v1::Asset>("UpdateAsset", request);
  }

  v1::Asset Publish(const std::string& name) {
    v1::PublishAssetRequest request;
    request.set_name(name);
    request.set_reviewer("tom");
    auto published = Call<v1::PublishAssetResponse>("PublishAsset", request);
    EXPECT_TRUE(published.ok()) << published.status();
    return published.ok() ? published->asset() : v1::Asset();
  }

  void Retire(const std::string& name) {
    v1::RetireAssetRequest request;
    request.set_name(name);
    auto retired = Call<v1::RetireAssetResponse>("RetireAsset", request);
    EXPECT_TRUE(retired.ok()) << retired.status();
  }

  v1::SearchAssetsResponse Search(const std::string& query, const std::string& filter = "",
                                  bool unpublished = false) {
    v1::SearchAssetsRequest request;
    request.set_query(query);
    request.set_unpublished(unpublished);
    request.set_filter(filter);
    auto found = Call<v1::SearchAssetsResponse>("SearchAssets", request);
    EXPECT_TRUE(found.ok()) << found.status();
    return found.ok() ? *found : v1::SearchAssetsResponse();
  }

  // Every event in the topic, in order per key.
  std::vector<v1::CatalogEvent> Events() { return harness_.ReadEvents<v1::CatalogEvent>(); }

  std::vector<v1::CatalogEvent::EventCase> EventCases() {
    std::vector<v1::CatalogEvent::EventCase> cases;
    for (const v1::CatalogEvent& event : Events()) cases.push_back(event.event_case());
    return cases;
  }

  testing::ModuleHarness harness_;
};

}  // namespace finalmile::catalog

#pragma once

#include <set>
#include <string>
#include <vector>

#include "finalmile/catalog/v1/catalog_service.pb.h"
#include "libs/rpc/service.h"
#include "services/catalog/domain/asset_id.h"
#include "services/catalog/handlers/catalog_handlers.h"
#include "services/catalog/handlers/source_pages.h"
#include "services/catalog/import/page.h"

namespace finalmile::catalog::handlers {

// One stream of ImportAssets. Pages are gathered and stored some dozens in a transaction; a page that cannot
// be an asset is answered as rejected and the rest goes on. Every message is answered, by what was stored
// with it, which may be nothing yet.
class ImportSession final : public rpc::BidiSession<v1::ImportAssetsRequest, v1::ImportAssetsResponse> {
 public:
  // `dependencies`, and the objects it refers to, outlive the session.
  explicit ImportSession(const Dependencies& dependencies) : d_(dependencies) {}

  absl::StatusOr<std::vector<v1::ImportAssetsResponse>> OnMessage(rpc::CallContext& context,
                                                                  const v1::ImportAssetsRequest& request,
                                                                  const rpc::LetNext&) override;
  absl::StatusOr<std::vector<v1::ImportAssetsResponse>> Finish(rpc::CallContext& context) override;

 private:
  // A page that waits to be stored.
  struct Waiting {
    std::string path;
    SourcePages::Asset asset;
    std::string digest;
    std::string content;
    // The asset is made of other bytes, or was found at another path, or is not there.
    bool changed = false;
    // Read where it has changed, and where what it says of its publication decides.
    import::Page page = {};
  };
  using Response = v1::ImportAssetsResponse;

  absl::Status Open(const v1::ImportAssetsRequest::Header& header);
  absl::Status Take(rpc::CallContext& context, const v1::ImportAssetsRequest::Page& page, Response& response);
  // Stores what waits.
  absl::Status Flush(rpc::CallContext& context, Response& response);
  // Reads those of the waiting pages that have changed.
  absl::Status ReadChanged(rpc::CallContext& context);
  absl::Status Store(assets::AssetBatch& batch, const Waiting& page, Response& response);
  // What a changed page makes of its asset.
  absl::StatusOr<domain::Asset> ContentOf(assets::AssetBatch& batch, const Waiting& page) const;
  // Makes the asset what the page is.
  absl::Status Apply(assets::AssetBatch& batch, const Waiting& page, Response::Result& result);
  // Publishes the newest version if the header asks for it and the page allows it.
  absl::Status Publish(assets::AssetBatch& batch, const Waiting& page, Response::Result& result,
                       Response::Summary& summary);
  // Retires the source's assets that were not sent.
  absl::Status RetireMissing(rpc::CallContext& context, Response& response);
  // Adds what an answer says to the summary, and takes the counts off it.
  void Count(Response& response);

  const Dependencies& d_;
  bool open_ = false;
  bool ended_ = false;
  v1::ImportAssetsRequest::Header header_;
  import::Defaults defaults_;
  SourcePages pages_;
  std::vector<Waiting> waiting_;
  size_t waiting_bytes_ = 0;
  // Paths of the pages that were sent.
  std::set<std::string, std::less<>> sent_;
  // Ids of the assets that they are.
  std::set<domain::AssetId> kept_;
  Response::Summary summary_;
};

}  // namespace finalmile::catalog::handlers

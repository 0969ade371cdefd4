#pragma once

#include "finalmile/catalog/v1/catalog_service.pb.h"
#include "services/finalmile/output/output.h"

// How what was found and what was rendered look to people.
namespace finalmile::cli {

// Each hit with its snippet, and its state where `states`; how many there are, their facets, and what was
// searched for instead.
void ShowHits(const catalog::v1::SearchAssetsResponse& response, bool states, Output& output);
// Subject or title, then the text.
void ShowRendered(const catalog::v1::RenderAssetResponse& rendered, Output& output);

}  // namespace finalmile::cli

#pragma once

#include <string>
#include <vector>

#include "finalmile/catalog/v1/catalog_service.pb.h"
#include "finalmile/catalog/v1/usage_service.pb.h"
#include "services/finalmile/output/output.h"

// How uses of assets, and what became of them, look to people.
namespace finalmile::cli {

// "gaps/{gap}" from that or from the bare {gap}.
std::string GapName(const std::string& text);

// "+3.1 % (-1.2 to +7.5)": meetings held above expected for each matured use, with the 95 % interval;
// "unknown" where too little has matured, "-" where nothing has.
std::string LiftText(const catalog::v1::AssetPerformance& performance);

// One row per recommendation: its slot, the figures of the version on offer, and the reason.
void ShowRecommendations(const catalog::v1::RecommendAssetsResponse& response, Output& output);
// What was used, how it was recognised, and what was wrong with it.
void ShowUse(const catalog::v1::Use& use, Output& output);
// One row per version, what offering assets of its kind brings, and what the figures mean.
void ShowPerformance(const catalog::v1::GetAssetPerformanceResponse& response, Output& output);
// One row per asset, what offering brings by kind, and what the figures mean. `figures` is any page of the
// list.
void ShowAllPerformance(const catalog::v1::ListAssetPerformanceResponse& figures,
                        const std::vector<catalog::v1::ListAssetPerformanceResponse::Item>& items,
                        Output& output);
// The rate beside the 90 % line, then one row per item. `figures` is any page of the list.
void ShowShelf(const catalog::v1::ListUnusedAssetsResponse& figures,
               const std::vector<catalog::v1::ListUnusedAssetsResponse::Item>& items, Output& output);
// One row per gap.
void ShowGaps(const std::vector<catalog::v1::Gap>& gaps, Output& output);
// One row per gap, for those who asked: what became of it, and what to do next.
void ShowAskedGaps(const std::vector<catalog::v1::Gap>& gaps, Output& output);
// One row per use.
void ShowMisuses(const std::vector<catalog::v1::Use>& uses, Output& output);

// For who gives --stage or --grade of a lead, which the service knows itself.
void NoteStageIsTheLeads(Output& output);

}  // namespace finalmile::cli

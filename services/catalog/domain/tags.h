#pragma once

#include <string>
#include <string_view>

#include "services/catalog/domain/asset.h"

namespace finalmile::catalog::domain {

// A tag as it is compared: "ACME" and "Acme", "Café" and "cafe" are one.
std::string FoldTag(std::string_view tag);

// The tags of a normalised asset by which it is found, filtered, recommended and judged, and which its events
// carry: its own and what the fields of its kind say. These are the competitor, situation, industry and
// product, and the audience as a persona. Tags that compare alike are one, in the spelling of the asset's
// own. A field that is longer than a tag may be is none.
Tags AllTags(const Asset& asset);

}  // namespace finalmile::catalog::domain

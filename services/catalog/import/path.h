#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/catalog/domain/asset.h"
#include "services/catalog/import/page.h"

// What the path of a page says of it, as page.h describes it.
namespace finalmile::catalog::import {

// Between the slashes; the last one is the file.
std::vector<std::string_view> SplitPath(std::string_view path);

// The first `most` characters, trimmed.
std::string CutCharacters(std::string_view text, size_t most);

// "how-to-tickets.md" → "How to tickets"; an index is called like its folder.
std::string TitleFromPath(const std::vector<std::string_view>& parts);
// Adds tags where `asset` has none.
void TagFromPath(const std::vector<std::string_view>& parts, domain::Asset& asset);
// Sets the audience of a kind that has one, where it is empty.
void AudienceFromPath(const std::vector<std::string_view>& parts, std::string_view fallback,
                      domain::Asset& asset);
// Adds what Jekyll says by path: drafts are in _drafts, and the name of a post has its date.
void PublicationFromPath(const std::vector<std::string_view>& parts, Publication& publication);

}  // namespace finalmile::catalog::import

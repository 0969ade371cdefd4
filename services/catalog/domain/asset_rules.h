#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/base/violation.h"
#include "services/catalog/domain/asset.h"

namespace finalmile::catalog::domain {

// Limits; characters are code points.
inline constexpr size_t kMaxAssetId = 100;
inline constexpr size_t kMaxTitleCharacters = 200;
inline constexpr size_t kMaxOwnerCharacters = 64;
inline constexpr size_t kMaxSummaryCharacters = 2'000;
inline constexpr size_t kMaxBodyBytes = 1 << 20;
inline constexpr size_t kMaxMergeFields = 64;
inline constexpr size_t kMaxMergeDescriptionCharacters = 200;
inline constexpr size_t kMaxTagValues = 20;
inline constexpr size_t kMaxTagCharacters = 64;
inline constexpr size_t kMaxDetailCharacters = 10'000;
inline constexpr size_t kMaxDetailItems = 100;
inline constexpr size_t kMaxVoicemailWords = 90;
inline constexpr size_t kMaxLetterWords = 350;
inline constexpr size_t kMaxMissing = 20;

// "assets/{1 to 100 of [a-z0-9_-]}".
bool IsAssetName(std::string_view name);
// 1 to 64 characters, no @: people are known by a name that is no address.
bool IsPersonId(std::string_view id);

// Brings `asset` into the form it is stored in: fields trimmed (the body stays as it is), tags without
// repetitions, language "en" where none is given, empty details of its kind where none are given.
void Normalise(Asset& asset);

// Everything that keeps a normalised asset from being stored, even as a draft: kind, title, owner, body, and
// the limits above; fields are paths below the asset ("tags.products[3]").
std::vector<Violation> Validate(const Asset& asset);

// Leaves out the values of tags that Validate refuses: too long, no stage, and those above kMaxTagValues.
void KeepValidTags(Tags& tags);

// The required fields of its kind that a valid asset lacks, or has wrong (domain.md §2): it stays a draft
// while there are any. Empty: complete. At most kMaxMissing, and then one that says how many more there are.
std::vector<Violation> Missing(const Asset& asset);

}  // namespace finalmile::catalog::domain

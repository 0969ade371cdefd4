#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "finalmile/leads/v1/import.pb.h"
#include "services/leads/store/import_store.h"

// Imports as the wire shows them.
namespace finalmile::leads::scoring {

// "imports/7".
std::string ImportName(int64_t number);
// nullopt: it is not the name of one.
std::optional<int64_t> ImportNumber(std::string_view name);
// The counts of an import.
v1::ImportLeadsResponse ImportTotals(const store::ImportProgress& progress);
v1::Import ToProto(const store::ImportProgress& progress);

}  // namespace finalmile::leads::scoring

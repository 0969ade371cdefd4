#pragma once

#include <string>
#include <vector>

#include "finalmile/catalog/v1/asset.pb.h"
#include "services/catalog/domain/asset.h"

// The oneof of an asset's details, both ways.
namespace finalmile::catalog::assets {

inline std::vector<std::string> Strings(const google::protobuf::RepeatedPtrField<std::string>& values) {
  return {values.begin(), values.end()};
}

inline void Assign(const std::vector<std::string>& from,
                   google::protobuf::RepeatedPtrField<std::string>& to) {
  to.Assign(from.begin(), from.end());
}

domain::Details DetailsFrom(const v1::Asset& asset);
void SetDetails(const domain::Details& details, v1::Asset& asset);

}  // namespace finalmile::catalog::assets

#include "services/catalog/assets/reps_may_read.h"

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "libs/rpc/timestamps.h"
#include "services/catalog/domain/life.h"

namespace finalmile::catalog::assets {
namespace {

using google::protobuf::internal::WireFormatLite;

bool IsVarint(uint32_t tag, int field) {
  return tag == WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_VARINT);
}

}  // namespace

bool RepsMayRead(const v1::Asset& asset, absl::Time now) {
  const bool published = asset.version() == asset.published_version() && asset.published_version() != 0;
  return domain::RepsMayRead(static_cast<domain::AssetState>(asset.state()), published,
                             rpc::FromTimestamp(asset.publish_time()), now);
}

bool RepsMayRead(std::string_view serialised, absl::Time now) {
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const uint8_t*>(serialised.data()),
                                               static_cast<int>(serialised.size()));
  // Only the fields that decide.
  v1::Asset asset;
  while (const uint32_t tag = input.ReadTag()) {
    uint64_t number = 0;
    if (IsVarint(tag, v1::Asset::kVersionFieldNumber)) {
      if (!input.ReadVarint64(&number)) return false;
      asset.set_version(static_cast<int64_t>(number));
    } else if (IsVarint(tag, v1::Asset::kPublishedVersionFieldNumber)) {
      if (!input.ReadVarint64(&number)) return false;
      asset.set_published_version(static_cast<int64_t>(number));
    } else if (IsVarint(tag, v1::Asset::kStateFieldNumber)) {
      if (!input.ReadVarint64(&number)) return false;
      asset.set_state(static_cast<v1::AssetState>(number));
    } else if (WireFormatLite::GetTagFieldNumber(tag) == v1::Asset::kPublishTimeFieldNumber) {
      if (!WireFormatLite::ReadMessage(&input, asset.mutable_publish_time())) return false;
    } else if (!WireFormatLite::SkipField(&input, tag)) {
      return false;
    }
  }
  return RepsMayRead(asset, now);
}

}  // namespace finalmile::catalog::assets

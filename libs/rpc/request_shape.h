#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "google/protobuf/descriptor.h"

namespace finalmile::rpc {

// Says how much memory a request takes when it is parsed, by a walk over its bytes: an empty submessage of
// two bytes may take hundreds. Immutable, so thread-safe.
class RequestShape {
 public:
  // `type` is a generated one.
  explicit RequestShape(const google::protobuf::Descriptor& type);
  ~RequestShape();

  // An estimate in bytes of what the messages, texts, lists and unknown fields in `request` come to, right to
  // a factor of three.
  // The walk ends early above `enough`, and where the bytes are malformed or nested deeper than the parser
  // allows, which the parser then says.
  int64_t ParsedBytes(std::string_view request, int64_t enough) const;

 private:
  struct Type;
  class Walk;

  const Type* Add(const google::protobuf::Descriptor& descriptor);

  std::map<const google::protobuf::Descriptor*, std::unique_ptr<Type>> types_;
  const Type* root_;
};

}  // namespace finalmile::rpc

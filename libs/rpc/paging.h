#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "libs/storage/value.h"

namespace finalmile::rpc {

// The page that a List request asks for (AIP-158): its size and where it begins. A page token says where the
// page before ended, in the values that the list is ordered by, and is bound to everything else the request
// says (filter, parent, order): it cannot be used with another request. It is not secret and grants nothing.
// Immutable.
class Page {
 public:
  struct Sizes {
    int standard = 50;
    int most = 1000;
  };

  // Reads `page_size` (int32) and `page_token` (string) of `request`, which must have these fields. 0: the
  // standard size; above `most`: `most`. `shape` has a value of each type that the cursors of the list hold,
  // in order: anyone can make a token, so only one with such a cursor is taken. INVALID_ARGUMENT names
  // page_size when negative, page_token when it is damaged or of another request.
  static absl::StatusOr<Page> Of(const google::protobuf::Message& request,
                                 const std::vector<storage::Value>& shape, const Sizes& sizes);
  static absl::StatusOr<Page> Of(const google::protobuf::Message& request,
                                 const std::vector<storage::Value>& shape) {
    return Of(request, shape, Sizes());
  }

  int size() const { return size_; }
  // Whether the list begins here; then cursor() is empty.
  bool first() const { return cursor_.empty(); }
  // What NextToken was given; empty, or of the shape that Of was given.
  const std::vector<storage::Value>& cursor() const { return cursor_; }
  // `items` were read one beyond size(): cuts that one, and says whether there was one.
  template <class Items>
  bool Cut(Items& items) const {
    const bool more = items.size() > static_cast<size_t>(size_);
    if (more) items.pop_back();
    return more;
  }
  // The token of the page that follows `cursor` (not empty): the ordering values of the last item, and
  // whatever must stay the same over all pages.
  std::string NextToken(const std::vector<storage::Value>& cursor) const;

 private:
  int size_ = 0;
  // Digest of the request without page_size and page_token.
  std::string binding_;
  std::vector<storage::Value> cursor_;
};

}  // namespace finalmile::rpc

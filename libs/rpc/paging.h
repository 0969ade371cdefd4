#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/repeated_field.h"
#include "libs/rpc/answer.h"
#include "libs/storage/value.h"

namespace finalmile::rpc {

// An item of a list, and where the list goes on behind it: the values that the list is ordered by, and
// whatever must stay the same over all pages.
template <class Item>
struct PageEntry {
  // Absent: it counts, but there is nothing to show.
  std::optional<Item> item;
  std::vector<storage::Value> cursor;
};

// The page that a List request asks for (AIP-158): its size and where it begins. A page token says where the
// page before ended, in the values that the list is ordered by, and is bound to everything else the request
// says (filter, parent, order): it cannot be used with another request. It is signed, not secret.
// Immutable.
class Page {
 public:
  using Cursor = std::vector<storage::Value>;

  struct Sizes {
    int standard = 50;
    int most = 1000;
    // How many entries are read at once at most: the small ones before tell nothing of those that follow.
    int piece = 16;
  };

  // Reads `page_size` (int32) and `page_token` (string) of `request`, which must have these fields. 0: the
  // standard size; above `most`: `most`. `shape` has a value of each type that the cursors of the list hold,
  // in order: another version of the program may have made the token. INVALID_ARGUMENT names page_size when
  // negative, page_token when it is damaged, was not made with the key of `rules`, or is of another request.
  // `rules` is not kept.
  static absl::StatusOr<Page> Of(const AnswerRules& rules, const google::protobuf::Message& request,
                                 const Cursor& shape, const Sizes& sizes);
  static absl::StatusOr<Page> Of(const AnswerRules& rules, const google::protobuf::Message& request,
                                 const Cursor& shape) {
    return Of(rules, request, shape, Sizes());
  }

  int size() const { return size_; }
  // Whether the list begins here; then cursor() is empty.
  bool first() const { return cursor_.empty(); }
  // What NextToken was given; empty, or of the shape that Of was given.
  const Cursor& cursor() const { return cursor_; }
  // The token of the page that follows `cursor` (not empty).
  std::string NextToken(const Cursor& cursor) const;

  // Puts the items of the page into `items`: as many as were asked for, fewer where the answer would exceed
  // its bytes. `read` gives the next entries, in order, behind a cursor (empty: from the beginning), `count`
  // of them or, at the end of the list, fewer. It is called again and again, so that memory is bounded by the
  // answer rather than by the page. Returns the next page's token, empty at the end of the list;
  // RESOURCE_EXHAUSTED / ANSWER_TOO_LARGE names an item that fits no page, and errors of `read`.
  template <class Item, class Read>
  absl::StatusOr<std::string> Fill(google::protobuf::RepeatedPtrField<Item>& items, Read&& read) const;

 private:
  int size_ = 0;
  int piece_ = 0;
  size_t most_bytes_ = 0;
  std::string key_;
  // Digest of the request without page_size and page_token.
  std::string binding_;
  Cursor cursor_;
};

template <class Item, class Read>
absl::StatusOr<std::string> Page::Fill(google::protobuf::RepeatedPtrField<Item>& items, Read&& read) const {
  AnswerRoom room(most_bytes_);
  Cursor last = cursor_;
  int piece = piece_;
  for (int taken = 0;;) {
    // One beyond the page shows whether another one follows.
    const int count = std::min(piece, size_ + 1 - taken);
    absl::StatusOr<std::vector<PageEntry<Item>>> entries = read(last, count);
    if (!entries.ok()) return entries.status();
    for (PageEntry<Item>& entry : *entries) {
      if (taken == size_) return NextToken(last);
      if (entry.item) {
        if (!room.Take(*entry.item)) {
          if (!items.empty()) return NextToken(last);
          return AnswerTooLarge(NameOf(*entry.item), entry.item->ByteSizeLong(), most_bytes_);
        }
        *items.Add() = *std::move(entry.item);
      }
      last = std::move(entry.cursor);
      ++taken;
    }
    if (static_cast<int>(entries->size()) < count) return std::string();
    piece = std::min(piece_, room.Piece(piece));
  }
}

}  // namespace finalmile::rpc

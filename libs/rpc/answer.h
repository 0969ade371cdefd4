#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/repeated_field.h"

// The bound on answers. A client of gRPC takes 4 MiB where nobody told it otherwise, and protobuf writes no
// message beyond 2 GiB. Pure functions; classes are not thread-safe.
namespace finalmile::rpc {

// Bytes of one message that a server sends, where no setting says otherwise.
inline constexpr size_t kDefaultMaxAnswer = 3 << 20;

// What the answers of a server have in common.
struct AnswerRules {
  // Bytes of one message.
  size_t most = kDefaultMaxAnswer;
  // Signs page tokens. The replicas of a service have the same one.
  std::string page_key;
};

// RESOURCE_EXHAUSTED / ANSWER_TOO_LARGE, with both sizes; metadata: resource (empty `name`: none), limit.
absl::Status AnswerTooLarge(std::string_view name, size_t size, size_t most);

// OK when `answer` has at most `most` bytes, else AnswerTooLarge with its name. Writes nothing.
absl::Status CheckAnswer(const google::protobuf::Message& answer, size_t most);

// The field `name` of a message, else of the first message in it that has one; empty when there is none.
std::string NameOf(const google::protobuf::Message& message);

// What is left of an answer that items are put into one by one.
class AnswerRoom {
 public:
  // Leaves 16 KiB of `most` (half of it where that is less) to what an answer holds beside its items.
  explicit AnswerRoom(size_t most) : left_(most - std::min(most / 2, size_t{16} << 10)) {}
  // Counts `item` in, or returns false: it does not fit.
  bool Take(const google::protobuf::Message& item);
  // How many more items are worth reading at once: at most twice `before`, and no more than fit if all are as
  // large as the largest so far; at least 1.
  int Piece(int before) const;

 private:
  size_t left_;
  size_t largest_ = 1;
};

// Puts an item for each of `keys` into `items`, in their order. `read` is given `piece` keys at first and
// then more, if the items are small, so that memory is bounded by `most` rather than by the batch; it returns
// one item for each key it is given. AnswerTooLarge names the item that did not fit.
template <class Key, class Item>
absl::Status FillBatch(const std::vector<Key>& keys, int piece, size_t most,
                       const std::function<absl::StatusOr<std::vector<Item>>(std::vector<Key>)>& read,
                       google::protobuf::RepeatedPtrField<Item>& items) {
  AnswerRoom room(most);
  for (size_t begin = 0; begin < keys.size();) {
    const size_t end = std::min(keys.size(), begin + static_cast<size_t>(piece));
    absl::StatusOr<std::vector<Item>> found = read({keys.begin() + begin, keys.begin() + end});
    if (!found.ok()) return found.status();
    for (Item& item : *found) {
      if (!room.Take(item)) return AnswerTooLarge(NameOf(item), item.ByteSizeLong(), most);
      *items.Add() = std::move(item);
    }
    begin = end;
    piece = room.Piece(piece);
  }
  return absl::OkStatus();
}

// Removes repetitions; the first of each stays in its place.
template <class Value>
void Fold(std::vector<Value>& values) {
  std::set<Value> met;
  std::erase_if(values, [&](const Value& value) { return !met.insert(value).second; });
}

}  // namespace finalmile::rpc

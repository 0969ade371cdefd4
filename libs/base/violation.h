#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace finalmile {

// What is wrong with one field of a request. Neither part holds personal data.
struct Violation {
  // Path as in the proto: "signals[3].points".
  std::string field;
  // What is wrong and what to do, for people.
  std::string description;

  friend bool operator==(const Violation&, const Violation&) = default;
};

// "field: description".
std::string ToText(const Violation& violation);

// Collects what is wrong, so that a caller hears of everything at once. Not thread-safe.
class Violations {
 public:
  void Add(std::string field, std::string description) {
    list_.push_back({std::move(field), std::move(description)});
  }
  // `text` has `least` to `most` characters (code points); `least` is 0 or 1.
  void Length(const std::string& field, std::string_view text, size_t least, size_t most);
  // A list has at most `most` items.
  void Count(const std::string& field, size_t count, size_t most);

  bool empty() const { return list_.empty(); }
  std::vector<Violation> Take() { return std::move(list_); }

 private:
  std::vector<Violation> list_;
};

}  // namespace finalmile

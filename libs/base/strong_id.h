#pragma once

#include <compare>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace finalmile {

// The id of one kind of thing, so that neither another text nor the id of another kind is taken for it. Kind
// is a tag that nothing defines:
//
//   using LeadId = StrongId<struct LeadKind>;
//
// It is made where the text comes in, of the name of a resource or of a row, and converts explicitly alone. A
// default one is empty and names nothing. Thread-safe as std::string, and as fast.
template <class Kind>
class StrongId {
 public:
  StrongId() = default;
  explicit StrongId(std::string text) : text_(std::move(text)) {}

  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }

  // In order of the text's bytes.
  friend bool operator==(const StrongId&, const StrongId&) = default;
  friend auto operator<=>(const StrongId&, const StrongId&) = default;  // NOLINT(modernize-use-nullptr)
  template <class State>
  friend State AbslHashValue(State state, const StrongId& id) {
    return State::combine(std::move(state), id.text_);
  }
  friend std::ostream& operator<<(std::ostream& out, const StrongId& id) { return out << id.text_; }

 private:
  std::string text_;
};

// The text of an id, for what takes ids of every kind and those that have no type of their own.
inline const std::string& TextOf(const std::string& id) { return id; }
template <class Kind>
const std::string& TextOf(const StrongId<Kind>& id) {
  return id.text();
}

template <class T>
inline constexpr bool kIsStrongId = false;
template <class Kind>
inline constexpr bool kIsStrongId<StrongId<Kind>> = true;

}  // namespace finalmile

template <class Kind>
struct fmt::formatter<finalmile::StrongId<Kind>> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const finalmile::StrongId<Kind>& id, Context& context) const {
    return fmt::formatter<std::string_view>::format(id.text(), context);
  }
};

#pragma once

#include <string>

namespace finalmile {

// What is wrong with one field of a request. Neither part holds personal data.
struct Violation {
  // Path as in the proto: "signals[3].points".
  std::string field;
  // What is wrong and what to do, for people.
  std::string description;

  friend bool operator==(const Violation&, const Violation&) = default;
};

}  // namespace finalmile

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace finalmile::coaching {

struct VoicedText {
  // The name in "<v Kim Lee>"; nullopt: the text is in none.
  std::optional<std::string> voice;
  std::string text;

  friend bool operator==(const VoicedText&, const VoicedText&) = default;
};

// The text of a caption without its tags, character references resolved: "<v Kim><i>30 &lt; 40</i></v>" is
// "30 < 40" by Kim. A voice ends at its end tag, at the next one, or with the caption. What is no tag stays
// ("a < b"). Positions of SRT ("{\an8}") go.
std::vector<VoicedText> ReadMarkup(std::string_view text);

}  // namespace finalmile::coaching

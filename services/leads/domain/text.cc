#include "services/leads/domain/text.h"

#include <charconv>
#include <cmath>

namespace finalmile::leads::domain {

std::string SpacedWords(std::string_view text) {
  std::string words;
  for (const char c : Lower(text)) {
    const bool in_word =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
    if (!in_word) {
      if (!words.empty() && words.back() != ' ') words += ' ';
      continue;
    }
    if (words.empty()) words += ' ';
    words += c;
  }
  if (!words.empty() && words.back() != ' ') words += ' ';
  return words;
}

std::optional<double> ParseNumber(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

}  // namespace finalmile::leads::domain

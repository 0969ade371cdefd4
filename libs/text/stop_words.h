#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace finalmile::text {

// Which of the words of a question say nothing of what is asked for: "what do I say when the price is too
// high" is about say, price and high. `words` as Fold gives them. The language is the one that most of them
// are stop words of, English where it is as good as another; another than English needs two of them. None,
// where all words would be. Thread-safe.
std::vector<bool> StopWords(std::span<const std::string> words);

// Whether `word`, as Fold gives it, says nothing by itself in a language: "the", "would", "dont". `language`
// is a BCP 47 tag, of which the first part counts; false for a language that has no list. Thread-safe.
bool IsStopWord(std::string_view word, std::string_view language);

}  // namespace finalmile::text

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace finalmile::coaching {

// A cue as the analysis reads it, for authors of tracks: stems may surprise ("organization" and "organ" are
// one).
struct CueReading {
  // In double quotes: all its words, one behind the other.
  bool exact = false;
  // The words that count, in lower case: all of an exact cue, else those that are no function words
  // ("cut idle time by 30 percent": cut, idle, time, 30, percent). Number words are digits, "%" is "percent".
  std::vector<std::string> words;
  // Their stems. A word of the transcript with one of them is the word of the cue.
  std::vector<std::string> stems;
  // So many words are enough for a match: all, or of four and more three quarters (rounded up).
  size_t needed = 0;
};

CueReading ReadCue(std::string_view cue, std::string_view language);

// Whether a published track may have it: it is in quotes, or has two content words.
bool IsPublishable(const CueReading& cue);

}  // namespace finalmile::coaching

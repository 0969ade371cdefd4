#include "services/coaching/domain/analysis/delivery.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "libs/text/words.h"
#include "services/coaching/domain/analysis/phrases.h"

namespace finalmile::coaching {
namespace {

// A pace of fewer words says nothing.
constexpr size_t kFewestWordsForPace = 100;
constexpr double kLongestPauseSeconds = 2;
// So many words of another are no turn but a nod.
constexpr size_t kMostWordsOfANod = 2;

struct Talk {
  double seconds = 0;
  size_t words = 0;
};

bool HasTimes(const Turn& turn) { return turn.start.has_value() && turn.end.has_value(); }

double LongestMonologue(std::span<const Turn> turns) {
  double longest = 0;
  const Turn* first = nullptr;
  const Turn* last = nullptr;
  for (const Turn& turn : turns) {
    if (turn.role != Role::kRep) {
      if (text::CountWords(turn.text) > kMostWordsOfANod) first = nullptr;
      continue;
    }
    if (first == nullptr || *turn.start - *last->end > kLongestPauseSeconds) first = &turn;
    last = &turn;
    longest = std::max(longest, *turn.end - *first->start);
  }
  return longest;
}

size_t CountFillers(const Speech& speech) {
  const Language& language = *speech.language();
  const auto& tokens = speech.tokens();
  size_t fillers = 0;
  for (uint32_t token = 0; token < tokens.size(); ++token) {
    const auto& phrases = language.fillers;
    const bool phrase = std::any_of(phrases.begin(), phrases.end(),
                                    [&](std::string_view filler) { return StandsAt(speech, filler, token); });
    const bool between_pauses =
        tokens[token].after_pause && token + 1 < tokens.size() && tokens[token + 1].after_pause &&
        HasWord(language.fillers_between_pauses, speech.words()[tokens[token].word].text);
    if (phrase || between_pauses) ++fillers;
  }
  return fillers;
}

int Percent(double share) { return static_cast<int>(std::lround(100 * share)); }

std::vector<std::string> NotesOn(const Delivery& delivery, const Bands& bands) {
  std::vector<std::string> notes;
  if (delivery.talk_share && *delivery.talk_share > bands.max_talk_share) {
    notes.push_back(fmt::format("you have {} % of the talk; leave the guest more than {} %",
                                Percent(*delivery.talk_share), 100 - Percent(bands.max_talk_share)));
  }
  if (delivery.words_per_minute && *delivery.words_per_minute > bands.max_words_per_minute) {
    notes.push_back(fmt::format("you speak {:.0f} words a minute; more than {:g} is hard to follow",
                                *delivery.words_per_minute, bands.max_words_per_minute));
  }
  if (delivery.words_per_minute && *delivery.words_per_minute < bands.min_words_per_minute) {
    notes.push_back(fmt::format("you speak {:.0f} words a minute; less than {:g} is slow",
                                *delivery.words_per_minute, bands.min_words_per_minute));
  }
  if (delivery.fillers_per_100_words && *delivery.fillers_per_100_words > bands.max_fillers_per_100_words) {
    notes.push_back(fmt::format("{:.1f} of 100 words are fillers; aim at {:g} at most",
                                *delivery.fillers_per_100_words, bands.max_fillers_per_100_words));
  }
  if (delivery.longest_monologue_seconds &&
      *delivery.longest_monologue_seconds > bands.max_monologue_seconds) {
    notes.push_back(fmt::format("your longest monologue takes {:.0f} s; ask something before {:g} s",
                                *delivery.longest_monologue_seconds, bands.max_monologue_seconds));
  }
  return notes;
}

}  // namespace

Delivery DeliveryOf(const Bands& bands, std::span<const Turn> turns, const Speech& speech) {
  Talk rep;
  Talk all;
  bool rep_timed = true;
  bool all_timed = true;
  for (const Turn& turn : turns) {
    const size_t words = text::CountWords(turn.text);
    const double seconds = HasTimes(turn) ? *turn.end - *turn.start : 0;
    all.words += words;
    all.seconds += seconds;
    all_timed = all_timed && HasTimes(turn);
    if (turn.role != Role::kRep) continue;
    rep.words += words;
    rep.seconds += seconds;
    rep_timed = rep_timed && HasTimes(turn);
  }
  Delivery delivery;
  if (all_timed && all.seconds > 0) {
    delivery.basis = Delivery::Basis::kTime;
    delivery.talk_share = rep.seconds / all.seconds;
  } else if (all.words > 0) {
    delivery.talk_share = static_cast<double>(rep.words) / static_cast<double>(all.words);
  }
  if (rep_timed && rep.seconds > 0 && rep.words >= kFewestWordsForPace)
    delivery.words_per_minute = static_cast<double>(rep.words) * 60 / rep.seconds;
  if (speech.language() != nullptr && rep.words > 0) {
    delivery.fillers_per_100_words =
        100 * static_cast<double>(CountFillers(speech)) / static_cast<double>(rep.words);
  }
  if (all_timed) delivery.longest_monologue_seconds = LongestMonologue(turns);
  delivery.notes = NotesOn(delivery, bands);
  return delivery;
}

}  // namespace finalmile::coaching

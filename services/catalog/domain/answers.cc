#include "services/catalog/domain/answers.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "libs/base/text.h"
#include "libs/text/words.h"

namespace finalmile::catalog::domain {
namespace {

constexpr std::array<std::string_view, 15> kNothing = {
    "na",   "n a",   "none",       "nil", "null",    "tbd",       "tba",          "tbc",
    "todo", "to do", "to be done", "xxx", "unknown", "undefined", "to be defined"};

// With any of these words nothing is permitted.
constexpr std::array<std::string_view, 22> kRefusals = {
    "no",      "not",      "none",    "never",     "nope",     "cannot",    "cant",    "denied",
    "refused", "declined", "revoked", "withdrawn", "withheld", "forbidden", "expired", "unclear",
    "unknown", "nein",     "nicht",   "kein",      "keine",    "abgelehnt"};
// With these neither, unless a word says that it was granted.
constexpr std::array<std::string_view, 16> kOpen = {
    "pending", "asked", "asking", "waiting", "awaiting", "requested", "outstanding", "tbd",
    "tbc",     "todo",  "soon",   "later",   "maybe",    "perhaps",   "angefragt",   "offen"};
constexpr std::array<std::string_view, 16> kGranted = {
    "granted",  "permitted", "approved", "given", "signed", "agreed", "confirmed", "obtained",
    "received", "allowed",   "yes",      "ok",    "okay",   "ja",     "erteilt",   "genehmigt"};

constexpr std::array<std::string_view, 60> kDays = {
    "monday",    "tuesday",   "wednesday", "thursday", "friday",     "saturday", "sunday",   "mon",
    "tue",       "tues",      "wed",       "thu",      "thur",       "thurs",    "fri",      "sat",
    "sun",       "montag",    "dienstag",  "mittwoch", "donnerstag", "freitag",  "samstag",  "sonntag",
    "lundi",     "mardi",     "mercredi",  "jeudi",    "vendredi",   "samedi",   "dimanche", "lunes",
    "martes",    "miercoles", "jueves",    "viernes",  "sabado",     "domingo",  "lunedi",   "martedi",
    "mercoledi", "giovedi",   "venerdi",   "sabato",   "domenica",   "maandag",  "dinsdag",  "woensdag",
    "donderdag", "vrijdag",   "zaterdag",  "zondag",   "segunda",    "terca",    "quarta",   "quinta",
    "sexta",     "tomorrow",  "morgen",    "demain"};

constexpr std::array<std::string_view, 13> kClockWords = {
    "am", "pm", "uhr", "h", "oclock", "noon", "midday", "mittag", "midi", "heures", "hrs", "時", "点"};

template <size_t N>
bool OneOf(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Folded; numbers are words of their own ("10am" is two).
std::vector<std::string> WordsOf(std::string_view text) {
  std::vector<std::string> words;
  text::WordReader reader(text);
  for (text::WordSpan span; reader.Next(span);) {
    const std::string word = text::Fold(text.substr(span.begin, span.end - span.begin));
    std::string part;
    for (const char c : word) {
      if (!part.empty() && IsDigit(part.back()) != IsDigit(c)) {
        words.push_back(part);
        part.clear();
      }
      part += c;
    }
    words.push_back(part);
  }
  return words;
}

// Digits on both sides of : or h, or of a point with two digits behind it.
bool HasClock(std::string_view text) {
  for (size_t at = 1; at + 2 < text.size(); ++at) {
    const char c = text[at];
    if ((c == ':' || c == 'h' || c == 'H') && IsDigit(text[at - 1]) && IsDigit(text[at + 1]) &&
        IsDigit(text[at + 2]))
      return true;
  }
  return false;
}

}  // namespace

bool SaysNothing(std::string_view text) {
  const std::vector<std::string> words = WordsOf(text);
  std::string joined;
  for (const std::string& word : words) joined += (joined.empty() ? "" : " ") + word;
  return joined.empty() || OneOf(joined, kNothing);
}

bool SaysWhen(std::string_view text) {
  const std::vector<std::string> words = WordsOf(text);
  size_t numbers = 0;
  bool day = false;
  bool clock = HasClock(text);
  // How many of the numbers belong to the clock.
  size_t of_clock = clock ? 2 : 0;
  for (const std::string& word : words) {
    const bool number = !word.empty() && IsDigit(word[0]);
    numbers += number ? 1 : 0;
    day = day || OneOf(word, kDays);
    if (!clock && OneOf(word, kClockWords)) {
      clock = true;
      of_clock = word == "noon" || word == "midday" || word == "mittag" || word == "midi" ? 0 : 1;
    }
  }
  return clock && (day || numbers > of_clock);
}

bool SaysPermitted(std::string_view text) {
  bool number = false;
  bool open = false;
  bool granted = false;
  for (const std::string& word : WordsOf(text)) {
    // "No. 4711" is a number.
    if (OneOf(word, kRefusals) && !(word == "no" && text.find("No.") != std::string_view::npos)) return false;
    open = open || OneOf(word, kOpen);
    granted = granted || OneOf(word, kGranted);
    number = number || (!word.empty() && IsDigit(word[0]));
  }
  return number && (granted || !open);
}

}  // namespace finalmile::catalog::domain

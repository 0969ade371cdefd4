#include "services/coaching/domain/analysis/speech.h"

#include <algorithm>
#include <array>
#include <optional>

#include "libs/text/stop_words.h"
#include "libs/text/words.h"

namespace finalmile::coaching {
namespace {

constexpr std::array<std::string_view, 20> kUnits = {
    "zero",     "one",     "two",     "three",     "four",     "five",    "six",
    "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",  "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
constexpr std::array<std::string_view, 10> kTens = {"",      "",      "twenty",  "thirty", "forty",
                                                    "fifty", "sixty", "seventy", "eighty", "ninety"};
constexpr std::string_view kPercent = "percent";

std::optional<size_t> NumberWord(std::string_view word) {
  const auto unit = std::find(kUnits.begin(), kUnits.end(), word);
  if (unit != kUnits.end()) return unit - kUnits.begin();
  const auto ten = std::find(kTens.begin() + 2, kTens.end(), word);
  if (ten != kTens.end()) return 10 * (ten - kTens.begin());
  return std::nullopt;
}

bool IsAsciiLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Signs between words, some of them as other scripts write them.
enum class Sign { kOther, kPoint, kStop, kQuestion, kLineEnd, kPause, kPercent };

Sign SignAt(std::string_view rest) {
  switch (rest[0]) {
    case '.':
      return Sign::kPoint;
    case '!':
    case ';':
      return Sign::kStop;
    case '?':
      return Sign::kQuestion;
    case '\n':
    case '\r':
      return Sign::kLineEnd;
    case ',':
    case ':':
    case '(':
    case ')':
      return Sign::kPause;
    case '%':
      return Sign::kPercent;
    case '-':
      // A hyphen joins two words.
      return rest.starts_with("- ") || rest.starts_with("--") ? Sign::kPause : Sign::kOther;
    default:
      break;
  }
  struct Wide {
    std::string_view sign;
    Sign means;
  };
  static constexpr Wide kWide[] = {
      {"\u2026", Sign::kStop},    {"\u3002", Sign::kStop},     {"\uFF01", Sign::kStop},
      {"\uFF1B", Sign::kStop},    {"\uFF1F", Sign::kQuestion}, {"\u061F", Sign::kQuestion},
      {"\u2028", Sign::kLineEnd}, {"\u2029", Sign::kLineEnd},  {"\uFF0C", Sign::kPause},
      {"\u3001", Sign::kPause},   {"\u2013", Sign::kPause},    {"\u2014", Sign::kPause},
      {"\uFF1A", Sign::kPause},   {"\uFF05", Sign::kPercent}};
  for (const Wide& wide : kWide) {
    if (rest.starts_with(wide.sign)) return wide.means;
  }
  return Sign::kOther;
}

}  // namespace

class Speech::Reader {
 public:
  Reader(Speech& speech, std::string_view text) : speech_(speech), text_(text) {
    english_ = speech.language_ != nullptr && speech.language_->code == "en";
    speech.analyzer_.ForEach(text, speech.tag_,
                             [this](std::span<const text::Form> forms, size_t begin, size_t end) {
                               Pass(begin);
                               Take(forms, {begin, end});
                               passed_ = std::max(passed_, end);
                             });
    Pass(text.size());
    EndSentence();
  }

  // Tokens of a text by themselves: Token::sentence is the index of theirs, and its tokens are counted from
  // 0.
  std::vector<Token> tokens;
  std::vector<Sentence> sentences;

 private:
  // Reads the signs between what was passed and `begin`.
  void Pass(size_t begin) {
    for (size_t at = passed_; at < begin; at += text::CharacterBytes(text_, at)) {
      switch (SignAt(text_.substr(at))) {
        case Sign::kOther:
          break;
        case Sign::kPoint:
          if (PointEnds(at)) ends_ = punctuated_ = true;
          break;
        case Sign::kStop:
          ends_ = punctuated_ = true;
          break;
        case Sign::kQuestion:
          ends_ = punctuated_ = question_ = true;
          break;
        case Sign::kLineEnd:
          ends_ = true;
          break;
        case Sign::kPause:
          pause_ = true;
          break;
        case Sign::kPercent:
          Append(std::string(kPercent), {std::string(kPercent)}, {at, at + text::CharacterBytes(text_, at)});
          break;
      }
    }
    passed_ = std::max(passed_, begin);
  }

  // Not the point of "node.js", ".NET", "2.5", "e.g." and "Mr. Ruiz".
  bool PointEnds(size_t at) const {
    const size_t next = at + 1;
    if (next < text_.size()) {
      const char c = text_[next];
      if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) return false;
      if (IsAsciiLetter(c) && at > 0 && text_[at - 1] == ' ') return false;
    }
    if (tokens.empty() || tokens.back().range.end != at) return true;
    const std::string& word = speech_.words_[tokens.back().word].text;
    if (word.size() == 1) return !IsAsciiLetter(word[0]);
    return speech_.language_ == nullptr || !HasWord(speech_.language_->abbreviations, word);
  }

  void Take(std::span<const text::Form> forms, Range range) {
    const text::Form& written = forms[0];
    std::string word = written.word.empty() ? written.indexed : written.word;
    if (english_ && TakeNumber(word, range)) return;
    std::vector<std::string> stems;
    for (const text::Form& form : forms) stems.push_back(form.indexed);
    if (speech_.language_ != nullptr && word == speech_.language_->percent) {
      word = kPercent;
      stems = {word};
    }
    if (english_ && word == "cent" && Continues("per")) {
      tokens.back().word = speech_.Meet(std::string(kPercent), {std::string(kPercent)});
      tokens.back().range.end = range.end;
      return;
    }
    Append(std::move(word), std::move(stems), range);
  }

  // "thirty five" is 35.
  bool TakeNumber(std::string_view word, Range range) {
    const std::optional<size_t> number = NumberWord(word);
    if (!number) return false;
    const bool unit = *number >= 1 && *number <= 9;
    if (unit && tens_ > 0 && !ends_ && !pause_ && !tokens.empty() && tens_at_ == tokens.size()) {
      const std::string sum = std::to_string(tens_ + *number);
      tokens.back().word = speech_.Meet(sum, {sum});
      tokens.back().range.end = range.end;
      tens_ = 0;
      return true;
    }
    const std::string digits = std::to_string(*number);
    Append(digits, {digits}, range);
    tens_ = *number >= 20 ? *number : 0;
    tens_at_ = tokens.size();
    return true;
  }

  // Whether the token before, in this sentence, is `word`.
  bool Continues(std::string_view word) const {
    return !ends_ && !pause_ && !tokens.empty() && speech_.words_[tokens.back().word].text == word;
  }

  void Append(std::string text, std::vector<std::string> stems, Range range) {
    if (ends_) EndSentence();
    tokens.push_back({speech_.Meet(std::move(text), std::move(stems)),
                      static_cast<uint32_t>(sentences.size()), range, pause_});
    pause_ = false;
  }

  void EndSentence() {
    const auto size = static_cast<uint32_t>(tokens.size());
    if (size > first_) sentences.push_back({0, first_, size, question_, punctuated_});
    first_ = size;
    ends_ = punctuated_ = question_ = pause_ = false;
  }

  Speech& speech_;
  const std::string_view text_;
  bool english_ = false;
  // Bytes before it are read.
  size_t passed_ = 0;
  // The first token of the sentence that is read.
  uint32_t first_ = 0;
  // Signs stand behind its last token that end it, and what they say.
  bool ends_ = false;
  bool punctuated_ = false;
  bool question_ = false;
  bool pause_ = false;
  // The last token is this number word while there are so many tokens.
  size_t tens_ = 0;
  size_t tens_at_ = 0;
};

Speech::Speech(std::string_view language) : tag_(language), language_(FindLanguage(language)) {}

void Speech::Add(std::string_view text, size_t turn) {
  const Reader reader(*this, text);
  const auto tokens = static_cast<uint32_t>(tokens_.size());
  const auto sentences = static_cast<uint32_t>(sentences_.size());
  for (Token token : reader.tokens) {
    token.sentence += sentences;
    tokens_.push_back(token);
  }
  for (Sentence sentence : reader.sentences) {
    sentence.turn = turn;
    sentence.first += tokens;
    sentence.last += tokens;
    sentences_.push_back(sentence);
  }
}

std::vector<uint32_t> Speech::Phrase(std::string_view text) {
  std::vector<uint32_t> words;
  for (const Token& token : Reader(*this, text).tokens) words.push_back(token.word);
  return words;
}

uint32_t Speech::Meet(std::string text, std::vector<std::string> stems) {
  // Words that differ in their accents alone may have different stems.
  std::string key = text + ' ' + stems[0];
  if (const auto met = index_.find(key); met != index_.end()) return met->second;
  Word word;
  word.number = text[0] >= '0' && text[0] <= '9';
  if (language_ != nullptr) {
    word.function = text::IsStopWord(text, language_->code);
    word.negator = HasWord(language_->negators, text);
    word.ends_scope = HasWord(language_->scope_ends, text);
  }
  word.text = std::move(text);
  word.stems = std::move(stems);
  const auto id = static_cast<uint32_t>(words_.size());
  words_.push_back(std::move(word));
  index_.emplace(std::move(key), id);
  return id;
}

}  // namespace finalmile::coaching

#include "services/catalog/domain/placeholders.h"

#include <algorithm>
#include <array>
#include <set>

#include "libs/base/text.h"
#include "services/catalog/domain/literal.h"
#include "services/catalog/domain/merge.h"

namespace finalmile::catalog::domain {
namespace {

// Bytes of a placeholder that are looked at; keeps hostile text linear.
constexpr size_t kMaxInside = 120;
// So much is shown to people of one that is not closed.
constexpr size_t kShown = 40;

// Words by which a text in brackets is known to stand for another one.
constexpr std::array<std::string_view, 32> kTelling = {
    "name",      "firstname", "lastname", "fullname", "surname", "fname",     "lname",       "company",
    "firm",      "email",     "phone",    "mobile",   "city",    "industry",  "position",    "sender",
    "recipient", "prospect",  "client",   "your",     "insert",  "signature", "placeholder", "vorname",
    "nachname",  "firma",     "anrede",   "nombre",   "empresa", "nome",      "azienda",     "organisation"};

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHex(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// What `rest` holds up to `close`, on its line; the whole length, with both ends, or 0.
size_t Closed(std::string_view rest, size_t open, std::string_view close) {
  const std::string_view inside = rest.substr(open, kMaxInside);
  const size_t end = inside.find(close);
  if (end == std::string_view::npos || end == 0 || inside.substr(0, end).find('\n') != std::string_view::npos)
    return 0;
  return open + end + close.size();
}

bool HasTellingWord(std::string_view text) {
  std::string word;
  for (size_t at = 0; at <= text.size(); ++at) {
    if (at < text.size() && IsLetter(text[at])) {
      word += text[at];
      continue;
    }
    if (std::find(kTelling.begin(), kTelling.end(), Lower(word)) != kTelling.end()) return true;
    word.clear();
  }
  return false;
}

size_t Braces(std::string_view rest, char before) {
  if (rest.starts_with("{{")) {
    if (const size_t closed = Closed(rest, 2, "}}"); closed > 0) return closed;
    const std::string_view shown = rest.substr(0, kShown);
    return std::min(shown.find_first_of(" \t\r\n", 2), shown.size());
  }
  if (rest.starts_with("{%")) return Closed(rest, 2, "}");
  if (rest.starts_with("{ {")) return Closed(rest, 3, "}");
  // Behind a bracket it is an attribute of a link: [x](y){target=_blank}.
  const size_t inside = std::min(rest.find_first_not_of(' ', 1), rest.size());
  const bool begins = inside < rest.size() && (IsLetter(rest[inside]) || rest[inside] == '!' ||
                                               rest[inside] == '$' || rest[inside] == '_');
  return begins && before != ')' && before != ']' ? Closed(rest, 1, "}") : 0;
}

size_t Percent(std::string_view rest) {
  if (rest.starts_with("%%")) return rest.size() > 2 && IsLetter(rest[2]) ? Closed(rest, 2, "%%") : 0;
  const size_t closed = Closed(rest, 1, "%");
  // Not "20 % of 30 %", and not the %C3%A4 of an address.
  if (closed < 5 || !IsLetter(rest[1]) || (IsHex(rest[1]) && IsHex(rest[2]) && closed < 7)) return 0;
  const std::string_view name = rest.substr(1, closed - 2);
  const bool telling = HasTellingWord(name);
  const bool word = std::all_of(name.begin(), name.end(), [telling](char c) {
    return IsLetter(c) || IsDigit(c) || c == '_' || c == '-' || c == '.' || (telling && c == ' ');
  });
  return word ? closed : 0;
}

size_t Angles(std::string_view rest) {
  if (rest.starts_with("<<")) return rest.size() > 2 && IsLetter(rest[2]) ? Closed(rest, 2, ">>") : 0;
  if (rest.starts_with("<%")) return Closed(rest, 2, "%>");
  if (rest.starts_with("<?")) return Closed(rest, 2, "?>");
  const size_t closed = Closed(rest, 1, ">");
  if (closed < 4 || !IsLetter(rest[1])) return 0;
  const std::string_view name = rest.substr(1, closed - 2);
  if (name.find_first_of("=/:@\"'") != std::string_view::npos) return 0;
  // Elements of HTML are one word, and what follows it is in lower case.
  const bool two_words = name.find(' ') != std::string_view::npos && name.back() != ' ' &&
                         name[name.rfind(' ') + 1] >= 'A' && name[name.rfind(' ') + 1] <= 'Z';
  return two_words || name.find('_') != std::string_view::npos || HasTellingWord(name) ? closed : 0;
}

// ##NAME##, @@NAME@@, $$NAME$$; between single signs a word that tells.
size_t Signs(std::string_view rest) {
  const size_t open = rest.size() > 1 && rest[1] == rest[0] ? 2 : 1;
  const size_t closed =
      rest.size() > open && IsLetter(rest[open]) ? Closed(rest, open, rest.substr(0, open)) : 0;
  if (closed == 0) return 0;
  const std::string_view name = rest.substr(open, closed - 2 * open);
  const bool word =
      std::all_of(name.begin(), name.end(), [](char c) { return IsLetter(c) || IsDigit(c) || c == '_'; });
  return word && (open == 2 || HasTellingWord(name)) ? closed : 0;
}

// Word writes «First_Name»; «so» is a quotation.
size_t Guillemets(std::string_view rest) {
  constexpr std::string_view kOpen = "«";
  if (!rest.starts_with(kOpen)) return 0;
  const size_t closed = Closed(rest, kOpen.size(), "»");
  if (closed == 0) return 0;
  const std::string_view name = rest.substr(kOpen.size(), closed - 2 * kOpen.size());
  const bool word = std::all_of(name.begin(), name.end(), [](char c) {
    return (IsLetter(c) && (c & 0x80) == 0) || IsDigit(c) || c == '_';
  });
  const bool camel = std::adjacent_find(name.begin(), name.end(), [](char a, char b) {
                       return a >= 'a' && b >= 'A' && b <= 'Z';
                     }) != name.end();
  return word && (camel || name.find('_') != std::string_view::npos || HasTellingWord(name)) ? closed : 0;
}

class Finder {
 public:
  Finder(std::string_view text, PlaceholdersOf kind)
      : text_(text), kind_(kind), literal_(LiteralStretches(text)) {
    for (size_t line = 0; line < text.size(); line = std::min(text.find('\n', line), text.size()) + 1) {
      const std::string_view rest = text.substr(line);
      const size_t closed = rest.starts_with('[') ? Closed(rest, 1, "]:") : 0;
      if (closed > 0) references_.insert(Lower(rest.substr(1, closed - 3)));
    }
  }

  std::vector<std::string> Find() {
    size_t at = 0;
    for (const MergePiece& piece : SplitMergeFields(text_)) {
      const size_t end = at + piece.text.size();
      while (piece.field.empty() && at < end && found_.size() < kMaxPlaceholders) at += Step(at, end);
      at = end;
    }
    return std::move(found_);
  }

 private:
  // Looks at what begins at `at`, and says how long it is.
  size_t Step(size_t at, size_t end) {
    const std::string_view rest = text_.substr(at, end - at);
    const size_t length = Match(rest, at);
    if (length == 0) return 1;
    // The second brace belongs to the first one.
    if (StandsForItself(text_, at, literal_)) return rest.starts_with("{{") ? 2 : 1;
    if (std::find(found_.begin(), found_.end(), rest.substr(0, length)) == found_.end())
      found_.emplace_back(rest.substr(0, length));
    return length;
  }

  size_t Match(std::string_view rest, size_t at) const {
    const char before = at == 0 ? ' ' : text_[at - 1];
    switch (rest[0]) {
      case '{':
        return Braces(rest, before);
      case '$':
      case '#':
        return rest.substr(1).starts_with('{') && !rest.substr(1).starts_with("{{") ? Closed(rest, 2, "}")
                                                                                    : Signs(rest);
      case '@':
        return Signs(rest);
      case '%':
        return Percent(rest);
      case '*':
        return rest.starts_with("*|") ? Closed(rest, 2, "|*") : 0;
      case '<':
        return Angles(rest);
      case '[':
        return Brackets(rest, before);
      default:
        return Guillemets(rest);
    }
  }

  size_t Brackets(std::string_view rest, char before) const {
    const size_t closed = Closed(rest, 1, "]");
    if (closed < 4 || !IsLetter(rest[1]) || before == '!' || before == ']') return 0;
    const std::string_view name = rest.substr(1, closed - 2);
    if (name.find('[') != std::string_view::npos) return 0;
    // A link, with its address behind it or elsewhere.
    const char after = closed < rest.size() ? rest[closed] : ' ';
    if (after == '(' || after == '[' || after == ':') return 0;
    if (references_.contains(Lower(name))) return 0;
    return kind_ == PlaceholdersOf::kBody || HasTellingWord(name) ? closed : 0;
  }

  const std::string_view text_;
  const PlaceholdersOf kind_;
  const std::vector<Stretch> literal_;
  std::set<std::string, std::less<>> references_;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> ForeignPlaceholders(std::string_view text, PlaceholdersOf kind) {
  if (text.find_first_of("{$#@%*<[\xC2") == std::string_view::npos) return {};
  return Finder(text, kind).Find();
}

}  // namespace finalmile::catalog::domain

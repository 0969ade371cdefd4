#include "services/catalog/usage/domain/sent_text.h"

#include <algorithm>
#include <vector>

#include "libs/base/text.h"
#include "libs/text/words.h"

namespace finalmile::catalog::usage::domain {
namespace {

// All texts below are folded: in lower case, without accents and apostrophes.

// A line of so many characters is a sentence, not a line that introduces, closes or signs.
constexpr size_t kLongLine = 200;
constexpr size_t kClosingLine = 40;

struct Introduction {
  std::string_view begins;
  std::string_view has;
};
// "On Mon, 2 Mar 2026 at 10:01, Ann Bell <ann@example.com> wrote:"
constexpr Introduction kIntroductions[] = {
    {"on ", " wrote:"},     {"am ", " schrieb"},     {"le ", " a ecrit"}, {"el ", " escribio"},
    {"il ", " ha scritto"}, {"em ", " escreveu"},    {"op ", " schreef"}, {"op ", " het volgende geschreven"},
    {"den ", " skrev"},     {"w dniu ", " napisal"}, {"", " wrote:"},     {"", " schrieb:"},
    {"", " schrieb am "},
};
constexpr std::string_view kForwards[] = {
    "original message",  "originalnachricht",        "ursprungliche nachricht", "message dorigine",
    "mensaje original",  "messaggio originale",      "mensagem original",       "oorspronkelijk bericht",
    "forwarded message", "weitergeleitete nachricht"};
// The header that Outlook puts above what it quotes: a line of the first kind, soon one of the second.
constexpr std::string_view kFrom[] = {"from:", "von:", "de:", "da:", "van:", "fra:", "fran:", "od:"};
constexpr std::string_view kSent[] = {"sent:", "gesendet:", "envoye:", "enviado:", "inviato:", "verzonden:",
                                      "date:", "datum:",    "data:",   "fecha:",   "sendt:",   "skickat:"};
constexpr std::string_view kSentFrom[] = {"sent from my ",  "sent from outlook", "get outlook for ",
                                          "von meinem ",    "gesendet mit ",     "envoye de mon ",
                                          "enviado desde ", "inviato da ",       "gesendet von "};
constexpr std::string_view kClosings[] = {
    "best",
    "best regards",
    "best wishes",
    "kind regards",
    "warm regards",
    "regards",
    "many thanks and best regards",
    "thanks and regards",
    "yours sincerely",
    "sincerely",
    "yours faithfully",
    "cheers",
    "all the best",
    "mit freundlichen grussen",
    "freundliche grusse",
    "mit freundlichem gruss",
    "viele grusse",
    "beste grusse",
    "herzliche grusse",
    "liebe grusse",
    "mit besten grussen",
    "schone grusse",
    "cordialement",
    "bien cordialement",
    "bien a vous",
    "sinceres salutations",
    "saludos",
    "un saludo",
    "saludos cordiales",
    "atentamente",
    "cordiali saluti",
    "distinti saluti",
    "atenciosamente",
    "com os melhores cumprimentos",
    "met vriendelijke groet",
    "met vriendelijke groeten",
    "groeten",
    "med vanliga halsningar",
    "med venlig hilsen",
    "z powazaniem",
    "pozdrawiam",
};

struct Line {
  std::string_view text;
  // Folded, without blanks and marks of emphasis at its ends; empty where the line is long.
  std::string folded;
};

std::string_view Strip(std::string_view text, std::string_view marks) {
  const size_t begin = text.find_first_not_of(marks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(marks) - begin + 1);
}

std::vector<Line> LinesOf(std::string_view text) {
  std::vector<Line> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back({line, ""});
    if (line.size() <= kLongLine) lines.back().folded = Strip(text::Fold(line), " \t*");
  }
  return lines;
}

template <class Texts>
bool BeginsWithOneOf(const Texts& texts, std::string_view line) {
  return std::any_of(std::begin(texts), std::end(texts),
                     [&](std::string_view text) { return line.starts_with(text); });
}

bool IsQuoted(const Line& line) { return Trim(line.text).starts_with('>'); }

bool Introduces(std::string_view line) {
  const bool names_whom_or_when = line.find_first_of("@0123456789") != std::string_view::npos;
  if (!line.ends_with(':') || !names_whom_or_when) return false;
  return std::any_of(std::begin(kIntroductions), std::end(kIntroductions), [&](const Introduction& one) {
    return line.starts_with(one.begins) && line.find(one.has) != std::string_view::npos;
  });
}

// How many lines from `at` on introduce a message that is quoted: programs break the line in two.
size_t IntroductionAt(const std::vector<Line>& lines, size_t at) {
  const std::string& line = lines[at].folded;
  if (line.empty()) return 0;
  if (Introduces(line)) return 1;
  const bool begins = std::any_of(std::begin(kIntroductions), std::end(kIntroductions), [&](const auto& one) {
    return !one.begins.empty() && line.starts_with(one.begins);
  });
  return begins && at + 1 < lines.size() && Introduces(line + " " + lines[at + 1].folded) ? 2 : 0;
}

bool IsForward(std::string_view line) {
  if (line.find_first_of("-_") != 0 && !line.starts_with("begin forwarded message")) return false;
  const std::string_view words = Strip(line, "-_: ");
  return words == "begin forwarded message" ||
         std::find(std::begin(kForwards), std::end(kForwards), words) != std::end(kForwards);
}

bool IsHeader(const std::vector<Line>& lines, size_t at) {
  constexpr size_t kNear = 4;
  if (!BeginsWithOneOf(kFrom, lines[at].folded)) return false;
  for (size_t i = at + 1; i < std::min(lines.size(), at + kNear); ++i) {
    if (BeginsWithOneOf(kSent, lines[i].folded)) return true;
  }
  return false;
}

bool IsClosing(const Line& line) {
  if (line.folded.size() > kClosingLine) return false;
  const std::string_view words = Strip(line.folded, " ,.!");
  return std::find(std::begin(kClosings), std::end(kClosings), words) != std::end(kClosings);
}

bool HasWord(std::string_view text) {
  text::WordSpan word;
  return text::WordReader(text).Next(word);
}

}  // namespace

SentText ReadSent(std::string_view text) {
  const std::vector<Line> lines = LinesOf(text);
  SentText sent;
  bool closed = false;
  for (size_t i = 0; i < lines.size(); ++i) {
    const Line& line = lines[i];
    if (IsQuoted(line)) continue;
    if (const size_t introduction = IntroductionAt(lines, i); introduction > 0) {
      size_t next = i + introduction;
      while (next < lines.size() && Trim(lines[next].text).empty()) ++next;
      // Where quoted lines are marked, an answer may stand below them.
      if (next == lines.size() || !IsQuoted(lines[next])) break;
      i = next;
      continue;
    }
    if (IsForward(line.folded) || IsHeader(lines, i) || line.folded == "--" ||
        BeginsWithOneOf(kSentFrom, line.folded)) {
      break;
    }
    (sent.written += line.text) += '\n';
    if (!closed) (sent.body += line.text) += '\n';
    closed =
        closed || (IsClosing(line) && HasWord(sent.body.substr(0, sent.body.size() - line.text.size() - 1)));
  }
  if (!HasWord(sent.written)) sent.written = std::string(text);
  if (!HasWord(sent.body)) sent.body = sent.written;
  return sent;
}

}  // namespace finalmile::catalog::usage::domain

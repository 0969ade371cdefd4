#include "services/catalog/import/publication.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "libs/base/text.h"

namespace finalmile::catalog::import {
namespace {

template <size_t N>
bool OneOf(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

constexpr std::array<std::string_view, 6> kYes = {"true", "yes", "on", "1", "y", "t"};
constexpr std::array<std::string_view, 10> kNo = {"false", "no",   "off",  "0",     "n",
                                                  "f",     "none", "null", "never", ""};

// Keys whose yes keeps a page from being published, and keys whose no does.
constexpr std::array<std::string_view, 8> kWithholding = {"draft",  "isdraft",  "private",  "unlisted",
                                                          "hidden", "archived", "headless", "unpublished"};
constexpr std::array<std::string_view, 8> kAllowing = {"publish",  "published", "ispublished", "public",
                                                       "routable", "routeable", "render",      "permalink"};
constexpr std::array<std::string_view, 3> kStates = {"status", "visibility", "publicationstatus"};
constexpr std::array<std::string_view, 19> kUnpublishedStates = {
    "draft",    "drafts",  "wip",      "work in progress", "in progress", "private",   "unpublished",
    "unlisted", "hidden",  "archived", "archive",          "pending",     "in review", "review",
    "retired",  "expired", "trash",    "trashed",          "deleted"};
constexpr std::array<std::string_view, 13> kFrom = {
    "publishdate", "publisheddate", "publishedat",  "publishon",   "pubdate",
    "publishtime", "publishfrom",   "goliveat",     "releasedate", "publicationdate",
    "embargo",     "embargountil",  "availablefrom"};
constexpr std::array<std::string_view, 13> kUntil = {
    "expirydate",    "expiredate", "expirationdate", "expires", "expireson",  "expiresat",   "expiry",
    "unpublishdate", "validuntil", "publishuntil",   "expire",  "expiration", "validthrough"};

// Debian's Abseil has a view of its own.
absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

// The first text of a value.
std::string Word(const Matter& value) {
  if (value.kind == Matter::Kind::kText) return Lower(Trim(value.text));
  if (value.kind == Matter::Kind::kList && !value.items.empty()) return Word(value.items.front());
  return "";
}

// Hugo says it a level deeper: build: {render: never}.
const Matter* Inside(const Matter& value, std::string_view key) {
  for (const Matter::Entry& entry : value.entries) {
    if (Lower(entry.key) == key) return &entry.value;
  }
  return nullptr;
}

}  // namespace

std::optional<absl::Time> ParseWhen(std::string_view text, bool earlier) {
  constexpr std::string_view kForms[] = {"%Y-%m-%d%ET%H:%M:%E*S%Ez",
                                         "%Y-%m-%d%ET%H:%M:%E*S",
                                         "%Y-%m-%d%ET%H:%M%Ez",
                                         "%Y-%m-%d%ET%H:%M",
                                         "%Y-%m-%d %H:%M:%E*S %z",
                                         "%Y-%m-%d %H:%M:%E*S%Ez",
                                         "%Y-%m-%d %H:%M:%E*S",
                                         "%Y-%m-%d %H:%M %z",
                                         "%Y-%m-%d %H:%M%Ez",
                                         "%Y-%m-%d %H:%M",
                                         "%Y-%m-%d",
                                         "%Y/%m/%d %H:%M:%S",
                                         "%Y/%m/%d %H:%M",
                                         "%Y/%m/%d",
                                         "%Y.%m.%d",
                                         "%E4Y%m%d",
                                         "%Y-%m",
                                         "%b %d, %Y",
                                         "%b %d %Y",
                                         "%d %b %Y",
                                         "%d-%b-%Y",
                                         "%a, %d %b %Y %H:%M:%S %z",
                                         "%a, %d %b %Y",
                                         "%d.%m.%Y",
                                         "%d.%m.%Y %H:%M",
                                         "%E4Y"};
  absl::Time time;
  std::string error;
  for (const std::string_view form : kForms) {
    if (absl::ParseTime(Absl(form), Absl(text), absl::UTCTimeZone(), &time, &error)) return time;
  }
  std::optional<absl::Time> found;
  for (const std::string_view form : {"%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y"}) {
    if (!absl::ParseTime(Absl(form), Absl(text), absl::UTCTimeZone(), &time, &error)) continue;
    if (!found || (earlier ? time < *found : time > *found)) found = time;
  }
  return found;
}

void PublicationReader::Withhold(const Matter::Entry& entry) {
  if (!said_.withheld.empty()) return;
  const std::string word = Word(entry.value);
  said_.withheld = fmt::format("{}: {}", Printable(entry.key, 60), word.empty() ? "…" : Printable(word, 60));
}

void PublicationReader::TakeTime(const Matter::Entry& entry, bool until) {
  const std::string word = Word(entry.value);
  if (word.empty() || OneOf(word, kNo)) return;
  const std::string_view text = entry.value.kind == Matter::Kind::kText ? Trim(entry.value.text) : word;
  const std::optional<absl::Time> time = ParseWhen(text, until);
  if (!time) {
    unread_.push_back({entry.line, fmt::format("{}: {} is no time that can be read; write 2031-01-05",
                                               Printable(entry.key, 60), Printable(text, 60))});
    Withhold(entry);
  } else if (until) {
    said_.until = time;
    said_.until_word = fmt::format("{}: {}", Printable(entry.key, 60), Printable(text, 60));
  } else {
    said_.from = time;
  }
}

bool PublicationReader::Take(std::string_view folded, const Matter::Entry& entry) {
  const std::string word = Word(entry.value);
  const bool no = !word.empty() && OneOf(word, kNo);
  if (OneOf(folded, kWithholding)) {
    if (entry.value.kind != Matter::Kind::kNull && !word.empty() && !no) Withhold(entry);
  } else if (OneOf(folded, kAllowing)) {
    const bool yes = word.empty() || OneOf(word, kYes);
    if (no || (!yes && folded == "publish")) Withhold(entry);
    if (!no && !yes && folded == "published") TakeTime(entry, /*until=*/false);
  } else if (OneOf(folded, kStates)) {
    if (OneOf(word, kUnpublishedStates)) Withhold(entry);
  } else if (OneOf(folded, kFrom)) {
    TakeTime(entry, /*until=*/false);
  } else if (OneOf(folded, kUntil)) {
    TakeTime(entry, /*until=*/true);
  } else if (folded == "date") {
    // Most often it says when the page was written, and then its form matters to nobody.
    if (entry.value.kind == Matter::Kind::kText) date_ = ParseWhen(Trim(entry.value.text), /*earlier=*/false);
  } else if (folded == "build") {
    const Matter* render = Inside(entry.value, "render");
    if (render != nullptr && OneOf(Word(*render), kNo)) Withhold({"build.render", entry.line, *render});
  } else {
    return false;
  }
  return true;
}

Publication PublicationReader::Done() {
  if (!said_.from) said_.from = date_;
  return said_;
}

}  // namespace finalmile::catalog::import

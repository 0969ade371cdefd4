#include "services/coaching/domain/transcripts/markup.h"

#include <algorithm>

#include "libs/base/text.h"

namespace finalmile::coaching {
namespace {

struct Reference {
  std::string_view name;
  std::string_view character;
};
// Those that WebVTT names (https://www.w3.org/TR/webvtt1/#webvtt-cue-text-span), and quotes.
constexpr Reference kReferences[] = {{"&amp;", "&"},   {"&lt;", "<"},       {"&gt;", ">"},
                                     {"&nbsp;", " "},  {"&lrm;", "\u200E"}, {"&rlm;", "\u200F"},
                                     {"&quot;", "\""}, {"&apos;", "'"},     {"&#39;", "'"}};

// A longer one is no tag, so that no text takes time that grows with its square.
constexpr size_t kMostTagBytes = 256;

// Adds the character at the beginning of `rest`, or the one that a reference there names; the bytes taken.
size_t TakeCharacter(std::string_view rest, std::string& text) {
  for (const Reference& reference : kReferences) {
    if (!rest.starts_with(reference.name)) continue;
    text += reference.character;
    return reference.name.size();
  }
  text += rest[0];
  return 1;
}

bool BeginsTag(std::string_view rest) {
  if (rest.size() < 2 || rest[0] != '<') return false;
  const char next = rest[1];
  return next == '/' || (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z') ||
         (next >= '0' && next <= '9');
}

// "v Kim Lee" and "v.loud Kim Lee" are the voice of Kim Lee.
std::optional<std::string> VoiceOf(std::string_view tag) {
  if (!tag.starts_with('v')) return std::nullopt;
  const size_t space = tag.find_first_of(" \t\n");
  if (space == std::string_view::npos || (space > 1 && tag[1] != '.')) return std::nullopt;
  std::string name;
  for (std::string_view left = Trim(tag.substr(space)); !left.empty();)
    left.remove_prefix(TakeCharacter(left, name));
  std::replace(name.begin(), name.end(), '\n', ' ');
  return name;
}

class MarkupReader {
 public:
  std::vector<VoicedText> Read(std::string_view text) {
    for (size_t at = 0; at < text.size();) at += Take(text.substr(at));
    Flush();
    return std::move(parts_);
  }

 private:
  // Reads the beginning of `rest`; the bytes that it takes.
  size_t Take(std::string_view rest) {
    const std::string_view tag = rest.substr(0, kMostTagBytes);
    if (BeginsTag(rest)) {
      if (const size_t end = tag.find('>'); end != std::string_view::npos) {
        TakeTag(tag.substr(1, end - 1));
        return end + 1;
      }
    }
    if (rest.starts_with("{\\")) {
      if (const size_t end = tag.find('}'); end != std::string_view::npos) return end + 1;
    }
    return TakeCharacter(rest, text_);
  }

  void TakeTag(std::string_view tag) {
    const std::optional<std::string> voice = VoiceOf(tag);
    if (!voice && Trim(tag) != "/v") return;
    Flush();
    voice_ = voice;
  }

  void Flush() {
    if (!Trim(text_).empty()) parts_.push_back({voice_, text_});
    text_.clear();
  }

  std::optional<std::string> voice_;
  std::string text_;
  std::vector<VoicedText> parts_;
};

}  // namespace

std::vector<VoicedText> ReadMarkup(std::string_view text) { return MarkupReader().Read(text); }

}  // namespace finalmile::coaching

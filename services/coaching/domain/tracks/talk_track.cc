#include "services/coaching/domain/tracks/talk_track.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "libs/base/text.h"
#include "libs/text/words.h"
#include "services/coaching/domain/analysis/cue.h"

namespace finalmile::coaching {
namespace {

constexpr std::string_view kAssets = "assets/";
constexpr size_t kMaxAssetId = 100;
constexpr size_t kMaxPartId = 64;
constexpr absl::Duration kDay = absl::Hours(24);

struct StoryPart {
  std::string_view name;
  std::string Story::*text;
};
constexpr StoryPart kParts[] = {{"hook", &Story::hook},
                                {"before", &Story::before},
                                {"after", &Story::after},
                                {"number", &Story::number},
                                {"question", &Story::question}};
// The words of a telling at 80 to 180 a minute.
struct Telling {
  StoryPart part;
  int seconds;
  size_t least_words;
  size_t most_words;
};
constexpr Telling kTellings[] = {{{"telling_short", &Story::telling_short}, 15, 20, 45},
                                 {{"telling_medium", &Story::telling_medium}, 60, 100, 180},
                                 {{"telling_long", &Story::telling_long}, 180, 300, 520}};

void TrimIn(std::string& text) { text = std::string(Trim(text)); }

// Trims, and drops what is empty or repeated; the first one stays.
void NormaliseList(std::vector<std::string>& texts) {
  std::set<std::string, std::less<>> seen;
  std::vector<std::string> kept;
  for (const std::string& text : texts) {
    const std::string_view trimmed = Trim(text);
    if (!trimmed.empty() && seen.emplace(trimmed).second) kept.emplace_back(trimmed);
  }
  texts = std::move(kept);
}

bool IsAsset(std::string_view name) {
  return name.starts_with(kAssets) && IsToken(name.substr(kAssets.size()), kMaxAssetId, "_-");
}

void CheckMessages(const TalkTrack& track, Violations& violations) {
  const std::vector<KeyMessage>& messages = track.spoken.key_messages;
  for (size_t i = 0; i < std::min(messages.size(), kMaxKeyMessages); ++i) {
    const std::string path = fmt::format("key_messages[{}]", i);
    if (!messages[i].id.empty() && !IsToken(messages[i].id, kMaxPartId, "_-"))
      violations.Add(path + ".id", "must be 1 to 64 characters of [a-z0-9_-]");
    // The text of a message without cues is checked as its cue.
    if (!messages[i].cues.empty())
      violations.Length(path + ".text", messages[i].text, 1, kMaxMessageCharacters);
    if (messages[i].order > kMaxMessageOrder)
      violations.Add(path + ".order", fmt::format("must be at most {}", kMaxMessageOrder));
  }
}

void AddMissingStory(const Story& story, Violations& missing) {
  for (const StoryPart& part : kParts) {
    if ((story.*part.text).empty()) missing.Add(fmt::format("story.{}", part.name), "is required");
  }
  const bool digit =
      std::any_of(story.number.begin(), story.number.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!story.number.empty() && !digit) missing.Add("story.number", "must hold a digit");
  for (const Telling& telling : kTellings) {
    const size_t words = text::CountWords(story.*telling.part.text);
    if (words < telling.least_words || words > telling.most_words) {
      missing.Add(fmt::format("story.{}", telling.part.name),
                  fmt::format("must have {} to {} words, for {} seconds, not {}", telling.least_words,
                              telling.most_words, telling.seconds, words));
    }
  }
}

void AddMissingCues(const TalkTrack& track, Violations& missing) {
  const std::vector<KeyMessage>& messages = track.spoken.key_messages;
  for (size_t i = 0; i < messages.size(); ++i) {
    const auto check = [&](const std::string& field, const std::string& cue) {
      if (!IsPublishable(ReadCue(cue, track.spoken.language))) {
        missing.Add(fmt::format("key_messages[{}].{}", i, field),
                    "must have two words that say something, or stand in double quotes");
      }
    };
    if (messages[i].cues.empty()) check("text", messages[i].text);
    for (size_t j = 0; j < messages[i].cues.size(); ++j)
      check(fmt::format("cues[{}]", j), messages[i].cues[j]);
  }
}

}  // namespace

void Normalise(TalkTrack& track) {
  for (std::string* text :
       {&track.owner, &track.title, &track.situation, &track.audience, &track.spoken.language})
    TrimIn(*text);
  for (const StoryPart& part : kParts) TrimIn(track.story.*part.text);
  for (const Telling& telling : kTellings) TrimIn(track.story.*telling.part.text);
  NormaliseList(track.source_assets);
  std::sort(track.source_assets.begin(), track.source_assets.end());
  if (track.spoken.language.empty()) track.spoken.language = "en";
  for (KeyMessage& message : track.spoken.key_messages) {
    TrimIn(message.id);
    TrimIn(message.text);
    NormaliseList(message.cues);
    if (message.weight == 0) message.weight = 1;
  }
  NormaliseList(track.spoken.avoid);
  if (track.rubric == Rubric()) track.rubric = FirstConversation();
  TrimIn(track.rubric.name);
  for (Criterion& criterion : track.rubric.criteria) {
    TrimIn(criterion.id);
    TrimIn(criterion.text);
    for (std::string& level : criterion.levels) TrimIn(level);
  }
}

std::vector<Violation> Validate(const TalkTrack& track) {
  Violations violations;
  violations.Length("owner", track.owner, 1, kMaxOwnerCharacters);
  if (track.owner.find('@') != std::string::npos) violations.Add("owner", "must not be an e-mail address");
  violations.Length("title", track.title, 1, kMaxTitleCharacters);
  if (!IsLanguageTag(track.spoken.language))
    violations.Add("language", "must be a language tag, such as en, de or pt-BR");
  if (!track.situation.empty() && !IsToken(track.situation, kMaxSituationCharacters, "-"))
    violations.Add("situation",
                   fmt::format("must be 1 to {} characters of [a-z0-9-]", kMaxSituationCharacters));
  violations.Length("audience", track.audience, 0, kMaxAudienceCharacters);
  violations.Count("source_assets", track.source_assets.size(), kMaxSourceAssets);
  for (size_t i = 0; i < std::min(track.source_assets.size(), kMaxSourceAssets); ++i) {
    if (!IsAsset(track.source_assets[i]))
      violations.Add(fmt::format("source_assets[{}]", i), "must be assets/{asset}");
  }
  for (const StoryPart& part : kParts)
    violations.Length(fmt::format("story.{}", part.name), track.story.*part.text, 0, kMaxStoryCharacters);
  for (const Telling& telling : kTellings) {
    violations.Length(fmt::format("story.{}", telling.part.name), track.story.*telling.part.text, 0,
                      kMaxTellingCharacters);
  }
  CheckMessages(track, violations);
  const absl::Duration validity = track.certificate_validity;
  if (validity != absl::InfiniteDuration() &&
      (validity < kDay || validity > kMaxValidity || validity % kDay != absl::ZeroDuration())) {
    violations.Add("certificate_validity", "must be whole days, at most 3650, or 0 for ever");
  }
  std::vector<Violation> all = violations.Take();
  std::ranges::move(Validate(track.spoken), std::back_inserter(all));
  std::ranges::move(Validate(track.rubric, "rubric"), std::back_inserter(all));
  if (track.spoken.bands.min_words_per_minute > track.spoken.bands.max_words_per_minute)
    all.push_back({"bands.min_words_per_minute", "must not be above max_words_per_minute"});
  return all;
}

std::vector<Violation> Missing(const TalkTrack& track) {
  Violations missing;
  if (track.situation.empty()) missing.Add("situation", "is required");
  AddMissingStory(track.story, missing);
  const std::vector<KeyMessage>& messages = track.spoken.key_messages;
  if (std::none_of(messages.begin(), messages.end(),
                   [](const KeyMessage& message) { return message.required; }))
    missing.Add("key_messages", "at least one required message is needed");
  AddMissingCues(track, missing);
  return missing.Take();
}

Violation NoExample() { return {"examples", "at least one example in role is needed"}; }

}  // namespace finalmile::coaching

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "services/coaching/domain/transcripts/formats.h"
#include "services/coaching/domain/transcripts/spoken.h"

namespace finalmile::coaching {
namespace {

using Json = nlohmann::json;

constexpr double kMillisecondsInASecond = 1'000;

absl::Status Wrong(std::string_view path, std::string_view problem) {
  return absl::InvalidArgumentError(fmt::format("{}: {}", path, problem));
}

// The member `key` of an object; null: it has none.
const Json* Member(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

absl::StatusOr<std::string> ReadText(const Json& object, const char* key, const std::string& path) {
  const Json* value = Member(object, key);
  if (value == nullptr) return std::string();
  if (!value->is_string()) return Wrong(path + "." + key, "has to be a text");
  return value->get<std::string>();
}

// Seconds, if `unit` is how many of its units make one.
absl::StatusOr<std::optional<double>> ReadSeconds(const Json& object, const char* key, double unit,
                                                  const std::string& path) {
  const Json* value = Member(object, key);
  if (value == nullptr) return std::optional<double>();
  const double seconds = value->is_number() ? value->get<double>() / unit : -1;
  if (!std::isfinite(seconds) || seconds < 0) return Wrong(path + "." + key, "has to be a number, 0 or more");
  return std::optional(seconds);
}

absl::Status ReadTimes(const Json& object, double unit, const std::string& path, Turn& turn) {
  ASSIGN_OR_RETURN(turn.start, ReadSeconds(object, "start", unit, path));
  ASSIGN_OR_RETURN(turn.end, ReadSeconds(object, "end", unit, path));
  if (turn.start.has_value() != turn.end.has_value())
    return Wrong(path, "has to have both start and end, or neither");
  if (turn.start && *turn.end < *turn.start) return Wrong(path + ".end", "is before the start");
  return absl::OkStatus();
}

absl::StatusOr<Role> ReadRole(const Json& object, const std::string& path) {
  ASSIGN_OR_RETURN(const std::string name, ReadText(object, "role", path));
  const std::string_view short_name = name.starts_with("ROLE_") ? std::string_view(name).substr(5) : name;
  if (EqualsIgnoringCase(short_name, "REP")) return Role::kRep;
  if (EqualsIgnoringCase(short_name, "GUEST")) return Role::kGuest;
  if (name.empty() || EqualsIgnoringCase(short_name, "OTHER")) return Role::kOther;
  return Wrong(path + ".role", "has to be REP, GUEST or OTHER");
}

absl::Status ReadTurn(const Json& object, const std::string& path, Transcript& transcript) {
  if (!object.is_object()) return Wrong(path, "has to be an object with speaker, role, text, start and end");
  for (const auto& [key, value] : object.items()) {
    constexpr std::string_view kKeys[] = {"speaker", "role", "text", "start", "end"};
    if (std::find(std::begin(kKeys), std::end(kKeys), key) == std::end(kKeys))
      return Wrong(path + "." + Printable(key, 64),
                   "is no field of a turn, which has speaker, role, text, start and end");
  }
  Turn turn;
  ASSIGN_OR_RETURN(turn.speaker, ReadText(object, "speaker", path));
  ASSIGN_OR_RETURN(turn.role, ReadRole(object, path));
  ASSIGN_OR_RETURN(turn.text, ReadText(object, "text", path));
  RETURN_IF_ERROR(ReadTimes(object, 1, path, turn));
  transcript.turns.push_back(std::move(turn));
  return absl::OkStatus();
}

// A monologue of Gong's: the sentences of one speaker, times in milliseconds.
absl::Status ReadMonologue(const Json& object, const std::string& path, Transcript& transcript) {
  const Json* sentences = object.is_object() ? Member(object, "sentences") : nullptr;
  if (sentences == nullptr || !sentences->is_array()) return Wrong(path, "has to have a list of sentences");
  ASSIGN_OR_RETURN(const std::string speaker, ReadText(object, "speakerId", path));
  for (size_t i = 0; i < sentences->size(); ++i) {
    const Json& sentence = (*sentences)[i];
    const std::string at = fmt::format("{}.sentences[{}]", path, i);
    if (!sentence.is_object()) return Wrong(at, "has to be an object with text, start and end");
    Turn turn;
    turn.speaker = speaker;
    ASSIGN_OR_RETURN(turn.text, ReadText(sentence, "text", at));
    RETURN_IF_ERROR(ReadTimes(sentence, kMillisecondsInASecond, at, turn));
    AddSpoken(std::move(turn), transcript.turns);
  }
  return absl::OkStatus();
}

absl::StatusOr<Transcript> ReadGong(const Json& calls) {
  if (!calls.is_array() || calls.size() != 1 || !calls[0].is_object())
    return Wrong("callTranscripts", fmt::format("holds {} calls; give a file with one", calls.size()));
  const Json* monologues = Member(calls[0], "transcript");
  if (monologues == nullptr || !monologues->is_array())
    return Wrong("callTranscripts[0].transcript", "has to be a list");
  Transcript transcript;
  transcript.format = TranscriptFormat::kGong;
  for (size_t i = 0; i < monologues->size(); ++i)
    RETURN_IF_ERROR(
        ReadMonologue((*monologues)[i], fmt::format("callTranscripts[0].transcript[{}]", i), transcript));
  return transcript;
}

size_t LineOf(std::string_view text, size_t at) {
  return 1 + static_cast<size_t>(std::count(
                 text.begin(), text.begin() + static_cast<std::ptrdiff_t>(std::min(at, text.size())), '\n'));
}

}  // namespace

absl::StatusOr<Transcript> ReadJson(std::string_view text) {
  Json root;
  try {
    root = Json::parse(text);
  } catch (const Json::parse_error& error) {
    return LineError(LineOf(text, error.byte > 0 ? error.byte - 1 : 0), "this is no JSON");
  } catch (const Json::out_of_range&) {
    return absl::InvalidArgumentError("a number in the file is too large");
  }
  if (root.is_object()) {
    if (const Json* calls = Member(root, "callTranscripts")) return ReadGong(*calls);
  }
  const Json* turns = root.is_array() ? &root : root.is_object() ? Member(root, "turns") : nullptr;
  if (turns == nullptr || !turns->is_array())
    return Wrong("turns",
                 "is missing; JSON has to be a list of turns, an object with \"turns\", or a call of Gong's");
  Transcript transcript;
  transcript.format = TranscriptFormat::kJson;
  for (size_t i = 0; i < turns->size(); ++i)
    RETURN_IF_ERROR(ReadTurn((*turns)[i], fmt::format("turns[{}]", i), transcript));
  return transcript;
}

}  // namespace finalmile::coaching

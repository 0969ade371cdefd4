#include "services/finalmile/import/track_file.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/config/yaml_message.h"

namespace finalmile::cli {
namespace {

using coaching::v1::Story;
using coaching::v1::TalkTrack;

constexpr size_t kMaxId = 100;
constexpr std::string_view kFence = "---";

struct Section {
  std::string_view heading;
  std::string* (Story::*text)();
};
constexpr Section kSections[] = {{"hook", &Story::mutable_hook},
                                 {"before", &Story::mutable_before},
                                 {"after", &Story::mutable_after},
                                 {"number", &Story::mutable_number},
                                 {"question", &Story::mutable_question},
                                 {"15 seconds", &Story::mutable_telling_short},
                                 {"60 seconds", &Story::mutable_telling_medium},
                                 {"180 seconds", &Story::mutable_telling_long}};

absl::Status Fault(const std::string& path, int line, std::string_view what) {
  return absl::InvalidArgumentError(fmt::format("{}:{}: {}", path, line, what));
}

// The lines of a text with their numbers, from 1.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  bool Next(std::string_view& line) {
    if (rest_.empty()) return false;
    const size_t end = rest_.find('\n');
    line = rest_.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    ++number_;
    return true;
  }
  int number() const { return number_; }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  int number_ = 0;
};

// No line break is part of another character, and zeros are those of UTF-16 and UTF-32.
absl::Status CheckUtf8(const std::string& path, std::string_view content) {
  Lines lines(content);
  for (std::string_view line; lines.Next(line);) {
    if (!IsUtf8(line) || line.find('\0') != std::string_view::npos)
      return Fault(path, lines.number(), "is not UTF-8; save the file as UTF-8");
  }
  return absl::OkStatus();
}

// "15 seconds" of "## 15 Seconds"; empty: the line is no heading.
std::string HeadingOf(std::string_view line) {
  const size_t level = line.find_first_not_of('#');
  if (level == 0 || level == std::string_view::npos || line[level] != ' ') return "";
  return Lower(Trim(line.substr(level)));
}

absl::Status ReadSections(const std::string& path, Lines& lines, Story& story) {
  std::string* section = nullptr;
  std::string_view line;
  while (lines.Next(line)) {
    const std::string heading = HeadingOf(line);
    if (heading.empty()) {
      if (section != nullptr) {
        section->append(line).append("\n");
      } else if (!Trim(line).empty()) {
        return Fault(path, lines.number(),
                     "text before the first heading; begin a section of the story, ## Hook");
      }
      continue;
    }
    section = nullptr;
    for (const Section& known : kSections) {
      if (known.heading == heading) section = (story.*known.text)();
    }
    if (section == nullptr) {
      return Fault(
          path, lines.number(),
          fmt::format("'{}' is no section of the story; these are: Hook, Before, After, Number, Question, 15 "
                      "seconds, 60 seconds, 180 seconds",
                      Printable(heading, 60)));
    }
    if (!section->empty())
      return Fault(path, lines.number(), fmt::format("the story has '{}' already", heading));
  }
  return absl::OkStatus();
}

absl::StatusOr<TalkTrack> ReadMarkdown(const std::string& path, std::string_view content) {
  Lines lines(content);
  std::string_view line;
  if (!lines.Next(line) || Trim(line) != kFence)
    return Fault(path, 1, "a track begins with front matter, between two lines ---");
  // A blank line for the fence keeps the numbers of the lines that follow.
  std::string matter = "\n";
  bool open = true;
  while (open && lines.Next(line)) {
    open = Trim(line) != kFence;
    if (open) matter.append(line).append("\n");
  }
  if (open) return Fault(path, lines.number(), "the front matter has no end: a line --- is missing");
  TalkTrack track;
  RETURN_IF_ERROR(config::ParseYamlMessage(matter, path, track));
  RETURN_IF_ERROR(ReadSections(path, lines, *track.mutable_story()));
  return track;
}

}  // namespace

absl::StatusOr<TalkTrack> ReadTrackFile(const std::string& path, std::string_view content) {
  RETURN_IF_ERROR(CheckUtf8(path, content));
  const std::string extension = Lower(std::filesystem::path(path).extension().string());
  if (extension == ".md" || extension == ".markdown") return ReadMarkdown(path, content);
  if (extension != ".yaml" && extension != ".yml")
    return absl::InvalidArgumentError(fmt::format("{}: a track is a file .yaml or .md", path));
  TalkTrack track;
  RETURN_IF_ERROR(config::ParseYamlMessage(content, path, track));
  return track;
}

std::string TrackIdOf(const std::string& path) {
  return IdFromTitle(std::filesystem::path(path).stem().string(), kMaxId);
}

}  // namespace finalmile::cli

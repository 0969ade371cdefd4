#include <algorithm>
#include <span>
#include <string>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "services/coaching/domain/transcripts/formats.h"
#include "services/coaching/domain/transcripts/markup.h"
#include "services/coaching/domain/transcripts/spoken.h"
#include "services/coaching/domain/transcripts/times.h"

namespace finalmile::coaching {
namespace {

constexpr std::string_view kOtherBlocks[] = {"NOTE", "STYLE", "REGION"};

bool IsNumber(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool HasArrow(const Line& line) { return line.text.find(kArrow) != std::string_view::npos; }

class CaptionReader {
 public:
  explicit CaptionReader(TranscriptFormat format) { transcript_.format = format; }

  absl::StatusOr<Transcript> Read(const std::vector<Line>& lines) {
    for (size_t at = 0; at < lines.size();) {
      size_t end = at;
      while (end < lines.size() && !Trim(lines[end].text).empty()) ++end;
      if (end > at) RETURN_IF_ERROR(ReadBlock({lines.data() + at, end - at}));
      at = end + 1;
    }
    return std::move(transcript_);
  }

 private:
  using Lines = std::span<const Line>;

  // Lines between empty ones: a cue, perhaps several where the empty line is missing, or something else.
  absl::Status ReadBlock(Lines block) {
    const auto time = std::find_if(block.begin(), block.end(), &HasArrow);
    if (time == block.end()) {
      PassOver(block);
      return absl::OkStatus();
    }
    size_t at = time - block.begin();
    // The lines before it are the name of the cue, or the header of the file.
    while (at < block.size()) {
      const auto next =
          std::find_if(block.begin() + static_cast<std::ptrdiff_t>(at) + 1, block.end(), &HasArrow);
      const size_t end = next - block.begin();
      const bool named = next != block.end() && IsNumber(Trim(block[end - 1].text));
      RETURN_IF_ERROR(ReadCue(block[at], block.subspan(at + 1, end - at - 1 - (named ? 1 : 0))));
      at = end;
    }
    return absl::OkStatus();
  }

  absl::Status ReadCue(const Line& time, Lines payload) {
    const auto span = ReadTimeSpan(time.text);
    if (!span) {
      return LineError(
          time.number,
          "this is no time span such as \"00:01.000 --> 00:02.500\", or it ends before it starts");
    }
    std::string text;
    for (const Line& line : payload) text.append(line.text).append("\n");
    for (VoicedText& part : ReadMarkup(text)) {
      if (part.voice) {
        std::replace(part.text.begin(), part.text.end(), '\n', ' ');
        Add(*part.voice, std::move(part.text), *span);
        continue;
      }
      for (const Line& line : SplitLines(part.text)) {
        const auto spoken = ReadSpoken(line.text, /*small=*/false);
        if (spoken) speaker_ = spoken->speaker;
        Add(speaker_, std::string(spoken ? spoken->text : line.text), *span);
      }
    }
    return absl::OkStatus();
  }

  void Add(std::string speaker, std::string text, const TimeSpan& span) {
    Turn turn;
    turn.speaker = std::move(speaker);
    turn.text = std::move(text);
    turn.start = span.start;
    turn.end = span.end;
    AddSpoken(std::move(turn), transcript_.turns);
  }

  void PassOver(Lines block) {
    const std::string_view first = block[0].text;
    const bool of_format =
        transcript_.format == TranscriptFormat::kWebVtt &&
        (block[0].number == 1 ||
         std::any_of(std::begin(kOtherBlocks), std::end(kOtherBlocks), [&](std::string_view kind) {
           return first.starts_with(kind) && (first.size() == kind.size() || first[kind.size()] == ' ' ||
                                              first[kind.size()] == '\t' || first[kind.size()] == ':');
         }));
    if (of_format) return;
    if (transcript_.passed_over == 0) transcript_.first_passed_over = block[0].number;
    transcript_.passed_over += block.size();
  }

  Transcript transcript_;
  // Who was named last by "Name: text".
  std::string speaker_;
};

}  // namespace

absl::StatusOr<Transcript> ReadCaptions(const std::vector<Line>& lines, TranscriptFormat format) {
  return CaptionReader(format).Read(lines);
}

}  // namespace finalmile::coaching

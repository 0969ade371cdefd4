#include <cmath>
#include <set>

#include "libs/base/text.h"
#include "services/coaching/domain/transcripts/transcript_file.h"
#include "tests/fuzz/target.h"

namespace finalmile::fuzz {
namespace {

using coaching::Transcript;
using coaching::Turn;

std::vector<std::string> Seeds() {
  return {
      // NOLINTNEXTLINE(bugprone-suspicious-missing-comma): one text on several lines.
      "WEBVTT\n\nNOTE x\n\n1\n00:00:01.000 --> 00:00:02.500 align:start\n<v Kim Lee>We cut <i>idle</i> time "
      "&amp; more.</v>\n"
      "\n00:02.600 --> 00:03.000\n<v.loud Ana>Really?\n",
      "\xEF\xBB\xBFWEBVTT - Zoom\r\r1\r00:16.239 --> 00:27.079\rKim (she/her): We cut\r\r2\r00:28.000 --> "
      "00:29.000\r10:30 Meeting: x\r",
      "1\n00:00:01,000 --> 00:00:02,500\nKim: {\\an8}We <b>cut</b>\n- Ana: a < b\n2\n00:00:07,000 --> "
      "00:00:08,000\nYes.\n",
      "Title\n\nKim Lee  0:03\nYour predecessor\ncounted trucks;\n\nAna Ruiz  "
      "1:02:07\nReally?\n\nTranscribed by https://otter.ai\n",
      "[Kim Lee] 23:59:50\nWe cut idle time.\n\n[Ana] 00:00:05\nReally?\n",
      "notes\nkim: We cut,\nby 30 percent.\n[00:12] Dr. Ana van Ruiz: Really?\n00:00:15\nBen:\n10:30 "
      "Meeting: fine\n",
      R"([{"speaker": "Kim", "role": "ROLE_REP", "text": "We cut.", "start": 0.5, "end": 2}, {"text": "\ud83d\ude9a", "start": null}])",
      R"({"turns": [{"text": "a", "role": "guest"}], "x": [[[]]]})",
      R"({"callTranscripts": [{"transcript": [{"speakerId": "64", "sentences": [{"start": 460, "end": 462, "text": "No."}]}]}]})",
      std::string("\xFF\xFEK\0:\0 \0\x3D\xD8\x9A\xDE", 12),
      "WEBVTT\n\n00:02.000 --> 00:01.000\nx",
      "<a<a<a{\\{\\&&amp",
  };
}

void CheckTurn(const Turn& turn) {
  Require(IsUtf8(turn.text) && IsUtf8(turn.speaker), "turns are UTF-8");
  for (const auto& time : {turn.start, turn.end})
    Require(!time || (std::isfinite(*time) && *time >= 0), "times are 0 or more");
  Require(!turn.end || (turn.start && *turn.start <= *turn.end), "turns end after they start");
}

bool Run(std::string_view bytes) {
  absl::StatusOr<Transcript> transcript = coaching::ReadTranscript(bytes);
  if (!transcript.ok()) {
    Require(absl::IsInvalidArgument(transcript.status()), "only files are wrong");
    Require(IsUtf8(std::string(transcript.status().message())), "errors can be printed");
    return false;
  }
  Require(!transcript->turns.empty(), "there are turns");
  std::set<std::string> speakers;
  for (const Turn& turn : transcript->turns) {
    CheckTurn(turn);
    if (!turn.speaker.empty()) speakers.insert(turn.speaker);
  }
  Require(speakers == std::set<std::string>(transcript->speakers.begin(), transcript->speakers.end()) &&
              speakers.size() == transcript->speakers.size(),
          "speakers are those of the turns, each once");
  for (const std::string& speaker : transcript->speakers)
    Require(NameRep(speaker, *transcript).ok(), "each speaker may be the rep");
  return true;
}

}  // namespace

Target TranscriptFile() { return {"transcript", &Run, &Seeds}; }

}  // namespace finalmile::fuzz

#include <algorithm>
#include <charconv>

#include "libs/base/text.h"
#include "services/finalmile/import/track_file.h"
#include "tests/fuzz/target.h"

namespace finalmile::fuzz {
namespace {

using coaching::v1::TalkTrack;

// A message is at most so many times as large as its file: a number of one digit takes nine bytes with its
// tag.
constexpr size_t kMostGrowth = 9;

// The first line is md or yaml.
std::vector<std::string> Seeds() {
  std::string aliases = "yaml\navoid: &a [";
  for (int i = 0; i < 1'000; ++i) aliases += "x,";
  aliases += "]\nkey_messages:\n";
  for (int i = 0; i < 300; ++i) aliases += "- {id: a, cues: *a}\n";
  std::string deep = "yaml\nrubric: " + std::string(2'000, '[');
  return {
      R"(md
---
title: New fleet manager
owner: max
situation: new-fleet-manager          # as meetings name it
source_assets: [assets/fleet-pitch]
key_messages:
  - id: idle-hours
    text: Idle hours are the cost, not trucks.
    weight: 3
    required: true
    cues: [cut idle time by 30 percent, '"idle hour"']
    order: 1
avoid: [to be honest]
bands: {max_talk_share: 0.5, max_monologue_seconds: 90}
certificate_validity: 4320h
---
## Hook
Your predecessor counted trucks; you count idle hours.

# before
x
## After
## Number
30 %
## Question
What does an idle hour cost you?
## 15 seconds
…
)",
      R"(yaml
title: "Giant \u00e9 \P bought rival"
owner: max
story:
  hook: |
    Two
    lines
  number: >-
    30
    percent
rubric:
  name: first-conversation-1
  criteria:
    - {id: opening, text: a, weight: .5, levels: [a, b, c, d]}
    - {id: value, text: b, weight: 5e-1, levels: ["", ~, 3, true]}
)",
      // NOLINTNEXTLINE(bugprone-suspicious-missing-comma): one text on several lines.
      "yaml\nsource_changes: [{asset: assets/a, kind: retired, time: 2026-03-01T09:00:00Z}]\nstate: "
      "STATE_DRAFT\n",
      "md\n\xEF\xBB\xBF---\r\ntitle: x\r\n---\r\n## Hook\r\nx\r\n## Hook\r\ny\r\n",
      "md\n---\ntitle: x\n---\ntext\n## Hook\n", "md\n---\ntitle: x\n## Hook\n",
      "md\n---\n---\n######## 180  seconds\n## 180 seconds\n#\n##\n", "yaml\ntitle: a\ntitle: b\n",
      "yaml\ntitel: a\n--- \n...\n",
      "yaml\ncertificate_validity: 1.5s\nkey_messages: [{weight: nan}, {weight: -inf, order: 99999999999}]\n",
      std::string("yaml\n\0t\0i\0t\0l\0e\0:\0 \0a", 21), std::string("yaml\ntitle: a\ntitle:\xF8") + "b\n",
      "yaml\ntitle: !!binary aGk=\n? {a: b}\n: c\n", aliases, deep};
}

size_t LinesOf(std::string_view text) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
}

// "track.md:7: what is wrong", of a line of the file or the end of it; or "track.md: the file is empty".
void CheckError(const absl::Status& error, const std::string& path, std::string_view content) {
  Require(absl::IsInvalidArgument(error), "only files are wrong");
  const std::string text(error.message());
  std::string_view message = text;
  Require(IsUtf8(text), "errors can be printed");
  Require(message.starts_with(path + ":"), "an error names the file");
  message.remove_prefix(path.size() + 1);
  if (message == " the file is empty") return;
  size_t line = 0;
  const auto [end, fault] = std::from_chars(message.data(), message.data() + message.size(), line);
  Require(fault == std::errc() && line >= 1 && line <= LinesOf(content) + 1,
          "an error names a line of the file");
}

bool Run(std::string_view bytes) {
  const size_t first = std::min(bytes.find('\n'), bytes.size());
  const std::string path = bytes.substr(0, first) == "md" ? "track.md" : "track.yaml";
  const std::string_view content = bytes.substr(std::min(first + 1, bytes.size()));
  const absl::StatusOr<TalkTrack> track = cli::ReadTrackFile(path, content);
  if (!track.ok()) {
    CheckError(track.status(), path, content);
    return false;
  }
  const std::string sent = track->SerializeAsString();
  Require(sent.size() <= kMostGrowth * content.size(), "a track is as large as its file");
  Require(IsUtf8(track->title()) && IsUtf8(track->story().hook()), "texts are UTF-8");
  TalkTrack received;
  Require(received.ParseFromString(sent) && received.SerializeAsString() == sent, "a track can be sent");
  const absl::StatusOr<TalkTrack> again = cli::ReadTrackFile(path, content);
  Require(again.ok() && again->SerializeAsString() == sent, "a file is read alike each time");
  return true;
}

}  // namespace

Target TrackFile() { return {"track", &Run, &Seeds}; }

}  // namespace finalmile::fuzz

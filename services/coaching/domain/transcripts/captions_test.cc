#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/coaching/domain/transcripts/test_transcript.h"
#include "services/coaching/domain/transcripts/transcript_file.h"

namespace finalmile::coaching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Transcript Read(const std::string& bytes, TranscriptFormat format) {
  absl::StatusOr<Transcript> transcript = ReadTranscript(bytes);
  EXPECT_TRUE(transcript.ok()) << transcript.status();
  if (!transcript.ok()) return {};
  EXPECT_EQ(NameOf(transcript->format), NameOf(format));
  return *std::move(transcript);
}

std::string Error(const std::string& bytes) {
  const absl::StatusOr<Transcript> transcript = ReadTranscript(bytes);
  EXPECT_EQ(transcript.status().code(), absl::StatusCode::kInvalidArgument) << bytes;
  return std::string(transcript.status().message());
}

constexpr char kTeams[] = R"(WEBVTT

NOTE Confidence: 0.93

STYLE
::cue { color: red }

7f9c0d4e-5b1e-4c3a-9a53-2f6f0e7d1b11/12-0
00:00:03.120 --> 00:00:05.000 align:start position:0%
<v Kim Lee>Your predecessor
counted trucks;</v>

7f9c0d4e-5b1e-4c3a-9a53-2f6f0e7d1b11/12-1
00:00:05.400 --> 00:00:07.000
<v Kim Lee>you count <i>idle</i> hours.</v>

7f9c0d4e-5b1e-4c3a-9a53-2f6f0e7d1b11/13-0
00:00:07.500 --> 00:00:09.000
<v.loud Ana Ruiz &amp; team>Costs &lt; 30&nbsp;% &amp; falling?

00:00:20.000 --> 00:00:21.500
<v Kim Lee>Yes.</v><v Ana Ruiz &amp; team>Fine.</v>
)";

constexpr char kTeamsTurns[] = R"(3.12 to 7 Kim Lee: Your predecessor counted trucks; you count idle hours.
7.5 to 9 Ana Ruiz & team: Costs < 30 % & falling?
20 to 21.5 Kim Lee: Yes.
20 to 21.5 Ana Ruiz & team: Fine.
)";

TEST(Captions, OfTeams) {
  const Transcript transcript = Read(kTeams, TranscriptFormat::kWebVtt);
  EXPECT_EQ(ToText(transcript), kTeamsTurns);
  EXPECT_THAT(transcript.speakers, ElementsAre("Kim Lee", "Ana Ruiz & team"));
}

// Line ends and encodings change the bytes, not the turns.
TEST(Captions, LineEndsAndEncodingsDoNotMatter) {
  std::string cr = kTeams;
  std::replace(cr.begin(), cr.end(), '\n', '\r');
  EXPECT_EQ(ToText(Read("\xEF\xBB\xBF" + cr, TranscriptFormat::kWebVtt)), kTeamsTurns);
  std::string crlf;
  std::string little = "\xFF\xFE";
  std::string big = "\xFE\xFF";
  for (const char c : std::string_view(kTeams)) {
    crlf += c == '\n' ? "\r\n" : std::string(1, c);
    little.append({c, '\0'});
    big.append({'\0', c});
  }
  EXPECT_EQ(ToText(Read(crlf, TranscriptFormat::kWebVtt)), kTeamsTurns);
  EXPECT_EQ(ToText(Read(little, TranscriptFormat::kWebVtt)), kTeamsTurns);
  EXPECT_EQ(ToText(Read(big, TranscriptFormat::kWebVtt)), kTeamsTurns);
}

TEST(Captions, OfZoomNameSpeakersInTheText) {
  const Transcript transcript = Read(R"(WEBVTT - Zoom
Kind: captions

1
00:16.239 --> 00:27.079
Kim Lee (she/her): We cut idle time.

2
00:28.000 --> 00:29.000
Kim Lee (she/her): By 30 percent.

3
00:31.500 --> 00:33.000
10:30 Meeting: prices, see https://example.com

4
00:33.000 --> 00:34.000
iPhone von Ana: So: what does it cost?
)",
                                     TranscriptFormat::kWebVtt);
  EXPECT_EQ(ToText(transcript),
            "16.239 to 29 Kim Lee (she/her): We cut idle time. By 30 percent.\n"
            "31.5 to 33 Kim Lee (she/her): 10:30 Meeting: prices, see https://example.com\n"
            "33 to 34 iPhone von Ana: So: what does it cost?\n");
}

TEST(Captions, OfSrtNameASpeakerWhenItChanges) {
  const Transcript transcript = Read(R"(1
00:00:01,000 --> 00:00:02,500
Kim: {\an8}We cut <b>idle</b> time.

2
00:00:05,000 --> 00:00:06,000
By 30 percent.
- Ana Ruiz: Really?

a line that belongs to nothing

3
00:00:07,000 --> 00:00:08,000
Yes, a < b.
4
01:00:07,000 --> 01:00:08,000
And on.
)",
                                     TranscriptFormat::kSrt);
  EXPECT_EQ(ToText(transcript),
            "1 to 2.5 Kim: We cut idle time.\n"
            "5 to 6 Kim: By 30 percent.\n"
            "5 to 8 Ana Ruiz: Really? Yes, a < b.\n"
            "3607 to 3608 Ana Ruiz: And on.\n"
            "passed over 1 from line 10\n");
}

TEST(Captions, PausesOfTwoSecondsAreWithinATurn) {
  const auto turns = [](const char* start) {
    return Read(fmt::format("WEBVTT\n\n00:00.000 --> 00:10.000\n<v Kim>a\n\n{} --> 01:00.000\n<v Kim>b\n",
                            start),
                TranscriptFormat::kWebVtt)
        .turns.size();
  };
  EXPECT_EQ(turns("00:11.999"), 1u);
  EXPECT_EQ(turns("00:12.000"), 1u);
  EXPECT_EQ(turns("00:12.001"), 2u);
}

TEST(Captions, WithoutNamesHaveNoSpeakers) {
  const Transcript transcript =
      Read("WEBVTT\n\n00:00.000 --> 00:01.000\nWe cut\n\n00:01.000 --> 00:02.000\nidle time.\n",
           TranscriptFormat::kWebVtt);
  EXPECT_EQ(ToText(transcript), "0 to 2 : We cut idle time.\n");
  EXPECT_THAT(transcript.speakers, IsEmpty());
}

TEST(Captions, ErrorsNameTheLine) {
  EXPECT_EQ(Error("WEBVTT\n\n00:00.000 --> 00:0x.000\nKim: secret\n"),
            "line 3: this is no time span such as \"00:01.000 --> 00:02.500\", or it ends before it starts");
  EXPECT_THAT(Error("WEBVTT\r\n\r\n1\r\n00:02.000 --> 00:01.000\r\nKim: secret\r\n"),
              ::testing::StartsWith("line 4: "));
  EXPECT_THAT(Error("1\n00:00:61,000 --> 00:00:62,000\nKim: secret\n"), ::testing::StartsWith("line 2: "));
  EXPECT_THAT(Error("WEBVTT\n\nKim: \xFFsecret\n"), ::testing::StartsWith("line 3: the bytes are no UTF-8"));
  EXPECT_THAT(Error(std::string("W\0E\0", 4)), ::testing::StartsWith("line 1: there is a byte 0"));
  EXPECT_THAT(Error(std::string("\xFF\xFEW\0\x00\xD8", 6)),
              ::testing::StartsWith("line 1: the bytes are no UTF-16"));
  EXPECT_THAT(Error("\xFF\xFEx"), ::testing::StartsWith("line 1: the bytes are no UTF-16"));
  EXPECT_EQ(Error("WEBVTT\n\nNOTE nothing\n"), "line 1: nobody says a word in the file");
  EXPECT_EQ(Error(""), "line 1: the file is empty");
  EXPECT_EQ(Error("\xEF\xBB\xBF \r\n"), "line 1: the file is empty");
}

}  // namespace
}  // namespace finalmile::coaching

#include "services/coaching/domain/transcripts/transcript_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/coaching/domain/transcripts/test_transcript.h"

namespace finalmile::coaching {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

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

TEST(TranscriptFile, OfOtterHasNamesAndStarts) {
  EXPECT_EQ(ToText(Read(R"(Call with Ferrocarga

Kim Lee  0:03
Your predecessor counted trucks;
you count idle hours.

We meet at 10:30

Ana Ruiz  1:02:07
Really?

Transcribed by https://otter.ai
)",
                        TranscriptFormat::kTimedText)),
            "3 to - Kim Lee: Your predecessor counted trucks; you count idle hours. We meet at 10:30\n"
            "3727 to - Ana Ruiz: Really?\n"
            "passed over 2 from line 1\n");
}

TEST(TranscriptFile, OfZoomCaptionsCountsFromTheFirstTime) {
  EXPECT_EQ(ToText(Read("[Kim Lee] 23:59:50\nWe cut idle time.\n\n[Ana Ruiz] 00:00:05\nReally?\n",
                        TranscriptFormat::kTimedText)),
            "0 to - Kim Lee: We cut idle time.\n15 to - Ana Ruiz: Really?\n");
}

TEST(TranscriptFile, ADayHasTwentyFourHours) {
  EXPECT_EQ(ToText(Read("[Kim] 23:59:59\nWe cut.\n\n[Kim] 24:00:00\nIdle time.\n\n[Ana] 00:00:00\nReally?\n",
                        TranscriptFormat::kTimedText)),
            "0 to - Kim: We cut. [Kim] 24:00:00 Idle time.\n1 to - Ana: Really?\n");
}

TEST(TranscriptFile, OfPlainTextGoesOnUntilTheNextName) {
  const Transcript transcript = Read(R"(Our notes
kim: We cut idle time,
by 30 percent. See https://example.com: it is all there
[00:12] Dr. Ana van Ruiz: Really?
00:00:15
Here is the thing: it works.
Ben:
10:30 Meeting: fine
)",
                                     TranscriptFormat::kPlainText);
  EXPECT_EQ(ToText(transcript),
            "- to - kim: We cut idle time, by 30 percent. See https://example.com: it is all there\n"
            "12 to - Dr. Ana van Ruiz: Really? Here is the thing: it works.\n"
            "- to - Ben: 10:30 Meeting: fine\n"
            "passed over 2 from line 1\n");
  EXPECT_THAT(transcript.speakers, ElementsAre("kim", "Dr. Ana van Ruiz", "Ben"));
}

TEST(TranscriptFile, OfJsonHasOurTurns) {
  const char* turns = R"([
  {"speaker": "Kim", "role": "ROLE_REP", "text": "We cut idle time.", "start": 0.5, "end": 2},
  {"speaker": "Ana", "role": "guest", "text": "Really?", "start": null},
  {"text": "\ud83d\ude9a"}
])";
  const std::string read =
      "0.5 to 2 Kim (rep): We cut idle time.\n- to - Ana (guest): Really?\n- to - : \xF0\x9F\x9A\x9A\n";
  EXPECT_EQ(ToText(Read(turns, TranscriptFormat::kJson)), read);
  EXPECT_EQ(
      ToText(Read(fmt::format("{{\"turns\": {}, \"language\": \"en\"}}", turns), TranscriptFormat::kJson)),
      read);
}

TEST(TranscriptFile, OfGongHasMillisecondsAndIds) {
  EXPECT_EQ(ToText(Read(R"({"requestId": "x", "callTranscripts": [{"callId": "1", "transcript": [
    {"speakerId": "6432345678555530067", "topic": "Pricing", "sentences": [
      {"start": 460230, "end": 462343, "text": "No wait, I think we should check that out first."},
      {"start": 462343, "end": 464000, "text": "Yes."}]},
    {"speakerId": "1234567890123456789", "topic": null, "sentences": [{"start": 470000, "end": 471500, "text": "Fine."}]}
  ]}]})",
                        TranscriptFormat::kGong)),
            "460.23 to 464 6432345678555530067: No wait, I think we should check that out first. Yes.\n"
            "470 to 471.5 1234567890123456789: Fine.\n");
}

TEST(TranscriptFile, JsonErrorsNameTheLineOrTheField) {
  EXPECT_EQ(Error("[\n{\"text\": \"secret\",\n}]"), "line 3: this is no JSON");
  EXPECT_EQ(Error("{\"turns\": 3}").substr(0, 6), "turns:");
  EXPECT_THAT(Error("[{\"text\": \"a\"}, {\"speakr\": \"secret\"}]"), StartsWith("turns[1].speakr: "));
  EXPECT_EQ(Error("[{\"text\": 3}]"), "turns[0].text: has to be a text");
  EXPECT_EQ(Error("[{\"text\": \"a\", \"role\": \"boss\"}]"), "turns[0].role: has to be REP, GUEST or OTHER");
  EXPECT_EQ(Error("[{\"text\": \"a\", \"start\": -1, \"end\": 1}]"),
            "turns[0].start: has to be a number, 0 or more");
  EXPECT_EQ(Error("[{\"text\": \"a\", \"start\": 1}]"),
            "turns[0]: has to have both start and end, or neither");
  EXPECT_EQ(Error("[{\"text\": \"a\", \"start\": 2, \"end\": 1}]"), "turns[0].end: is before the start");
  EXPECT_EQ(Error("[{\"text\": \"a\", \"start\": 1e999, \"end\": 1}]"), "a number in the file is too large");
  EXPECT_EQ(Error("{\"callTranscripts\": [{}, {}]}"), "callTranscripts: holds 2 calls; give a file with one");
  EXPECT_EQ(Error("{\"callTranscripts\": [{\"transcript\": [{}]}]}"),
            "callTranscripts[0].transcript[0]: has to have a list of sentences");
  EXPECT_EQ(Error("[]"), "line 1: nobody says a word in the file");
}

TEST(TranscriptFile, WhatIsNoneIsRefused) {
  EXPECT_THAT(Error("Dear Ana,\nwe cut idle time.\n"),
              StartsWith("line 1: this is no transcript that is known"));
  EXPECT_THAT(Error("PK\x03\x04"), Not(HasSubstr("PK")));
}

TEST(TranscriptFile, LimitOfBytes) {
  const std::string line = "Kim: hi\n";
  std::string bytes = line;
  bytes.resize(kMaxTranscriptFileBytes - 1, ' ');
  for (const bool taken : {true, true, false}) {
    EXPECT_EQ(ReadTranscript(bytes).ok(), taken) << bytes.size();
    bytes += ' ';
  }
}

TEST(TranscriptFile, TheRepIsNamed) {
  Transcript transcript =
      Read("Kim Lee: We cut idle time.\nAna: Really?\nBen: Yes.\n", TranscriptFormat::kPlainText);
  EXPECT_TRUE(NameRep(" kim  L\u00E9E ", transcript).ok());
  EXPECT_EQ(
      ToText(transcript),
      "- to - Kim Lee (rep): We cut idle time.\n- to - Ana (guest): Really?\n- to - Ben (guest): Yes.\n");
  EXPECT_EQ(NameRep("Kim", transcript),
            absl::NotFoundError("nobody of that name speaks; the file names 3 speakers"));
  Transcript nameless = Read("WEBVTT\n\n00:00.000 --> 00:01.000\nWe cut\n", TranscriptFormat::kWebVtt);
  EXPECT_EQ(NameRep("Kim", nameless), absl::NotFoundError("the file does not say who speaks"));
}

}  // namespace
}  // namespace finalmile::coaching

#include "services/finalmile/output/output.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "finalmile/leads/v1/lead.pb.h"
#include "libs/base/text.h"
#include "services/finalmile/output/text.h"

namespace finalmile::cli {
namespace {

using ::testing::HasSubstr;

// Characters that terminals and readers of JSON are upset by, as UTF-8 and as bytes that are none.
const std::vector<std::string>& Hostile() {
  static const auto& pieces = *new std::vector<std::string>{"\x1b[31m",
                                                            "\x1b]0;title\x07",
                                                            "\x9b",
                                                            std::string("\xc2\x9b") + "2J",
                                                            "\x7f",
                                                            "\r",
                                                            "\n",
                                                            "\t",
                                                            "\b",
                                                            "\f",
                                                            "\"",
                                                            "\\",
                                                            "\\u0000",
                                                            "\",\"type\":\"x",
                                                            "</script>",
                                                            "\u061c",
                                                            "\u200e",
                                                            "\u200f",
                                                            "\u2028",
                                                            "\u2029",
                                                            "\u202a",
                                                            "\u202e",
                                                            "\u2066",
                                                            "\u2069",
                                                            "\u206f",
                                                            "\ufeff",
                                                            "\ufff9",
                                                            "\U000e0041",
                                                            "\xc3",
                                                            "\xed\xa0\x80",
                                                            "\xf4\x90\x80\x80",
                                                            "\xc0\x80",
                                                            std::string(1, '\0'),
                                                            "ä",
                                                            "漢",
                                                            "👩‍💻",
                                                            "plain"};
  return pieces;
}

std::string Text(std::mt19937& random) {
  std::string text;
  const size_t count = random() % 8;
  for (size_t i = 0; i < count; ++i) text += Hostile()[random() % Hostile().size()];
  return text;
}

// No character of `text` but the line ends does anything to a terminal.
void ExpectHarmless(std::string text) {
  EXPECT_TRUE(IsUtf8(text)) << text;
  EXPECT_EQ(PrintableLines(text), text);
  std::erase(text, '\n');
  EXPECT_EQ(Printable(text), text);
}

class OutputTest : public ::testing::Test {
 protected:
  Output NewOutput(bool json) { return Output(out_, err_, *clock_, {.json = json, .progress = true}); }

  std::ostringstream out_;
  std::ostringstream err_;
  const std::unique_ptr<Clock> clock_ = NewSystemClock();
};

TEST_F(OutputTest, WhateverIsPrintedForPeopleDoesNothingToTheirTerminal) {
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    Output output = NewOutput(false);
    output.Line(Text(random));
    output.Marked(Text(random));
    output.Note(Text(random));
    Table table({{"A"}, {"B", Align::kRight, true}});
    table.Add({Text(random), Text(random)});
    output.Show(table);
    EXPECT_EQ(output.Written(), absl::OkStatus());
  }
  ExpectHarmless(out_.str());
  std::string notes = err_.str();
  // What clears the progress line is ours.
  for (size_t at; (at = notes.find("\r\033[K")) != std::string::npos;) notes.erase(at, 4);
  ExpectHarmless(notes);
}

TEST_F(OutputTest, WhateverIsPrintedAsJsonIsValidAndKeepsItsMeaning) {
  // It says of text that is not UTF-8 what this test is about.
  google::protobuf::SetLogHandler(nullptr);
  std::mt19937 random(2);
  for (int i = 0; i < 2000; ++i) {
    out_.str("");
    Output output = NewOutput(true);
    const std::string text = Text(random);
    output.Json(nlohmann::ordered_json::object({{"text", text}}));
    leads::v1::Lead lead;
    lead.set_given_name(text);
    output.Json(lead);
    ASSERT_EQ(output.Written(), absl::OkStatus());
    ExpectHarmless(out_.str());
    std::istringstream lines(out_.str());
    for (const char* name : {"text", "given_name"}) {
      std::string line;
      ASSERT_TRUE(std::getline(lines, line));
      const auto parsed = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
      ASSERT_FALSE(parsed.is_discarded()) << line;
      if (IsUtf8(text)) {
        EXPECT_EQ(parsed[name].get<std::string>(), text) << line;
      }
    }
  }
}

TEST_F(OutputTest, AMessageThatJsonCannotHoldIsAnError) {
  leads::v1::Lead lead;
  lead.mutable_create_time()->set_seconds(253'402'300'800);
  Output output = NewOutput(true);
  output.Json(lead);
  EXPECT_EQ(out_.str(), "") << "nothing that is cut off";
  EXPECT_EQ(output.Written().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(output.Written().message()), HasSubstr("Lead"));
}

TEST_F(OutputTest, AFullDiskIsAnError) {
  std::ofstream full("/dev/full");
  ASSERT_TRUE(full.is_open());
  Output output(full, err_, *clock_, {});
  output.Line("x");
  EXPECT_EQ(output.Written().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace finalmile::cli

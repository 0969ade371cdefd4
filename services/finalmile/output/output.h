#pragma once

#include <ostream>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/base/clock.h"
#include "nlohmann/json_fwd.hpp"
#include "services/finalmile/output/table.h"

namespace finalmile::cli {

struct OutputOptions {
  // One JSON object per line instead of text for people.
  bool json = false;
  // Colours and a table fitted to `width`: only where standard output is a terminal.
  bool colour = false;
  size_t width = 0;
  // Progress lines that overwrite each other: only where standard error is a terminal.
  bool progress = false;
  absl::TimeZone zone = absl::UTCTimeZone();
};

// The message as protobuf JSON in one line, with proto field names. INVALID_ARGUMENT: it holds what JSON
// cannot (a timestamp outside the years 1 to 9999).
absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message, bool with_defaults);

// Where a verb writes. Results go to `out`, notes and progress to `err`. Whatever is written for people is
// Printable. Not thread-safe.
class Output {
 public:
  // The references outlive the output.
  Output(std::ostream& out, std::ostream& err, Clock& clock, OutputOptions options)
      : out_(out), err_(err), clock_(clock), options_(options) {}

  bool json() const { return options_.json; }
  bool progress() const { return options_.progress && !options_.json; }
  absl::TimeZone zone() const { return options_.zone; }

  // Protobuf JSON in one line: proto field names, defaults written out, 64-bit integers as strings.
  void Json(const google::protobuf::Message& message);
  // A value in one line; text that is not UTF-8 is shown with U+FFFD.
  void Json(const nlohmann::ordered_json& value);
  void Show(const Table& table);
  // Printable text and a line end.
  void Line(std::string_view text = "");
  // As Line; what stands between U+0002 and U+0003 is bold where there are colours.
  void Marked(std::string_view text);
  // A line for people on standard error; nothing with --json.
  void Note(std::string_view text);
  // Overwrites the last progress line; an empty text clears it. Nothing unless progress().
  void Progress(std::string_view text);
  // Writes out what is held back, for lines that are waited for.
  void Flush() { out_.flush(); }
  // The first result that could not be written, by reason of itself (INVALID_ARGUMENT) or of `out`
  // (DATA_LOSS). A verb that writes for long asks in between; the program asks at its end.
  absl::Status Written();

  // The same output, for which it is another time.
  Output At(Clock& clock) const { return Output(out_, err_, clock, options_); }
  // "2026-03-01 09:00 (3 d ago)".
  std::string TimeText(absl::Time time) const;
  // Whether it is still to come.
  bool IsLater(absl::Time time) const;

 private:
  std::ostream& out_;
  std::ostream& err_;
  Clock& clock_;
  const OutputOptions options_;
  absl::Status written_;
};

}  // namespace finalmile::cli

#pragma once

#include <string>
#include <string_view>
#include <vector>

// What takes bytes from outside, each with the promises it keeps on any bytes. libfuzzer.cc looks for bytes
// that break them; fuzz_test.cc runs the same functions on the seeds and on some thousand changes of them.
namespace finalmile::fuzz {

struct Target {
  std::string name;
  // Takes the bytes, says whether they were well-formed, and ends the process (Require) when a promise is
  // broken.
  bool (*run)(std::string_view bytes);
  // Inputs to begin with, the first of them well-formed.
  std::vector<std::string> (*seeds)();
};

// A track and, after a form feed, what was said: findings are words of the text, steps are bounded, and the
// same is said again.
Target CallAnalysis();
// CSV: lines rise, rows read back as they are written.
Target Csv();
// Event bytes as they come from the topics and out of the outbox: headers, envelope, activity.
Target Event();
// Filters: whatever is accepted runs as SQL.
Target Filter();
// Keys and headers of records as any producer may make them: what is stored and shown of them.
Target Key();
// What a lead's row says of its limits: only what Encode writes is accepted, and is safe to go on with.
Target Limits();
// A mapping file and, after a form feed, a CSV file: rows become valid leads and activities, or rejects.
Target Mapping();
// A page of a folder of Markdown: an asset that is valid and in the form it is stored in, or problems with
// their lines.
Target Page();
// Page tokens and etags: only what was made for the request is accepted.
Target PageToken();
// A policy file and, after a form feed, activities: scores are finite, their reasons add up, and the order
// of arrival does not matter.
Target Policy();
// Requests of the leads service: accepted leads stay what they are when they are read again.
Target Request();
// A talk track in Markdown or YAML: a message that can be sent and is no larger than its file allows, or an
// error that names a line.
Target TrackFile();
// Transcripts of calls: turns that can be analysed, or an error that says where.
Target TranscriptFile();
// Timestamps of records: those that are accepted have a JSON form, and survive it.
Target Times();

// How much memory a request takes: what is counted on its bytes, and what protobuf then takes.
Target Shape();

// Ends the process with `what` unless `condition` holds.
void Require(bool condition, std::string_view what);

// The bytes before the first form feed, and those behind it.
std::pair<std::string_view, std::string_view> Cut(std::string_view bytes);
// The content of a file of the project; ends the process when there is none.
std::string ReadProjectFile(const std::string& path);

}  // namespace finalmile::fuzz

#include "services/finalmile/output/output.h"

#include <google/protobuf/util/json_util.h>

#include "services/finalmile/output/format.h"
#include "services/finalmile/output/text.h"

namespace finalmile::cli {

void Output::Json(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions print;
  print.preserve_proto_field_names = true;
  print.always_print_primitive_fields = true;
  std::string text;
  // Fails only for malformed well-known types, which no server sends; what was written up to there is shown.
  (void)google::protobuf::util::MessageToJsonString(message, &text, print);
  JsonLine(text);
}

void Output::JsonLine(std::string_view json) { out_ << json << '\n'; }

void Output::Show(const Table& table) {
  out_ << table.Format({.width = options_.width, .colour = options_.colour});
}

void Output::Line(std::string_view text) { out_ << Printable(text) << '\n'; }

void Output::Marked(std::string_view text) {
  std::string line;
  bool bold = false;
  while (!text.empty()) {
    const size_t end = text.find(bold ? '\x03' : '\x02');
    const std::string part = Printable(text.substr(0, end));
    line += bold && options_.colour ? "\033[1m" + part + "\033[0m" : part;
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
    bold = !bold;
  }
  out_ << line << '\n';
}

void Output::Note(std::string_view text) {
  if (options_.json) return;
  Progress("");
  err_ << Printable(text) << std::endl;
}

void Output::Progress(std::string_view text) {
  if (!progress()) return;
  err_ << "\r\033[K" << Printable(text) << std::flush;
}

std::string Output::TimeText(absl::Time time) const { return FormatTime(time, clock_.Now(), options_.zone); }

}  // namespace finalmile::cli

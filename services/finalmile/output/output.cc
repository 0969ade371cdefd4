#include "services/finalmile/output/output.h"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <nlohmann/json.hpp>

#include "services/finalmile/output/format.h"
#include "services/finalmile/output/text.h"

namespace finalmile::cli {

absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message, bool with_defaults) {
  google::protobuf::util::JsonPrintOptions print;
  print.preserve_proto_field_names = true;
  print.always_print_primitive_fields = with_defaults;
  std::string text;
  const auto converted = google::protobuf::util::MessageToJsonString(message, &text, print);
  if (converted.ok()) return text;
  return absl::InvalidArgumentError(
      fmt::format("a {} cannot be shown as JSON: {}", message.GetDescriptor()->name(), converted.ToString()));
}

void Output::Json(const google::protobuf::Message& message) {
  const absl::StatusOr<std::string> text = ToJson(message, /*with_defaults=*/true);
  if (!text.ok()) return written_.Update(text.status());
  out_ << PrintableJson(*text) << '\n';
}

void Output::Json(const nlohmann::ordered_json& value) {
  out_ << PrintableJson(value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)) << '\n';
}

absl::Status Output::Written() {
  Flush();
  if (!out_)
    written_.Update(absl::DataLossError("the output cannot be written: standard output is full or closed"));
  return written_;
}

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

bool Output::IsLater(absl::Time time) const { return time > clock_.Now(); }

}  // namespace finalmile::cli

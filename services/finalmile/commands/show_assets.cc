#include "services/finalmile/commands/show_assets.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/output/format.h"
#include "services/finalmile/output/table.h"

namespace finalmile::cli {
namespace {

using catalog::v1::Asset;
using catalog::v1::AssetKind;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr std::string_view kKindPrefix = "ASSET_KIND_";

// "call_back_line" is "Call back line".
std::string Label(const FieldDescriptor& field) {
  std::string label = field.name();
  std::replace(label.begin(), label.end(), '_', ' ');
  label[0] = absl::ascii_toupper(static_cast<unsigned char>(label[0]));
  return label;
}

void ShowField(const std::string& label, const std::string& value, Output& output) {
  if (!value.empty()) output.Line(fmt::format("{:16}{}", label, value));
}

std::vector<std::string> TextsOf(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  if (!field.is_repeated()) return {reflection.GetString(message, &field)};
  std::vector<std::string> texts;
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i)
    texts.push_back(reflection.GetRepeatedString(message, &field, i));
  return texts;
}

// A claim with its answer, a step with its assets.
void ShowPair(const Message& pair, Output& output) {
  const google::protobuf::Descriptor& descriptor = *pair.GetDescriptor();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const std::string text = absl::StrJoin(TextsOf(pair, *descriptor.field(i)), ", ");
    if (!text.empty()) output.Line(fmt::format("  {} {}", i == 0 ? '-' : ' ', text));
  }
}

// The fields of a kind: texts, lists of texts, lists of messages of texts.
void ShowDetails(const Message& details, Output& output) {
  const google::protobuf::Descriptor& descriptor = *details.GetDescriptor();
  const Reflection& reflection = *details.GetReflection();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    if (!field.is_repeated()) {
      ShowField(Label(field), reflection.GetString(details, &field), output);
      continue;
    }
    const int size = reflection.FieldSize(details, &field);
    if (size > 0) output.Line(Label(field));
    for (int j = 0; j < size; ++j) {
      if (field.message_type() != nullptr) {
        ShowPair(reflection.GetRepeatedMessage(details, &field, j), output);
      } else {
        output.Line("  - " + reflection.GetRepeatedString(details, &field, j));
      }
    }
  }
}

void ShowTags(const catalog::v1::Tags& tags, Output& output) {
  const google::protobuf::Descriptor& descriptor = *catalog::v1::Tags::descriptor();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    ShowField(Label(field), absl::StrJoin(TextsOf(tags, field), ", "), output);
  }
}

void ShowMergeFields(const Asset& asset, Output& output) {
  if (asset.merge_fields().empty()) return;
  output.Line("Merge fields");
  for (const catalog::v1::MergeField& field : asset.merge_fields()) {
    output.Line(fmt::format(
        "  - {}{}{}", field.name(),
        field.has_default_value() ? fmt::format(" (by default \"{}\")", field.default_value()) : "",
        field.description().empty() ? "" : fmt::format(": {}", field.description())));
  }
}

}  // namespace

std::string AssetName(const std::string& text) {
  return text.starts_with("assets/") ? text : "assets/" + text;
}

std::string StateText(const Asset& asset, const Output& output) {
  if (asset.state() == catalog::v1::ASSET_STATE_PUBLISHED &&
      output.IsLater(rpc::FromTimestamp(asset.publish_time()))) {
    return "scheduled";
  }
  return EnumText(catalog::v1::AssetState_Name(asset.state()), "ASSET_STATE_");
}

std::string KindText(AssetKind kind) { return EnumText(catalog::v1::AssetKind_Name(kind), kKindPrefix); }

absl::StatusOr<AssetKind> ParseKind(std::string_view flag, const std::string& text) {
  std::string name = absl::AsciiStrToUpper(text);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == ' ' || c == '-'; }, '_');
  AssetKind kind;
  if (AssetKind_Parse(std::string(kKindPrefix) + name, &kind) &&
      kind != catalog::v1::ASSET_KIND_UNSPECIFIED) {
    return kind;
  }
  std::vector<std::string> kinds;
  for (int i = 1; i <= catalog::v1::AssetKind_MAX; ++i) {
    kinds.push_back(KindText(static_cast<AssetKind>(i)));
    std::replace(kinds.back().begin(), kinds.back().end(), ' ', '-');
  }
  return absl::InvalidArgumentError(
      fmt::format("{} '{}': must be one of {}", flag, text, fmt::join(kinds, ", ")));
}

void ShowAssets(const std::vector<Asset>& assets, Output& output) {
  Table table(
      {{"KIND"}, {"STATE"}, {"VERSION", Align::kRight}, {"TITLE", Align::kLeft, true}, {"OWNER"}, {"ASSET"}});
  for (const Asset& asset : assets) {
    table.Add({KindText(asset.kind()), StateText(asset, output), FormatCount(asset.version()), asset.title(),
               asset.owner(), asset.name()});
  }
  output.Show(table);
}

void ShowVersions(const std::vector<Asset>& versions, Output& output) {
  Table table({{"VERSION", Align::kRight},
               {"STATE"},
               {"TITLE", Align::kLeft, true},
               {"OWNER"},
               {"REVIEWER"},
               {"CHANGED"}});
  for (const Asset& version : versions) {
    table.Add({FormatCount(version.version()), StateText(version, output), version.title(), version.owner(),
               version.reviewer(), output.TimeText(rpc::FromTimestamp(version.update_time()))});
  }
  output.Show(table);
}

void ShowAsset(const Asset& asset, Output& output) {
  output.Line(asset.title());
  output.Line();
  ShowField("Asset", asset.name(), output);
  ShowField("Kind", KindText(asset.kind()), output);
  std::string version = fmt::format("{}, {}", asset.version(), StateText(asset, output));
  if (asset.published_version() > 0 && asset.published_version() != asset.version())
    version += fmt::format("; published is {}", asset.published_version());
  if (asset.latest_version() > asset.version())
    version += fmt::format("; newest is {}", asset.latest_version());
  ShowField("Version", version, output);
  ShowField("Reason", asset.reason(), output);
  ShowField("Owner", asset.owner(), output);
  ShowField("Reviewer", asset.reviewer(), output);
  ShowTags(asset.tags(), output);
  if (asset.has_publish_time())
    ShowField("Used from", output.TimeText(rpc::FromTimestamp(asset.publish_time())), output);
  if (asset.has_expire_time())
    ShowField("Used until", output.TimeText(rpc::FromTimestamp(asset.expire_time())), output);
  if (asset.has_review_time())
    ShowField("Review by", output.TimeText(rpc::FromTimestamp(asset.review_time())), output);
  ShowField("Source", asset.source(), output);
  if (asset.has_update_time())
    ShowField("Changed", output.TimeText(rpc::FromTimestamp(asset.update_time())), output);
  ShowField("Etag", asset.etag(), output);
  ShowField("Summary", asset.summary(), output);
  ShowMergeFields(asset, output);
  const Reflection& reflection = *Asset::GetReflection();
  const auto* details =
      reflection.GetOneofFieldDescriptor(asset, Asset::descriptor()->FindOneofByName("details"));
  if (details != nullptr) ShowDetails(reflection.GetMessage(asset, details), output);
  if (!asset.missing().empty()) output.Line("Missing, so that it cannot be published");
  for (const std::string& missing : asset.missing()) output.Line("  - " + missing);
  output.Line();
  ShowText(asset.body(), output);
}

void ShowText(std::string_view text, Output& output) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  while (true) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    output.Line(line);
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

}  // namespace finalmile::cli

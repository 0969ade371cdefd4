#include "libs/config/yaml_message.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "libs/base/status.h"
#include "libs/config/yaml.h"

namespace finalmile::config {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Deeper than any real file, shallow enough for any stack.
constexpr int kMaxDepth = 64;

std::string EnumPrefix(const EnumDescriptor& type) {
  std::string prefix;
  const std::string& name = type.name();
  for (size_t i = 0; i < name.size(); ++i) {
    if (i > 0 && absl::ascii_isupper(name[i]) && !absl::ascii_isupper(name[i - 1])) prefix += '_';
    prefix += absl::ascii_toupper(name[i]);
  }
  return prefix + "_";
}

const EnumValueDescriptor* FindEnumValue(const EnumDescriptor& type, const std::string& text) {
  if (const EnumValueDescriptor* exact = type.FindValueByName(text)) return exact;
  return type.FindValueByName(EnumPrefix(type) + absl::AsciiStrToUpper(text));
}

std::string EnumChoices(const EnumDescriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() != 0) names.push_back(type.value(i)->name());
  }
  return absl::StrJoin(names, ", ");
}

class Parser {
 public:
  explicit Parser(std::string_view file) : file_(file) {}

  absl::Status Error(const YAML::Mark& mark, std::string_view what) const {
    if (mark.is_null()) return absl::InvalidArgumentError(fmt::format("{}: {}", file_, what));
    return absl::InvalidArgumentError(fmt::format("{}:{}: {}", file_, mark.line + 1, what));
  }

  absl::Status ReadMessage(const YAML::Node& node, std::string_view path, Message& message, int depth) const {
    const Descriptor& type = *message.GetDescriptor();
    if (depth > kMaxDepth) return Error(node.Mark(), fmt::format("'{}' is nested too deeply", path));
    if (type.full_name() == "google.protobuf.Timestamp") return ReadTimestamp(node, path, message);
    if (type.full_name() == "google.protobuf.Duration") return ReadDuration(node, path, message);
    if (node.IsSequence() && type.field_count() == 1 && type.field(0)->is_repeated() &&
        !type.field(0)->is_map()) {
      return ReadList(node, path, *type.field(0), message, depth);
    }
    if (!node.IsMap())
      return Error(node.Mark(), fmt::format("'{}' must be a mapping of keys to values", path));
    std::set<std::string> seen;
    for (const auto& entry : node) {
      std::string key;
      RETURN_IF_ERROR(ReadKey(entry.first, path, seen, key));
      const FieldDescriptor* field = type.FindFieldByName(key);
      if (field == nullptr) return UnknownKey(entry.first.Mark(), key, type);
      const std::string below = path.empty() ? key : fmt::format("{}.{}", path, key);
      RETURN_IF_ERROR(CheckOneof(entry.first.Mark(), key, *field, message));
      RETURN_IF_ERROR(ReadField(entry.second, entry.first.Mark(), below, *field, message, depth));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status ReadKey(const YAML::Node& node, std::string_view path, std::set<std::string>& seen,
                       std::string& key) const {
    if (!node.IsScalar()) return Error(node.Mark(), fmt::format("a key of '{}' is not a plain word", path));
    key = node.Scalar();
    if (!seen.insert(key).second) return Error(node.Mark(), fmt::format("key '{}' is given twice", key));
    return absl::OkStatus();
  }

  absl::Status UnknownKey(const YAML::Mark& mark, const std::string& key, const Descriptor& type) const {
    std::vector<std::string> known;
    for (int i = 0; i < type.field_count(); ++i) known.push_back(type.field(i)->name());
    return Error(mark,
                 fmt::format("unknown key '{}'; {} has {}", key, type.name(), absl::StrJoin(known, ", ")));
  }

  absl::Status CheckOneof(const YAML::Mark& mark, const std::string& key, const FieldDescriptor& field,
                          const Message& message) const {
    if (field.real_containing_oneof() == nullptr) return absl::OkStatus();
    const FieldDescriptor* other =
        message.GetReflection()->GetOneofFieldDescriptor(message, field.real_containing_oneof());
    if (other == nullptr) return absl::OkStatus();
    return Error(mark, fmt::format("'{}' and '{}' exclude each other", other->name(), key));
  }

  absl::Status ReadField(const YAML::Node& node, const YAML::Mark& key_mark, const std::string& path,
                         const FieldDescriptor& field, Message& message, int depth) const {
    if (node.IsNull())
      return Error(key_mark, fmt::format("'{}' has no value; leave the key out or give one", path));
    if (field.is_map()) return ReadMap(node, path, field, message, depth);
    if (field.is_repeated()) {
      if (!node.IsSequence()) return Error(node.Mark(), fmt::format("'{}' must be a list", path));
      return ReadList(node, path, field, message, depth);
    }
    return ReadValue(node, path, field, message, depth);
  }

  absl::Status ReadList(const YAML::Node& node, std::string_view path, const FieldDescriptor& field,
                        Message& message, int depth) const {
    for (size_t i = 0; i < node.size(); ++i) {
      RETURN_IF_ERROR(ReadValue(node[i], fmt::format("{}[{}]", path, i), field, message, depth));
    }
    return absl::OkStatus();
  }

  absl::Status ReadMap(const YAML::Node& node, const std::string& path, const FieldDescriptor& field,
                       Message& message, int depth) const {
    if (!node.IsMap())
      return Error(node.Mark(), fmt::format("'{}' must be a mapping of keys to values", path));
    const FieldDescriptor& key_field = *field.message_type()->map_key();
    const FieldDescriptor& value_field = *field.message_type()->map_value();
    std::set<std::string> seen;
    for (const auto& entry : node) {
      std::string key;
      RETURN_IF_ERROR(ReadKey(entry.first, path, seen, key));
      Message* pair = message.GetReflection()->AddMessage(&message, &field);
      const std::string below = fmt::format("{}.{}", path, key);
      RETURN_IF_ERROR(ReadValue(entry.first, below, key_field, *pair, depth));
      RETURN_IF_ERROR(ReadValue(entry.second, below, value_field, *pair, depth));
    }
    return absl::OkStatus();
  }

  // One value of `field`: sets it, or adds it where the field is repeated.
  absl::Status ReadValue(const YAML::Node& node, const std::string& path, const FieldDescriptor& field,
                         Message& message, int depth) const {
    const Reflection& reflection = *message.GetReflection();
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      Message* child = field.is_repeated() ? reflection.AddMessage(&message, &field)
                                           : reflection.MutableMessage(&message, &field);
      return ReadMessage(node, path, *child, depth + 1);
    }
    if (node.IsNull())
      return Error(node.Mark(),
                   fmt::format("'{}' has no value; quote it where the word itself is meant", path));
    if (!node.IsScalar()) return Error(node.Mark(), fmt::format("'{}' must be a single value", path));
    const std::string& text = node.Scalar();
    // One call for the two ways to store a value.
#define FINALMILE_STORE(kind, value)               \
  if (field.is_repeated()) {                       \
    reflection.Add##kind(&message, &field, value); \
  } else {                                         \
    reflection.Set##kind(&message, &field, value); \
  }                                                \
  return absl::OkStatus()
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        if (field.type() == FieldDescriptor::TYPE_BYTES) break;
        FINALMILE_STORE(String, text);
      case FieldDescriptor::CPPTYPE_BOOL: {
        if (text != "true" && text != "false") {
          return Error(node.Mark(), fmt::format("'{}' must be true or false, not '{}'", path, text));
        }
        FINALMILE_STORE(Bool, text == "true");
      }
      case FieldDescriptor::CPPTYPE_INT32: {
        int32_t value;
        if (!absl::SimpleAtoi(text, &value)) return NotWhole(node, path, text);
        FINALMILE_STORE(Int32, value);
      }
      case FieldDescriptor::CPPTYPE_INT64: {
        int64_t value;
        if (!absl::SimpleAtoi(text, &value)) return NotWhole(node, path, text);
        FINALMILE_STORE(Int64, value);
      }
      case FieldDescriptor::CPPTYPE_UINT32: {
        uint32_t value;
        if (!absl::SimpleAtoi(text, &value)) return NotWhole(node, path, text);
        FINALMILE_STORE(UInt32, value);
      }
      case FieldDescriptor::CPPTYPE_UINT64: {
        uint64_t value;
        if (!absl::SimpleAtoi(text, &value)) return NotWhole(node, path, text);
        FINALMILE_STORE(UInt64, value);
      }
      case FieldDescriptor::CPPTYPE_DOUBLE: {
        double value;
        RETURN_IF_ERROR(ReadNumber(node, path, text, std::numeric_limits<double>::max(), value));
        FINALMILE_STORE(Double, value);
      }
      case FieldDescriptor::CPPTYPE_FLOAT: {
        double value;
        RETURN_IF_ERROR(ReadNumber(node, path, text, std::numeric_limits<float>::max(), value));
        FINALMILE_STORE(Float, static_cast<float>(value));
      }
      case FieldDescriptor::CPPTYPE_ENUM: {
        const EnumValueDescriptor* value = FindEnumValue(*field.enum_type(), text);
        if (value == nullptr) {
          return Error(node.Mark(), fmt::format("'{}' must be one of {}, not '{}'", path,
                                                EnumChoices(*field.enum_type()), text));
        }
        FINALMILE_STORE(Enum, value);
      }
      case FieldDescriptor::CPPTYPE_MESSAGE:
        break;
    }
#undef FINALMILE_STORE
    return Error(node.Mark(), fmt::format("'{}' has a type that YAML files cannot give", path));
  }

  absl::Status NotWhole(const YAML::Node& node, std::string_view path, std::string_view text) const {
    return Error(node.Mark(), fmt::format("'{}' must be a whole number in range, not '{}'", path, text));
  }

  absl::Status ReadNumber(const YAML::Node& node, std::string_view path, const std::string& text,
                          double limit, double& value) const {
    if (!absl::SimpleAtod(text, &value) || !std::isfinite(value) || std::abs(value) > limit) {
      return Error(node.Mark(), fmt::format("'{}' must be a number, not '{}'", path, text));
    }
    return absl::OkStatus();
  }

  // Both well-known types are an int64 of seconds (1) and an int32 of nanoseconds (2).
  static void SetSecondsAndNanos(Message& message, int64_t seconds, int64_t nanos) {
    const Descriptor& type = *message.GetDescriptor();
    message.GetReflection()->SetInt64(&message, type.FindFieldByNumber(1), seconds);
    message.GetReflection()->SetInt32(&message, type.FindFieldByNumber(2), static_cast<int32_t>(nanos));
  }

  absl::Status ReadTimestamp(const YAML::Node& node, std::string_view path, Message& message) const {
    absl::Time time;
    std::string why;
    if (!node.IsScalar() || !absl::ParseTime(absl::RFC3339_full, node.Scalar(), &time, &why) ||
        time < absl::FromUnixSeconds(-62135596800) || time >= absl::FromUnixSeconds(253402300800)) {
      return Error(node.Mark(), fmt::format("'{}' must be a time such as 2026-03-01T09:00:00Z", path));
    }
    const int64_t seconds = absl::ToUnixSeconds(time);
    SetSecondsAndNanos(message, seconds, absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds)));
    return absl::OkStatus();
  }

  absl::Status ReadDuration(const YAML::Node& node, std::string_view path, Message& message) const {
    absl::Duration duration;
    if (!node.IsScalar() || !absl::ParseDuration(node.Scalar(), &duration) ||
        absl::AbsDuration(duration) > absl::Seconds(315576000000)) {
      return Error(node.Mark(), fmt::format("'{}' must be a duration such as 168h or 90m", path));
    }
    absl::Duration rest;
    const int64_t seconds = absl::IDivDuration(duration, absl::Seconds(1), &rest);
    SetSecondsAndNanos(message, seconds, absl::ToInt64Nanoseconds(rest));
    return absl::OkStatus();
  }

  const std::string file_;
};

}  // namespace

absl::Status ParseYamlMessage(std::string_view yaml, std::string_view file_name, Message& message) {
  message.Clear();
  const Parser parser(file_name);
  // yaml-cpp throws; nothing of that leaves this function.
  try {
    const YAML::Node root = LoadYaml(std::string(yaml));
    if (root.IsNull()) return parser.Error(YAML::Mark::null_mark(), "the file is empty");
    return parser.ReadMessage(root, "", message, 0);
  } catch (const YAML::Exception& error) {
    return parser.Error(error.mark, error.msg);
  }
}

}  // namespace finalmile::config

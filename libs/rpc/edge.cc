#include "libs/rpc/edge.h"

#include <string>
#include <vector>

#include "fmt/format.h"
#include "google/protobuf/descriptor.h"
#include "libs/base/status.h"
#include "libs/rpc/errors.h"

namespace finalmile::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Finds the first text with U+0000 and builds its path from the inside out.
bool FindNul(const Message& message, std::string& path);

bool HasNul(const std::string& text) { return text.find('\0') != std::string::npos; }

bool FindNulInEntry(const Message& entry, std::string& path) {
  const Reflection& reflection = *entry.GetReflection();
  const FieldDescriptor* key = entry.GetDescriptor()->map_key();
  const FieldDescriptor* value = entry.GetDescriptor()->map_value();
  std::string name;
  if (key->type() == FieldDescriptor::TYPE_STRING) {
    name = reflection.GetString(entry, key);
    // The key itself cannot be shown.
    if (HasNul(name)) {
      path = "[key]";
      return true;
    }
  }
  const bool found =
      value->type() == FieldDescriptor::TYPE_STRING
          ? HasNul(reflection.GetString(entry, value))
          : value->message_type() != nullptr && FindNul(reflection.GetMessage(entry, value), path);
  if (found) path = fmt::format("[{}]{}{}", name, path.empty() ? "" : ".", path);
  return found;
}

bool FindNulInField(const Message& message, const FieldDescriptor* field, std::string& path) {
  const Reflection& reflection = *message.GetReflection();
  const bool text = field->type() == FieldDescriptor::TYPE_STRING;
  if (!field->is_repeated()) {
    if (text) return HasNul(reflection.GetString(message, field));
    if (!FindNul(reflection.GetMessage(message, field), path)) return false;
    path = fmt::format(".{}", path);
    return true;
  }
  for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
    if (field->is_map()) {
      if (FindNulInEntry(reflection.GetRepeatedMessage(message, field, i), path)) return true;
    } else if (text ? HasNul(reflection.GetRepeatedString(message, field, i))
                    : FindNul(reflection.GetRepeatedMessage(message, field, i), path)) {
      path = fmt::format("[{}]{}{}", i, path.empty() ? "" : ".", path);
      return true;
    }
  }
  return false;
}

bool FindNul(const Message& message, std::string& path) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->type() != FieldDescriptor::TYPE_STRING && field->message_type() == nullptr) continue;
    if (FindNulInField(message, field, path)) {
      path = fmt::format("{}{}", field->name(), path);
      return true;
    }
  }
  return false;
}

absl::Status CheckText(const Message& request) {
  std::string path;
  if (!FindNul(request, path)) return absl::OkStatus();
  return InvalidField(path, "must not contain the character U+0000");
}

}  // namespace

absl::Status ParseRequest(std::string_view bytes, Message& request) {
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Error(absl::StatusCode::kInvalidArgument, "MALFORMED_REQUEST",
                 fmt::format("the request is no valid {}: malformed bytes, or text that is not UTF-8",
                             request.GetDescriptor()->full_name()));
  }
  // Most requests hold no zero byte at all.
  return bytes.find('\0') == std::string_view::npos ? absl::OkStatus() : CheckText(request);
}

absl::Status CheckSize(size_t size, size_t limit) {
  if (size <= limit) return absl::OkStatus();
  return Error(
      absl::StatusCode::kInvalidArgument, "MESSAGE_TOO_LARGE",
      fmt::format("the request message has {} bytes, the limit is {}: send less at once", size, limit),
      {{"size", std::to_string(size)}, {"limit", std::to_string(limit)}});
}

absl::Status CheckParsedSize(size_t size, int64_t parsed, int64_t limit) {
  if (parsed <= limit) return absl::OkStatus();
  return Error(
      absl::StatusCode::kInvalidArgument, "MESSAGE_TOO_LARGE",
      fmt::format("the request message of {} bytes has so many elements that it would take more than {} "
                  "bytes of memory, which is the limit: send fewer at once",
                  size, limit),
      {{"size", std::to_string(size)}, {"limit", std::to_string(limit)}});
}

}  // namespace finalmile::rpc

#include "libs/rpc/edge.h"

#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "fmt/format.h"
#include "google/protobuf/descriptor.h"
#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/resource_name.h"

namespace finalmile::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z.
constexpr int64_t kFirstSecond = -62'135'596'800;
constexpr int64_t kLastSecond = 253'402'300'799;
// 10,000 years, as google/protobuf/duration.proto has it.
constexpr int64_t kLongest = 315'576'000'000;
constexpr int32_t kMaxNanos = 999'999'999;

constexpr std::string_view kNul = "must not contain the character U+0000";

// The path of the first field that is wrong, built from the inside out, and what is wrong with it.
struct Fault {
  std::string path;
  std::string description;
};

// Whether `message` or what is in it is wrong.
bool FindFault(const Message& message, Fault& fault);

bool IsTime(const Descriptor& type) { return type.full_name() == "google.protobuf.Timestamp"; }
bool IsSpan(const Descriptor& type) { return type.full_name() == "google.protobuf.Duration"; }

// A field with the option (finalmile.v1.resource).
struct NameField {
  const FieldDescriptor* field;
  v1::ResourceName form;
};

// The checks that messages of a type need.
struct Shape {
  // Whether it can hold a timestamp or a duration, at any depth.
  bool holds_time = false;
  // The resource that a Create or Update request is about (AIP-133, AIP-134); may be null.
  const FieldDescriptor* resource = nullptr;
  // Its own fields that name resources, and the single messages in it that have such, at any depth.
  std::vector<NameField> names;
  std::vector<const FieldDescriptor*> holders_of_names;
};

bool HoldsTime(const Descriptor& type, std::set<const Descriptor*>& seen) {
  if (IsTime(type) || IsSpan(type)) return true;
  if (!seen.insert(&type).second) return false;
  for (int i = 0; i < type.field_count(); ++i) {
    const Descriptor* inner = type.field(i)->message_type();
    if (inner != nullptr && HoldsTime(*inner, seen)) return true;
  }
  return false;
}

// The field whose type is Lead, for CreateLeadRequest.
const FieldDescriptor* ResourceOf(const Descriptor& type) {
  constexpr std::string_view kRequest = "Request";
  std::string_view name = type.name();
  if (!(name.starts_with("Create") || name.starts_with("Update")) || !name.ends_with(kRequest))
    return nullptr;
  name.remove_prefix(std::string_view("Create").size());
  name.remove_suffix(kRequest.size());
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    if (!field->is_repeated() && field->message_type() != nullptr && field->message_type()->name() == name)
      return field;
  }
  return nullptr;
}

bool HoldsNames(const Descriptor& type, std::set<const Descriptor*>& seen) {
  if (!seen.insert(&type).second) return false;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.options().HasExtension(v1::resource)) return true;
    if (field.message_type() != nullptr && !field.is_repeated() && HoldsNames(*field.message_type(), seen))
      return true;
  }
  return false;
}

void FindNames(const Descriptor& type, Shape& shape) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    if (field->options().HasExtension(v1::resource)) {
      shape.names.push_back({field, field->options().GetExtension(v1::resource)});
    } else if (field->message_type() != nullptr && !field->is_repeated()) {
      std::set<const Descriptor*> seen;
      if (HoldsNames(*field->message_type(), seen)) shape.holders_of_names.push_back(field);
    }
  }
}

// Made once by each thread.
const Shape& ShapeOf(const Descriptor& type) {
  thread_local std::unordered_map<const Descriptor*, Shape> known;
  const auto [found, fresh] = known.try_emplace(&type);
  Shape& shape = found->second;
  if (fresh) {
    std::set<const Descriptor*> seen;
    shape.holds_time = HoldsTime(type, seen);
    shape.resource = ResourceOf(type);
    FindNames(type, shape);
  }
  return shape;
}

// How the name of a message itself, its `name` or `parent`, is taken.
enum class OwnName { kRequired, kOptional, kIgnored };

OwnName OwnNameOf(const Message& request, const FieldDescriptor* field, const Shape& shape) {
  if (field != shape.resource) return OwnName::kOptional;
  return request.GetDescriptor()->name().starts_with("Create") ? OwnName::kIgnored : OwnName::kRequired;
}

bool FindWrongName(const Message& message, OwnName own_name, Fault& fault) {
  const Reflection& reflection = *message.GetReflection();
  const Shape& shape = ShapeOf(*message.GetDescriptor());
  for (const auto& [field, form] : shape.names) {
    if (field->is_repeated()) {
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        if (Fits(reflection.GetRepeatedString(message, field, i), form)) continue;
        fault = {fmt::format("{}[{}]", field->name(), i), DescriptionOf(form)};
        return true;
      }
      continue;
    }
    std::string scratch;
    const std::string& name = reflection.GetStringReference(message, field, &scratch);
    const bool own = field->name() == "name" || field->name() == "parent";
    if (own && own_name == OwnName::kIgnored) continue;
    if (name.empty() && !(own && own_name == OwnName::kRequired)) continue;
    if (Fits(name, form)) continue;
    fault = {field->name(), DescriptionOf(form)};
    return true;
  }
  for (const FieldDescriptor* field : shape.holders_of_names) {
    if (!reflection.HasField(message, field)) continue;
    if (!FindWrongName(reflection.GetMessage(message, field), OwnNameOf(message, field, shape), fault))
      continue;
    fault.path = fmt::format("{}.{}", field->name(), fault.path);
    return true;
  }
  return false;
}

std::string_view WrongTime(const Message& time) {
  const Reflection& reflection = *time.GetReflection();
  const int64_t seconds = reflection.GetInt64(time, time.GetDescriptor()->FindFieldByNumber(1));
  const int32_t nanos = reflection.GetInt32(time, time.GetDescriptor()->FindFieldByNumber(2));
  if (IsTime(*time.GetDescriptor())) {
    if (seconds < kFirstSecond || seconds > kLastSecond) return "must be a time of the years 1 to 9999";
    if (nanos < 0 || nanos > kMaxNanos) return "must have nanos from 0 to 999,999,999";
    return "";
  }
  if (seconds < -kLongest || seconds > kLongest) return "must be at most 10,000 years long";
  if (nanos < -kMaxNanos || nanos > kMaxNanos) return "must have nanos from -999,999,999 to 999,999,999";
  const bool signs_differ = (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0);
  return signs_differ ? "must have seconds and nanos of one sign" : "";
}

bool HoldsNul(const std::string& text, Fault& fault) {
  if (text.find('\0') == std::string::npos) return false;
  fault.description = kNul;
  return true;
}

bool FindInEntry(const Message& entry, Fault& fault) {
  const Reflection& reflection = *entry.GetReflection();
  const FieldDescriptor* key = entry.GetDescriptor()->map_key();
  const FieldDescriptor* value = entry.GetDescriptor()->map_value();
  std::string name;
  if (key->type() == FieldDescriptor::TYPE_STRING) {
    name = reflection.GetString(entry, key);
    // The key itself cannot be shown.
    if (HoldsNul(name, fault)) {
      fault.path = "[key]";
      return true;
    }
  }
  const bool found =
      value->type() == FieldDescriptor::TYPE_STRING
          ? HoldsNul(reflection.GetString(entry, value), fault)
          : value->message_type() != nullptr && FindFault(reflection.GetMessage(entry, value), fault);
  if (found) fault.path = fmt::format("[{}]{}{}", name, fault.path.empty() ? "" : ".", fault.path);
  return found;
}

bool FindInField(const Message& message, const FieldDescriptor* field, Fault& fault) {
  const Reflection& reflection = *message.GetReflection();
  const bool text = field->type() == FieldDescriptor::TYPE_STRING;
  if (!field->is_repeated()) {
    if (text) return HoldsNul(reflection.GetString(message, field), fault);
    if (!FindFault(reflection.GetMessage(message, field), fault)) return false;
    if (!fault.path.empty()) fault.path = fmt::format(".{}", fault.path);
    return true;
  }
  for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
    if (field->is_map()) {
      if (FindInEntry(reflection.GetRepeatedMessage(message, field, i), fault)) return true;
    } else if (text ? HoldsNul(reflection.GetRepeatedString(message, field, i), fault)
                    : FindFault(reflection.GetRepeatedMessage(message, field, i), fault)) {
      fault.path = fmt::format("[{}]{}{}", i, fault.path.empty() ? "" : ".", fault.path);
      return true;
    }
  }
  return false;
}

bool FindFault(const Message& message, Fault& fault) {
  if (IsTime(*message.GetDescriptor()) || IsSpan(*message.GetDescriptor())) {
    fault.description = WrongTime(message);
    return !fault.description.empty();
  }
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->type() != FieldDescriptor::TYPE_STRING && field->message_type() == nullptr) continue;
    if (FindInField(message, field, fault)) {
      fault.path = fmt::format("{}{}", field->name(), fault.path);
      return true;
    }
  }
  return false;
}

}  // namespace

absl::Status ParseRequest(std::string_view bytes, Message& request) {
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Error(absl::StatusCode::kInvalidArgument, "MALFORMED_REQUEST",
                 fmt::format("the bytes are no valid {}: they are malformed, or text in them is not UTF-8",
                             request.GetDescriptor()->full_name()));
  }
  const Shape& shape = ShapeOf(*request.GetDescriptor());
  if (shape.resource != nullptr && !request.GetReflection()->HasField(request, shape.resource)) {
    return InvalidField(shape.resource->name(), "is required");
  }
  Fault fault;
  if (FindWrongName(request, OwnName::kRequired, fault)) return InvalidField(fault.path, fault.description);
  // Most requests hold no zero byte at all, and many no time.
  if (bytes.find('\0') == std::string_view::npos && !shape.holds_time) return absl::OkStatus();
  return FindFault(request, fault) ? InvalidField(fault.path, fault.description) : absl::OkStatus();
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

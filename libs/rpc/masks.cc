#include "libs/rpc/masks.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "google/protobuf/descriptor.h"
#include "libs/base/status.h"
#include "libs/rpc/errors.h"

namespace finalmile::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// A path whose every step exists.
struct Path {
  std::vector<const FieldDescriptor*> fields;
  // The last field is a map and this entry of it is meant.
  bool entry = false;
  std::string key;
};

// What is wrong with the path, or empty.
std::string Parse(const Descriptor& type, std::string_view text, Path& path) {
  const Descriptor* current = &type;
  for (std::string_view rest = text; current != nullptr;) {
    const size_t dot = std::min(rest.find('.'), rest.size());
    const std::string name(rest.substr(0, dot));
    const FieldDescriptor* field = current->FindFieldByName(name);
    if (field == nullptr) return fmt::format("'{}': {} has no field '{}'", text, current->name(), name);
    path.fields.push_back(field);
    if (dot == rest.size()) return "";
    rest.remove_prefix(dot + 1);
    if (field->is_map() && field->message_type()->map_key()->type() == FieldDescriptor::TYPE_STRING) {
      if (rest.size() >= 2 && rest.front() == '`' && rest.back() == '`')
        rest = rest.substr(1, rest.size() - 2);
      if (rest.empty()) return fmt::format("'{}' names no entry of {}", text, name);
      path.entry = true;
      path.key = std::string(rest);
      return "";
    }
    if (field->is_repeated() || field->message_type() == nullptr) {
      return fmt::format("'{}': nothing inside '{}' can be named", text, name);
    }
    current = field->message_type();
  }
  return "";
}

// The index of the entry with this key, or -1.
int FindEntry(const Message& message, const FieldDescriptor* map, const std::string& key) {
  const Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < reflection.FieldSize(message, map); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, map, i);
    if (entry.GetReflection()->GetString(entry, map->message_type()->map_key()) == key) return i;
  }
  return -1;
}

void CopyEntry(const Message& from, const FieldDescriptor* map, const std::string& key, Message& to) {
  const Reflection& reflection = *to.GetReflection();
  const int source = FindEntry(from, map, key);
  int target = FindEntry(to, map, key);
  if (source >= 0) {
    const Message& entry = from.GetReflection()->GetRepeatedMessage(from, map, source);
    Message* place =
        target >= 0 ? reflection.MutableRepeatedMessage(&to, map, target) : reflection.AddMessage(&to, map);
    place->CopyFrom(entry);
  } else if (target >= 0) {
    reflection.SwapElements(&to, map, target, reflection.FieldSize(to, map) - 1);
    reflection.RemoveLast(&to, map);
  }
}

// Whatever the field's type: a message that has only this field, merged in.
void CopyField(const Message& from, const FieldDescriptor* field, Message& to) {
  to.GetReflection()->ClearField(&to, field);
  const std::unique_ptr<Message> only(from.New());
  only->CopyFrom(from);
  std::vector<const FieldDescriptor*> set;
  only->GetReflection()->ListFields(*only, &set);
  for (const FieldDescriptor* other : set) {
    if (other != field) only->GetReflection()->ClearField(only.get(), other);
  }
  to.MergeFrom(*only);
}

void Copy(const Message& from, const Path& path, Message& to) {
  const Message* source = &from;
  Message* target = &to;
  for (size_t i = 0; i + 1 < path.fields.size(); ++i) {
    const FieldDescriptor* field = path.fields[i];
    const bool in_source = source->GetReflection()->HasField(*source, field);
    if (!in_source && !target->GetReflection()->HasField(*target, field)) return;
    source = &source->GetReflection()->GetMessage(*source, field);
    target = target->GetReflection()->MutableMessage(target, field);
  }
  if (path.entry) {
    CopyEntry(*source, path.fields.back(), path.key, *target);
  } else {
    CopyField(*source, path.fields.back(), *target);
  }
}

}  // namespace

absl::Status ApplyMask(const google::protobuf::FieldMask& mask, std::span<const std::string_view> updatable,
                       const Message& from, Message& to, std::string_view field) {
  const Descriptor& type = *to.GetDescriptor();
  std::vector<Path> paths;
  FieldViolations violations;
  const bool all = mask.paths_size() == 1 && mask.paths(0) == "*";
  if (all || mask.paths().empty()) {
    for (const std::string_view name : updatable) {
      Path path;
      if (const std::string wrong = Parse(type, name, path); !wrong.empty())
        return absl::InternalError(wrong);
      const FieldDescriptor* top = path.fields.front();
      const bool set = top->is_repeated() ? from.GetReflection()->FieldSize(from, top) > 0
                                          : from.GetReflection()->HasField(from, top);
      if (all || set) paths.push_back(std::move(path));
    }
  } else {
    for (const std::string& text : mask.paths()) {
      Path path;
      if (text == "*") {
        violations.Add(field, "'*' must stand alone");
      } else if (const std::string wrong = Parse(type, text, path); !wrong.empty()) {
        violations.Add(field, wrong);
      } else if (std::find(updatable.begin(), updatable.end(), path.fields.front()->name()) ==
                 updatable.end()) {
        violations.Add(field, fmt::format("'{}' cannot be changed", text));
      } else {
        paths.push_back(std::move(path));
      }
    }
  }
  RETURN_IF_ERROR(violations.ToStatus());
  for (const Path& path : paths) Copy(from, path, to);
  return absl::OkStatus();
}

}  // namespace finalmile::rpc

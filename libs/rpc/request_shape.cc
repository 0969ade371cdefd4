#include "libs/rpc/request_shape.h"

#include <algorithm>
#include <optional>

#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/message.h"

namespace finalmile::rpc {
namespace {

using google::protobuf::FieldDescriptor;

// The default of protobuf's parser.
constexpr int kDeepest = 100;
// An element of a list of pointers, which doubles as it grows.
constexpr int64_t kPointer = 16;
// An entry of a map beside its key and value: node and bucket.
constexpr int64_t kMapEntry = 64;
constexpr int64_t kText = 32;
constexpr int64_t kUnknownField = 64;

enum class Kind { kScalar, kText, kMessage };

int64_t TextBytes(size_t size) { return kText + (size > 15 ? static_cast<int64_t>(size) + 1 : 0); }

}  // namespace

struct RequestShape::Type {
  struct Field {
    int number = 0;
    Kind kind = Kind::kScalar;
    bool repeated = false;
    // How many bytes in memory a byte of one packed element on the wire becomes, at most.
    int64_t growth = 1;
    const Type* message = nullptr;
  };

  const Field* Find(uint64_t number) const {
    const auto found = std::lower_bound(
        fields.begin(), fields.end(), number,
        [](const Field& field, uint64_t wanted) { return static_cast<uint64_t>(field.number) < wanted; });
    return found != fields.end() && static_cast<uint64_t>(found->number) == number ? &*found : nullptr;
  }

  int64_t bytes = 0;
  // By number.
  std::vector<Field> fields;
};

class RequestShape::Walk {
 public:
  explicit Walk(int64_t enough) : enough_(enough) {}

  int64_t bytes() const { return bytes_; }

  void Message(std::string_view rest, const Type& type, int depth) {
    bytes_ += type.bytes;
    int groups = 0;
    while (!rest.empty() && bytes_ <= enough_) {
      const std::optional<uint64_t> tag = Varint(rest);
      if (!tag) return;
      const Type::Field* field = groups > 0 ? nullptr : type.Find(*tag >> 3);
      if (field == nullptr) bytes_ += kUnknownField;
      size_t skip = 0;
      switch (*tag & 7) {
        case 0:
          if (!Varint(rest)) return;
          if (field != nullptr && field->repeated) bytes_ += kPointer;
          break;
        case 1:
        case 5:
          skip = (*tag & 7) == 1 ? 8 : 4;
          if (field != nullptr && field->repeated) bytes_ += kPointer;
          break;
        case 2: {
          const std::optional<uint64_t> size = Varint(rest);
          if (!size || *size > rest.size()) return;
          skip = static_cast<size_t>(*size);
          Delimited(rest.substr(0, skip), field, depth);
          break;
        }
        case 3:
          ++groups;
          break;
        case 4:
          --groups;
          break;
        default:
          return;
      }
      if (skip > rest.size() || groups < 0 || groups > kDeepest) return;
      rest.remove_prefix(skip);
    }
  }

 private:
  void Delimited(std::string_view value, const Type::Field* field, int depth) {
    if (field == nullptr || field->kind == Kind::kText) {
      bytes_ += TextBytes(value.size()) + kPointer;
    } else if (field->kind == Kind::kScalar) {
      bytes_ += static_cast<int64_t>(value.size()) * field->growth * 2;
    } else {
      bytes_ += kPointer;
      if (depth < kDeepest) Message(value, *field->message, depth + 1);
    }
  }

  static std::optional<uint64_t> Varint(std::string_view& rest) {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && !rest.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest.front());
      rest.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return std::nullopt;
  }

  const int64_t enough_;
  int64_t bytes_ = 0;
};

RequestShape::RequestShape(const google::protobuf::Descriptor& type) : root_(Add(type)) {}
RequestShape::~RequestShape() = default;

int64_t RequestShape::ParsedBytes(std::string_view request, int64_t enough) const {
  Walk walk(enough);
  walk.Message(request, *root_, 1);
  return walk.bytes();
}

const RequestShape::Type* RequestShape::Add(const google::protobuf::Descriptor& descriptor) {
  std::unique_ptr<Type>& type = types_[&descriptor];
  if (type != nullptr) return type.get();
  type = std::make_unique<Type>();
  Type& added = *type;
  const auto* prototype = google::protobuf::MessageFactory::generated_factory()->GetPrototype(&descriptor);
  added.bytes =
      descriptor.options().map_entry() ? kMapEntry : static_cast<int64_t>(prototype->SpaceUsedLong());
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    Type::Field one{.number = field.number(), .repeated = field.is_repeated()};
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      one.kind = Kind::kMessage;
      one.message = Add(*field.message_type());
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      one.kind = Kind::kText;
    } else {
      const bool fixed =
          field.type() == FieldDescriptor::TYPE_DOUBLE || field.type() == FieldDescriptor::TYPE_FLOAT ||
          field.type() == FieldDescriptor::TYPE_FIXED64 || field.type() == FieldDescriptor::TYPE_FIXED32 ||
          field.type() == FieldDescriptor::TYPE_SFIXED64 || field.type() == FieldDescriptor::TYPE_SFIXED32;
      one.growth = fixed ? 1 : 8;
    }
    added.fields.push_back(one);
  }
  std::sort(added.fields.begin(), added.fields.end(),
            [](const Type::Field& a, const Type::Field& b) { return a.number < b.number; });
  return &added;
}

}  // namespace finalmile::rpc

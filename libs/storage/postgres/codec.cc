#include "libs/storage/postgres/codec.h"

#include <fmt/format.h>

#include <bit>
#include <type_traits>

namespace finalmile::storage::postgres {
namespace {

enum : TypeId {
  kBool = 16,
  kBytea = 17,
  kChar = 18,
  kName = 19,
  kInt8 = 20,
  kInt2 = 21,
  kInt4 = 23,
  kText = 25,
  kOid = 26,
  kFloat4 = 700,
  kFloat8 = 701,
  kUnknown = 705,
  kBoolArray = 1000,
  kByteaArray = 1001,
  kTextArray = 1009,
  kInt8Array = 1016,
  kFloat8Array = 1022,
  kBpchar = 1042,
  kVarchar = 1043,
  kVoid = 2278,
  kNumeric = 1700,
};

template <typename T>
void Append(T value, std::string& out) {
  for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8)
    out += static_cast<char>(value >> shift);
}

template <typename T>
T Load(std::string_view data) {
  std::make_unsigned_t<T> value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<std::make_unsigned_t<T>>(value << 8 | static_cast<unsigned char>(data[i]));
  }
  return static_cast<T>(value);
}

TypeId ElementTypeOf(ColumnType type) {
  switch (type) {
    case ColumnType::kText:
      return kText;
    case ColumnType::kBigint:
      return kInt8;
    case ColumnType::kDouble:
      return kFloat8;
    case ColumnType::kBoolean:
      return kBool;
    case ColumnType::kBytes:
      return kBytea;
  }
  return kUnknownType;
}

// numeric_send: count of base-10000 digits, weight of the first, sign, decimals shown, digits.
absl::StatusOr<Value> DecodeNumeric(std::string_view data) {
  constexpr uint16_t kNegative = 0x4000;
  const auto count = Load<int16_t>(data);
  const auto weight = Load<int16_t>(data.substr(2));
  const auto sign = Load<uint16_t>(data.substr(4));
  __int128 value = 0;
  bool whole = (sign == 0 || sign == kNegative) && weight <= 4 && count <= weight + 1;
  for (int i = 0; whole && i <= weight; ++i) {
    value = value * 10000 + (i < count ? Load<int16_t>(data.substr(8 + 2 * static_cast<size_t>(i))) : 0);
  }
  if (sign == kNegative) value = -value;
  if (!whole || value > INT64_MAX || value < INT64_MIN) {
    return absl::InternalError(
        "a numeric is not a whole number of 64 bits: CAST the column to BIGINT, DOUBLE PRECISION or TEXT");
  }
  return static_cast<int64_t>(value);
}

}  // namespace

TypeId TypeOf(const Value& value) {
  static constexpr TypeId kTypes[] = {kUnknownType, kInt8, kFloat8, kBool, kText, kBytea};
  return kTypes[value.index()];
}

TypeId ArrayTypeOf(ColumnType type) {
  switch (type) {
    case ColumnType::kText:
      return kTextArray;
    case ColumnType::kBigint:
      return kInt8Array;
    case ColumnType::kDouble:
      return kFloat8Array;
    case ColumnType::kBoolean:
      return kBoolArray;
    case ColumnType::kBytes:
      return kByteaArray;
  }
  return kUnknownType;
}

void Encode(const Value& value, std::string& out) {
  std::visit(
      [&](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, int64_t>) {
          Append(static_cast<uint64_t>(v), out);
        } else if constexpr (std::is_same_v<T, double>) {
          Append(std::bit_cast<uint64_t>(v), out);
        } else if constexpr (std::is_same_v<T, bool>) {
          out += static_cast<char>(v ? 1 : 0);
        } else if constexpr (std::is_same_v<T, std::string>) {
          out += v;
        } else if constexpr (std::is_same_v<T, Bytes>) {
          out += v.data;
        }
      },
      value);
}

void EncodeColumn(ColumnType type, const std::vector<Row>& rows, size_t column, std::string& out) {
  // array_recv: dimensions, whether NULLs occur, element type, size, lower bound, elements with their
  // lengths.
  const size_t null_flag = out.size() + 7;
  Append(uint32_t{1}, out);
  Append(uint32_t{0}, out);
  Append(uint32_t{ElementTypeOf(type)}, out);
  Append(static_cast<uint32_t>(rows.size()), out);
  Append(uint32_t{1}, out);
  for (const Row& row : rows) {
    const size_t length_at = out.size();
    if (row.Null(column)) {
      out[null_flag] = 1;
      Append(UINT32_MAX, out);
      continue;
    }
    out.append(4, '\0');
    Encode(row.values()[column], out);
    const auto length = static_cast<uint32_t>(out.size() - length_at - 4);
    for (size_t i = 0; i < 4; ++i) out[length_at + i] = static_cast<char>(length >> (24 - 8 * i));
  }
}

absl::StatusOr<Value> Decode(TypeId type, std::string_view data) {
  switch (type) {
    case kInt8:
      return Load<int64_t>(data);
    case kInt4:
      return int64_t{Load<int32_t>(data)};
    case kInt2:
      return int64_t{Load<int16_t>(data)};
    case kOid:
      return int64_t{Load<uint32_t>(data)};
    case kFloat8:
      return std::bit_cast<double>(Load<uint64_t>(data));
    case kFloat4:
      return double{std::bit_cast<float>(Load<uint32_t>(data))};
    case kBool:
      return data[0] != 0;
    case kText:
    case kVarchar:
    case kBpchar:
    case kName:
    case kChar:
    case kUnknown:
      return std::string(data);
    case kBytea:
      return Bytes{std::string(data)};
    case kNumeric:
      return DecodeNumeric(data);
    case kVoid:
      return std::monostate();
    default:
      return absl::InternalError(
          fmt::format("a column of type {} is none that a Value holds: CAST it, to TEXT for example", type));
  }
}

}  // namespace finalmile::storage::postgres

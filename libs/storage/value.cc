#include "libs/storage/value.h"

#include <cstdio>
#include <cstdlib>

namespace finalmile::storage {
namespace {

[[noreturn]] void Mismatch(size_t column, const char* wanted, const Value& value) {
  static constexpr const char* kKinds[] = {"NULL", "an integer", "a double", "a boolean", "text", "bytes"};
  std::fprintf(stderr, "storage: column %zu is read as %s but holds %s\n", column, wanted,
               kKinds[value.index()]);
  std::abort();
}

}  // namespace

int64_t Row::Int(size_t column) const {
  if (const auto* value = std::get_if<int64_t>(&values_[column])) return *value;
  Mismatch(column, "an integer", values_[column]);
}

double Row::Real(size_t column) const {
  if (const auto* value = std::get_if<double>(&values_[column])) return *value;
  if (const auto* value = std::get_if<int64_t>(&values_[column])) return static_cast<double>(*value);
  Mismatch(column, "a double", values_[column]);
}

bool Row::Bool(size_t column) const {
  if (const auto* value = std::get_if<bool>(&values_[column])) return *value;
  if (const auto* value = std::get_if<int64_t>(&values_[column]);
      value != nullptr && (*value == 0 || *value == 1)) {
    return *value == 1;
  }
  Mismatch(column, "a boolean", values_[column]);
}

const std::string& Row::Text(size_t column) const {
  if (const auto* value = std::get_if<std::string>(&values_[column])) return *value;
  Mismatch(column, "text", values_[column]);
}

const std::string& Row::Blob(size_t column) const {
  if (const auto* value = std::get_if<Bytes>(&values_[column])) return value->data;
  Mismatch(column, "bytes", values_[column]);
}

std::optional<int64_t> Row::OptionalInt(size_t column) const {
  if (Null(column)) return std::nullopt;
  return Int(column);
}

std::optional<double> Row::OptionalReal(size_t column) const {
  if (Null(column)) return std::nullopt;
  return Real(column);
}

std::optional<std::string> Row::OptionalText(size_t column) const {
  if (Null(column)) return std::nullopt;
  return Text(column);
}

}  // namespace finalmile::storage

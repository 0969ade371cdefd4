#include "libs/storage/postgres/codec.h"

#include <gtest/gtest.h>

#include <limits>

#include "libs/storage/postgres/error.h"

namespace finalmile::storage::postgres {
namespace {

TEST(Codec, ReadsWhatItWrites) {
  const std::vector<Value> values = {std::numeric_limits<int64_t>::min(),
                                     std::numeric_limits<int64_t>::max(),
                                     int64_t{-1},
                                     -0.0,
                                     0.1,
                                     std::numeric_limits<double>::denorm_min(),
                                     -std::numeric_limits<double>::infinity(),
                                     true,
                                     false,
                                     std::string(),
                                     std::string("日本語"),
                                     Bytes{std::string("\0\xFF", 2)}};
  for (const Value& value : values) {
    std::string bytes;
    Encode(value, bytes);
    auto read = Decode(TypeOf(value), bytes);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, value);
  }
}

TEST(Codec, WritesAnArrayAsTheServerReadsIt) {
  std::string bytes;
  EncodeColumn(ColumnType::kText, {Row({std::string("ab")}), Row({std::monostate()})}, 0, bytes);
  EXPECT_EQ(bytes, std::string("\0\0\0\1\0\0\0\1\0\0\0\x19\0\0\0\2\0\0\0\1\0\0\0\2ab\xFF\xFF\xFF\xFF", 30));
  bytes.clear();
  EncodeColumn(ColumnType::kBoolean, {Row({true})}, 0, bytes);
  EXPECT_EQ(bytes, std::string("\0\0\0\1\0\0\0\0\0\0\0\x10\0\0\0\1\0\0\0\1\0\0\0\1\1", 25));
}

absl::StatusOr<Value> Numeric(std::initializer_list<uint16_t> words) {
  std::string bytes;
  for (const uint16_t word : words) {
    bytes += static_cast<char>(word >> 8);
    bytes += static_cast<char>(word);
  }
  return Decode(1700, bytes);
}

TEST(Codec, ReadsWholeNumerics) {
  EXPECT_EQ(*Numeric({0, 0, 0, 0}), Value(int64_t{0}));
  EXPECT_EQ(*Numeric({1, 0, 0x4000, 0, 7}), Value(int64_t{-7}));
  EXPECT_EQ(*Numeric({1, 2, 0, 0, 3}), Value(int64_t{300'000'000}));
  // 9223372036854775807, and one more
  EXPECT_EQ(*Numeric({5, 4, 0, 0, 922, 3372, 368, 5477, 5807}), Value(std::numeric_limits<int64_t>::max()));
  EXPECT_FALSE(Numeric({5, 4, 0, 0, 922, 3372, 368, 5477, 5808}).ok());
  EXPECT_EQ(*Numeric({5, 4, 0x4000, 0, 922, 3372, 368, 5477, 5808}),
            Value(std::numeric_limits<int64_t>::min()));
  // 0.5, 1e20, NaN
  EXPECT_FALSE(Numeric({1, 0xFFFF, 0, 1, 5000}).ok());
  EXPECT_FALSE(Numeric({1, 5, 0, 0, 1}).ok());
  EXPECT_FALSE(Numeric({0, 0, 0xC000, 0}).ok());
}

TEST(Codec, AsksForACastOfOtherTypes) {
  EXPECT_EQ(Decode(1184, std::string(8, '\0')).status().code(), absl::StatusCode::kInternal);
}

TEST(ErrorOf, FollowsTheSqlstate) {
  const std::pair<const char*, absl::StatusCode> cases[] = {
      {"23505", absl::StatusCode::kAlreadyExists},
      {"23503", absl::StatusCode::kFailedPrecondition},
      {"23514", absl::StatusCode::kFailedPrecondition},
      {"40001", absl::StatusCode::kAborted},
      {"40P01", absl::StatusCode::kAborted},
      {"53100", absl::StatusCode::kResourceExhausted},
      {"53300", absl::StatusCode::kUnavailable},
      {"57P01", absl::StatusCode::kUnavailable},
      {"57P03", absl::StatusCode::kUnavailable},
      {"57014", absl::StatusCode::kDeadlineExceeded},
      {"08006", absl::StatusCode::kUnavailable},
      {"25P03", absl::StatusCode::kUnavailable},
      {"XX001", absl::StatusCode::kDataLoss},
      {"22021", absl::StatusCode::kInvalidArgument},
      {"42601", absl::StatusCode::kInternal},
      {"", absl::StatusCode::kInternal},
  };
  for (const auto& [sqlstate, code] : cases) EXPECT_EQ(ErrorOf(sqlstate, "m", "s").code(), code) << sqlstate;
  EXPECT_TRUE(WasSilent("57P05"));
  EXPECT_FALSE(WasSilent("57P01"));
}

}  // namespace
}  // namespace finalmile::storage::postgres

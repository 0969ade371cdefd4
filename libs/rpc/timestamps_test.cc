#include "libs/rpc/timestamps.h"

#include <gtest/gtest.h>

namespace finalmile::rpc {
namespace {

google::protobuf::Timestamp At(int64_t seconds, int32_t nanos) {
  google::protobuf::Timestamp time;
  time.set_seconds(seconds);
  time.set_nanos(nanos);
  return time;
}

TEST(TimestampsTest, KeepNanosecondsAndStoresMicroseconds) {
  for (const int64_t seconds : {int64_t{0}, int64_t{1'800'000'000}, int64_t{-1}}) {
    const absl::Time whole = absl::FromUnixSeconds(seconds);
    EXPECT_EQ(FromTimestamp(At(seconds, 1'999)), whole + absl::Nanoseconds(1'999));
    EXPECT_EQ(ToTimestamp(whole + absl::Nanoseconds(1'999)).nanos(), 1'999);
    EXPECT_EQ(StoredTime(At(seconds, 999)), whole) << "rounded down, also before 1970";
    EXPECT_EQ(StoredTime(At(seconds, 1'000)), whole + absl::Microseconds(1));
    EXPECT_EQ(StoredTime(At(seconds, 1'999)), whole + absl::Microseconds(1));
    EXPECT_EQ(StoredTime(At(seconds, 2'000)), whole + absl::Microseconds(2));
  }
}

}  // namespace
}  // namespace finalmile::rpc

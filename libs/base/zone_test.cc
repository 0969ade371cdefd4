#include "libs/base/zone.h"

#include <gtest/gtest.h>

namespace finalmile {
namespace {

TEST(ZoneTest, ZonesAreThoseOfTheDatabaseAlone) {
  for (const char* zone : {"Europe/Berlin", "UTC", "America/Argentina/Buenos_Aires", "US/Eastern"})
    EXPECT_TRUE(LoadZone(zone).ok()) << zone;
  for (const char* wrong :
       {"", "Berlin", "europe/berlin", "/etc/localtime", "../../../etc/localtime", "localtime",
        "libc:localtime", "posixrules", "posix/Europe/Berlin", "Fixed/UTC+01:00:00", "Europe/Berlin "})
    EXPECT_TRUE(absl::IsInvalidArgument(LoadZone(wrong).status())) << wrong;
}

}  // namespace
}  // namespace finalmile

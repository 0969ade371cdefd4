#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <optional>

#include "libs/testing/temporary_folder.h"
#include "services/appointments/meetings_fixture.h"

namespace finalmile::appointments {
namespace {

constexpr char kFolder[] = "FINALMILE_TEST_ZONES";

// Compiles a database of three zones into `folder`; the offset of Test/Moving is what changes.
void CompileZones(const std::string& folder, const std::string& offset) {
  const std::string rules =
      "Zone UTC 0 - UTC\n"
      "Zone Europe/Berlin 1:00 - CET\n"
      "Zone Test/Moving " +
      offset + " - TMT\n";
  const std::string source = folder + ".rules";
  std::ofstream(source) << rules;
  // zic is part of every Debian (libc-bin), not always on the path of a user.
  ASSERT_EQ(std::system(("PATH=$PATH:/usr/sbin zic -d " + folder + " " + source).c_str()), 0);
  std::ofstream(folder + "/tzdata.zi") << "Z UTC 0 - UTC\nZ Europe/Berlin 1 - CET\nZ Test/Moving 1 - TMT\n";
}

// The service on one store, in a process that reads its zones for the first time.
class Service : public MeetingsTest {
 public:
  explicit Service(const std::string& store) : MeetingsTest("sqlite:" + store) {}
  void TestBody() override {}

  void Book() {
    MakeHost("ben");
    ChangeHost("ben", "zone", [](v1::Host& host) { host.set_zone("Test/Moving"); });
    MakeHost("ana");
    MustBook("lee", At(3, 14), "ben");
    MustBook("kay", At(3, 14), "ana");
    harness_.Settle();
    EXPECT_EQ(Shifted(), "");
  }
  void ExpectMarked() { ExpectShifted("hosts/ben at 2026-12-03T15:00"); }
  void ExpectNoMark() { ExpectShifted(""); }
  void Reschedule() {
    ExpectMarked();
    // 15:00 as it was agreed is 13:00 UTC now.
    const std::vector<v1::Appointment> shifted = List("zone_shifted = true");
    ASSERT_EQ(shifted.size(), 1u);
    const auto moved = Move(shifted[0].name(), At(3, 13));
    ASSERT_TRUE(moved.ok()) << moved.status();
    EXPECT_EQ(moved->wall_start(), "2026-12-03T15:00");
    EXPECT_EQ(moved->sequence(), 1);
    EXPECT_EQ(Shifted(), "");
  }

 private:
  void ExpectShifted(const std::string& expected) {
    harness_.Settle();
    EXPECT_EQ(Shifted(), expected);
    EXPECT_EQ(List("planned = true").size(), 2u);
    for (const v1::Appointment& meeting : List("")) {
      EXPECT_EQ(rpc::FromTimestamp(meeting.start_time()), At(3, 14)) << "it was moved";
      EXPECT_EQ(meeting.sequence(), 0);
    }
  }
  std::string Shifted() {
    std::string all;
    for (const v1::Appointment& meeting : List("zone_shifted = true"))
      all += meeting.host() + " at " + meeting.wall_start();
    return all;
  }
};

[[noreturn]] void Play(void (Service::*stage)()) {
  {
    Service service(std::string(std::getenv(kFolder)) + "/store.db");
    (service.*stage)();
  }
  const ::testing::TestResult& result = *::testing::UnitTest::GetInstance()->current_test_info()->result();
  for (int i = 0; i < result.total_part_count(); ++i) {
    if (result.GetTestPartResult(i).failed()) std::cerr << result.GetTestPartResult(i).message() << "\n";
  }
  std::exit(result.Failed() ? 1 : 0);
}

// A process reads a zone once: each stage is a process of its own, which runs this test again up to its
// stage.
TEST(ZoneRulesTest, AMeetingWhoseZoneChangedIsMarkedAndStays) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  std::optional<testing::TemporaryFolder> own;
  if (std::getenv(kFolder) == nullptr) {
    own.emplace();
    setenv(kFolder, own->path().c_str(), 1);
    CompileZones(own->path() + "/before", "1:00");
    CompileZones(own->path() + "/after", "2:00");
  }
  const std::string folder = std::getenv(kFolder);
  setenv("TZDIR", (folder + "/before").c_str(), 1);
  EXPECT_EXIT(Play(&Service::Book), ::testing::ExitedWithCode(0), "");
  setenv("TZDIR", (folder + "/after").c_str(), 1);
  EXPECT_EXIT(Play(&Service::ExpectMarked), ::testing::ExitedWithCode(0), "");
  setenv("TZDIR", (folder + "/before").c_str(), 1);
  EXPECT_EXIT(Play(&Service::ExpectNoMark), ::testing::ExitedWithCode(0), "");
  setenv("TZDIR", (folder + "/after").c_str(), 1);
  EXPECT_EXIT(Play(&Service::Reschedule), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace finalmile::appointments

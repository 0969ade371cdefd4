#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "libs/storage/database.h"
#include "libs/storage/diagnose.h"
#include "libs/testing/temporary_folder.h"

namespace finalmile::storage {
namespace {

using ::testing::Each;
using ::testing::Field;
using ::testing::HasSubstr;

constexpr std::string_view kLibraries[] = {"outbox"};
constexpr Migration kThings[] = {{1, "things", "CREATE TABLE things (id BIGINT)"},
                                 {2, "more", "ALTER TABLE things ADD COLUMN more BIGINT", Change::kExpand}};

class EmbeddedDiagnosis : public ::testing::Test {
 protected:
  std::vector<Finding> Find() {
    return Diagnose("sqlite:" + path_, *clock_, needs_, absl::Seconds(5)).findings;
  }

  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  const finalmile::testing::TemporaryFolder folder_;
  const std::string path_ = folder_.path() + "/things.db";
  const StoreNeeds needs_{{"things", kLibraries}, {{"things", kThings}}};
};

TEST_F(EmbeddedDiagnosis, AFileThatIsAbsentStaysAbsent) {
  const std::vector<Finding> findings = Find();
  EXPECT_EQ(findings[0].text, path_ + " is not there yet, and is made at the start");
  EXPECT_EQ(findings[1].verdict, Verdict::kSkipped);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(EmbeddedDiagnosis, AFileIsFreeOrHeldByAProcessThatIsNamed) {
  {
    const auto database = storage::Open("sqlite:" + path_, *clock_, {});
    ASSERT_TRUE(database.ok()) << database.status();
    ASSERT_EQ(Migrate(**database, *clock_, "things", std::span(kThings).first(1)), absl::OkStatus());
    ASSERT_EQ((*database)->Advertise("127.0.0.1:7000"), absl::OkStatus());
    const std::vector<Finding> held = Find();
    EXPECT_EQ(held[0].text, path_ + " is held by the process that answers at 127.0.0.1:7000");
    EXPECT_EQ(held[1].verdict, Verdict::kSkipped);
  }
  const std::vector<Finding> free = Find();
  EXPECT_THAT(free, Each(Field(&Finding::verdict, Verdict::kOk)));
  EXPECT_THAT(free.back().text, HasSubstr("things is at version 1, and is brought to version 2"));
}

}  // namespace
}  // namespace finalmile::storage

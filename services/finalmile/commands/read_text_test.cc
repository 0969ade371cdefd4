#include "services/finalmile/commands/read_text.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "libs/testing/temporary_folder.h"
#include "services/finalmile/testing/fake_channel.h"

namespace finalmile::cli {
namespace {

class ReadTextTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::string> Read(const std::string& path, size_t most, std::string_view flag = "",
                                   const std::string& input = "") {
    std::ostringstream out;
    std::istringstream in(input);
    Output output(out, out, *clock_, {});
    Session session{output, in, *clock_, *rng_, connector_};
    return ReadText(session, path, most, flag);
  }
  static std::string MessageOf(const absl::StatusOr<std::string>& text) {
    return std::string(text.status().message());
  }

  const testing::TemporaryFolder folder_;
  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  const std::unique_ptr<Rng> rng_ = NewSeededRng(1);
  FakeConnector connector_;
};

TEST_F(ReadTextTest, ReadsUpToItsLimit) {
  const std::string path = folder_.path() + "/text";
  for (const size_t size : {size_t{0}, size_t{2047}, size_t{2048}}) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << std::string(size, 'x');
    const auto text = Read(path, 2048);
    ASSERT_TRUE(text.ok()) << text.status();
    EXPECT_EQ(text->size(), size);
    EXPECT_EQ(Read("-", 2048, "", std::string(size, 'x'))->size(), size);
  }
  std::ofstream(path, std::ios::binary | std::ios::trunc) << std::string(2049, 'x');
  EXPECT_TRUE(absl::IsInvalidArgument(Read(path, 2048).status()));
  EXPECT_EQ(MessageOf(Read(path, 2048)), path + ": is larger than 2 KiB");
  EXPECT_EQ(MessageOf(Read(path, 2000, "--text")), "--text " + path + ": is larger than 2000 bytes");
  EXPECT_EQ(MessageOf(Read("-", 1 << 20, "--text", std::string((1 << 20) + 1, 'x'))),
            "--text -: is larger than 1 MiB");
}

TEST_F(ReadTextTest, SaysWhatCannotBeRead) {
  EXPECT_TRUE(absl::IsNotFound(Read("/nowhere/x", 10).status()));
  EXPECT_EQ(MessageOf(Read("/nowhere/x", 10)), "/nowhere/x: cannot be read");
  EXPECT_EQ(MessageOf(Read("/", 10, "--track")), "--track /: cannot be read");
}

}  // namespace
}  // namespace finalmile::cli

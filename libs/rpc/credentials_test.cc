#include "libs/rpc/credentials.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/rpc/dispatch.h"
#include "libs/rpc/errors.h"

namespace finalmile::rpc {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

// sha256 of "secret" and of "other".
constexpr char kSecret[] = "sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
constexpr char kOther[] = "sha256:d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa";

class CredentialsTest : public ::testing::Test {
 protected:
  CredentialsTest() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = ::testing::TempDir() + fmt::format("/credentials-{}-{}", test->name(), getpid());
  }
  ~CredentialsTest() override { std::filesystem::remove(path_); }

  // As an administrator would: a new file takes the place of the old one.
  void Write(const std::string& text) {
    std::ofstream(path_ + ".new") << text;
    std::filesystem::rename(path_ + ".new", path_);
  }
  absl::Status LoadError(const std::string& text) {
    Write(text);
    return Credentials::Load(path_).status();
  }

  std::string path_;
};

TEST_F(CredentialsTest, FindsThePrincipalOfAToken) {
  Write(
      fmt::format("# who may come in\n\n{} sam-1 setter,coach  # the night shift\n  {}\tcrm integration\r\n",
                  kSecret, kOther));
  const auto credentials = Credentials::Load(path_);
  ASSERT_EQ(credentials.status(), absl::OkStatus());
  const auto sam = (*credentials)->Find("secret");
  ASSERT_NE(sam, nullptr);
  EXPECT_EQ(sam->name(), "sam-1");
  ASSERT_EQ(sam->roles_size(), 2);
  EXPECT_EQ(sam->roles(1), v1::ROLE_COACH);
  EXPECT_EQ((*credentials)->Find("other")->name(), "crm");
  EXPECT_EQ((*credentials)->Find("Secret"), nullptr);
  EXPECT_EQ((*credentials)->Find(""), nullptr);
}

TEST_F(CredentialsTest, ErrorsNameFileAndLine) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"sha256:12 sam setter", "64 hexadecimal digits"},
      {std::string(kSecret) + "0 sam setter", "64 hexadecimal digits"},
      {std::string("md5:") + (kSecret + 7) + " sam setter", "64 hexadecimal digits"},
      {std::string(kSecret) + " sam", "expected `sha256:<digest> name role,role`"},
      {std::string(kSecret) + " sam setter coach", "expected `sha256:<digest> name role,role`"},
      {std::string(kSecret) + " sam@example.com setter", "the name must be"},
      {std::string(kSecret) + " " + std::string(65, 'a') + " setter", "the name must be"},
      {std::string(kSecret) + " sam seller", "unknown role 'seller'"},
      {std::string(kSecret) + " sam setter,", "unknown role ''"},
      {std::string(kSecret) + " sam unspecified", "unknown role 'unspecified'"},
  };
  for (const auto& [line, what] : cases) {
    const absl::Status status = LoadError("# first\n" + line + "\n");
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << line;
    EXPECT_THAT(std::string(status.message()), HasSubstr(path_ + ":2: ")) << line;
    EXPECT_THAT(std::string(status.message()), HasSubstr(what)) << line;
  }
  EXPECT_EQ(LoadError(fmt::format("{} {} setter\n", kSecret, std::string(64, 'a'))), absl::OkStatus());
  EXPECT_THAT(std::string(LoadError(fmt::format("{0} a setter\n{0} b setter\n", kSecret)).message()),
              HasSubstr(":2: the same token"));
  EXPECT_THAT(std::string(LoadError("# nobody\n").message()), HasSubstr("holds no credentials"));
  EXPECT_EQ(Credentials::Load(path_ + ".missing").status().code(), StatusCode::kNotFound);
}

TEST_F(CredentialsTest, ReloadAdmitsOnlyWhatALineSaysNow) {
  Write(fmt::format("{} sam setter\n", kSecret));
  const auto loaded = Credentials::Load(path_);
  ASSERT_EQ(loaded.status(), absl::OkStatus());
  Credentials& credentials = **loaded;
  EXPECT_EQ(*credentials.Reload(), false);

  Write(fmt::format("{} crm integration\n", kOther));
  EXPECT_EQ(*credentials.Reload(), true);
  EXPECT_EQ(credentials.Find("secret"), nullptr);
  EXPECT_NE(credentials.Find("other"), nullptr);
  EXPECT_EQ(credentials.problem(), absl::OkStatus());

  // A token is revoked and another line is spoilt by the same edit: the revoked one is out all the same.
  Write(fmt::format("nonsense\n{} sam setter\n{} sam seller\n", kSecret, kOther));
  const absl::Status malformed = credentials.Reload().status();
  EXPECT_EQ(malformed.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(malformed.message()), HasSubstr(":1: expected"));
  EXPECT_THAT(std::string(malformed.message()), HasSubstr("1 more malformed"));
  EXPECT_EQ(credentials.problem(), malformed);
  EXPECT_EQ(*credentials.Reload(), false);
  EXPECT_EQ(credentials.Find("other"), nullptr);
  EXPECT_NE(credentials.Find("secret"), nullptr);

  std::filesystem::remove(path_);
  EXPECT_EQ(credentials.Reload().status().code(), StatusCode::kNotFound);
  EXPECT_EQ(credentials.Find("secret"), nullptr);
  EXPECT_EQ(credentials.problem().code(), StatusCode::kNotFound);

  Write(fmt::format("{} sam setter\n", kSecret));
  EXPECT_EQ(*credentials.Reload(), true);
  EXPECT_NE(credentials.Find("secret"), nullptr);
  EXPECT_EQ(credentials.problem(), absl::OkStatus());
}

TEST_F(CredentialsTest, AuthenticateReadsBearerTokens) {
  Write(fmt::format("{} sam setter\n", kSecret));
  const auto credentials = Credentials::Load(path_);
  for (const char* header : {"Bearer secret", "bearer secret", "BEARER secret"}) {
    const auto principal = Authenticate(**credentials, header);
    ASSERT_EQ(principal.status(), absl::OkStatus()) << header;
    EXPECT_EQ((*principal)->name(), "sam");
  }
  for (const char* header : {"", "secret", "Basic secret", "Bearer", "Bearer "}) {
    EXPECT_EQ(ReasonOf(Authenticate(**credentials, header).status()), "TOKEN_MISSING") << header;
  }
  const absl::Status unknown = Authenticate(**credentials, "Bearer wrong").status();
  EXPECT_EQ(unknown.code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(ReasonOf(unknown), "TOKEN_UNKNOWN");
}

TEST(RoleTest, NamesAreThoseOfTheProto) {
  EXPECT_EQ(RoleName(v1::ROLE_INTEGRATION), "integration");
  for (int role = v1::ROLE_ADMIN; role <= v1::Role_MAX; ++role) {
    EXPECT_EQ(RoleOf(RoleName(static_cast<v1::Role>(role))), static_cast<v1::Role>(role));
  }
  EXPECT_EQ(RoleOf("Admin"), std::nullopt);
}

}  // namespace
}  // namespace finalmile::rpc

#include "libs/base/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace finalmile {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Address, SecretsAreRefusedInWhateverFormAndAreNotRepeated) {
  for (const std::string_view address : {"postgresql://a:hunter2@db/leads",
                                         "postgresql://:hunter2@db/leads",
                                         "postgresql://us?er:hunter2@db/leads",
                                         "postgres://db/leads?user=a&password=hunter2",
                                         "postgresql://db/leads?sslpassword=hunter2",
                                         "postgresql://db/leads?pass%77ord=hunter2",
                                         "postgresql://db/leads?PassWord=hunter2",
                                         "postgresql://db/leads?%70assword=hunter2",
                                         "kafka://a:1,b:2?sasl.password=hunter2",
                                         "kafka://a?client.id=x&sasl.password=hunter2",
                                         "kafka://a?ssl.key.password=hunter2",
                                         "kafka://a?ssl.keystore.password=hunter2",
                                         "kafka://a?ssl.key.pem=hunter2",
                                         "kafka://a?SASL.Password=hunter2",
                                         "kafka://a?sasl.oauthbearer.client.secret=hunter2",
                                         "kafka://a?sasl.oauthbearer.config=hunter2",
                                         "kafka://a?sasl.jaas.config=hunter2",
                                         "redis://:hunter2@h",
                                         "redis://h?password=hunter2",
                                         "redis+unix:/run/redis?password=hunter2",
                                         "engine-of-tomorrow://h?access.token=hunter2"}) {
    const absl::Status refused = CheckNoSecret(address);
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << address;
    EXPECT_THAT(std::string(refused.message()), Not(HasSubstr("hunter2"))) << address;
    EXPECT_THAT(ShownAddress(address), Not(HasSubstr("hunter2"))) << address;
  }
}

TEST(Address, NamesOfFilesAndOtherParametersAreFine) {
  for (const std::string_view address :
       {"sqlite:a:b@c.db", "sqlite:/x?password=a", "local:/var/lib/finalmile/events.db", "local:",
        "postgresql:///leads?host=/run/postgresql", "postgresql://finalmile@db:5432/leads?passfile=/run/pass",
        "postgresql://a@db/leads?sslkey=/k&sslcert=/c&sslrootcert=/r&sslmode=verify-full",
        "kafka://a:9092,b:9092", "kafka://a?sasl.username=me&sasl.password.file=/p",
        "kafka://a?ssl.key.location=/k&ssl.keystore.location=/s&ssl.key.password.file=/p",
        "kafka://a?sasl.oauthbearer.token.endpoint.url=https://id", "redis://h?user=a&password.file=/p"}) {
    EXPECT_EQ(CheckNoSecret(address), absl::OkStatus()) << address;
  }
}

TEST(Address, IsShownWithoutUserAndParameters) {
  EXPECT_EQ(ShownAddress("postgresql://finalmile@db:5432/leads?passfile=/run/pass"),
            "postgresql://db:5432/leads");
  EXPECT_EQ(ShownAddress("kafka://a:1,b:2?sasl.username=a@b"), "kafka://a:1,b:2");
  EXPECT_EQ(ShownAddress("redis+unix:/run/redis.sock?user=a"), "redis+unix:/run/redis.sock");
  EXPECT_EQ(ShownAddress("sqlite:/x?y@z.db"), "sqlite:/x?y@z.db");
}

TEST(Address, ParametersAreDecoded) {
  const auto parameters = ParametersOf("kafka://a?x%2ey=a%26b%3D%25&z=");
  ASSERT_TRUE(parameters.ok()) << parameters.status();
  ASSERT_EQ(parameters->size(), 2u);
  EXPECT_EQ((*parameters)[0].name, "x.y");
  EXPECT_EQ((*parameters)[0].value, "a&b=%");
  EXPECT_EQ((*parameters)[1].name, "z");
  EXPECT_EQ((*parameters)[1].value, "");
  for (const std::string_view address :
       {"k://a?x=%4", "k://a?x=%", "k://a?x=%zz", "k://a?x=%+1", "k://a?%=1"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParametersOf(address).status())) << address;
  }
  for (const std::string_view address : {"k://a?x", "k://a?=x", "k://a?x=1&hunter2"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParametersOf(address).status())) << address;
  }
}

TEST(Address, AFileThatCannotBeReadIsNamed) {
  const std::string folder = std::filesystem::temp_directory_path().string();
  const std::string path = folder + "/finalmile-absent-" + std::to_string(getpid());
  for (const std::string& wrong : {path, folder}) {
    const absl::Status refused = CheckSecretFile("cache: password.file", wrong);
    EXPECT_TRUE(absl::IsFailedPrecondition(refused));
    EXPECT_THAT(std::string(refused.message()),
                HasSubstr("cache: password.file: cannot read the file " + wrong));
  }
  EXPECT_EQ(CheckSecretFile("passfile", "/proc/self/status"), absl::OkStatus());
}

TEST(AddressTest, AParameterIsTakenOut) {
  EXPECT_EQ(WithoutParameter("postgresql://h/d?a=1&password.file=/x&b=2", "password.file"),
            "postgresql://h/d?a=1&b=2");
  EXPECT_EQ(WithoutParameter("postgresql://h/d?password%2Efile=/x", "password.file"), "postgresql://h/d");
  EXPECT_EQ(WithoutParameter("postgresql://h/d?a=password.file=1", "password.file"),
            "postgresql://h/d?a=password.file=1");
  EXPECT_EQ(WithoutParameter("postgresql://h/d", "password.file"), "postgresql://h/d");
}

TEST(AddressTest, ASecretIsReadWithoutItsLineBreak) {
  const std::string path = ::testing::TempDir() + "/finalmile-secret";
  const auto read = [&](const std::string& content) {
    std::ofstream(path) << content;
    return ReadSecretFile("store: password.file", path);
  };
  EXPECT_EQ(read("s3cret\n").value_or(""), "s3cret");
  EXPECT_EQ(read("s3cret\r\n").value_or(""), "s3cret");
  EXPECT_EQ(read(" two\nlines ").value_or(""), " two\nlines ");
  EXPECT_EQ(read("\n").status().message(), "store: password.file: the file " + path + " is empty");
  EXPECT_EQ(read(std::string(64 << 10, 'x')).value_or("").size(), size_t{64} << 10);
  EXPECT_EQ(read(std::string((64 << 10) + 1, 'x')).status().message(),
            "store: password.file: the file " + path + " has more than 64 KiB");
  EXPECT_EQ(ReadSecretFile("x", "/dev/null").status().message(),
            "x: cannot read the file /dev/null: it is no regular file");
  std::remove(path.c_str());
}

}  // namespace
}  // namespace finalmile

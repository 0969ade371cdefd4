#include "libs/rpc/signed_token.h"

#include <gtest/gtest.h>

namespace finalmile::rpc {
namespace {

TEST(SignedToken, OpensWhatWasSignedWithTheSameKeyAndNothingElse) {
  for (const std::string payload : {"", "assets/a\n3", "\xff\x01"}) {
    const std::string token = SignToken(payload, "key");
    const auto opened = OpenToken(token, "key");
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_EQ(*opened, payload);
    EXPECT_FALSE(OpenToken(token, "other").ok());
    for (size_t i = 0; i + 1 < token.size(); ++i) {
      std::string changed = token;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      EXPECT_FALSE(OpenToken(changed, "key").ok()) << i;
    }
    EXPECT_FALSE(OpenToken(token.substr(0, token.size() - 2), "key").ok());
  }
  EXPECT_FALSE(OpenToken("", "key").ok());
  EXPECT_FALSE(OpenToken("not base64!", "key").ok());
}

}  // namespace
}  // namespace finalmile::rpc

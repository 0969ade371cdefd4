#include "libs/rpc/request_shape.h"

#include <gtest/gtest.h>

#include <limits>

#include "echo.pb.h"
#include "libs/rpc/memory_budget.h"

namespace finalmile::rpc {
namespace {

namespace pb = finalmile::rpctest::v1;

constexpr int64_t kAll = std::numeric_limits<int64_t>::max();

class RequestShapeTest : public ::testing::Test {
 protected:
  int64_t Bytes(const google::protobuf::Message& message) const {
    return shape_.ParsedBytes(message.SerializeAsString(), kAll);
  }
  // What protobuf itself says that the parsed message takes.
  static int64_t Taken(const pb::SayRequest& message) {
    pb::SayRequest parsed;
    EXPECT_TRUE(parsed.ParseFromString(message.SerializeAsString()));
    return static_cast<int64_t>(parsed.SpaceUsedLong());
  }
  const RequestShape shape_{*pb::SayRequest::descriptor()};
};

TEST_F(RequestShapeTest, CountsAtLeastWhatProtobufTakes) {
  pb::SayRequest empty_parts, tags, labels, parts, unknown;
  for (int i = 0; i < 5000; ++i) {
    empty_parts.mutable_thing()->add_spares();
    tags.mutable_thing()->add_tags("");
    (*labels.mutable_thing()->mutable_labels())[std::to_string(i)] = "some text that is not short";
    (*parts.mutable_thing()->mutable_parts())[std::to_string(i)].set_name("part");
    pb::SayRequest::GetReflection()->MutableUnknownFields(&unknown)->AddLengthDelimited(99, "x");
    pb::SayRequest::GetReflection()->MutableUnknownFields(&unknown)->AddVarint(98, 1);
  }
  for (const auto& message : {empty_parts, tags, labels, parts, unknown}) {
    EXPECT_GE(Bytes(message), Taken(message)) << message.ShortDebugString().substr(0, 80);
    EXPECT_LE(Bytes(message), 4 * Taken(message)) << message.ShortDebugString().substr(0, 80);
  }
}

TEST_F(RequestShapeTest, TextAndDataCostTheirSize) {
  pb::SayRequest request;
  request.set_text(std::string(100'000, 'x'));
  request.set_data(std::string(50'000, 'x'));
  EXPECT_GE(Bytes(request), 150'000);
  EXPECT_LE(Bytes(request), 151'000);
}

TEST_F(RequestShapeTest, EndsAboveEnough) {
  pb::SayRequest request;
  for (int i = 0; i < 100'000; ++i) request.mutable_thing()->add_spares();
  const int64_t some = shape_.ParsedBytes(request.SerializeAsString(), 10'000);
  EXPECT_GT(some, 10'000);
  EXPECT_LT(some, 11'000);
}

// The parser says what is wrong with them; the walk only has to end.
TEST_F(RequestShapeTest, MalformedBytesEndTheWalk) {
  for (const std::string& bytes :
       {std::string("\xff"), std::string("\x0a\xff\xff\xff\xff\x0f"), std::string("\x0a\x05x"),
        std::string(20, '\xff'), std::string("\x0c"), std::string("\x0f"), std::string("\x09\x01")}) {
    EXPECT_GE(shape_.ParsedBytes(bytes, kAll), 0);
  }
  EXPECT_GT(shape_.ParsedBytes(std::string(1000, '\x0b'), kAll), 0);
}

TEST(MemoryBudgetTest, LimitMinusOneZeroPlusOne) {
  MemoryBudget budget(100);
  EXPECT_TRUE(budget.TryTake(99));
  EXPECT_TRUE(budget.TryTake(1));
  EXPECT_FALSE(budget.TryTake(1));
  budget.GiveBack(50);
  {
    MemoryShare share(budget);
    EXPECT_FALSE(share.Take(51));
    EXPECT_TRUE(share.Take(50));
    EXPECT_EQ(budget.taken(), 100);
  }
  EXPECT_EQ(budget.taken(), 50);
}

}  // namespace
}  // namespace finalmile::rpc

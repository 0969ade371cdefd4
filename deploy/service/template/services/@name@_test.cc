#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "finalmile/@name@/v1/@noun@_event.pb.h"
#include "finalmile/@name@/v1/@name@_service.pb.h"
#include "libs/testing/module_harness.h"
#include "libs/testing/personal_fields.h"
#include "services/@name@/handlers/@noun@_handlers.h"
#include "services/@name@/wiring.h"

namespace finalmile::@name@ {
namespace {

using ::testing::IsEmpty;

// The @name@ service on the embedded engines, driven through its API.
class @Name@Test : public ::testing::Test {
 protected:
  template <class Response>
  absl::StatusOr<Response> Call(const std::string& method, const google::protobuf::Message& request) {
    return harness_.channel().Call<Response>("/finalmile.@name@.v1.@Name@Service/" + method, request);
  }

  absl::StatusOr<v1::@Noun@> Create(const std::string& title, const std::string& request_id = "") {
    v1::Create@Noun@Request request;
    request.mutable_@noun@()->set_title(title);
    request.set_request_id(request_id);
    return Call<v1::@Noun@>("Create@Noun@", request);
  }
  absl::StatusOr<v1::@Noun@> Get(const std::string& name) {
    v1::Get@Noun@Request request;
    request.set_name(name);
    return Call<v1::@Noun@>("Get@Noun@", request);
  }

  testing::ModuleHarness harness_{kModule};
};

TEST_F(@Name@Test, WhatIsCreatedIsReadAndToldOnce) {
  const auto created = Create(" first ", "r1");
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->title(), "first");
  const auto repeated = Create(" first ", "r1");
  ASSERT_TRUE(repeated.ok()) << repeated.status();
  EXPECT_EQ(repeated->name(), created->name());

  harness_.Restart();
  const auto read = Get(created->name());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->SerializeAsString(), created->SerializeAsString());
  harness_.Settle();
  const auto events = harness_.ReadEvents<v1::@Noun@Event>(handlers::k@Name@EventsTopic);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].key(), created->name());
  EXPECT_EQ(events[0].@noun@_created().title(), "first");
}

TEST_F(@Name@Test, BadInputNamesItsField) {
  EXPECT_THAT(std::string(Create("").status().message()), ::testing::HasSubstr("@noun@.title"));
  EXPECT_THAT(std::string(Get("x").status().message()), ::testing::HasSubstr("name"));
  EXPECT_TRUE(absl::IsNotFound(Get("@nouns@/none").status()));
}

TEST(@Noun@Events, HoldNoPersonalFields) {
  EXPECT_THAT(testing::PersonalFields(*v1::@Noun@Event::descriptor()), IsEmpty());
}

}  // namespace
}  // namespace finalmile::@name@

// What List and Update handlers use: paging, masks.
#include <algorithm>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/masks.h"
#include "libs/rpc/paging.h"
#include "libs/rpc/testdata/echo_fixture.h"

namespace finalmile::rpc {
namespace {

using storage::Value;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string FieldOf(const absl::Status& status) {
  const auto violations = ViolationsOf(status);
  return violations.size() == 1 ? violations[0].field() : "";
}

const std::vector<Value> kNumber = {int64_t{}};

TEST(PageTest, SizeIsClamped) {
  const auto size = [](int asked) {
    pb::ListThingsRequest request;
    request.set_page_size(asked);
    return Page::Of({}, request, kNumber)->size();
  };
  EXPECT_EQ(size(0), 50);
  EXPECT_EQ(size(1), 1);
  EXPECT_EQ(size(999), 999);
  EXPECT_EQ(size(1000), 1000);
  EXPECT_EQ(size(1001), 1000);
  pb::ListThingsRequest request;
  EXPECT_EQ(Page::Of({}, request, kNumber, {.standard = 10, .most = 20})->size(), 10);
  request.set_page_size(-1);
  EXPECT_EQ(FieldOf(Page::Of({}, request, kNumber).status()), "page_size");
}

TEST(PageTest, TokenCarriesEveryKindOfValue) {
  pb::ListThingsRequest request;
  request.set_filter("x = 1");
  const std::vector<Value> cursor = {Value(),
                                     int64_t{-1},
                                     std::numeric_limits<int64_t>::max(),
                                     -0.5,
                                     true,
                                     false,
                                     std::string("t\"ext"),
                                     std::string(),
                                     storage::Bytes{std::string("\0\1", 2)}};
  const auto first = Page::Of({}, request, cursor);
  EXPECT_TRUE(first->first());
  request.set_page_token(first->NextToken(cursor));
  EXPECT_EQ(request.page_token().find_first_not_of(
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            std::string::npos);
  request.set_page_size(7);
  const auto second = Page::Of({}, request, cursor);
  ASSERT_EQ(second.status(), absl::OkStatus());
  EXPECT_FALSE(second->first());
  EXPECT_EQ(second->cursor(), cursor);
  // The next token is bound to the same request.
  request.set_page_token(second->NextToken({int64_t{1}}));
  EXPECT_EQ(Page::Of({}, request, kNumber)->cursor(), std::vector<Value>{int64_t{1}});
}

TEST(PageTest, TokenOfAnotherRequestIsRefused) {
  pb::ListThingsRequest request;
  request.set_filter("x = 1");
  (*request.mutable_extra())["a"] = "1";
  (*request.mutable_extra())["b"] = "2";
  request.set_page_token(Page::Of({}, request, kNumber)->NextToken({int64_t{1}}));
  EXPECT_EQ(Page::Of({}, request, kNumber).status(), absl::OkStatus());
  pb::ListThingsRequest other = request;
  other.set_filter("x = 2");
  EXPECT_EQ(FieldOf(Page::Of({}, other, kNumber).status()), "page_token");
  other = request;
  (*other.mutable_extra())["b"] = "3";
  EXPECT_EQ(FieldOf(Page::Of({}, other, kNumber).status()), "page_token");
}

TEST(PageTest, OnlyTheSameKeyOpensAToken) {
  pb::ListThingsRequest request;
  const AnswerRules mine = {.page_key = "mine"};
  const AnswerRules other = {.page_key = "other"};
  request.set_page_token(Page::Of(mine, request, kNumber)->NextToken({int64_t{1}}));
  EXPECT_EQ(Page::Of({.page_key = "mine"}, request, kNumber)->cursor(), std::vector<Value>{int64_t{1}})
      << "a replica";
  EXPECT_EQ(FieldOf(Page::Of(other, request, kNumber).status()), "page_token");
  EXPECT_EQ(FieldOf(Page::Of({}, request, kNumber).status()), "page_token");
}

TEST(PageTest, DamagedTokensAreRefused) {
  pb::ListThingsRequest request;
  const std::vector<Value> shape = {std::string(), int64_t{}};
  const std::string token = Page::Of({}, request, shape)->NextToken({std::string("cursor"), int64_t{1}});
  for (size_t i = 0; i < token.size(); ++i) {
    std::string damaged = token;
    damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
    request.set_page_token(damaged);
    EXPECT_EQ(FieldOf(Page::Of({}, request, shape).status()), "page_token") << i;
    request.set_page_token(token.substr(0, i));
    EXPECT_EQ(Page::Of({}, request, shape).ok(), i == 0) << i;
  }
  for (const std::string& text : {std::string("!"), std::string("AA"), std::string(100'000, 'A')}) {
    request.set_page_token(text);
    EXPECT_EQ(FieldOf(Page::Of({}, request, shape).status()), "page_token");
  }
}

TEST(PageTest, CursorsOfAnotherShapeAreRefused) {
  pb::ListThingsRequest request;
  const std::vector<Value> shape = {std::string(), int64_t{}};
  const auto first = Page::Of({}, request, shape);
  const std::vector<Value> forged[] = {
      {int64_t{}, int64_t{}}, {std::string()}, {std::string(), int64_t{}, Value()}};
  for (const std::vector<Value>& cursor : forged) {
    request.set_page_token(first->NextToken(cursor));
    EXPECT_EQ(FieldOf(Page::Of({}, request, shape).status()), "page_token");
  }
}

class MaskTest : public ::testing::Test {
 protected:
  MaskTest() {
    from_.set_name("new");
    from_.set_weight(2);
    from_.add_tags("n");
    (*from_.mutable_labels())["a"] = "new";
    (*from_.mutable_labels())["dotted.key"] = "new";
    from_.mutable_main()->set_name("new");
    from_.mutable_main()->set_number(2);
    from_.set_size(2);
    to_.set_name("old");
    to_.set_weight(1);
    to_.add_tags("o1");
    to_.add_tags("o2");
    (*to_.mutable_labels())["a"] = "old";
    (*to_.mutable_labels())["b"] = "old";
    (*to_.mutable_labels())["c"] = "old";
    to_.mutable_main()->set_name("old");
    to_.mutable_main()->set_number(1);
    to_.set_colour("old");
  }

  absl::Status Apply(const std::vector<std::string>& paths) {
    google::protobuf::FieldMask mask;
    for (const std::string& path : paths) mask.add_paths(path);
    static constexpr std::string_view kUpdatable[] = {"name",  "weight", "tags", "labels",
                                                      "parts", "main",   "size", "colour"};
    return ApplyMask(mask, kUpdatable, from_, to_);
  }

  pb::Thing from_, to_;
};

TEST_F(MaskTest, CopiesWhatIsNamed) {
  EXPECT_EQ(Apply({"name", "tags", "main.name", "size"}), absl::OkStatus());
  EXPECT_EQ(to_.name(), "new");
  EXPECT_EQ(to_.weight(), 1);
  EXPECT_THAT(to_.tags(), ElementsAre("n"));
  EXPECT_EQ(to_.main().name(), "new");
  EXPECT_EQ(to_.main().number(), 1);
  EXPECT_EQ(to_.size(), 2);
  EXPECT_FALSE(to_.has_colour());
  EXPECT_EQ(to_.labels().at("a"), "old");
}

TEST_F(MaskTest, ClearsWhatTheSourceLacks) {
  from_.Clear();
  EXPECT_EQ(Apply({"name", "tags", "labels.b", "main.number", "colour"}), absl::OkStatus());
  EXPECT_EQ(to_.name(), "");
  EXPECT_TRUE(to_.tags().empty());
  EXPECT_EQ(to_.labels().size(), 2u);
  EXPECT_EQ(to_.labels().count("b"), 0u);
  EXPECT_EQ(to_.main().number(), 0);
  EXPECT_EQ(to_.main().name(), "old");
  EXPECT_FALSE(to_.has_colour());
  EXPECT_EQ(Apply({"main"}), absl::OkStatus());
  EXPECT_FALSE(to_.has_main());
  EXPECT_EQ(Apply({"main.name"}), absl::OkStatus());
  EXPECT_FALSE(to_.has_main());
}

TEST_F(MaskTest, MapEntries) {
  EXPECT_EQ(Apply({"labels.a", "labels.dotted.key", "labels.`b`", "labels.absent"}), absl::OkStatus());
  EXPECT_EQ(to_.labels().at("a"), "new");
  EXPECT_EQ(to_.labels().at("dotted.key"), "new");
  EXPECT_EQ(to_.labels().count("b"), 0u);
  EXPECT_EQ(to_.labels().at("c"), "old");
  EXPECT_EQ(Apply({"labels"}), absl::OkStatus());
  EXPECT_EQ(to_.labels().size(), 2u);
}

TEST_F(MaskTest, StarIsAllAndEmptyIsWhatIsSet) {
  pb::Thing before = to_;
  from_.clear_name();
  EXPECT_EQ(Apply({}), absl::OkStatus());
  EXPECT_EQ(to_.name(), "old");
  EXPECT_EQ(to_.weight(), 2);
  EXPECT_EQ(to_.labels().size(), 2u);
  EXPECT_EQ(to_.size(), 2);
  to_ = before;
  to_.add_spares()->set_name("kept");
  EXPECT_EQ(Apply({"*"}), absl::OkStatus());
  EXPECT_EQ(to_.name(), "");
  EXPECT_EQ(to_.size(), 2);
  EXPECT_EQ(to_.spares_size(), 1);
}

TEST_F(MaskTest, EachWrongPathIsNamedAndNothingChanges) {
  const pb::Thing before = to_;
  const absl::Status status =
      Apply({"name", "nome", "spares", "main.nome", "tags.x", "name.x", "labels.", "", "*"});
  EXPECT_EQ(to_.SerializeAsString().size(), before.SerializeAsString().size());
  EXPECT_EQ(to_.name(), "old");
  const auto violations = ViolationsOf(status);
  ASSERT_EQ(violations.size(), 8u);
  const std::vector<std::string> expected = {"'nome': Thing has no field 'nome'",
                                             "'spares' cannot be changed",
                                             "'main.nome': Part has no field 'nome'",
                                             "nothing inside 'tags'",
                                             "nothing inside 'name'",
                                             "names no entry of labels",
                                             "has no field ''",
                                             "must stand alone"};
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(violations[i].field(), "update_mask");
    EXPECT_THAT(violations[i].description(), HasSubstr(expected[i]));
  }
}

}  // namespace
}  // namespace finalmile::rpc

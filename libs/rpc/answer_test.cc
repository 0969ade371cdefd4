// The bound on answers: single messages, pages of lists, batches.
#include "libs/rpc/answer.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/paging.h"
#include "libs/rpc/testdata/server_fixture.h"

namespace finalmile::rpc {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr size_t kReserve = 16 << 10;

pb::Thing ThingOf(std::string name, size_t bytes) {
  pb::Thing thing;
  thing.set_name(std::move(name));
  thing.add_tags(std::string(bytes, 'x'));
  return thing;
}

// A list of things that were stored in this order; counts what is read at once.
struct Things {
  absl::StatusOr<pb::ListThingsResponse> List(const AnswerRules& rules, const pb::ListThingsRequest& request,
                                              int piece = 64) {
    ASSIGN_OR_RETURN(const Page page, Page::Of(rules, request, {int64_t{}}, {.piece = piece}));
    using Entries = std::vector<PageEntry<pb::Thing>>;
    pb::ListThingsResponse response;
    ASSIGN_OR_RETURN(*response.mutable_next_page_token(),
                     page.Fill(*response.mutable_things(),
                               [&](const Page::Cursor& cursor, int count) -> absl::StatusOr<Entries> {
                                 const size_t begin = cursor.empty() ? 0 : std::get<int64_t>(cursor[0]);
                                 const size_t end = std::min(stored.size(), begin + count);
                                 largest_read = std::max(largest_read, end - begin);
                                 Entries entries;
                                 for (size_t i = begin; i < end; ++i)
                                   entries.push_back({stored[i], {static_cast<int64_t>(i + 1)}});
                                 return entries;
                               }));
    return response;
  }

  // The names of all pages, and how many pages there were.
  std::pair<std::vector<std::string>, int> All(const AnswerRules& rules, int page_size, int piece = 64) {
    pb::ListThingsRequest request;
    request.set_page_size(page_size);
    std::vector<std::string> names;
    for (int pages = 1;; ++pages) {
      const auto page = List(rules, request, piece);
      EXPECT_EQ(page.status(), absl::OkStatus());
      if (!page.ok()) return {names, pages};
      EXPECT_LE(page->ByteSizeLong(), rules.most);
      for (const pb::Thing& thing : page->things()) names.push_back(thing.name());
      if (page->next_page_token().empty()) return {names, pages};
      request.set_page_token(page->next_page_token());
    }
  }

  std::vector<pb::Thing> stored;
  size_t largest_read = 0;
};

TEST(AnswerTest, OneMessageBelowAtAndAboveTheLimit) {
  const pb::Thing thing = ThingOf("things/1", 1000);
  const size_t size = thing.ByteSizeLong();
  EXPECT_EQ(CheckAnswer(thing, size + 1), absl::OkStatus());
  EXPECT_EQ(CheckAnswer(thing, size), absl::OkStatus());
  const absl::Status above = CheckAnswer(thing, size - 1);
  EXPECT_EQ(above.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(above), "ANSWER_TOO_LARGE");
  EXPECT_EQ(ErrorInfoOf(above)->metadata().at("resource"), "things/1");
  EXPECT_EQ(ErrorInfoOf(above)->metadata().at("limit"), std::to_string(size - 1));
}

TEST(AnswerTest, ThePageEndsWhereTheNextItemDoesNotFit) {
  Things things;
  pb::ListThingsRequest request;
  const size_t many = 40;
  things.stored.assign(many, ThingOf("x", 1000));
  const size_t all = many * (things.stored[0].ByteSizeLong() + 10);
  for (const auto& [most, items] :
       {std::pair{all + kReserve - 1, many - 1}, {all + kReserve, many}, {all + kReserve + 1, many}}) {
    const auto page = things.List({most, ""}, request);
    ASSERT_EQ(page.status(), absl::OkStatus());
    EXPECT_EQ(page->things_size(), items);
    EXPECT_EQ(page->next_page_token().empty(), items == many);
  }
}

TEST(AnswerTest, PagesBySizeAndByCountTogetherAreTheWholeList) {
  Things things;
  std::vector<std::string> names;
  for (int i = 0; i < 300; ++i) {
    names.push_back(std::to_string(i));
    things.stored.push_back(ThingOf(names.back(), i % 7 * 3000));
  }
  for (const int piece : {1, 7, 64, 1000}) {
    for (const int page_size : {1, 49, 299, 300, 301, 1000}) {
      const auto [all, pages] = things.All({200'000, "key"}, page_size, piece);
      EXPECT_EQ(all, names) << page_size;
      EXPECT_GE(pages, 300 / page_size) << page_size;
    }
  }
  EXPECT_EQ(things.All({200 << 20, "key"}, 300).second, 1);
}

// Also where small items let one hope for more of them.
TEST(AnswerTest, NoMoreIsReadAtOnceThanAPiece) {
  Things things;
  things.stored.assign(500, ThingOf("x", 10));
  things.stored.resize(1000, ThingOf("x", 100'000));
  EXPECT_EQ(things.All({kDefaultMaxAnswer, ""}, 1000, 16).first.size(), 1000u);
  EXPECT_EQ(things.largest_read, 16u);
}

TEST(AnswerTest, AnItemThatFitsNoPageIsNamed) {
  Things things;
  things.stored = {ThingOf("things/small", 10), ThingOf("things/huge", 100'000), ThingOf("things/last", 10)};
  pb::ListThingsRequest request;
  const auto first = things.List({50'000, ""}, request);
  ASSERT_EQ(first.status(), absl::OkStatus());
  EXPECT_EQ(first->things_size(), 1);
  request.set_page_token(first->next_page_token());
  const absl::Status huge = things.List({50'000, ""}, request).status();
  EXPECT_EQ(ReasonOf(huge), "ANSWER_TOO_LARGE");
  EXPECT_EQ(ErrorInfoOf(huge)->metadata().at("resource"), "things/huge");
}

TEST(AnswerTest, ABatchIsReadInPiecesAndItsItemThatDoesNotFitIsNamed) {
  std::vector<size_t> pieces;
  const auto read = [&](const std::vector<int>& keys) -> absl::StatusOr<std::vector<pb::Thing>> {
    pieces.push_back(keys.size());
    std::vector<pb::Thing> things;
    for (const int key : keys) things.push_back(ThingOf(std::to_string(key), 10'000));
    return things;
  };
  const std::vector<int> keys = {0, 1, 2, 3, 4};
  pb::ListThingsResponse response;
  EXPECT_EQ((FillBatch<int, pb::Thing>(keys, 2, 100'000, read, *response.mutable_things())),
            absl::OkStatus());
  EXPECT_EQ(response.things_size(), 5);
  EXPECT_EQ(response.things(4).name(), "4");
  EXPECT_THAT(pieces, ElementsAre(2, 3));
  const absl::Status above =
      FillBatch<int, pb::Thing>(keys, 2, 16'384 + 40'200, read, *response.mutable_things());
  EXPECT_EQ(ErrorInfoOf(above)->metadata().at("resource"), "4");
}

TEST(AnswerTest, RepetitionsAreFolded) {
  std::vector<std::string> values = {"b", "a", "b", "b", "c", "a"};
  Fold(values);
  EXPECT_THAT(values, ElementsAre("b", "a", "c"));
}

using AnswerServerTest = ServerTest;

TEST_F(AnswerServerTest, EveryMessageIsBounded) {
  options_.answers.most = 1000;
  echo_.say = [](CallContext& context, const pb::SayRequest& request) {
    EXPECT_EQ(context.answers().most, 1000u);
    return Said(std::string(static_cast<size_t>(request.count()), 'x'));
  };
  echo_.repeat = [](CallContext&, const pb::SayRequest& request) -> absl::StatusOr<Chunks<pb::SayResponse>> {
    return [size = static_cast<size_t>(request.count()),
            sent = 0](CallContext&) mutable -> absl::StatusOr<std::optional<std::vector<pb::SayResponse>>> {
      if (sent++ == 2) return std::nullopt;
      return std::vector<pb::SayResponse>{Said(std::string(sent == 1 ? 1 : size, 'x'))};
    };
  };
  Start();
  // A tag and two bytes of length.
  for (const int size : {996, 997}) EXPECT_EQ(Say(SayOf("", size)).status(), absl::OkStatus());
  const absl::Status above = Say(SayOf("", 998)).status();
  EXPECT_EQ(above.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(above), "ANSWER_TOO_LARGE");
  EXPECT_THAT(std::string(above.message()), HasSubstr("would have 1001 bytes, the limit is 1000"));

  for (const int size : {997, 998}) {
    auto stream = channel_->Open(kRepeat, {});
    ASSERT_TRUE(stream->Write(SayOf("", size)));
    stream->WritesDone();
    pb::SayResponse reply;
    EXPECT_TRUE(stream->Read(reply));
    EXPECT_EQ(stream->Read(reply), size == 997);
    EXPECT_EQ(ReasonOf(stream->Finish()), size == 997 ? "" : "ANSWER_TOO_LARGE");
  }
}

}  // namespace
}  // namespace finalmile::rpc

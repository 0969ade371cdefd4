#include <algorithm>
#include <atomic>
#include <mutex>
#include <vector>

#include "gtest/gtest.h"
#include "libs/rpc/testdata/server_fixture.h"

// Bidirectional calls whose handler lets the next message in.
namespace finalmile::rpc {
namespace {

using absl::StatusCode;

class LetNextTest : public ServerTest {
 protected:
  // Handlers, which may run on when a test has failed, use what is below.
  ~LetNextTest() override {
    channel_.reset();
    server_.reset();
    executor_.Stop();
  }

  std::unique_ptr<Stream> Chat(const std::vector<std::string>& texts) {
    auto stream = channel_->Open(kChat, {.timeout = absl::Seconds(30)});
    for (const std::string& text : texts) EXPECT_TRUE(stream->Write(SayOf(text, 1)));
    stream->WritesDone();
    return stream;
  }
  static std::vector<std::string> ReadAll(Stream& stream) {
    std::vector<std::string> texts;
    for (pb::SayResponse reply; stream.Read(reply);) texts.push_back(reply.text());
    return texts;
  }
  using Texts = std::vector<std::string>;

  void FirstAwaitsTheNext() {
    echo_.on_chat_message = [&](const pb::SayRequest& request, const LetNext& let_next) {
      if (request.text() == "first") {
        let_next();
        entered_.Wait();
      } else {
        entered_.Open();
      }
    };
  }
  // Notes how many handlers run at once, and which messages came.
  void CountHandlers() {
    echo_.on_chat_message = [&](const pb::SayRequest& request, const LetNext& let_next) {
      {
        std::lock_guard lock(mutex_);
        most_ = std::max(most_, ++running_handlers_);
        begun_.push_back(request.text());
      }
      let_next();
      let_next();
      std::lock_guard lock(mutex_);
      --running_handlers_;
    };
  }

  std::mutex mutex_;
  int running_handlers_ = 0;
  int most_ = 0;
  Texts begun_;
};

TEST_F(LetNextTest, TheNextMessageIsHandledMeanwhileAndAnsweredAfterwards) {
  FirstAwaitsTheNext();
  Start();
  const auto stream = Chat({"first", "second"});
  EXPECT_EQ(ReadAll(*stream), (Texts{"first", "second", "end"}));
  EXPECT_EQ(stream->Finish(), absl::OkStatus());
}

TEST_F(LetNextTest, NoMoreThanTwoMessagesAreHandledAtOnce) {
  CountHandlers();
  Start();
  Texts sent;
  for (int i = 0; i < 300; ++i) sent.push_back(fmt::format("{}", i));
  const auto stream = Chat(sent);
  Texts expected = sent;
  expected.emplace_back("end");
  EXPECT_EQ(ReadAll(*stream), expected);
  EXPECT_EQ(stream->Finish(), absl::OkStatus());
  EXPECT_EQ(begun_, sent);
  EXPECT_LE(most_, 2);
}

TEST_F(LetNextTest, TheErrorOfAMessageComesAfterTheReplyToTheOneBefore) {
  FirstAwaitsTheNext();
  Start();
  const auto stream = Chat({"first", "bad"});
  EXPECT_EQ(ReadAll(*stream), Texts{"first"});
  EXPECT_EQ(stream->Finish().code(), StatusCode::kInvalidArgument);
}

TEST_F(LetNextTest, AnErrorEndsTheCallWhileTheNextMessageIsHandled) {
  std::atomic<int> ended = 0;
  echo_.on_chat_end = [&] {
    ++ended;
    ended_.Open();
  };
  echo_.on_chat_message = [&](const pb::SayRequest& request, const LetNext& let_next) {
    if (request.text() == "bad") {
      let_next();
      entered_.Wait();
    } else {
      entered_.Open();
      leave_.Wait();
    }
  };
  Start();
  auto stream = channel_->Open(kChat, {.timeout = absl::Seconds(30)});
  EXPECT_TRUE(stream->Write(SayOf("bad", 1)));
  EXPECT_TRUE(stream->Write(SayOf("second", 1)));
  EXPECT_TRUE(ReadAll(*stream).empty());
  EXPECT_EQ(stream->Finish().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ended, 0);
  leave_.Open();
  ended_.Wait();
  EXPECT_EQ(ended, 1);
}

TEST_F(LetNextTest, AnErrorEndsTheCallWhileTheNextMessageIsAwaited) {
  echo_.on_chat_end = [&] { ended_.Open(); };
  echo_.on_chat_message = [&](const pb::SayRequest&, const LetNext& let_next) { let_next(); };
  Start();
  auto stream = channel_->Open(kChat, {.timeout = absl::Seconds(30)});
  EXPECT_TRUE(stream->Write(SayOf("bad", 1)));
  EXPECT_TRUE(ReadAll(*stream).empty());
  EXPECT_EQ(stream->Finish().code(), StatusCode::kInvalidArgument);
  ended_.Wait();
}

TEST_F(LetNextTest, ACallIsGivenUpWhileTwoMessagesAreHandled) {
  echo_.on_chat_end = [&] { ended_.Open(); };
  echo_.on_chat_message = [&](const pb::SayRequest& request, const LetNext& let_next) {
    if (request.text() == "first") {
      let_next();
    } else {
      entered_.Open();
    }
    leave_.Wait();
  };
  Start();
  auto stream = channel_->Open(kChat, {.timeout = absl::Seconds(30)});
  EXPECT_TRUE(stream->Write(SayOf("first", 1)));
  EXPECT_TRUE(stream->Write(SayOf("second", 1)));
  entered_.Wait();
  stream.reset();
  leave_.Open();
  ended_.Wait();
}

// There is room for one of them at a time.
TEST_F(LetNextTest, AMessageForWhichThereIsNoRoomWaitsForTheOneBefore) {
  CountHandlers();
  Start();
  pb::SayRequest request = SayOf("large", 1);
  for (int i = 0; i < 1'000'000; ++i) request.mutable_thing()->add_spares();
  const auto stream = channel_->Open(kChat, {.timeout = absl::Seconds(30)});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(stream->Write(request));
  stream->WritesDone();
  EXPECT_EQ(ReadAll(*stream), (Texts{"large", "large", "large", "end"}));
  EXPECT_EQ(stream->Finish(), absl::OkStatus());
  EXPECT_EQ(most_, 1);
}

}  // namespace
}  // namespace finalmile::rpc

#include <fmt/format.h>
#include <sys/resource.h>
#include <zlib.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/faults/hostile_fixture.h"

namespace finalmile::faults {
namespace {

constexpr int kUnauthenticated = 16, kResourceExhausted = 8, kUnimplemented = 12, kInvalidArgument = 3;

const std::string kPublish = "/finalmile.leads.v1.ScoringService/PublishPolicy";

// Bytes of gzip that unpack to `mebibytes` of zeros.
std::string Bomb(int mebibytes) {
  const std::string zeros(1 << 20, '\0');
  const auto size = static_cast<z_off_t>(zeros.size());
  const auto* bytes = reinterpret_cast<const Bytef*>(zeros.data());
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string piece(1 << 16, '\0');
  stream.next_in = const_cast<Bytef*>(bytes);
  stream.avail_in = static_cast<uInt>(zeros.size());
  stream.next_out = reinterpret_cast<Bytef*>(piece.data());
  stream.avail_out = static_cast<uInt>(piece.size());
  // What follows does not refer to what was before: the same piece again and again.
  EXPECT_EQ(deflate(&stream, Z_FULL_FLUSH), Z_OK);
  piece.resize(stream.total_out);
  deflateEnd(&stream);
  const uLong sum = crc32(0, bytes, static_cast<uInt>(size));
  uLong whole = crc32(0, nullptr, 0);
  std::string packed("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
  for (int i = 0; i < mebibytes; ++i) {
    packed += piece;
    whole = crc32_combine(whole, sum, size);
  }
  packed.append("\x03\0", 2);
  for (int shift = 0; shift < 32; shift += 8) packed += static_cast<char>(whole >> shift);
  const auto unpacked = static_cast<uint64_t>(mebibytes) << 20;
  for (int shift = 0; shift < 32; shift += 8) packed += static_cast<char>(unpacked >> shift);
  return packed;
}

// 4 MB of policy, all of it signals that say nothing: protobuf would make two million messages of it.
std::string EmptySubmessages() {
  constexpr size_t kBytes = 4'000'000;
  std::string policy;
  while (policy.size() < kBytes) policy.append("\x32\0", 2);  // field 6, `signals`
  std::string request = "\x0a";                               // field 1, `policy`
  for (size_t left = kBytes; left > 0; left /= 128) {
    request += static_cast<char>(left % 128 | (left >= 128 ? 128 : 0));
  }
  return request + policy;
}

TEST_F(HostileRows, F34ACompressedBombIsRefused) {
  Start();
  const std::string bomb = Bomb(1900);
  EXPECT_GT(bomb.size(), 1'800'000u);
  RawHttp2 caller(program_->port());
  const auto answer = caller.Call({.path = kService + "CreateLead", .message = bomb, .gzip = true});
  EXPECT_EQ(answer.status, kUnimplemented);
  ExpectBounded(fmt::format("bomb of {:.1f} MB", static_cast<double>(bomb.size()) / 1e6));
}

TEST_F(HostileRows, F34EmptySubmessagesAreRefusedBeforeAndAfterTheToken) {
  const std::string message = EmptySubmessages();
  for (const bool guarded : {false, true}) {
    Start(guarded ? kTokens : "");
    const auto publish = [&](const RawHttp2::Headers& headers) {
      RawHttp2 caller(program_->port());
      return caller.Call({.path = kPublish, .message = message, .headers = headers}).status;
    };
    for (int i = 0; i < 13; ++i) {
      EXPECT_EQ(publish({}), guarded ? kUnauthenticated : kInvalidArgument);
      if (guarded) {
        EXPECT_EQ(publish(kToken), kInvalidArgument);
      }
    }
    ExpectBounded(guarded ? "26 x 4 MB, half with a token" : "13 x 4 MB of submessages");
    std::vector<std::thread> callers;
    for (int i = 0; i < 8; ++i) {
      callers.emplace_back([&, i] {
        const bool known = !guarded || i % 2 == 0;
        const int status = publish(known ? kToken : RawHttp2::Headers{});
        // The last ones find the budget of large requests taken.
        EXPECT_TRUE(known ? status == kInvalidArgument || status == kResourceExhausted
                          : status == kUnauthenticated)
            << status;
      });
    }
    Answered();
    for (std::thread& caller : callers) caller.join();
    ExpectBounded(guarded ? "8 at once, half with a token" : "8 at once");
    if (!guarded) TearDown();
  }
}

TEST_F(HostileRows, F34SilentConnectionsKeepNobodyOutForLong) {
  rlimit files{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &files), 0);
  const rlimit enough{.rlim_cur = std::min<rlim_t>(4096, files.rlim_max), .rlim_max = files.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &enough), 0);
  Start();
  int connected = 0;
  {
    std::vector<Socket> silent;
    for (int i = 0; i < 1500; ++i) {
      silent.emplace_back(program_->port());
      connected += silent.back().connected() ? 1 : 0;
      if (i % 500 == 499) Answered();
    }
    for (int i = 0; i < 10; ++i) Answered();
    // Those beyond the bound were closed at once, and not after the ten seconds that the others have.
    const absl::Duration start = clock().Steady();
    EXPECT_TRUE(silent.back().Receive(absl::Seconds(30)).empty());
    EXPECT_LT(clock().Steady() - start, absl::Seconds(5));
    EXPECT_TRUE(program_->Get("/livez").starts_with("HTTP/1.1 200"));
    Report("silent connections");
  }
  const absl::Duration gone = clock().Steady();
  const absl::Duration deadline = gone + absl::Seconds(20);
  int status = -1;
  while (status != 0 && clock().Steady() < deadline) {
    RawHttp2 newcomer(program_->port());
    status = newcomer.Call({.path = kService + "ListLeads", .message = OneLead()}).status;
    if (status != 0) program_->Pause();
  }
  EXPECT_EQ(status, 0);
  ExpectBounded("1,500 silent connections",
                fmt::format("{} connected, a newcomer is served {} after they are gone", connected,
                            absl::FormatDuration(clock().Steady() - gone)));
  setrlimit(RLIMIT_NOFILE, &files);
}

TEST_F(HostileRows, F34AnswersAreBoundedReadOrNot) {
  constexpr int kLeads = 100;
  Start();
  ASSERT_NO_FATAL_FAILURE(CreateLargeLeads(kLeads));
  Report("100 leads of 200 kB");

  leads::v1::ListLeadsRequest request;
  request.set_page_size(1000);
  int seen = 0, pages = 0;
  do {
    const auto page = channel_->Call<leads::v1::ListLeadsResponse>(kService + "ListLeads", request);
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_LE(page->ByteSizeLong(), size_t{3} << 20);
    EXPECT_GT(page->leads_size(), 0);
    seen += page->leads_size();
    request.set_page_token(page->next_page_token());
    ++pages;
  } while (!request.page_token().empty() && pages < kLeads);
  EXPECT_EQ(seen, kLeads);
  EXPECT_GE(pages, 7);

  const RawHttp2::Request page = {.path = kService + "ListLeads", .message = LargePage()};
  std::vector<std::thread> callers;
  for (int i = 0; i < 16; ++i) {
    callers.emplace_back([&] {
      RawHttp2 caller(program_->port());
      const auto pause = clock().NewWaitEvent();
      for (int calls = 0; calls < 2; ++calls) {
        // As a client repeats what is refused with a delay.
        constexpr int kOverloaded = 8;
        int status = kOverloaded;
        for (int tries = 0; status == kOverloaded && tries < 100; ++tries) {
          if (tries > 0) pause->WaitUntil(clock().Steady() + absl::Milliseconds(50));
          status = caller.Call(page).status;
        }
        EXPECT_EQ(status, 0);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  ExpectBounded("16 x 2 pages of 3 MB, read");

  // What the answers would take were they kept: 360 MB, then 240.
  struct Row {
    std::string name;
    RawHttp2::Options options;
    int connections;
    int calls;
  };
  for (const Row& row : {Row{"120 pages, with no window", {.answer_window = 0}, 2, 60},
                         Row{"80 pages, from the socket", {.receive_buffer = 4096}, 40, 2}}) {
    int64_t handled = program_->Handled("ListLeads");
    std::vector<std::unique_ptr<RawHttp2>> slow;
    for (int i = 0; i < row.connections; ++i) {
      slow.push_back(std::make_unique<RawHttp2>(program_->port(), row.options));
      for (int call = 0; call < row.calls; ++call) slow.back()->StartUnread(page);
      handled += row.calls;
    }
    EXPECT_TRUE(program_->AwaitHandled("ListLeads", handled)) << row.name;
    for (int i = 0; i < 10; ++i) Answered();
    NewcomerIsAnswered();
    const double held = program_->Own() - idle_;
    // A mutation whose answer is large takes effect and is answered, where a page is refused.
    ASSERT_NO_FATAL_FAILURE(CreateLargeLeads(1));
    const int status = RawHttp2(program_->port()).Call(page).status;
    EXPECT_TRUE(status == kResourceExhausted || status == 0) << status;
    slow.clear();
    ExpectBounded(row.name, fmt::format("+{:.0f} while they were held", held));
    EXPECT_EQ(RawHttp2(program_->port()).Call(page).status, 0) << row.name;
  }
}

TEST_F(HostileRows, F34ProbesAreAnsweredWhileOthersDrip) {
  Start();
  std::vector<Socket> slow;
  for (int i = 0; i < 40; ++i) {
    slow.emplace_back(program_->admin_port());
    slow.back().Send("GET /livez HTTP/1.1\r\nA:");
  }
  absl::Duration slowest = absl::ZeroDuration();
  for (int i = 0; i < 50; ++i) {
    for (const Socket& socket : slow) socket.Send("a");
    const absl::Duration start = clock().Steady();
    EXPECT_TRUE(program_->Get("/livez").starts_with("HTTP/1.1 200"));
    slowest = std::max(slowest, clock().Steady() - start);
  }
  EXPECT_LT(slowest, absl::Seconds(2));
  ExpectBounded("40 slow probes", fmt::format("/livez in {}", absl::FormatDuration(slowest)));

  std::string ranges = "Range: bytes=0-";
  for (int i = 0; i < 700; ++i) ranges += ",0-";
  const size_t plain = program_->Get("/metrics").size();
  const size_t ranged = program_->Get("/metrics", ranges + "\r\n").size();
  EXPECT_GT(plain, 1000u);
  EXPECT_LT(ranged, 2 * plain) << "not once for each range";
  ExpectBounded("700 ranges", fmt::format("{} bytes answered, {} without", ranged, plain));
}

// gRPC 1.51 bounds neither: that the process goes on is all that can be asked for.
TEST_F(HostileRows, F34FloodsOfFramesEndNothing) {
  Start();
  const RawHttp2::Request request = {.path = kService + "ListLeads", .message = OneLead()};
  {
    RawHttp2 caller(program_->port());
    const std::string block = RawHttp2::HeaderBlock(request);
    const absl::Duration end = clock().Steady() + absl::Seconds(2);
    uint32_t stream = 1;
    int resets = 0;
    bool sent = caller.open();
    while (sent && clock().Steady() < end) {
      std::string frames;
      for (int i = 0; i < 100; ++i, stream += 2) {
        frames += RawHttp2::Frame(1, 4, stream, block);
        frames += RawHttp2::Frame(3, 0, stream, std::string("\0\0\0\x08", 4));
      }
      sent = caller.socket().Send(frames);
      resets += 100;
    }
    EXPECT_GT(resets, 100);
    NewcomerIsAnswered();
    Report(fmt::format("{} calls reset in 2 s", resets));
  }
  {
    RawHttp2 caller(program_->port());
    const std::string piece = RawHttp2::Frame(9, 0, 1, std::string(16'384, 'x'));
    // A header whose value never ends.
    bool sent = caller.socket().Send(RawHttp2::Frame(
        1, 0, 1, RawHttp2::HeaderBlock(request) + std::string("\0\1a\x7f\xff\xff\xff\x7f", 8)));
    size_t bytes = 0;
    for (; sent && bytes < 20'000'000; bytes += 16'384) sent = caller.socket().Send(piece);
    EXPECT_GT(bytes, 0u);
    NewcomerIsAnswered();
    Report(fmt::format("{:.0f} MB of CONTINUATION", static_cast<double>(bytes) / 1e6));
  }
  Report("after both");
}

}  // namespace
}  // namespace finalmile::faults

#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iostream>

#include "libs/base/random.h"
#include "tests/fuzz/target.h"

// Row F13 of the fault table, in short: each target on its seeds and on changes of them that are the same in
// every run. `make fuzz` looks further, under the sanitizers.
namespace finalmile::fuzz {
namespace {

constexpr int kChanges = 5000;
constexpr size_t kLargest = 16 << 10;

// The bytes that a target is run on, for the handler of its end.
const std::string* running = nullptr;

void KeepInput() {
  std::ofstream("fuzz_test.input", std::ios::binary) << *running;
  std::cerr << "the bytes are in fuzz_test.input" << std::endl;
}

void OnSignal(int signal) {
  if (running != nullptr) KeepInput();
  ::signal(signal, SIG_DFL);
  raise(signal);
}

// Makes a run that takes more memory than any honest one fail rather than the machine. Sanitizers (Clang does
// not say whether they are on) reserve address space beyond any limit.
void BoundMemory() {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
  const rlimit limit{.rlim_cur = 1 << 30, .rlim_max = RLIM_INFINITY};
  setrlimit(RLIMIT_AS, &limit);
#endif
}

// One to four changes of some bytes; half of the time only behind the form feed, where there is one.
std::string Change(std::string bytes, const std::vector<std::string>& seeds, Rng& rng) {
  const bool behind = rng.Below(2) == 0;
  for (uint64_t changes = 1 + rng.Below(4); changes > 0; --changes) {
    const size_t feed = bytes.find('\f');
    const size_t first = behind && feed != std::string::npos ? feed + 1 : 0;
    const size_t at = first + rng.Below(bytes.size() - first + 1);
    const size_t size = std::min<size_t>(bytes.size() - at, 1 + rng.Below(rng.Below(2) == 0 ? 4 : 64));
    switch (rng.Below(16)) {
      case 0:
        if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << rng.Below(8)));
        break;
      case 1:
        bytes.erase(at, size);
        break;
      case 2:
        bytes.insert(at, std::string(bytes, rng.Below(bytes.size() + 1), size));
        break;
      case 3: {
        using namespace std::literals;
        constexpr std::string_view kTelling = "\0\xFF\x7F\x80\"'\\\n\r\t()[]{}:,;-0919*&AND"sv;
        bytes.insert(at, 1, kTelling[rng.Below(kTelling.size())]);
        break;
      }
      case 4: {
        const std::string& other = seeds[rng.Below(seeds.size())];
        bytes.replace(at, size, other.substr(rng.Below(other.size() + 1), 1 + rng.Below(64)));
        break;
      }
      case 5:
        bytes.resize(at);
        break;
      default:
        if (at < bytes.size()) bytes[at] = static_cast<char>(rng.Below(256));
    }
    if (bytes.size() > kLargest) bytes.resize(kLargest);
  }
  return bytes;
}

class FaultRows : public ::testing::TestWithParam<Target (*)()> {};

TEST_P(FaultRows, F13MalformedBytesAreRefusedAndPromisesKept) {
  for (const int kind : {SIGABRT, SIGSEGV}) ::signal(kind, &OnSignal);
  BoundMemory();
  google::protobuf::SetLogHandler(nullptr);
  const Target target = GetParam()();
  const std::vector<std::string> seeds = target.seeds();
  ASSERT_FALSE(seeds.empty());
  int taken = 0;
  const auto run = [&](const std::string& bytes) {
    running = &bytes;
    try {
      taken += target.run(bytes);
    } catch (const std::exception& error) {
      KeepInput();
      FAIL() << error.what();
    }
    running = nullptr;
  };
  ASSERT_NO_FATAL_FAILURE(run(seeds[0]));
  EXPECT_EQ(taken, 1) << "the first seed is well-formed";
  for (const std::string& seed : seeds) ASSERT_NO_FATAL_FAILURE(run(seed));
  const auto rng = NewSeededRng(13);
  std::string bytes;
  for (int i = 0; i < kChanges; ++i) {
    // Changes of changes reach further than changes of seeds.
    if (i % 5 == 0) bytes = seeds[rng->Below(seeds.size())];
    bytes = Change(std::move(bytes), seeds, *rng);
    ASSERT_NO_FATAL_FAILURE(run(bytes));
  }
  std::cout << "of " << seeds.size() + kChanges << " inputs " << taken << " were well-formed\n";
}

INSTANTIATE_TEST_SUITE_P(Targets, FaultRows,
                         ::testing::Values(&CallAnalysis, &Csv, &Event, &Filter, &Key, &Limits, &Mapping,
                                           &Page, &PageToken, &Policy, &Request, &Shape, &Times, &TrackFile,
                                           &TranscriptFile),
                         [](const auto& info) { return info.param().name; });

}  // namespace
}  // namespace finalmile::fuzz

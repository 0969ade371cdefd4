#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>

#include "tests/fuzz/target.h"

// The entry points of libFuzzer for one target, FINALMILE_FUZZ_TARGET. The first argument that is no option
// is the corpus; an empty one is given the target's seeds.
namespace {

const finalmile::fuzz::Target& Chosen() {
  static const finalmile::fuzz::Target target = finalmile::fuzz::FINALMILE_FUZZ_TARGET();
  return target;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  google::protobuf::SetLogHandler(nullptr);
  for (int i = 1; i < *argc; ++i) {
    const std::string corpus = (*argv)[i];
    if (corpus.starts_with("-")) continue;
    if (!std::filesystem::is_directory(corpus) || !std::filesystem::is_empty(corpus)) break;
    int number = 0;
    for (const std::string& seed : Chosen().seeds()) {
      std::ofstream(corpus + "/seed-" + std::to_string(++number), std::ios::binary) << seed;
    }
    break;
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  Chosen().run({reinterpret_cast<const char*>(bytes), size});
  return 0;
}

#include "libs/text/dictionary.h"

namespace finalmile::text {
namespace {

// One word a line, in order of bytes, a line feed in front and behind.
constexpr char kLines[] =
#include "english_words.inc"
    ;
constexpr std::string_view kWords(kLines, sizeof(kLines) - 1);

}  // namespace

bool IsEnglishWord(std::string_view word) {
  size_t begin = 0;
  size_t end = kWords.size() - 1;
  // Both bounds stand at line feeds.
  while (begin < end) {
    const size_t middle = kWords.rfind('\n', begin + (end - begin) / 2);
    const size_t next = kWords.find('\n', middle + 1);
    const std::string_view line = kWords.substr(middle + 1, next - middle - 1);
    if (line == word) return true;
    if (line < word) {
      begin = next;
    } else {
      end = middle;
    }
  }
  return false;
}

}  // namespace finalmile::text

#include <algorithm>

#include "libs/base/text.h"
#include "libs/events/headers.h"
#include "libs/outbox/keys.h"
#include "libs/outbox/outbox.h"
#include "libs/storage/sql.h"
#include "tests/fuzz/target.h"

namespace finalmile::fuzz {
namespace {

constexpr size_t kLongestDigest = 7 + 64;

bool IsSafe(std::string_view text) {
  return IsUtf8(text) && text.find_first_of(std::string_view("\0\x1B\n\r\x7F", 5)) == std::string_view::npos;
}

// Two keys, before and behind the first form feed: as the consumer stores and shows them.
bool Run(std::string_view bytes) {
  const auto [first, second] = Cut(bytes);
  const std::string name = outbox::KeyName(first);
  Require(storage::CheckValues({name}).ok(), "the name of a key can be stored");
  Require(name.size() <= std::max(outbox::kLongestPlainKey, kLongestDigest), "the name of a key is short");
  Require(name == outbox::KeyName(first), "a key has one name");
  Require((first == second) == (name == outbox::KeyName(second)), "different keys have different names");

  const std::string shown = Printable(bytes, 256);
  Require(IsSafe(shown), "what is shown disturbs no terminal");
  Require(shown.size() <= 256 + 3, "what is shown is short");
  Require(IsUtf8(bytes) == storage::CheckValues({std::string(bytes)}).ok() ||
              bytes.find('\0') != std::string_view::npos,
          "text is stored where it is UTF-8 without U+0000");

  events::Record record;
  record.key = first;
  record.headers = {{std::string(first), std::string(second)}, {"ce_sequence", std::string(second)}};
  const auto seq = outbox::SeqOf(record);
  Require(!seq.ok() || (*seq >= 0 && *seq <= outbox::kHighestSeq), "a seq leaves room for one more");
  const auto headers = events::DecodeHeaders(events::EncodeHeaders(record.headers));
  Require(headers.ok() && *headers == record.headers, "any headers are kept");
  return name == first;
}

std::vector<std::string> Seeds() {
  const std::string lead = "leads/0197f3a0-0000-7000-8000-000000000001";
  return {lead + "\f1",
          lead + "\f" + lead,
          std::string("\0\0\0\0\0\0\0\x2A", 8) + "\f4611686018427387904",
          "\xFF\xFE\f4611686018427387905",
          std::string(outbox::kLongestPlainKey, 'k') + "\f" + std::string(outbox::kLongestPlainKey, 'k'),
          std::string(outbox::kLongestPlainKey + 1, 'k') + "\f",
          outbox::KeyName("\xFF") + "\f\xFF",
          "é\u202E\x1B[31m\f-1"};
}

}  // namespace

Target Key() { return {"key", &Run, &Seeds}; }

}  // namespace finalmile::fuzz

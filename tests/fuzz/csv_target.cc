#include "services/finalmile/csv/fuzz.h"
#include "tests/fuzz/target.h"

namespace finalmile::fuzz {
namespace {

// The first byte chooses the delimiter.
std::vector<std::string> Seeds() {
  return {
      ",a,b\r\n1,2\r\n", ";a;b\n\"1;\n2\";\"say \"\"no\"\"\"\n", "\t\xEF\xBB\xBFname\tcity\r\rAda\tLondon",
      "|a|b\n\n\n|\n",   ",\xFF\xFE" + std::string("a\0", 2),    ",\"open",
      ",a\"b,c\n"};
}

bool Run(std::string_view bytes) {
  cli::csv::FuzzReader(bytes);
  return true;
}

}  // namespace

Target Csv() { return {"csv", &Run, &Seeds}; }

}  // namespace finalmile::fuzz

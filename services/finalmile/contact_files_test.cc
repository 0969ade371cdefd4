#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "libs/base/random.h"
#include "services/finalmile/testing/suite_fixture.h"

// Files of contacts as people have them, from the file to the stored leads.
namespace finalmile::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kMapping =
    "name: fair\n"
    "id_column: Id\n"
    "fields: [{column: E-Mail, field: email}, {column: Company, field: company}]\n"
    "attributes: [{column: Staff, type: number}, {column: Tools, attribute: technologies, type: list}]\n"
    "activity_time: {column: Last Seen}\n"
    "activities: [{column: Views, type: page_view, subject: pricing, cell_is_count: true}]\n";

class ContactFilesTest : public SuiteTest {
 protected:
  Result Import(const std::string& content, std::vector<std::string> flags = {},
                const std::string& mapping = std::string(kMapping)) {
    std::ofstream(folder_ + "/leads.csv", std::ios::binary) << content;
    std::ofstream(folder_ + "/map.yaml") << mapping;
    std::vector<std::string> line = {"import", folder_ + "/leads.csv", "--mapping", folder_ + "/map.yaml"};
    line.insert(line.end(), flags.begin(), flags.end());
    return Invoke(line);
  }
};

constexpr std::string_view kHeader = "Id,E-Mail,Company,Staff,Tools,Last Seen,Views";

// `rows` contacts with dd-mm-yyyy dates of the year 2026 before `end`, from the seed.
std::string Contacts(int rows, uint64_t seed, absl::CivilDay end) {
  const auto rng = NewSeededRng(seed);
  std::string file = fmt::format("{}\n", kHeader);
  for (int i = 0; i < rows; ++i) {
    const absl::CivilDay day = end - static_cast<int64_t>(1 + rng->Below(300));
    file += fmt::format(
        "c{0},person{0}@company{1}.example,Company {1},{2},Salesforce;HubSpot,{3:02}-{4:02}-{5},{6}\n", i,
        rng->Below(900), 1 + rng->Below(5000), day.day(), day.month(), day.year(), rng->Below(5));
  }
  return file;
}

TEST_F(ContactFilesTest, TenThousandContactsWithTheDayFirstAreAllTaken) {
  const absl::CivilDay today = absl::ToCivilDay(clock_->Now(), absl::UTCTimeZone());
  const Result result = Import(Contacts(10'000, /*seed=*/20261129, today), {"--json"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.error;
  EXPECT_THAT(result.out, AllOf(HasSubstr("\"rows\":10000,\"created\":10000"), HasSubstr("\"rejected\":0"),
                                HasSubstr("\"unread_cells\":0")));
}

TEST_F(ContactFilesTest, DatesThatFitBothWaysAreNotGuessed) {
  const std::string rows =
      fmt::format("{}\na,a@x.example,X,,,01/02/2026,1\nb,b@x.example,X,,,02/01/2026,1\n", kHeader);
  const Result open = Import(rows);
  EXPECT_EQ(open.code, ExitCode::kPartly);
  EXPECT_THAT(open.out,
              AllOf(HasSubstr("2 created"), HasSubstr("0 activities, 0 rejected"),
                    HasSubstr("2 cells, first on line 2, column 'Last Seen': may begin with the day or")));
  const Result said = Import(rows, {}, fmt::format("{}formats: [{{dates: dd/mm/yyyy}}]\n", kMapping));
  EXPECT_EQ(said.code, ExitCode::kOk) << said.out << said.error;
  EXPECT_THAT(said.out, HasSubstr("2 activities, 0 rejected"));
}

TEST_F(ContactFilesTest, ThatAreNearlyCsv) {
  const Result result = Import(
      "sep=;\r\n"
      "ID;e-mail;COMPANY;Staff;Tools;last  seen;Views;;\r\n"
      "a;a@x.example;X;1.250,5;Salesforce|HubSpot;25.03.2026;2;;\r\n"
      "b;b@x.example;X\r\n"
      ";;;;;;;;\r\n"
      "c;c@x.example;12\" rack;1;;25.03.2026;2\r\n"
      "d;\uFEFFd@gmail.com\u00A0;X;1.250;;25.03.2026;2;;;;\r\n");
  EXPECT_EQ(result.code, ExitCode::kPartly) << result.error;
  EXPECT_THAT(
      result.out,
      AllOf(HasSubstr("4 rows"), HasSubstr("3 created, 0 updated, 0 unchanged, 2 activities, 1 rejected"),
            HasSubstr("1 blank row was left out"), HasSubstr("1 row has fewer cells"),
            HasSubstr("2 columns without a name were left out"), Not(HasSubstr("not read"))));
  const Result listed = Invoke({"leads", "list", "--json"});
  EXPECT_THAT(listed.out, AllOf(HasSubstr("\"d@gmail.com\""), HasSubstr("1250.5"), HasSubstr("\"HubSpot\"")));
}

TEST_F(ContactFilesTest, InAnotherEncoding) {
  const std::string rows = fmt::format("{}\na,a@x.example,Caf\xE9,,,,\nb,b@x.example,X,,,,\n", kHeader);
  const Result told = Import(rows, {"--rejects", folder_ + "/rejects.csv"});
  EXPECT_EQ(told.code, ExitCode::kPartly);
  EXPECT_THAT(told.out, HasSubstr("1 created, 0 updated, 0 unchanged, 0 activities, 1 rejected"));
  std::stringstream rejects;
  rejects << std::ifstream(folder_ + "/rejects.csv").rdbuf();
  EXPECT_THAT(rejects.str(), HasSubstr("it may be Windows-1252, which --encoding windows-1252 reads"));
  const Result taken = Import(rows, {"--encoding", "windows-1252"});
  EXPECT_EQ(taken.code, ExitCode::kOk) << taken.out;
  EXPECT_THAT(Invoke({"leads", "list", "--json"}).out, HasSubstr("Caf\u00E9"));
}

}  // namespace
}  // namespace finalmile::cli

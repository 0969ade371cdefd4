#include <sstream>

#include "finalmile/leads/v1/import.pb.h"
#include "libs/config/yaml_message.h"
#include "services/finalmile/csv/reader.h"
#include "services/leads/domain/import_row.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/scoring/convert.h"
#include "tests/fuzz/target.h"

namespace finalmile::fuzz {
namespace {

namespace domain = leads::domain;
namespace scoring = leads::scoring;
namespace v1 = leads::v1;

constexpr absl::Time kNow = absl::FromUnixSeconds(1'750'000'000);
constexpr const char* kLead = "0197f3a0-0000-7000-8000-000000000001";

void CheckRow(const domain::ImportPlan& plan, const cli::csv::Row& row) {
  auto read = plan.MapRow(row.cells, row.line, kNow);
  if (const auto* reject = std::get_if<domain::Reject>(&read)) {
    Require(!reject->reason.empty(), "a reject says why");
    return;
  }
  auto& imported = std::get<domain::ImportedLead>(read);
  Require(domain::Validate(imported.lead).empty(), "a row becomes a valid lead");
  Require(imported.lead.external_ids.size() <= 1, "it has one external id at most");
  for (domain::ImportedActivity& activity : imported.activities) {
    activity.lead = domain::LeadId(kLead);
    activity.activity_id = activity.key;
    Require(domain::Validate(activity, kNow).empty(), "a row has valid activities");
  }
}

bool Run(std::string_view bytes) {
  const auto [yaml, csv] = Cut(bytes);
  v1::ImportMapping message;
  const absl::Status parsed = config::ParseYamlMessage(yaml, "mapping.yaml", message);
  if (!parsed.ok()) {
    Require(absl::IsInvalidArgument(parsed), "a refused file is an invalid argument");
    return false;
  }
  const domain::ImportMapping mapping = scoring::FromProto(message);
  std::istringstream input{std::string(csv)};
  auto reader = cli::csv::Reader::Open(input, mapping.delimiter.size() == 1 ? mapping.delimiter[0] : ',');
  cli::csv::Row row;
  if (!reader.ok() || !(*reader)->Next(row).value_or(false)) return false;
  if (!domain::Validate(mapping, row.cells).empty()) return false;
  const domain::ImportPlan plan(mapping, row.cells);
  while ((*reader)->Next(row).value_or(false)) CheckRow(plan, row);
  return true;
}

// Followed, its aliases would be a million words.
std::string AliasBomb() {
  std::string yaml = "null_words: &a [";
  for (int i = 0; i < 1'000; ++i) yaml += "x,";
  yaml += "]\nactivities:\n";
  for (int i = 0; i < 1'000; ++i) yaml += "- {column: c, type: t, when: {values: *a}}\n";
  return yaml;
}

std::vector<std::string> Seeds() {
  return {
      R"(name: small
id_column: Id
null_words: [Select]
attributes:
  - { column: Staff, type: number }
  - { column: Ready, attribute: ready, type: boolean, values: { Yes: "true", No: "false" } }
fields:
  - { column: Mail, field: email }
  - { column: Site, field: company_domain }
activities:
  - { column: Visits, type: page_view, subject: site, cell_is_count: true, hours_before: 2 }
  - { column: Seconds, type: page_view, subject: demo, cell_is_seconds: true }
  - { column: Last, type: form, when: { values: [Submitted] } }
outcome: { column: Won, positive: ["1"] }
permissions:
  - { column: Calls, channel: phone, purpose: sales, denied: ["No"], allowed: ["Yes"] }
after_contact: [Tag]
ignore: [Notes]
activity_time: { column: When }
)"
      "\fId,Staff,Ready,Mail,Site,Visits,Seconds,Last,Won,Calls,Tag,Notes,When\n"
      "1,300,Yes,ada@example.com,https://www.example.com/x,3,40.5,Submitted,1,No,t,n,2025-06-01T10:00:00Z\n"
      "2,Select,No,,,,,,0,Yes,,,\n",
      R"(name: forms
id_column: id
delimiter: ";"
fields: [{ column: Fon, field: phone }]
attributes:
  - { column: Staff, type: number }
  - { column: Tools, type: list, null_words: [none] }
activity_time: { column: Seen }
activities: [{ column: Views, type: page_view, cell_is_count: true, null_words: ["999"] }]
outcome: { column: Won, positive: [won], negative: [lost], null_words: [open] }
formats:
  - { dates: dd-mm-yyyy, zone: Europe/Berlin, decimal: "," }
  - { column: staff, ranges: middle }
  - { column: Tools, separators: ";|" }
)"
      "\fsep=;\nID;Fon;Staff;Tools;Seen;Views;Won;;\n"
      "1;+49 30 123456;51-200;[a, \"b\"];25.03.25 9:30 PM;1.250,5;won\n"
      "2;4.47912E+11;1 250+;a|b;1 M\u00E4rz 2025;\u2212\u0661;open;;;\n"
      "3;-;12\" rack;;;;\n",
      "a: &a [1, *a]\nb: &b { c: *b }\n", AliasBomb()};
}

}  // namespace

Target Mapping() { return {"mapping", &Run, &Seeds}; }

}  // namespace finalmile::fuzz

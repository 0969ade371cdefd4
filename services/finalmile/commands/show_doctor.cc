#include "services/finalmile/commands/show_doctor.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace finalmile::cli {
namespace {

// In JSON, and the beginning of a line.
struct Words {
  std::string_view json;
  std::string_view line;
};

Words WordsOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return {"ok", "OK  "};
    case Verdict::kWarn:
      return {"warn", "\2WARN\3"};
    case Verdict::kFail:
      return {"fail", "\2FAIL\3"};
    case Verdict::kAway:
      return {"unreachable", "\2FAIL\3"};
    case Verdict::kSkipped:
      return {"skipped", "SKIP"};
  }
  return {};
}

std::string Line(const std::string& group, const Finding& finding, const std::string& text) {
  return fmt::format("{} {}: {}{}{}", WordsOf(finding.verdict).line, group, text,
                     finding.advice.empty() ? "" : "; ", finding.advice);
}

// Checks that were skipped for one reason are one line.
void ShowGroup(const FindingGroup& group, Output& output) {
  for (size_t i = 0; i < group.findings.size(); ++i) {
    const Finding& finding = group.findings[i];
    if (finding.verdict != Verdict::kSkipped) {
      output.Marked(Line(group.name, finding, finding.text));
      continue;
    }
    std::string checks = finding.check;
    while (i + 1 < group.findings.size() && group.findings[i + 1].verdict == Verdict::kSkipped &&
           group.findings[i + 1].text == finding.text) {
      checks += ", " + group.findings[++i].check;
    }
    output.Marked(Line(group.name, finding, fmt::format("{}: {}", checks, finding.text)));
  }
}

}  // namespace

void DoctorReport::Add(FindingGroup group) {
  if (group.findings.empty()) return;
  if (!output_.json()) {
    if (!groups_.empty()) output_.Line();
    ShowGroup(group, output_);
    // The next group may be waited for.
    output_.Flush();
  }
  groups_.push_back(std::move(group));
}

size_t DoctorReport::Count(Verdict verdict) const {
  size_t count = 0;
  for (const FindingGroup& group : groups_) {
    count += static_cast<size_t>(
        std::count_if(group.findings.begin(), group.findings.end(),
                      [&](const Finding& finding) { return finding.verdict == verdict; }));
  }
  return count;
}

void DoctorReport::ShowJson() const {
  auto groups = nlohmann::ordered_json::array();
  for (const FindingGroup& group : groups_) {
    auto checks = nlohmann::ordered_json::array();
    for (const Finding& finding : group.findings) {
      checks.push_back({{"check", finding.check},
                        {"verdict", WordsOf(finding.verdict).json},
                        {"finding", finding.text},
                        {"advice", finding.advice}});
    }
    groups.push_back({{"group", group.name}, {"checks", std::move(checks)}});
  }
  nlohmann::ordered_json document;
  document["version"] = FINALMILE_VERSION;
  document["groups"] = std::move(groups);
  for (const Verdict verdict :
       {Verdict::kOk, Verdict::kWarn, Verdict::kFail, Verdict::kAway, Verdict::kSkipped})
    document["counts"][std::string(WordsOf(verdict).json)] = Count(verdict);
  output_.Json(document);
}

ExitCode DoctorReport::Finish() {
  const size_t failed = Count(Verdict::kFail);
  const size_t away = Count(Verdict::kAway);
  if (output_.json()) {
    ShowJson();
  } else {
    output_.Line();
    output_.Line(fmt::format("{} failed{}, {} to look at, {} fine, {} skipped", failed + away,
                             away == 0 ? "" : fmt::format(" ({} of them did not answer)", away),
                             Count(Verdict::kWarn), Count(Verdict::kOk), Count(Verdict::kSkipped)));
  }
  if (failed > 0) return ExitCode::kFailed;
  return away > 0 ? ExitCode::kUnavailable : ExitCode::kOk;
}

}  // namespace finalmile::cli

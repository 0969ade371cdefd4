#include "services/leads/domain/identity.h"

#include <fmt/format.h>

#include "libs/text/words.h"

namespace finalmile::leads::domain {
namespace {

// Words in lower case, each behind one space.
void AddWords(std::string_view text, std::string& to) {
  constexpr std::string_view kSpace = " \t";
  while (true) {
    const size_t begin = text.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) return;
    text.remove_prefix(begin);
    const size_t end = std::min(text.find_first_of(kSpace), text.size());
    to += ' ';
    to += text::FoldCase(text.substr(0, end));
    text.remove_prefix(end);
  }
}

}  // namespace

std::string NameKey(const Lead& lead) {
  if (lead.company_domain.empty()) return {};
  std::string key = lead.company_domain;
  AddWords(lead.given_name, key);
  AddWords(lead.family_name, key);
  return key.size() == lead.company_domain.size() ? std::string() : key;
}

std::string RowIdentity(const Lead& row) {
  if (!row.external_ids.empty()) return "id:" + row.external_ids.front().id;
  if (!row.email.empty()) return "email:" + row.email;
  const std::string name = NameKey(row);
  return name.empty() ? std::string() : "name:" + name;
}

std::string LineIdentity(std::string_view file_digest, int64_t line) {
  return fmt::format("line:{}:{}", file_digest, line);
}

}  // namespace finalmile::leads::domain

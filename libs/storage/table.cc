#include "libs/storage/table.h"

#include <fmt/format.h>

namespace finalmile::storage {

TableTexts::TableTexts(std::string_view table, const std::vector<std::pair<std::string, std::string>>& named,
                       size_t keys) {
  std::vector<std::string> names;
  std::vector<std::string> typed;
  std::vector<std::string> from_rows;
  std::vector<std::string> from_excluded;
  std::vector<std::string> sums;
  std::vector<std::string> key_names;
  std::vector<std::string> key_equal;
  for (size_t i = 0; i < named.size(); ++i) {
    const auto& [name, type] = named[i];
    names.push_back(name);
    typed.push_back(fmt::format("{} {}", name, type));
    if (i < keys) {
      key_names.push_back(name);
      key_equal.push_back(fmt::format("{0}.{1} = r.{1}", table, name));
    } else {
      from_rows.push_back(fmt::format("{0} = r.{0}", name));
      from_excluded.push_back(fmt::format("{0} = excluded.{0}", name));
      sums.push_back(fmt::format("{1} = {0}.{1} + excluded.{1}", table, name));
    }
  }
  const std::string& key = names.front();
  const std::string rows = fmt::format("{{rows: {}}}", fmt::join(typed, ", "));
  columns = fmt::format("{}", fmt::join(names, ", "));
  select = fmt::format("SELECT {} FROM {}", columns, table);
  read = fmt::format("{0} WHERE {1} IN (SELECT r.{1} FROM {{rows: {1} TEXT}} AS r)", select, key);
  lock = fmt::format("{} ORDER BY {} {{for_update}}", read, key);
  insert = fmt::format("INSERT INTO {} ({}) SELECT r.* FROM {} AS r", table, columns, rows);
  insert_absent = fmt::format("{} WHERE TRUE ON CONFLICT DO NOTHING", insert);
  insert_new = fmt::format("{} RETURNING {}", insert_absent, fmt::join(key_names, ", "));
  const std::string insert_or =
      fmt::format("{} WHERE TRUE ON CONFLICT ({}) DO UPDATE SET", insert, fmt::join(key_names, ", "));
  upsert = fmt::format("{} {}", insert_or, fmt::join(from_excluded, ", "));
  upsert_sum = fmt::format("{} {}", insert_or, fmt::join(sums, ", "));
  due = fmt::format(
      "SELECT {0} FROM {1} WHERE due_time IS NOT NULL AND due_time <= $1 ORDER BY due_time, {0} LIMIT $2",
      key, table);
  next_due = fmt::format("SELECT MIN(due_time) FROM {} WHERE due_time IS NOT NULL", table);
  update = fmt::format("UPDATE {} SET {} FROM {} AS r WHERE {}", table, fmt::join(from_rows, ", "), rows,
                       fmt::join(key_equal, " AND "));
}

}  // namespace finalmile::storage

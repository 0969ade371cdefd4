#include "services/leads/domain/import_mapping.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

#include "libs/text/dates.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/domain/text.h"

namespace finalmile::leads::domain {
namespace {

constexpr double kMaxHours = 24 * 366 * 20;

class Validator {
 public:
  Validator(const ImportMapping& mapping, absl::Span<const std::string> columns)
      : mapping_(mapping), columns_(columns), index_(columns), used_(columns.size(), false) {}

  std::vector<Violation> Run() {
    // "import:{name}" is a source of at most 64 characters.
    if (!IsName(mapping_.name, 57, "-")) {
      Add("name", "must be 1 to 57 characters of a-z, 0-9 and -, starting with a letter");
    }
    if (mapping_.delimiter.size() > 1) Add("delimiter", "must be one character, or empty for a comma");
    Header();
    if (!mapping_.id_column.empty()) Use("id_column", mapping_.id_column);
    Attributes();
    Fields();
    Activities();
    if (!mapping_.outcome.column.empty()) {
      Use("outcome.column", mapping_.outcome.column);
      if (mapping_.outcome.positive.empty())
        Add("outcome.positive", "is empty; name the values that mean success");
    }
    Permissions();
    Gates();
    if (!mapping_.id_source.empty() && !IsToken(mapping_.id_source, 64, "_.:-"))
      Add("id_source", "must be 1 to 64 characters of a-z, 0-9, _, ., : and -");
    Time("arrival_time", mapping_.arrival_time);
    Time("outcome_time", mapping_.outcome_time);
    for (size_t i = 0; i < mapping_.after_contact.size(); ++i) {
      Use(fmt::format("after_contact[{}]", i), mapping_.after_contact[i]);
    }
    for (size_t i = 0; i < mapping_.ignore.size(); ++i) Use(fmt::format("ignore[{}]", i), mapping_.ignore[i]);
    Formats();
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (used_[i] || IsNameless(columns_[i])) continue;
      Add("columns",
          fmt::format("column \"{}\" is not in the mapping; say what it is, or list it under ignore",
                      columns_[i]));
    }
    return std::move(violations_);
  }

 private:
  void Add(std::string field, std::string description) {
    violations_.push_back({std::move(field), std::move(description)});
  }

  static bool IsNameless(std::string_view column) { return text::TrimSpace(column).empty(); }

  void Header() {
    if (columns_.empty() || columns_.size() > kMaxImportColumns) {
      Add("columns", fmt::format("the header must have 1 to {} columns", kMaxImportColumns));
    }
    std::set<std::string_view> seen;
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (IsNameless(columns_[i]) || seen.insert(columns_[i]).second) continue;
      Add("columns", fmt::format("the header names \"{}\" twice; rename one of the columns", columns_[i]));
      used_[i] = true;
    }
  }

  void Use(const std::string& field, const std::string& column) {
    if (IsNameless(column)) {
      // They are left out, named or not.
      if (field.starts_with("ignore[")) return;
      Add(field, "is empty; give the name of a column");
    } else if (const std::optional<size_t> at = index_.Find(column); !at) {
      Add(field, fmt::format("the file has no column \"{}\"", column));
    } else if (used_[*at]) {
      Add(field, fmt::format("column \"{}\" is named twice; name every column once", column));
    } else {
      used_[*at] = true;
    }
  }

  void Formats() {
    std::set<std::optional<size_t>> seen;
    for (size_t i = 0; i < mapping_.formats.size(); ++i) {
      const ColumnFormat& format = mapping_.formats[i];
      const std::string at = fmt::format("formats[{}]", i);
      const std::optional<size_t> column = index_.Find(format.column);
      if (!format.column.empty() && !column) {
        Add(at + ".column", fmt::format("the file has no column \"{}\"", format.column));
      } else if (!seen.insert(format.column.empty() ? std::nullopt : column).second) {
        Add(at + ".column", "has an entry already; a column has one");
      }
      if (!format.dates.empty() && !text::ParseDateForm(format.dates)) {
        Add(at + ".dates",
            "must give the order of day, month and year, such as dd-mm-yyyy, or be unix, unix-ms or excel");
      }
      if (!format.zone.empty() && !format.loaded_zone) {
        Add(at + ".zone", "must be the name of a time zone such as Europe/Berlin");
      }
      if (!format.decimal.empty() && format.decimal != "." && format.decimal != ",") {
        Add(at + ".decimal", "must be . or ,");
      }
      if (format.separators.size() > 8 ||
          std::any_of(format.separators.begin(), format.separators.end(), [](char c) {
            return static_cast<unsigned char>(c) >= 0x80 || IsToken(Lower(std::string(1, c)), 1, "");
          })) {
        Add(at + ".separators", "must be at most 8 signs such as ; | and ,");
      }
    }
  }

  // A column of times may date several things.
  void Share(const std::string& field, const std::string& column) {
    const std::optional<size_t> at = index_.Find(column);
    if (!at || times_.insert(*at).second) Use(field, column);
  }

  void Attributes() {
    std::set<std::string> names;
    for (size_t i = 0; i < mapping_.attributes.size(); ++i) {
      const AttributeColumn& attribute = mapping_.attributes[i];
      const std::string at = fmt::format("attributes[{}]", i);
      Use(at + ".column", attribute.column);
      const std::string name = AttributeName(attribute);
      if (std::string wrong = WrongAttributeName(name); !wrong.empty()) {
        Add(at + ".attribute", std::move(wrong));
      } else if (!names.insert(name).second) {
        Add(at + ".attribute", fmt::format("attribute \"{}\" is filled twice", name));
      }
      if (attribute.type == AttributeType::kUnspecified) {
        Add(at + ".type",
            "must be ATTRIBUTE_TYPE_TEXT, ATTRIBUTE_TYPE_NUMBER, ATTRIBUTE_TYPE_BOOLEAN or "
            "ATTRIBUTE_TYPE_LIST");
      }
      UniqueValues(at + ".values", attribute.values);
    }
    if (names.size() > kMaxAttributes)
      Add("attributes", fmt::format("has more than {} attributes", kMaxAttributes));
  }

  void UniqueValues(const std::string& field, const std::map<std::string, std::string>& values) {
    std::set<std::string> seen;
    for (const auto& [from, to] : values) {
      if (!seen.insert(text::Comparable(from)).second) {
        Add(field, fmt::format("\"{}\" is listed twice but for case", from));
      }
    }
  }

  void Fields() {
    std::set<std::string_view> names;
    for (size_t i = 0; i < mapping_.fields.size(); ++i) {
      const FieldColumn& field = mapping_.fields[i];
      const std::string at = fmt::format("fields[{}]", i);
      Use(at + ".column", field.column);
      if (FindTextField(field.field) == nullptr) {
        std::vector<std::string_view> known;
        for (const TextField& one : kTextFields) known.push_back(one.name);
        Add(at + ".field", fmt::format("must be one of {}", fmt::join(known, ", ")));
      } else if (!names.insert(field.field).second) {
        Add(at + ".field", fmt::format("{} is filled twice", field.field));
      }
      UniqueValues(at + ".values", field.values);
    }
  }

  void Activities() {
    for (size_t i = 0; i < mapping_.activities.size(); ++i) {
      const ActivityColumn& activity = mapping_.activities[i];
      const std::string at = fmt::format("activities[{}]", i);
      Use(at + ".column", activity.column);
      if (!IsToken(activity.type, 64, "_")) Add(at + ".type", "must be 1 to 64 characters of a-z, 0-9 and _");
      if (Characters(activity.subject) > kMaxFieldCharacters)
        Add(at + ".subject", "has more than 256 characters");
      if (!(activity.hours_before >= 0 && activity.hours_before <= kMaxHours)) {
        Add(at + ".hours_before", fmt::format("must be between 0 and {}", kMaxHours));
      }
      Count(at, activity);
    }
    Time("activity_time", mapping_.activity_time);
    if (std::holds_alternative<std::monostate>(mapping_.activity_time) && !mapping_.activities.empty())
      Add("activity_time", "is missing; say when the activities of a row happened");
  }

  void Time(std::string_view field, const ActivityTime& time) {
    if (const auto* column = std::get_if<TimeColumn>(&time)) {
      Share(fmt::format("{}.column", field), column->column);
    } else if (const auto* hours = std::get_if<HoursBeforeImport>(&time)) {
      if (!(hours->hours >= 0 && hours->hours <= kMaxHours)) {
        Add(fmt::format("{}.hours_before_import", field), fmt::format("must be between 0 and {}", kMaxHours));
      } else if (field != "activity_time") {
        Add(fmt::format("{}.hours_before_import", field),
            "would change with every import; name a column or a moment");
      }
    }
  }

  void Gates() {
    for (size_t i = 0; i < mapping_.gates.size(); ++i) {
      const GateColumn& gate = mapping_.gates[i];
      const std::string at = fmt::format("gates[{}]", i);
      Use(at + ".column", gate.column);
      if (gate.values.empty()) Add(at + ".values", "is empty; say which words mean which gate");
      std::set<std::string> seen;
      for (const auto& [word, value] : gate.values) {
        if (value == Gate::kUnspecified) Add(at + ".values", fmt::format("\"{}\" names no gate", word));
        if (!seen.insert(text::Comparable(word)).second)
          Add(at + ".values", fmt::format("\"{}\" is listed twice but for case", word));
      }
    }
  }

  void Count(const std::string& at, const ActivityColumn& activity) {
    if (const auto* is_count = std::get_if<CellIsCount>(&activity.count)) {
      if (!is_count->value) Add(at + ".cell_is_count", "must be true or left out");
      if (activity.cell_is_seconds)
        Add(at + ".cell_is_seconds", "a cell cannot be a count and seconds at once");
    } else if (const auto* when = std::get_if<When>(&activity.count)) {
      if (when->values.empty()) Add(at + ".when.values", "is empty");
      if (activity.cell_is_seconds)
        Add(at + ".cell_is_seconds", "a cell cannot be a word and seconds at once");
    } else if (const auto* least = std::get_if<WhenAtLeast>(&activity.count)) {
      if (!std::isfinite(least->value)) Add(at + ".when_at_least", "must be a finite number");
    } else if (!activity.cell_is_seconds) {
      Add(at,
          "does not say how to read the cell: give cell_is_count, when, when_at_least or cell_is_seconds");
    }
  }

  void Permissions() {
    std::set<std::pair<Channel, std::string_view>> seen;
    for (size_t i = 0; i < mapping_.permissions.size(); ++i) {
      const PermissionColumn& permission = mapping_.permissions[i];
      const std::string at = fmt::format("permissions[{}]", i);
      Use(at + ".column", permission.column);
      if (!permission.time_column.empty()) Share(at + ".time_column", permission.time_column);
      if (permission.channel == Channel::kUnspecified) Add(at + ".channel", "is missing");
      if (!IsName(permission.purpose, 64, "_-")) {
        Add(at + ".purpose", "must be 1 to 64 characters of a-z, 0-9, _ and -, starting with a letter");
      }
      if (permission.denied.empty() && permission.allowed.empty())
        Add(at, "names neither denied nor allowed values");
      if (!seen.emplace(permission.channel, permission.purpose).second) {
        Add(at, "repeats the channel and purpose of an earlier entry");
      }
    }
  }

  const ImportMapping& mapping_;
  const absl::Span<const std::string> columns_;
  const ColumnIndex index_;
  // Per column of the file: whether the mapping names it.
  std::vector<bool> used_;
  // Columns of times.
  std::set<size_t> times_;
  std::vector<Violation> violations_;
};

}  // namespace

ColumnIndex::ColumnIndex(absl::Span<const std::string> columns) {
  for (size_t i = 0; i < columns.size(); ++i) {
    exact_.emplace(columns[i], i);
    const auto [at, fresh] = folded_.emplace(text::Comparable(columns[i]), i);
    if (!fresh) at->second = std::nullopt;
  }
}

std::optional<size_t> ColumnIndex::Find(std::string_view name) const {
  if (const auto exact = exact_.find(name); exact != exact_.end()) return exact->second;
  const auto folded = folded_.find(text::Comparable(name));
  return folded == folded_.end() ? std::nullopt : folded->second;
}

std::string AttributeName(const AttributeColumn& column) {
  if (!column.attribute.empty()) return column.attribute;
  std::string name = Lower(text::TrimSpace(column.column));
  for (char& c : name) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) c = '_';
  }
  return name;
}

std::vector<Violation> Validate(const ImportMapping& mapping, absl::Span<const std::string> columns) {
  return Validator(mapping, columns).Run();
}

}  // namespace finalmile::leads::domain

#include "libs/rpc/filter.h"

#include <cmath>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "fmt/format.h"
#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/rpc/errors.h"

namespace finalmile::rpc {
namespace {

using storage::Value;

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

bool IsNameChar(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.'; }

bool IsWordChar(char c) {
  // Letters beyond ASCII stand for themselves.
  return IsNameChar(c) || c == '-' || c == '+' || c == '/' || c == '@' || c == ':' || (c & 0x80) != 0;
}

std::optional<int64_t> ParseInstant(std::string_view text) {
  absl::Time time;
  if (!absl::ParseTime(absl::RFC3339_full, View(text), &time, nullptr)) return std::nullopt;
  if (time == absl::InfiniteFuture() || time == absl::InfinitePast()) return std::nullopt;
  return ToMicros(time);
}

bool LooksLikeNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
}

std::optional<double> ParseReal(std::string_view text) {
  double number;
  if (!LooksLikeNumber(text) || !absl::SimpleAtod(View(text), &number) || !std::isfinite(number))
    return std::nullopt;
  return number;
}

std::optional<int64_t> ParseSeconds(std::string_view text) {
  constexpr double kMostMicros = 9e15;
  if (text.empty() || text.back() != 's') return std::nullopt;
  const std::optional<double> seconds = ParseReal(text.substr(0, text.size() - 1));
  if (!seconds || std::abs(*seconds * 1e6) > kMostMicros) return std::nullopt;
  return std::llround(*seconds * 1e6);
}

// The literal as what the field stores; an error text otherwise.
std::optional<Value> ToValue(const FilterField& field, std::string_view literal, std::string& expected) {
  const auto from = [](const auto& parsed) { return parsed ? std::optional<Value>(*parsed) : std::nullopt; };
  switch (field.type) {
    case FilterType::kText:
    case FilterType::kTextList:
      return Value(field.form == nullptr ? std::string(literal) : field.form(literal));
    case FilterType::kInt: {
      expected = "a whole number";
      int64_t number;
      if (!LooksLikeNumber(literal) || !absl::SimpleAtoi(View(literal), &number)) return std::nullopt;
      return Value(number);
    }
    case FilterType::kReal:
      expected = "a number";
      return from(ParseReal(literal));
    case FilterType::kBool:
      expected = "true or false";
      if (literal != "true" && literal != "false") return std::nullopt;
      return Value(literal == "true");
    case FilterType::kTimestamp:
      expected = "a time such as \"2026-01-31T09:00:00Z\"";
      return from(ParseInstant(literal));
    case FilterType::kDuration:
      expected = "a duration in seconds such as 90s";
      return from(ParseSeconds(literal));
    case FilterType::kEnum:
      break;
  }
  std::vector<std::string> words;
  for (const auto& [word, value] : field.words) {
    if (word == literal) return value;
    words.push_back(word);
  }
  expected = "one of " + absl::StrJoin(words, ", ");
  return std::nullopt;
}

constexpr std::string_view kOnlyTerms = "only comparisons with = : or !=, joined by AND, can stand here";

bool Ordered(FilterType type) {
  return type != FilterType::kBool && type != FilterType::kEnum && type != FilterType::kTextList;
}

// Recursive descent over the text, without a token list: what a character means depends on where it stands.
class Parser {
 public:
  Parser(std::string_view text, const FilterSchema& schema, int next_parameter)
      : text_(text), schema_(schema), next_parameter_(next_parameter) {}

  absl::StatusOr<storage::Condition> Run() {
    if (AtEnd()) return storage::Condition{"TRUE", {}};
    ASSIGN_OR_RETURN(std::string sql, Expression(0));
    if (!AtEnd()) return Wrong(position_, "expected AND, OR or the end");
    return storage::Condition{"(" + sql + ")", std::move(values_)};
  }

  absl::StatusOr<std::vector<FilterTerm>> RunTerms() {
    only_terms_ = true;
    ASSIGN_OR_RETURN([[maybe_unused]] const storage::Condition condition, Run());
    return std::move(terms_);
  }

 private:
  absl::Status Wrong(size_t position, std::string_view what) const {
    return InvalidField("filter", fmt::format("character {}: {}", position + 1, what));
  }

  // Skips blanks.
  bool AtEnd() {
    while (position_ < text_.size() && absl::ascii_isspace(static_cast<unsigned char>(text_[position_])))
      ++position_;
    return position_ == text_.size();
  }

  bool Take(std::string_view token) {
    if (AtEnd() || text_.substr(position_, token.size()) != token) return false;
    position_ += token.size();
    return true;
  }

  bool TakeKeyword(std::string_view keyword) {
    if (AtEnd() || text_.substr(position_, keyword.size()) != keyword) return false;
    const size_t end = position_ + keyword.size();
    if (end < text_.size() && IsWordChar(text_[end])) return false;
    position_ = end;
    return true;
  }

  template <class Accept>
  std::string_view TakeWhile(Accept accept) {
    const size_t start = position_;
    while (position_ < text_.size() && accept(text_[position_])) ++position_;
    return text_.substr(start, position_ - start);
  }

  absl::StatusOr<std::string> Expression(int depth) {
    ASSIGN_OR_RETURN(std::string sql, Term(depth));
    std::string_view joiner;
    for (;;) {
      AtEnd();
      const size_t at = position_;
      const std::string_view word = TakeKeyword("AND") ? "AND" : TakeKeyword("OR") ? "OR" : "";
      if (word.empty()) return sql;
      if (only_terms_ && word == "OR") return Wrong(at, kOnlyTerms);
      if (!joiner.empty() && joiner != word)
        return Wrong(at, "AND and OR are mixed: group them with parentheses");
      joiner = word;
      ASSIGN_OR_RETURN(const std::string term, Term(depth));
      sql += fmt::format(" {} {}", word, term);
    }
  }

  absl::StatusOr<std::string> Term(int depth) {
    if (AtEnd()) return Wrong(position_, "a comparison is missing");
    if (depth > schema_.max_depth) {
      return Wrong(position_,
                   fmt::format("more than {} levels of parentheses and negations", schema_.max_depth));
    }
    const size_t at = position_;
    if (TakeKeyword("NOT") || Take("-")) {
      if (only_terms_) return Wrong(at, kOnlyTerms);
      ASSIGN_OR_RETURN(const std::string negated, Term(depth + 1));
      return fmt::format("NOT COALESCE({}, FALSE)", negated);
    }
    if (Take("(")) {
      if (only_terms_) return Wrong(at, kOnlyTerms);
      ASSIGN_OR_RETURN(const std::string inner, Expression(depth + 1));
      if (!Take(")")) return Wrong(position_, "expected AND, OR or ')'");
      return "(" + inner + ")";
    }
    return Comparison();
  }

  absl::StatusOr<std::string> Comparison() {
    ASSIGN_OR_RETURN(const FilterField* field, Field());
    AtEnd();
    const size_t at = position_;
    std::string_view op;
    for (const std::string_view candidate : {"!=", "<=", ">=", "<", ">", "=", ":"}) {
      if (op.empty() && Take(candidate)) op = candidate;
    }
    if (op.empty()) return Wrong(at, fmt::format("expected = != < <= > >= or : after '{}'", field->name));
    if (op[0] == '<' || op[0] == '>') {
      if (!Ordered(field->type)) return Wrong(at, fmt::format("'{}' has no order: use = or !=", field->name));
    }
    if (only_terms_ && (op[0] == '<' || op[0] == '>')) return Wrong(at, kOnlyTerms);
    if (op == ":" && Take("*")) {
      if (only_terms_) return Wrong(at, kOnlyTerms);
      if (field->type == FilterType::kTextList) return fmt::format("EXISTS ({})", field->sql);
      return field->type == FilterType::kText ? fmt::format("(COALESCE({}, '') <> '')", field->sql)
                                              : fmt::format("({} IS NOT NULL)", field->sql);
    }
    AtEnd();
    const size_t literal_at = position_;
    ASSIGN_OR_RETURN(const std::string literal, Literal(*field));
    std::string expected;
    std::optional<Value> value = ToValue(*field, literal, expected);
    if (!value) return Wrong(literal_at, fmt::format("'{}' expects {}", field->name, expected));
    if (only_terms_) terms_.push_back({field->name, op == "!=", *value});
    return Render(*field, op, *std::move(value));
  }

  absl::StatusOr<const FilterField*> Field() {
    AtEnd();
    const size_t at = position_;
    const std::string_view name = TakeWhile(IsNameChar);
    if (name.empty()) return Wrong(at, "expected the name of a field");
    std::vector<std::string> names;
    for (const FilterField& field : schema_.fields) {
      if (field.name == name) return &field;
      names.push_back(field.name);
    }
    return Wrong(at,
                 fmt::format("no field '{}' to filter by; there are {}", name, absl::StrJoin(names, ", ")));
  }

  absl::StatusOr<std::string> Literal(const FilterField& field) {
    if (AtEnd()) return Wrong(position_, fmt::format("a value for '{}' is missing", field.name));
    const size_t at = position_;
    const char quote = text_[position_];
    if (quote != '"' && quote != '\'') {
      const std::string_view word = TakeWhile(IsWordChar);
      if (word.empty() || word == "AND" || word == "OR" || word == "NOT") {
        return Wrong(
            at, fmt::format("expected a value for '{}'; text with other signs goes in quotes", field.name));
      }
      return std::string(word);
    }
    ++position_;
    std::string literal;
    for (; position_ < text_.size(); ++position_) {
      char c = text_[position_];
      if (c == quote) {
        ++position_;
        return literal;
      }
      if (c == '\0') return Wrong(position_, "must not contain the character U+0000");
      if (c == '\\') {
        if (++position_ == text_.size()) break;
        c = text_[position_];
        if (c != '"' && c != '\'' && c != '\\')
          return Wrong(position_, "only \\\" \\' \\\\ may follow a backslash");
      }
      literal.push_back(c);
    }
    return Wrong(at, "the quotation mark is never closed");
  }

  std::string Render(const FilterField& field, std::string_view op, Value value) {
    const bool text = field.type == FilterType::kText;
    std::string sql;
    if (field.type == FilterType::kTextList) {
      sql = fmt::format("(${} {}IN ({}))", next_parameter_, op == "!=" ? "NOT " : "", field.sql);
    } else if (op == ":" && text) {
      std::string pattern = "%";
      for (const char c : absl::AsciiStrToLower(std::get<std::string>(value))) {
        if (c == '%' || c == '_' || c == '\\') pattern.push_back('\\');
        pattern.push_back(c);
      }
      value = pattern + "%";
      sql = fmt::format("(LOWER({} {{sorted}}) LIKE ${} ESCAPE '\\')", field.sql, next_parameter_);
    } else if (op == "!=") {
      sql = fmt::format("({} IS DISTINCT FROM ${})", field.sql, next_parameter_);
    } else {
      const std::string_view sorted = text && (op[0] == '<' || op[0] == '>') ? " {sorted}" : "";
      sql = fmt::format("({}{} {} ${})", field.sql, sorted, op == ":" ? "=" : op, next_parameter_);
    }
    ++next_parameter_;
    values_.push_back(std::move(value));
    return sql;
  }

  const std::string_view text_;
  const FilterSchema& schema_;
  size_t position_ = 0;
  int next_parameter_;
  std::vector<Value> values_;
  bool only_terms_ = false;
  std::vector<FilterTerm> terms_;
};

absl::Status CheckLength(std::string_view filter, const FilterSchema& schema) {
  if (filter.size() <= schema.max_length) return absl::OkStatus();
  return InvalidField("filter",
                      fmt::format("has {} bytes, the limit is {}", filter.size(), schema.max_length));
}

}  // namespace

std::vector<std::pair<std::string, storage::Value>> EnumWords(
    const google::protobuf::EnumDescriptor& descriptor, StoredAs stored_as) {
  std::vector<std::pair<std::string, storage::Value>> words;
  for (int i = 0; i < descriptor.value_count(); ++i) {
    const std::string& name = descriptor.value(i)->name();
    words.emplace_back(name, stored_as == StoredAs::kName
                                 ? storage::Value(name)
                                 : storage::Value(int64_t{descriptor.value(i)->number()}));
  }
  return words;
}

absl::StatusOr<storage::Condition> CompileFilter(std::string_view filter, const FilterSchema& schema,
                                                 int first_parameter) {
  RETURN_IF_ERROR(CheckLength(filter, schema));
  return Parser(filter, schema, first_parameter).Run();
}

absl::StatusOr<std::vector<FilterTerm>> ParseFilterTerms(std::string_view filter,
                                                         const FilterSchema& schema) {
  RETURN_IF_ERROR(CheckLength(filter, schema));
  return Parser(filter, schema, 1).RunTerms();
}

}  // namespace finalmile::rpc

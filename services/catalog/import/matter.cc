#include "services/catalog/import/matter.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "libs/config/yaml.h"

namespace finalmile::catalog::import {
namespace {

using Kind = Matter::Kind;

Matter Text(int line, std::string text) {
  Matter value;
  value.kind = Kind::kText;
  value.line = line;
  value.text = std::move(text);
  return value;
}

void CheckDepth(int depth, int line) {
  if (depth > kMaxMatterDepth)
    throw MatterError(line, fmt::format("values lie more than {} deep", kMaxMatterDepth));
}

int LineOf(const YAML::Node& node, int first) {
  return node.Mark().is_null() ? first : first + node.Mark().line;
}

Matter From(const YAML::Node& node, int first, int depth = 0) {
  Matter value;
  value.line = LineOf(node, first);
  CheckDepth(depth, value.line);
  if (node.IsScalar()) return Text(value.line, node.Scalar());
  if (node.IsSequence()) {
    value.kind = Kind::kList;
    for (const YAML::Node& item : node) value.items.push_back(From(item, first, depth + 1));
  } else if (node.IsMap()) {
    value.kind = Kind::kMap;
    for (const auto& entry : node) {
      value.entries.push_back({entry.first.IsScalar() ? entry.first.Scalar() : "", LineOf(entry.first, first),
                               From(entry.second, first, depth + 1)});
    }
  }
  return value;
}

Matter From(const toml::node& node, int first) {
  const int line = first - 1 + static_cast<int>(node.source().begin.line);
  Matter value;
  value.line = line;
  if (const toml::table* table = node.as_table()) {
    value.kind = Kind::kMap;
    for (const auto& [key, inner] : *table) {
      value.entries.push_back({std::string(key.str()), first - 1 + static_cast<int>(key.source().begin.line),
                               From(inner, first)});
    }
  } else if (const toml::array* array = node.as_array()) {
    value.kind = Kind::kList;
    for (const toml::node& item : *array) value.items.push_back(From(item, first));
  } else {
    value.kind = Kind::kText;
    node.visit([&](const auto& scalar) {
      if constexpr (toml::is_string<decltype(scalar)>) {
        value.text = scalar.get();
      } else if constexpr (toml::is_boolean<decltype(scalar)>) {
        value.text = scalar.get() ? "true" : "false";
      } else if constexpr (toml::is_value<decltype(scalar)>) {
        std::ostringstream text;
        text << scalar.get();
        value.text = text.str();
      }
    });
  }
  return value;
}

Matter From(const nlohmann::json& json, int line, int depth = 0) {
  CheckDepth(depth, line);
  Matter value;
  value.line = line;
  if (json.is_string()) return Text(line, json.get<std::string>());
  if (json.is_object()) {
    value.kind = Kind::kMap;
    for (const auto& [key, inner] : json.items())
      value.entries.push_back({key, line, From(inner, line, depth + 1)});
  } else if (json.is_array()) {
    value.kind = Kind::kList;
    for (const auto& item : json) value.items.push_back(From(item, line, depth + 1));
  } else if (!json.is_null()) {
    return Text(line, json.dump());
  }
  return value;
}

// What the library does not say of the mistakes that people make most.
std::string_view HintFor(std::string_view yaml, int line, std::string_view message) {
  for (; line > 0 && !yaml.empty(); --line)
    yaml.remove_prefix(std::min(yaml.find('\n'), yaml.size() - 1) + 1);
  if (yaml.substr(0, yaml.find('\n')).find("{{") != std::string_view::npos)
    return "; put a text with braces in quotes";
  return message.find("illegal map value") == std::string_view::npos ? ""
                                                                     : "; put a text with a colon in quotes";
}

Matter ParseYaml(const Split& split) {
  try {
    return From(config::LoadYaml(std::string(split.front_matter)), split.first_line);
  } catch (const YAML::Exception& error) {
    const int line = error.mark.is_null() ? 0 : error.mark.line;
    throw MatterError(split.first_line + line,
                      fmt::format("{}{}", error.msg, HintFor(split.front_matter, line, error.msg)));
  }
}

Matter ParseToml(const Split& split) {
  try {
    Matter value = From(toml::parse(split.front_matter), split.first_line);
    // The library sorts keys; people read in order of line.
    std::stable_sort(value.entries.begin(), value.entries.end(),
                     [](const Matter::Entry& a, const Matter::Entry& b) { return a.line < b.line; });
    return value;
  } catch (const toml::parse_error& error) {
    throw MatterError(split.first_line - 1 + static_cast<int>(error.source().begin.line),
                      std::string(error.description()));
  }
}

Matter ParseJson(const Split& split) {
  const std::string_view text = split.front_matter;
  try {
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return {};
    // Each opening bracket is a level at most: the parser keeps them in memory, not on the stack.
    return From(nlohmann::json::parse(text), split.first_line);
  } catch (const nlohmann::json::parse_error& error) {
    const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(error.byte, text.size()));
    throw MatterError(split.first_line + static_cast<int>(std::count(text.begin(), end, '\n')),
                      "this is no JSON");
  }
}

}  // namespace

Matter ParseMatter(const Split& split) {
  switch (split.language) {
    case MatterLanguage::kYaml:
      return ParseYaml(split);
    case MatterLanguage::kToml:
      return ParseToml(split);
    case MatterLanguage::kJson:
      return ParseJson(split);
    case MatterLanguage::kOther:
      break;
  }
  throw MatterError(split.first_line - 1,
                    fmt::format("{} is not read; write YAML, TOML or JSON", split.fence));
}

}  // namespace finalmile::catalog::import

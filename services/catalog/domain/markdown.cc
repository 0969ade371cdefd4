#include "services/catalog/domain/markdown.h"

#include <md4c.h>

#include <algorithm>
#include <utility>

#include "libs/base/text.h"
#include "services/catalog/domain/entities.h"
#include "services/catalog/domain/html_text.h"

namespace finalmile::catalog::domain {
namespace {

// "Pricing {#price .wide}" is "Pricing", and so is "Pricing[^1]".
std::string_view WithoutAttributes(std::string_view heading) {
  if (const size_t note = heading.rfind("[^");
      note != std::string_view::npos && heading.find(']', note) + 1 == heading.size()) {
    heading = Trim(heading.substr(0, note));
  }
  const size_t open = heading.rfind('{');
  if (open == std::string_view::npos || heading.find('}', open) + 1 != heading.size()) return heading;
  if (open > 0 && heading[open - 1] == '{') return heading;
  std::string_view inside = heading.substr(open + 1, heading.size() - open - 2);
  if (inside.starts_with(':')) inside.remove_prefix(1);
  inside = Trim(inside);
  return inside.starts_with('#') || inside.starts_with('.') ? Trim(heading.substr(0, open)) : heading;
}

std::string OnOneLine(std::string_view text) {
  std::string line(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

struct Reader {
  PlainText result;
  // Where a heading or a paragraph begins.
  size_t begin = 0;
  bool in_heading = false;
  // What stands for an image is no part of a heading.
  int images_in_heading = 0;
  HtmlText html;

  static int EnterBlock(MD_BLOCKTYPE type, void*, void* self) {
    auto& reader = *static_cast<Reader*>(self);
    // A list inside an item begins on a line of its own.
    if (!IsCell(type)) reader.EndWith('\n');
    if (type == MD_BLOCK_H || type == MD_BLOCK_P) reader.begin = reader.result.text.size();
    reader.in_heading = type == MD_BLOCK_H;
    return 0;
  }

  static int LeaveBlock(MD_BLOCKTYPE type, void* detail, void* self) {
    auto& reader = *static_cast<Reader*>(self);
    if (type == MD_BLOCK_H) {
      const std::string text =
          OnOneLine(WithoutAttributes(Trim(std::string_view(reader.result.text).substr(reader.begin))));
      const int level = static_cast<int>(static_cast<const MD_BLOCK_H_DETAIL*>(detail)->level);
      if (!text.empty()) reader.result.headings.push_back({level, text});
      reader.result.text.replace(reader.begin, std::string::npos, text);
      reader.in_heading = false;
    }
    if (type == MD_BLOCK_P && reader.result.first_paragraph.empty()) {
      reader.result.first_paragraph =
          OnOneLine(Trim(std::string_view(reader.result.text).substr(reader.begin)));
    }
    reader.html.EndBlock();
    reader.EndWith(IsCell(type) ? ' ' : '\n');
    return 0;
  }

  static bool IsCell(MD_BLOCKTYPE type) { return type == MD_BLOCK_TD || type == MD_BLOCK_TH; }
  void EndWith(char end) {
    if (!result.text.empty() && result.text.back() != '\n') result.text += end;
  }

  static int EnterSpan(MD_SPANTYPE type, void*, void* self) {
    auto& reader = *static_cast<Reader*>(self);
    if (type == MD_SPAN_IMG && reader.in_heading) ++reader.images_in_heading;
    return 0;
  }
  static int LeaveSpan(MD_SPANTYPE type, void*, void* self) {
    auto& reader = *static_cast<Reader*>(self);
    if (type == MD_SPAN_IMG && reader.in_heading) --reader.images_in_heading;
    return 0;
  }

  static int Text(MD_TEXTTYPE type, const MD_CHAR* data, MD_SIZE size, void* self) {
    auto& reader = *static_cast<Reader*>(self);
    if (reader.images_in_heading > 0) return 0;
    std::string& text = reader.result.text;
    switch (type) {
      case MD_TEXT_HTML:
        reader.html.Append({data, size}, reader.result);
        break;
      case MD_TEXT_BR:
      case MD_TEXT_SOFTBR:
        text += '\n';
        break;
      case MD_TEXT_NULLCHAR:
        text += "\uFFFD";
        break;
      case MD_TEXT_ENTITY:
        AppendEntity({data, size}, text);
        break;
      default:
        text.append(data, size);
    }
    return 0;
  }
};

}  // namespace

PlainText ToPlainText(std::string_view markdown) {
  Reader reader;
  MD_PARSER parser = {};
  parser.flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS;
  parser.enter_block = &Reader::EnterBlock;
  parser.leave_block = &Reader::LeaveBlock;
  parser.enter_span = &Reader::EnterSpan;
  parser.leave_span = &Reader::LeaveSpan;
  parser.text = &Reader::Text;
  reader.result.text.reserve(markdown.size());
  // It fails only when memory is short.
  if (md_parse(markdown.data(), static_cast<MD_SIZE>(markdown.size()), &parser, &reader) != 0) {
    return {std::string(markdown), {}, ""};
  }
  return std::move(reader.result);
}

}  // namespace finalmile::catalog::domain

#include "services/catalog/domain/markdown.h"

#include <md4c.h>

#include <algorithm>
#include <utility>

#include "libs/base/text.h"
#include "services/catalog/domain/entities.h"
#include "services/catalog/domain/html_text.h"

namespace finalmile::catalog::domain {
namespace {

struct Reader {
  PlainText result;
  size_t heading_begin = 0;
  HtmlText html;

  static int EnterBlock(MD_BLOCKTYPE type, void*, void* self) {
    auto& reader = *static_cast<Reader*>(self);
    // A list inside an item begins on a line of its own.
    if (!IsCell(type)) reader.EndWith('\n');
    if (type == MD_BLOCK_H) reader.heading_begin = reader.result.text.size();
    return 0;
  }

  static int LeaveBlock(MD_BLOCKTYPE type, void* detail, void* self) {
    auto& reader = *static_cast<Reader*>(self);
    if (type == MD_BLOCK_H) {
      std::string text(Trim(std::string_view(reader.result.text).substr(reader.heading_begin)));
      std::replace(text.begin(), text.end(), '\n', ' ');
      const int level = static_cast<int>(static_cast<const MD_BLOCK_H_DETAIL*>(detail)->level);
      if (!text.empty()) reader.result.headings.push_back({level, std::move(text)});
    }
    reader.html.EndBlock();
    reader.EndWith(IsCell(type) ? ' ' : '\n');
    return 0;
  }

  static bool IsCell(MD_BLOCKTYPE type) { return type == MD_BLOCK_TD || type == MD_BLOCK_TH; }
  void EndWith(char end) {
    if (!result.text.empty() && result.text.back() != '\n') result.text += end;
  }

  static int Span(MD_SPANTYPE, void*, void*) { return 0; }

  static int Text(MD_TEXTTYPE type, const MD_CHAR* data, MD_SIZE size, void* self) {
    auto& reader = *static_cast<Reader*>(self);
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
  parser.enter_span = &Reader::Span;
  parser.leave_span = &Reader::Span;
  parser.text = &Reader::Text;
  reader.result.text.reserve(markdown.size());
  // It fails only when memory is short.
  if (md_parse(markdown.data(), static_cast<MD_SIZE>(markdown.size()), &parser, &reader) != 0) {
    return {std::string(markdown), {}};
  }
  return std::move(reader.result);
}

}  // namespace finalmile::catalog::domain

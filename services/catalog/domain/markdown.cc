#include "services/catalog/domain/markdown.h"

#include <md4c.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "libs/base/text.h"

namespace finalmile::catalog::domain {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kEntities = {{
    {"&amp;", "&"},
    {"&lt;", "<"},
    {"&gt;", ">"},
    {"&quot;", "\""},
    {"&apos;", "'"},
    {"&nbsp;", " "},
    {"&ndash;", "–"},
    {"&mdash;", "—"},
    {"&hellip;", "…"},
    {"&rsquo;", "’"},
    {"&copy;", "©"},
    {"&euro;", "€"},
}};

void AppendCodePoint(uint32_t code, std::string& text) {
  if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) code = 0xFFFD;
  if (code < 0x80) {
    text += static_cast<char>(code);
    return;
  }
  const int further = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr std::array<unsigned char, 4> kLead = {0, 0xC0, 0xE0, 0xF0};
  text += static_cast<char>(kLead[static_cast<size_t>(further)] | (code >> (6 * further)));
  for (int i = further - 1; i >= 0; --i) text += static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3F));
}

void AppendEntity(std::string_view entity, std::string& text) {
  const auto* const known = std::find_if(kEntities.begin(), kEntities.end(),
                                         [&](const auto& entry) { return entry.first == entity; });
  if (known != kEntities.end()) {
    text += known->second;
    return;
  }
  if (entity.starts_with("&#")) {
    const bool hex = entity.size() > 2 && (entity[2] == 'x' || entity[2] == 'X');
    entity.remove_prefix(hex ? 3 : 2);
    uint32_t code = 0;
    std::from_chars(entity.data(), entity.data() + entity.size(), code, hex ? 16 : 10);
    AppendCodePoint(code, text);
    return;
  }
  text += entity;
}

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
  // Of a heading or a paragraph.
  size_t begin = 0;
  bool in_heading = false;
  // What stands for an image is no part of a heading.
  int images_in_heading = 0;

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
    if (static_cast<Reader*>(self)->images_in_heading > 0) return 0;
    std::string& text = static_cast<Reader*>(self)->result.text;
    switch (type) {
      case MD_TEXT_HTML:
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

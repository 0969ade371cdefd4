#pragma once

#include <span>
#include <string_view>

namespace finalmile::cli {

// A page of a folder of Markdown.
struct SamplePage {
  // "battle-cards/acme.md".
  std::string_view path;
  // Front matter and text.
  std::string_view content;
};

// Sales content of an invented vendor: every page complete, so that it can be published.
std::span<const SamplePage> SamplePages();

}  // namespace finalmile::cli

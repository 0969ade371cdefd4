#pragma once

#include <string_view>

namespace finalmile::config {

// A file that was built into the program; see finalmile_embed in embed.cmake.
struct EmbeddedFile {
  // The file's name without folder and extension: "x-education".
  std::string_view name;
  std::string_view content;
};

}  // namespace finalmile::config

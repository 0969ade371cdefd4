# finalmile_embed(TARGET SYMBOL finalmile::x::ShippedThings FILES a.yaml …): builds the files into TARGET as
#
#   std::span<const finalmile::config::EmbeddedFile> finalmile::x::ShippedThings();
#
# in the order given. The function is declared by whoever calls it; EmbeddedFile stands in libs/config/embedded.h.
# This file is also the script that writes the source (cmake -P).
if(CMAKE_SCRIPT_MODE_FILE)
  string(REGEX MATCH "^(.*)::([^:]+)$" _ "${SYMBOL}")
  set(space ${CMAKE_MATCH_1})
  set(function ${CMAKE_MATCH_2})
  set(entries "")
  foreach(path ${FILES})
    file(READ ${path} hex HEX)
    # Every byte as an escape, so that nothing in the file can mean something to the compiler.
    string(REGEX REPLACE "(..)" "\\\\x\\1" bytes "${hex}")
    # One literal for each line of the file.
    string(REPLACE "\\x0a" "\\x0a\"\n     \"" bytes "\"${bytes}\"")
    string(LENGTH "${hex}" digits)
    math(EXPR size "${digits} / 2")
    get_filename_component(name ${path} NAME_WE)
    string(APPEND entries "    {\"${name}\", std::string_view(${bytes},\n     ${size})},\n")
  endforeach()
  file(WRITE ${OUTPUT} "// Written by libs/config/embed.cmake.
#include <span>
#include <string_view>

#include \"libs/config/embedded.h\"

namespace ${space} {

std::span<const finalmile::config::EmbeddedFile> ${function}();

std::span<const finalmile::config::EmbeddedFile> ${function}() {
  static constexpr finalmile::config::EmbeddedFile kFiles[] = {
${entries}  };
  return kFiles;
}

}  // namespace ${space}
")
  return()
endif()

set(FINALMILE_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
function(finalmile_embed target)
  cmake_parse_arguments(ARG "" "SYMBOL" "FILES" ${ARGN})
  string(REGEX MATCH "[^:]+$" stem "${ARG_SYMBOL}")
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${stem}.embedded.cc)
  list(TRANSFORM ARG_FILES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DSYMBOL=${ARG_SYMBOL} "-DFILES=${ARG_FILES}" -P ${FINALMILE_EMBED_SCRIPT}
    DEPENDS ${ARG_FILES} ${FINALMILE_EMBED_SCRIPT} VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()

#pragma once

#include <string>
#include <string_view>

namespace finalmile::catalog::domain {

// Appends what an HTML entity stands for ("&auml;", "&#228;", "&#xE4;"; HTML 4's names, without the Greek and
// the mathematical ones); one that is not known stays as it is.
void AppendEntity(std::string_view entity, std::string& text);

}  // namespace finalmile::catalog::domain

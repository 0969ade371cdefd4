#include "services/finalmile/flags.h"

#include <CLI/CLI.hpp>

namespace finalmile::cli {

void Flags::Argument(const std::string& name, std::string& value, const std::string& help) {
  app_.add_option(name, value, help)->required()->type_name("");
}

void Flags::Arguments(const std::string& name, std::vector<std::string>& values, const std::string& help) {
  app_.add_option(name, values, help)->required()->type_name("");
}

void Flags::OptionalArgument(const std::string& name, std::string& value, const std::string& help) {
  app_.add_option(name, value, help)->type_name("");
}

void Flags::Text(const std::string& name, const std::string& shape, std::string& value,
                 const std::string& help) {
  app_.add_option(name, value, help)->type_name(shape);
}

void Flags::Text(const std::string& name, const std::string& shape, std::optional<std::string>& value,
                 const std::string& help) {
  app_.add_option_function<std::string>(
          name, [&value](const std::string& text) { value = text; }, help)
      ->type_name(shape);
}

void Flags::RequiredText(const std::string& name, const std::string& shape, std::string& value,
                         const std::string& help) {
  app_.add_option(name, value, help)->required()->type_name(shape);
}

void Flags::Texts(const std::string& name, const std::string& shape, std::vector<std::string>& values,
                  const std::string& help) {
  // One value for each time the flag is given, so that an argument may follow it.
  app_.add_option(name, values, help)->type_name(shape)->allow_extra_args(false);
}

void Flags::Number(const std::string& name, int64_t& value, int64_t min, int64_t max,
                   const std::string& help) {
  app_.add_option(name, value, help)->check(CLI::Range(min, max))->type_name("N")->capture_default_str();
}

void Flags::Real(const std::string& name, double& value, double min, double max, const std::string& help) {
  app_.add_option(name, value, help)->check(CLI::Range(min, max))->type_name("X")->capture_default_str();
}

void Flags::Switch(const std::string& name, bool& value, const std::string& help) {
  app_.add_flag(name, value, help);
}

}  // namespace finalmile::cli

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}  // namespace CLI

namespace finalmile::cli {

// Declares what a verb takes on the command line. Values are set while the command line is parsed; whoever
// declares them keeps them alive until then. `name` of an argument is in capitals ("LEAD"), of a flag begins
// with two hyphens.
class Flags {
 public:
  explicit Flags(CLI::App& app) : app_(app) {}

  void Argument(const std::string& name, std::string& value, const std::string& help);
  // One or more words.
  void Arguments(const std::string& name, std::vector<std::string>& values, const std::string& help);
  void OptionalArgument(const std::string& name, std::string& value, const std::string& help);

  // `shape` stands for the value in the help: "FILE".
  void Text(const std::string& name, const std::string& shape, std::string& value, const std::string& help);
  void Text(const std::string& name, const std::string& shape, std::optional<std::string>& value,
            const std::string& help);
  void RequiredText(const std::string& name, const std::string& shape, std::string& value,
                    const std::string& help);
  // May be given several times.
  void Texts(const std::string& name, const std::string& shape, std::vector<std::string>& values,
             const std::string& help);
  // A whole number from `min` to `max`.
  void Number(const std::string& name, int64_t& value, int64_t min, int64_t max, const std::string& help);
  void Real(const std::string& name, double& value, double min, double max, const std::string& help);
  void Switch(const std::string& name, bool& value, const std::string& help);

 private:
  CLI::App& app_;
};

}  // namespace finalmile::cli

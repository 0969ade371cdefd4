#include "libs/config/yaml.h"

#include <yaml-cpp/eventhandler.h>

#include <sstream>

namespace finalmile::config {
namespace {

// Refuses what LoadYaml does not take, without building anything.
class Check final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 2)
      throw YAML::ParserException(mark, "a second document begins here; one is expected");
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw YAML::ParserException(mark, "aliases (*name) are not taken; write out what it stands for");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
  }
  void OnMapEnd() override {}

 private:
  int documents_ = 0;
};

}  // namespace

YAML::Node LoadYaml(const std::string& yaml) {
  std::istringstream stream(yaml);
  YAML::Parser parser(stream);
  Check check;
  // yaml-cpp 0.7 yields documents without end where a node begins with a comma or a closing bracket: the
  // second one is refused.
  while (parser.HandleNextDocument(check)) continue;
  return YAML::Load(yaml);
}

}  // namespace finalmile::config

#include "libs/config/yaml_outline.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <sstream>

namespace finalmile::config {
namespace {

class Reader final : public YAML::EventHandler {
 public:
  const YamlOutline& outline() const { return outline_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 2) outline_.second_document = mark;
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    if (!outline_.alias) outline_.alias = mark;
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
  YamlOutline outline_;
};

}  // namespace

YamlOutline OutlineOf(const std::string& yaml) {
  std::istringstream stream(yaml);
  YAML::Parser parser(stream);
  Reader reader;
  for (int document = 0; document < 2 && parser.HandleNextDocument(reader); ++document) continue;
  return reader.outline();
}

}  // namespace finalmile::config

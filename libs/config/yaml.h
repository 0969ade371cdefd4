#pragma once

#include <yaml-cpp/yaml.h>

#include <string>

namespace finalmile::config {

// The root of the one YAML document in `yaml`; a null node when it is empty. Every reader of YAML loads with
// this function.
//
// Throws YAML::Exception, with the place and a reason for people, for what is no YAML, for a second document,
// and for an alias (*name): a few aliases of aliases make a small text immense. So what a reader walks
// through is at most as large as the text, and so are time and memory.
YAML::Node LoadYaml(const std::string& yaml);

}  // namespace finalmile::config

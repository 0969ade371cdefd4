#pragma once

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "libs/base/random.h"
#include "libs/base/text.h"

namespace finalmile::catalog {

// What happened to a page of a folder.
struct Change {
  // "created", "updated", "deleted".
  std::string action;
  std::string path;
  std::string commit;
};

// ts,action,path,commit,actor under a header; empty where the file is none of those.
inline std::vector<Change> ReadHistory(const std::string& file) {
  std::ifstream lines(file);
  std::vector<Change> history;
  std::string line;
  std::getline(lines, line);
  if (!line.starts_with("ts,action,path,commit,actor")) return {};
  while (std::getline(lines, line)) {
    std::array<std::string, 5> fields;
    std::istringstream cells(line);
    for (std::string& field : fields) std::getline(cells, field, ',');
    history.push_back({fields[1], fields[2], fields[3]});
  }
  return history;
}

// Changes of so many pages, the same every time.
inline std::vector<Change> GenerateHistory(size_t changes, uint64_t pages) {
  const auto rng = NewSeededRng(1);
  std::vector<Change> history;
  for (size_t i = 0; i < changes; ++i) {
    const uint64_t choice = rng->Below(10);
    history.push_back({choice < 2   ? "deleted"
                       : choice < 4 ? "created"
                                    : "updated",
                       fmt::format("sales/page-{}.md", rng->Below(pages)), fmt::format("commit{}", i)});
  }
  return history;
}

// A word that stands in no other text.
inline std::string TokenOf(const Change& change) {
  return fmt::format("v{:016x}", StableHash(change.path + "\n" + change.commit));
}

// The histories have no texts: this one follows from path and commit.
inline std::string BodyOf(const Change& change) {
  constexpr const char* kWords[] = {"pricing", "objection", "discovery", "renewal", "security",
                                    "budget",  "champion",  "timeline",  "proof",   "value"};
  std::string body =
      fmt::format("# {}\n\nOf commit {}: {} handbookpage", change.path, change.commit, TokenOf(change));
  uint64_t words = StableHash(change.commit + change.path);
  for (int i = 0; i < 60; ++i, words = words * 6364136223846793005 + 1442695040888963407)
    body += fmt::format(" {}", kWords[(words >> 33) % std::size(kWords)]);
  return body + ".\n";
}

}  // namespace finalmile::catalog

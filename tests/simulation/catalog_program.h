#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/testing/faulty_cache.h"
#include "tests/simulation/service_program.h"

namespace finalmile::simulation {

// S of the near caches.
inline constexpr absl::Duration kStaleness = absl::Seconds(30);

// One life of a process of the catalog service, a ServiceProgram. `index` is the process's own file; `cache`
// outlives the program. Null when it could not start.
std::unique_ptr<Program> StartCatalog(Servers& servers, testing::CacheServer& cache, const std::string& index,
                                      testing::Simulation::Process& process);

// One call of a program that StartCatalog made. `method` is "CatalogService/GetAsset".
inline absl::Status CallCatalog(Program& program, const std::string& method,
                                const google::protobuf::Message& request,
                                google::protobuf::Message& response) {
  return static_cast<ServiceProgram&>(program).channel().CallMessage("/finalmile.catalog.v1." + method,
                                                                     request, response, {.retry = false});
}

// How clients call: any process, until it is answered or they lose patience.
struct CatalogClient {
  testing::Simulation& simulation;
  const Replicas& replicas;
  std::vector<std::string>& violations;

  void Violated(std::string what) const { violations.push_back(std::move(what)); }

  // The answer; nothing when the client gave up, or for an error of `expected`. Another error is a violation.
  template <class Response>
  std::optional<Response> Call(const std::string& method, const google::protobuf::Message& request,
                               std::initializer_list<absl::StatusCode> expected = {}) const {
    Response response;
    const auto answer = Persist(simulation, replicas, [&](Program& program, testing::Simulation::Process&) {
      return CallCatalog(program, method, request, response);
    });
    if (answer && !answer->ok() &&
        std::find(expected.begin(), expected.end(), answer->code()) == expected.end()) {
      Violated(fmt::format("{} was refused: {}", method, answer->ToString()));
    }
    if (!answer || !answer->ok()) return std::nullopt;
    return response;
  }
};

}  // namespace finalmile::simulation

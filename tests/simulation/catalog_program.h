#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/app/assembly.h"
#include "libs/rpc/client.h"
#include "libs/testing/faulty_cache.h"
#include "libs/testing/logs.h"
#include "tests/simulation/world.h"

namespace finalmile::simulation {

// S of the near caches.
inline constexpr absl::Duration kStaleness = absl::Seconds(30);

// One life of a process of the catalog service.
class CatalogProgram final : public Program {
 public:
  // `index` is the process's own file. Null when the service could not start.
  static std::unique_ptr<Program> Start(Servers& servers, testing::CacheServer& cache,
                                        const std::string& index, testing::Simulation::Process& process);

  std::vector<Step*> steps() override { return assembly_->steps(); }
  // `method` is "CatalogService/GetAsset".
  absl::Status Call(const std::string& method, const google::protobuf::Message& request,
                    google::protobuf::Message& response) {
    return channel_->CallMessage("/finalmile.catalog.v1." + method, request, response, {.retry = false});
  }

 private:
  std::unique_ptr<storage::Database> database_;
  std::unique_ptr<events::EventLog> log_;
  testing::NullLog no_log_;
  telemetry::Metrics metrics_;
  std::unique_ptr<app::Assembly> assembly_;
  std::unique_ptr<rpc::Channel> channel_;
};

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
      return static_cast<CatalogProgram&>(program).Call(method, request, response);
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

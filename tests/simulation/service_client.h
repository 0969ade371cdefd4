#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "google/protobuf/message.h"
#include "tests/simulation/service_program.h"

namespace finalmile::simulation {

// How clients call a service.
struct ServiceClient {
  // The package of its services: "finalmile.leads.v1". A method is then "LeadService/GetLead".
  std::string package;
  testing::Simulation& simulation;
  const Replicas& replicas;
  std::vector<std::string>& violations;
  // Who calls; empty: an admin.
  std::string caller = "";
  std::vector<finalmile::v1::Role> roles = {};

  void Violated(std::string what) const { violations.push_back(std::move(what)); }

  // One call of one ServiceProgram, once.
  absl::Status CallOnce(Program& program, const std::string& method, const google::protobuf::Message& request,
                        google::protobuf::Message& response) const {
    ServiceProgram& service = static_cast<ServiceProgram&>(program);
    rpc::Channel& channel = caller.empty() ? service.channel() : service.ChannelAs(caller, roles);
    return channel.CallMessage(fmt::format("/{}.{}", package, method), request, response, {.retry = false});
  }

  // Any process, until it is answered or the client loses patience. Nothing then, or for an error of
  // `expected`; another error is a violation.
  template <class Response>
  std::optional<Response> Call(const std::string& method, const google::protobuf::Message& request,
                               std::initializer_list<absl::StatusCode> expected = {}) const {
    Response response;
    const auto answer = Persist(simulation, replicas, [&](Program& program, testing::Simulation::Process&) {
      return CallOnce(program, method, request, response);
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

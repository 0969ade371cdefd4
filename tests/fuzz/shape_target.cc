#include <limits>

#include "finalmile/leads/v1/scoring_service.pb.h"
#include "libs/rpc/deterministic.h"
#include "libs/rpc/request_shape.h"
#include "tests/fuzz/target.h"

namespace finalmile::fuzz {
namespace {

namespace v1 = leads::v1;

bool Run(std::string_view bytes) {
  static const rpc::RequestShape& shape = *new rpc::RequestShape(*v1::PublishPolicyRequest::descriptor());
  const int64_t counted = shape.ParsedBytes(bytes, std::numeric_limits<int64_t>::max());
  const int64_t enough = counted / 2;
  Require(counted <= enough || shape.ParsedBytes(bytes, enough) > enough, "a walk that ends early says so");
  v1::PublishPolicyRequest request;
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return false;
  Require(static_cast<int64_t>(request.SpaceUsedLong()) <= 3 * counted + 1024,
          "a parsed request takes about what was counted");
  return true;
}

std::vector<std::string> Seeds() {
  v1::PublishPolicyRequest request;
  v1::Policy& policy = *request.mutable_policy();
  for (int i = 0; i < 3; ++i) {
    policy.add_signals();
    policy.add_lanes();
    policy.add_fit_groups()->add_criteria()->add_options();
  }
  std::vector<std::string> seeds = {rpc::DeterministicBytes(request), ""};
  std::string unknown = rpc::DeterministicBytes(request);
  for (int i = 0; i < 20; ++i) unknown += std::string("\xfa\x3f\x01x", 4);
  seeds.push_back(unknown);
  seeds.emplace_back(200, '\x0b');
  return seeds;
}

}  // namespace

Target Shape() { return {"shape", &Run, &Seeds}; }

}  // namespace finalmile::fuzz

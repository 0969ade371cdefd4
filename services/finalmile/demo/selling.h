#pragma once

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "finalmile/catalog/v1/catalog_service.pb.h"
#include "finalmile/catalog/v1/usage_service.pb.h"
#include "finalmile/leads/v1/lead.pb.h"
#include "libs/base/random.h"
#include "libs/rpc/client.h"
#include "services/finalmile/output/output.h"
#include "services/finalmile/session.h"

namespace finalmile::cli {

// What the reps of the sample do with the content: they write to the best leads and call them with what is
// recommended, sometimes with something else, and say what they miss. The same for equal seeds and leads.
class Selling {
 public:
  // `before_draw` is called before each call in which the service draws by lot. The references outlive it.
  Selling(Session& session, rpc::Channel& channel, uint64_t seed, std::function<void()> before_draw)
      : session_(session),
        channel_(channel),
        rng_(NewSeededRng(seed)),
        before_draw_(std::move(before_draw)) {}

  // The end of a week.
  absl::Status PlayWeek();
  // The shelf rate, what the content did, what is missing, and what is recommended for `best`.
  absl::Status Show(const leads::v1::Lead& best, Output& output);

 private:
  template <class Response>
  absl::StatusOr<Response> Call(std::string_view method, const google::protobuf::Message& request) {
    return channel_.Call<Response>(fmt::format("/finalmile.catalog.v1.{}", method), request,
                                   {.timeout = session_.timeout});
  }
  absl::StatusOr<catalog::v1::RecommendAssetsResponse> Recommend(const leads::v1::Lead& lead);
  absl::Status Contact(const leads::v1::Lead& lead);
  absl::Status Send(const leads::v1::Lead& lead, const catalog::v1::Asset& asset,
                    catalog::v1::RecordUseRequest use);
  absl::Status WriteOwn(const leads::v1::Lead& lead, catalog::v1::RecordUseRequest use);
  absl::Status Miss();
  absl::Status ShowShelfRate(Output& output);
  absl::Status ShowFigures(Output& output);
  absl::Status ShowMissing(Output& output);
  absl::Status ShowRecommended(const leads::v1::Lead& best, Output& output);

  Session& session_;
  rpc::Channel& channel_;
  const std::unique_ptr<Rng> rng_;
  const std::function<void()> before_draw_;
  int weeks_ = 0;
};

}  // namespace finalmile::cli

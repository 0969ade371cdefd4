#pragma once

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "finalmile/@name@/v1/@name@_service.pb.h"
#include "google/protobuf/empty.pb.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/rpc/context.h"
#include "libs/rpc/service.h"
#include "libs/storage/database.h"

namespace finalmile::@name@::handlers {

// The handlers of this service work on these; everything outlives them.
struct Dependencies {
  Clock& clock;
  Rng& rng;
  storage::Database& database;
};

// The methods of @Name@Service, as @name@_service.proto says. Thread-safe.
class @Noun@Handlers {
 public:
  explicit @Noun@Handlers(Dependencies dependencies) : d_(dependencies) {}

  absl::StatusOr<v1::@Noun@> Create@Noun@(rpc::CallContext& context, const v1::Create@Noun@Request& request);
  absl::StatusOr<v1::@Noun@> Get@Noun@(rpc::CallContext& context, const v1::Get@Noun@Request& request);
  absl::StatusOr<v1::List@Nouns@Response> List@Nouns@(rpc::CallContext& context, const v1::List@Nouns@Request& request);
  absl::StatusOr<v1::@Noun@> Update@Noun@(rpc::CallContext& context, const v1::Update@Noun@Request& request);
  absl::StatusOr<google::protobuf::Empty> Delete@Noun@(rpc::CallContext& context, const v1::Delete@Noun@Request& request);

 private:
  const Dependencies d_;
};

// @Name@Service with its handlers.
std::unique_ptr<rpc::Service> New@Name@Service(Dependencies dependencies);

}  // namespace finalmile::@name@::handlers

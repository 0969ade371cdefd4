#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/rpc/answer.h"
#include "libs/rpc/client.h"
#include "libs/rpc/service.h"

namespace finalmile::rpc {

// A channel into services of this process, without a network: handlers run on the calling thread. Requests
// pass the same edge as on a server (text, roles, deadlines), answers the same bound, errors the same
// mapping; only `principal` stands for credentials and CallOptions::token is ignored. Everything given
// outlives the channel. Errors as Server::Start's for the services.
absl::StatusOr<std::unique_ptr<Channel>> NewLocalChannel(const std::vector<const Service*>& services,
                                                         std::shared_ptr<const v1::Principal> principal,
                                                         Clock& clock, AnswerRules answers = {});

}  // namespace finalmile::rpc

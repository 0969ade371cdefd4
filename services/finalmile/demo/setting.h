#pragma once

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "finalmile/appointments/v1/meeting_request_service.pb.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/rpc/client.h"
#include "services/finalmile/output/output.h"
#include "services/finalmile/session.h"

namespace finalmile::cli {

// What the setter and the hosts of the sample do with the leads that are sales-ready: some are reached, of
// these most are met, and some of those do not come. The same for equal seeds and leads.
class Setting {
 public:
  // `clock` is the sample's; `rest` waits until the services have done all that followed from the last call.
  // The references outlive it.
  Setting(Session& session, rpc::Channel& channel, Clock& clock, uint64_t seed,
          std::function<absl::Status()> rest)
      : session_(session),
        channel_(channel),
        clock_(clock),
        rng_(NewSeededRng(seed)),
        rest_(std::move(rest)) {}

  // Makes the hosts.
  absl::Status Begin();
  // The end of a day: what became of its meetings, then the queue.
  absl::Status PlayDay();
  // What came of the requests and the meetings.
  absl::Status Show(Output& output);

 private:
  template <class Response>
  absl::StatusOr<Response> Call(std::string_view method, const google::protobuf::Message& request) {
    return channel_.Call<Response>(fmt::format("/finalmile.appointments.v1.{}", method), request,
                                   {.timeout = session_.timeout});
  }
  absl::Status RecordOutcomes();
  // Whether there was one to work on.
  absl::StatusOr<bool> WorkOnNext();
  absl::Status Book(const std::string& lead);
  absl::StatusOr<int64_t> CountMeetings(const std::string& filter);

  Session& session_;
  rpc::Channel& channel_;
  Clock& clock_;
  const std::unique_ptr<Rng> rng_;
  const std::function<absl::Status()> rest_;
};

}  // namespace finalmile::cli

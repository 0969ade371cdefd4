#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/condition.h"
#include "libs/storage/table.h"
#include "services/appointments/domain/appointment.h"
#include "services/appointments/domain/ids.h"
#include "services/appointments/domain/no_show_risk.h"
#include "services/appointments/domain/touch.h"

namespace finalmile::appointments::store {

struct AppointmentRow {
  domain::AppointmentId id;
  // Grows with every change; its etag.
  int64_t version = 1;
  // The seq of the last event with this appointment as key.
  int64_t seq = 0;
  // Empty: the lead was erased.
  domain::LeadName lead;
  // Empty: it was booked without a request.
  domain::RequestId meeting_request;
  int64_t ready_seq = 0;
  int64_t cycle = 0;
  // "initial" or "follow_up".
  std::string meeting_kind;
  std::string situation;
  std::string title;
  // The host's, when it was booked, and the wall time of the start there.
  std::string zone;
  std::string wall_start;
  std::string guest_zone;
  // The start is another wall time by the zone's rules of today.
  bool zone_shifted = false;
  domain::Appointment appointment;
  // From the booking of its newest time to the start, by the host's dates.
  int64_t days_ahead = 0;
  // The request had these when the meeting was set.
  int64_t attempts = 0;
  absl::Time first_attempt_time = absl::InfiniteFuture();
  absl::Time ready_time = absl::InfinitePast();
  // As of the setting; once there is an outcome, as of the start.
  std::vector<domain::Touch> touches;
  // The month in the team's zone in which it was set: "2026-12".
  std::string routing_month;
  absl::Time set_time = absl::UnixEpoch();
  absl::Time update_time = absl::UnixEpoch();
  // When time changes it next; InfiniteFuture: never.
  absl::Time due_time = absl::InfiniteFuture();
};

extern const storage::Table<AppointmentRow> kAppointments;

// Those that exist, in any order.
absl::StatusOr<std::vector<AppointmentRow>> ReadAppointments(storage::Transaction& transaction,
                                                             const std::vector<domain::AppointmentId>& ids);
// It reads all appointments of a lead, in order of set_time. The lead is locked by whoever changes something
// by them. Once the transaction has settled, kAppointments.Records has them.
absl::StatusOr<storage::Deferred> DeferAppointmentsOf(storage::Transaction& transaction,
                                                      const domain::LeadName& lead);
// These do both at once, for one lead and for several.
absl::StatusOr<std::vector<AppointmentRow>> AppointmentsOf(storage::Transaction& transaction,
                                                           const domain::LeadName& lead);
absl::StatusOr<std::vector<AppointmentRow>> AppointmentsOf(storage::Transaction& transaction,
                                                           const std::vector<domain::LeadName>& leads);
// The planned meetings of a host that overlap with `within`, in order of start; at most `limit`.
absl::StatusOr<std::vector<AppointmentRow>> PlannedOf(storage::Transaction& transaction,
                                                      const std::string& host, const domain::Interval& within,
                                                      int limit);
// The planned ones that start at (`start`, `id`) or later, less that one, in this order; at most `limit`.
absl::StatusOr<std::vector<AppointmentRow>> PlannedAfter(storage::Transaction& transaction, absl::Time start,
                                                         const domain::AppointmentId& id, int limit);
// The planned meeting of a principal, as host or setter, that began last by `now`, else the next one.
absl::StatusOr<std::optional<AppointmentRow>> CurrentOf(storage::Transaction& transaction,
                                                        const std::string& principal, absl::Time now);
// What routing counts of a month: initial appointments that are credited to their host.
struct Assigned {
  int64_t count = 0;
  absl::Time last = absl::InfinitePast();
};
absl::StatusOr<std::map<std::string, Assigned>> AssignedIn(storage::Transaction& transaction,
                                                           const std::string& month);
// How many of the meetings that were booked as far ahead as the bucket says were held, and how many the guest
// missed.
absl::StatusOr<domain::RiskSeen> RiskSeenIn(storage::Transaction& transaction,
                                            const domain::RiskBucket& bucket);
// The meetings of a host that start at `from` or later, in order of start; at most `limit`.
absl::StatusOr<std::vector<AppointmentRow>> MeetingsSince(storage::Transaction& transaction,
                                                          const std::string& host, absl::Time from,
                                                          int limit);
// Whose condition has its parameters from kFirstListParameter on; in order of start and id, behind them.
inline constexpr int kFirstListParameter = 4;
absl::StatusOr<std::vector<AppointmentRow>> ListAppointments(storage::Transaction& transaction,
                                                             const storage::Condition& condition,
                                                             absl::Time start,
                                                             const domain::AppointmentId& id, int limit);
// Deletes appointments with their changes and scores. Deferred.
absl::Status DeleteAppointments(storage::Transaction& transaction,
                                const std::vector<domain::AppointmentId>& ids);

// One change of an appointment.
struct ChangeRow {
  domain::AppointmentId appointment;
  // From 1.
  int64_t number = 0;
  std::string kind;
  absl::Time time = absl::UnixEpoch();
  std::string principal;
  int64_t sequence = 0;
  int64_t state = 0;
  std::string host;
  absl::Time start_time = absl::UnixEpoch();
  std::string detail;
};

extern const storage::Table<ChangeRow> kChanges;

// At most `limit` of an appointment, in order of number, behind the number `after`.
absl::StatusOr<std::vector<ChangeRow>> ListChanges(storage::Transaction& transaction,
                                                   const domain::AppointmentId& appointment, int64_t after,
                                                   int limit);

// How a conversation went, as one rater has it.
struct ScoreRow {
  domain::AppointmentId appointment;
  // As ConversationScored.Source.
  int64_t source = 0;
  // Empty: the guest.
  std::string rater;
  // Criterion to score.
  std::map<std::string, double> criteria;
  absl::Time time = absl::UnixEpoch();
};

extern const storage::Table<ScoreRow> kScores;

// Deletes the scores of an appointment. Deferred.
absl::Status DeleteScores(storage::Transaction& transaction, const domain::AppointmentId& appointment);

}  // namespace finalmile::appointments::store

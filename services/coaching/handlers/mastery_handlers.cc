#include "services/coaching/handlers/mastery_handlers.h"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/status.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/paging.h"
#include "libs/rpc/resource_name.h"
#include "services/coaching/changes/names.h"
#include "services/coaching/changes/published_tracks.h"
#include "services/coaching/handlers/caller.h"
#include "services/coaching/handlers/practice_proto.h"
#include "services/coaching/store/meeting_store.h"
#include "services/coaching/store/practice_store.h"

namespace finalmile::coaching::handlers {
namespace {

using changes::PublishedTrack;
using storage::Transaction;

constexpr int kMostTracks = 1'000;
constexpr size_t kMostMissing = 100;
// The newest low scores that are looked through.
constexpr int kMostScores = 10'000;

int32_t CountOf(const std::map<TalkTrackId, int64_t>& counts, const TalkTrackId& track) {
  const auto found = counts.find(track);
  return found == counts.end() ? 0 : static_cast<int32_t>(found->second);
}

absl::Status AddTracks(Transaction& transaction, absl::Time now, v1::GetTeamCoachingResponse& response) {
  ASSIGN_OR_RETURN(const std::vector<PublishedTrack> tracks,
                   changes::AllPublishedTracks(transaction, kMostTracks));
  std::vector<TalkTrackId> ids;
  for (const PublishedTrack& track : tracks) ids.push_back(track.id);
  ASSIGN_OR_RETURN(auto masteries, store::CountMasteries(transaction));
  ASSIGN_OR_RETURN(const auto waiting, store::CountWaiting(transaction));
  ASSIGN_OR_RETURN(const auto listed, store::CountListed(transaction));
  ASSIGN_OR_RETURN(auto units, store::ReadUnits(transaction, ids, now - kAgreementWindow));
  for (const PublishedTrack& track : tracks) {
    auto& one = *response.add_tracks();
    one.set_talk_track(changes::NameOf(track.id));
    one.set_situation(track.situation);
    std::map<MasteryState, int64_t>& states = masteries[track.id];
    int64_t practised = 0;
    for (const auto& [state, count] : states) practised += count;
    one.set_practised(static_cast<int32_t>(practised));
    one.set_mastered(static_cast<int32_t>(states[MasteryState::kMastered]));
    one.set_lapsed(static_cast<int32_t>(states[MasteryState::kLapsed]));
    one.set_open_assignments(CountOf(listed, track.id));
    one.set_waiting_for_review(CountOf(waiting, track.id));
    if (const Agreement agreement = AgreementOf(units[track.id]); agreement.alpha)
      one.set_agreement(*agreement.alpha);
  }
  return absl::OkStatus();
}

// Situations for which two low scores would assign a track, if one were published.
absl::Status AddMissing(Transaction& transaction, v1::GetTeamCoachingResponse& response) {
  ASSIGN_OR_RETURN(const std::vector<store::ScoredMeeting> scored,
                   store::AllLowScores(transaction, kMostScores));
  std::vector<std::string> names;
  std::map<std::string, std::string> situations;
  for (const store::ScoredMeeting& one : scored) {
    names.push_back(one.meeting.situation);
    situations[one.meeting.id] = one.meeting.situation;
  }
  ASSIGN_OR_RETURN(const changes::TracksBySituation tracks,
                   changes::PublishedTracksFor(transaction, std::move(names)));
  std::map<std::string, std::vector<LowScore>> by_host;
  for (const store::ScoredMeeting& one : scored) {
    by_host[one.meeting.host].push_back(
        {one.criterion, one.meeting.id, one.meeting.start_time, tracks.contains(one.meeting.situation)});
  }
  std::map<std::pair<std::string, std::string>, std::set<std::string>> missing;
  for (auto& [host, scores] : by_host) {
    for (const LowPair& pair : PlanOf(std::move(scores), {}).without_track)
      missing[{situations.at(pair.second), pair.criterion}].insert(host);
  }
  for (const auto& [what, reps] : missing) {
    if (static_cast<size_t>(response.missing_tracks_size()) == kMostMissing) break;
    auto& one = *response.add_missing_tracks();
    one.set_situation(what.first);
    one.set_criterion(what.second);
    one.set_reps(static_cast<int32_t>(reps.size()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::GetMasteryResponse> MasteryHandlers::GetMastery(rpc::CallContext& context,
                                                                   const v1::GetMasteryRequest& request) {
  ASSIGN_OR_RETURN(const std::string rep, RepAskedFor(context, request.rep()));
  return outbox::Read<v1::GetMasteryResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::GetMasteryResponse> {
        const absl::Time now = d_.clock.Now();
        ASSIGN_OR_RETURN(auto facts, store::ReadFacts(transaction, rep));
        ASSIGN_OR_RETURN(std::vector<store::MasteryRow> rows, store::ReadMasteries(transaction, rep));
        std::map<TalkTrackId, MasteryRecord> records;
        for (store::MasteryRow& row : rows) records[row.track] = std::move(row.record);
        std::vector<TalkTrackId> ids;
        if (request.talk_track().empty()) {
          for (const auto& [track, of_track] : facts) ids.push_back(track);
        } else {
          ids.emplace_back(rpc::IdIn(request.talk_track()));
        }
        ASSIGN_OR_RETURN(const auto tracks, changes::PublishedTracks(transaction, ids));
        if (!request.talk_track().empty() && tracks.empty())
          return rpc::NotFound(request.talk_track(), "talk_track");
        v1::GetMasteryResponse response;
        for (const auto& [id, track] : tracks) {
          *response.add_mastery() =
              ToProto(rep, track, records[id], MasteryOf(facts[id], track.certificate_version, now), now);
        }
        return response;
      });
}

absl::StatusOr<v1::ListCertificatesResponse> MasteryHandlers::ListCertificates(
    rpc::CallContext& context, const v1::ListCertificatesRequest& request) {
  using Entries = std::vector<rpc::PageEntry<v1::Certificate>>;
  ASSIGN_OR_RETURN(const std::string rep, RepAskedFor(context, request.rep()));
  ASSIGN_OR_RETURN(const rpc::Page page,
                   rpc::Page::Of(context.answers(), request, {int64_t{}, std::string()}));
  return outbox::Read<v1::ListCertificatesResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::ListCertificatesResponse> {
        v1::ListCertificatesResponse response;
        ASSIGN_OR_RETURN(
            *response.mutable_next_page_token(),
            page.Fill(*response.mutable_certificates(),
                      [&](const rpc::Page::Cursor& cursor, int count) -> absl::StatusOr<Entries> {
                        const bool first = cursor.empty();
                        ASSIGN_OR_RETURN(
                            const std::vector<store::CertificateRow> rows,
                            store::ListCertificates(
                                transaction, rep,
                                first ? absl::InfiniteFuture() : FromMicros(std::get<int64_t>(cursor[0])),
                                first ? "" : std::get<std::string>(cursor[1]), count));
                        Entries entries;
                        for (const store::CertificateRow& row : rows)
                          entries.push_back({ToProto(row), {ToMicros(row.certificate.issue_time), row.id}});
                        return entries;
                      }));
        return response;
      });
}

absl::StatusOr<v1::GetTeamCoachingResponse> MasteryHandlers::GetTeamCoaching(
    rpc::CallContext& context, const v1::GetTeamCoachingRequest&) {
  return outbox::Read<v1::GetTeamCoachingResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::GetTeamCoachingResponse> {
        v1::GetTeamCoachingResponse response;
        RETURN_IF_ERROR(AddTracks(transaction, d_.clock.Now(), response));
        RETURN_IF_ERROR(AddMissing(transaction, response));
        return response;
      });
}

}  // namespace finalmile::coaching::handlers

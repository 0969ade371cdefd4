#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "finalmile/coaching/v1/practice_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/list.h"
#include "services/finalmile/commands/practice_name.h"
#include "services/finalmile/commands/show_practice.h"
#include "services/finalmile/commands/show_tracks.h"
#include "services/finalmile/commands/transcript_flags.h"
#include "services/finalmile/output/format.h"

// A rep's practice: what is to be done, doing it, and how one stands.
namespace finalmile::cli {
namespace {

using namespace coaching::v1;

struct PractiseFlags {
  std::string track;
  TranscriptFlags transcript;
  std::string at;
  int64_t limit = 50;
  bool written = false;
};

absl::StatusOr<ExitCode> ListDue(Session& session, int64_t limit) {
  ASSIGN_OR_RETURN(const std::vector<DuePractice> due,
                   ReadList(session, PracticeMethod("ListDuePractice"), ListDuePracticeRequest(), limit,
                            &ListDuePracticeResponse::due,
                            "You have nothing to practise; finalmile mastery says how you stand."));
  if (!session.output.json()) ShowDue(due, session);
  return ExitCode::kOk;
}

// What the practice did for its rep's mastery, and what to do next.
std::string WhatNext(const Practice& practice, const Mastery& mastery) {
  if (mastery.state() == Mastery::STATE_MASTERED)
    return "You master it; finalmile mastery says when to rehearse.";
  const bool counts = std::find(mastery.days().begin(), mastery.days().end(), practice.practice_day()) !=
                      mastery.days().end();
  const std::string effect = counts ? "counts"
                             : practice.score() < mastery.score_needed()
                                 ? fmt::format("does not count yet, below {}", mastery.score_needed())
                                 : "does not count yet";
  return fmt::format("It waits for a coach's review. {} {}: {}. {}", practice.practice_day(), effect,
                     MasteryText(mastery),
                     counts ? "finalmile mastery says how you stand."
                            : "Once more: finalmile practise " + rpc::IdIn(practice.talk_track()));
}

absl::StatusOr<ExitCode> Practise(Session& session, const PractiseFlags& flags) {
  if (flags.track.empty()) {
    if (!flags.transcript.file.empty())
      return absl::InvalidArgumentError("TRACK is missing: which talk track does --file practise?");
    return ListDue(session, flags.limit);
  }
  if (flags.transcript.file.empty()) {
    return absl::InvalidArgumentError(fmt::format(
        "--file FILE is missing: a transcript of what you said; finalmile tracks show {} has the words",
        flags.track));
  }
  SubmitPracticeRequest request;
  Practice& practice = *request.mutable_practice();
  practice.set_talk_track(TrackName(flags.track));
  if (!flags.at.empty()) {
    absl::Time time;
    if (!ParseMoment(flags.at, session.clock.Now(), session.output.zone(), time)) {
      return absl::InvalidArgumentError(fmt::format(
          "--at '{}' must be a time that has passed: 2h, 1d, '2026-03-01 09:00' or RFC 3339", flags.at));
    }
    *practice.mutable_practice_time() = rpc::ToTimestamp(time);
  }
  if (flags.written) {
    ASSIGN_OR_RETURN(*practice.mutable_written(), ReadWritten(session, flags.transcript));
  } else {
    ASSIGN_OR_RETURN(*practice.mutable_turns(), ReadTurns(session, flags.transcript));
  }
  request.set_request_id(session.NewRequestId());
  ASSIGN_OR_RETURN(const SubmitPracticeResponse submitted,
                   session.Call<SubmitPracticeResponse>(PracticeMethod("SubmitPractice"), request));
  RETURN_IF_ERROR(session.connector.Settle());
  if (session.output.json()) {
    session.output.Json(submitted);
    return ExitCode::kOk;
  }
  // The answer has no words.
  GetPracticeRequest get;
  get.set_name(submitted.practice().name());
  ASSIGN_OR_RETURN(const Practice whole, session.Call<Practice>(PracticeMethod("GetPractice"), get));
  ShowAnalysis(whole.analysis(), session.output);
  session.output.Line(WhatNext(submitted.practice(), submitted.mastery()));
  return ExitCode::kOk;
}

Action DeclarePractise(Flags& flags) {
  auto given = std::make_shared<PractiseFlags>();
  flags.OptionalArgument("TRACK", given->track,
                         "the talk track that you practise; without it, what you are to practise");
  given->transcript.DeclareAsFlags(flags);
  flags.Switch("--written", given->written, "the file is a message that you wrote");
  flags.Text("--at", "TIME", given->at, "when it took place (now), at most 30 days ago: 2h, 1d");
  flags.Number("--limit", given->limit, 0, 100'000'000, "without a TRACK: at most so many; 0: all");
  return [given](Session& session) { return Practise(session, *given); };
}

struct MasteryFlags {
  std::string track;
  std::string rep;
};

absl::StatusOr<std::vector<Certificate>> CertificatesOf(Session& session, const std::string& rep) {
  ListCertificatesRequest request;
  request.set_rep(rep);
  std::vector<Certificate> certificates;
  RETURN_IF_ERROR(session
                      .EachPage<ListCertificatesResponse>(
                          PracticeMethod("ListCertificates"), request, 0,
                          [&](const ListCertificatesResponse& page) -> int64_t {
                            certificates.insert(certificates.end(), page.certificates().begin(),
                                                page.certificates().end());
                            return page.certificates_size();
                          })
                      .status());
  return certificates;
}

absl::StatusOr<ExitCode> ReadMastery(Session& session, const MasteryFlags& flags) {
  GetMasteryRequest request;
  request.set_rep(RepName(flags.rep));
  if (!flags.track.empty()) request.set_talk_track(TrackName(flags.track));
  ASSIGN_OR_RETURN(const GetMasteryResponse mastery,
                   session.Call<GetMasteryResponse>(PracticeMethod("GetMastery"), request));
  if (session.output.json()) {
    for (const Mastery& one : mastery.mastery()) session.output.Json(one);
    return ExitCode::kOk;
  }
  if (mastery.mastery().empty()) {
    session.output.Note("Nothing was practised yet; finalmile practise says what is due.");
    return ExitCode::kOk;
  }
  ASSIGN_OR_RETURN(const std::vector<Certificate> certificates, CertificatesOf(session, request.rep()));
  ShowMastery(mastery, certificates, session);
  return ExitCode::kOk;
}

Action DeclareMastery(Flags& flags) {
  auto given = std::make_shared<MasteryFlags>();
  flags.OptionalArgument("TRACK", given->track, "this talk track (all that were practised)");
  flags.Text("--rep", "NAME", given->rep, "whose (your own)");
  return [given](Session& session) { return ReadMastery(session, *given); };
}

struct CertificatesFlags {
  std::string rep;
  int64_t limit = 50;
};

Action DeclareCertificates(Flags& flags) {
  auto given = std::make_shared<CertificatesFlags>();
  flags.Text("--rep", "NAME", given->rep, "whose (your own)");
  flags.Number("--limit", given->limit, 0, 100'000'000, "at most so many; 0: all");
  return [given](Session& session) -> absl::StatusOr<ExitCode> {
    ListCertificatesRequest request;
    request.set_rep(RepName(given->rep));
    ASSIGN_OR_RETURN(const std::vector<Certificate> certificates,
                     ReadList(session, PracticeMethod("ListCertificates"), request, given->limit,
                              &ListCertificatesResponse::certificates,
                              "There is no certificate; finalmile mastery says what is missing."));
    if (!session.output.json()) ShowCertificates(certificates, session.output);
    return ExitCode::kOk;
  };
}

}  // namespace

void AddPractice(std::vector<Verb>& verbs) {
  verbs.push_back({"practise", "practise a talk track, or see what you are to practise",
                   "finalmile practise new-fleet-manager --file call.vtt --rep Kim", DeclarePractise});
  verbs.push_back(
      {"mastery", "which talk tracks a rep masters", "finalmile mastery --rep kim", DeclareMastery});
  verbs.push_back({"certificates", "a rep's certificates, the newest first",
                   "finalmile certificates --rep kim", DeclareCertificates});
}

}  // namespace finalmile::cli

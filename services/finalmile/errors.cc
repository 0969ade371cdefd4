#include "services/finalmile/errors.h"

#include <fmt/format.h>

#include <string_view>

#include "libs/rpc/errors.h"
#include "services/finalmile/output/text.h"

namespace finalmile::cli {
namespace {

constexpr size_t kShownViolations = 3;

// An answer that will not fit later either.
bool TooLarge(const absl::Status& status) { return rpc::ReasonOf(status) == "ANSWER_TOO_LARGE"; }

// What to do, where the error does not say so itself.
std::string_view AdviceFor(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnauthenticated:
      return "give a valid token with --token-file";
    case absl::StatusCode::kPermissionDenied:
      if (rpc::ReasonOf(status) != "ROLE_MISSING") return "";
      return "ask an admin for a role that may do this";
    case absl::StatusCode::kUnavailable:
      return "check the address and that the server is running, or try again later";
    case absl::StatusCode::kDeadlineExceeded:
      return "try again, or give --timeout a longer time";
    case absl::StatusCode::kResourceExhausted:
      return TooLarge(status) ? "" : "try again later";
    case absl::StatusCode::kFailedPrecondition:
      return rpc::ReasonOf(status) == "INCOMPLETE" ? "finalmile tracks show says all of it" : "";
    default:
      return "";
  }
}

}  // namespace

std::string ExitCodesHelp() {
  return "Exit codes:\n"
         "  0  done\n"
         "  1  failed\n"
         "  2  the command line, a file or a field of the request is wrong\n"
         "  3  not found\n"
         "  4  refused: not allowed, or not as things stand (it exists already, it was changed meanwhile)\n"
         "  5  unavailable: nobody answers in time; try again later\n"
         "  6  done in part: an import rejected rows\n"
         "  7  somebody else was faster\n";
}

ExitCode ExitCodeOf(const absl::Status& status) {
  const std::string reason = rpc::ReasonOf(status);
  if (reason == "ALREADY_CLAIMED" || reason == "SLOT_TAKEN") return ExitCode::kFaster;
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return ExitCode::kOk;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return ExitCode::kUsage;
    case absl::StatusCode::kNotFound:
      return ExitCode::kNotFound;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return ExitCode::kRefused;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return ExitCode::kUnavailable;
    case absl::StatusCode::kResourceExhausted:
      return TooLarge(status) ? ExitCode::kFailed : ExitCode::kUnavailable;
    default:
      return ExitCode::kFailed;
  }
}

std::string ErrorLine(const absl::Status& status) {
  std::string line;
  const auto violations = rpc::ViolationsOf(status);
  for (size_t i = 0; i < violations.size() && i < kShownViolations; ++i) {
    if (i > 0) line += "; ";
    line += fmt::format("{}: {}", violations[i].field(), violations[i].description());
  }
  if (violations.size() > kShownViolations)
    line += fmt::format("; and {} more", violations.size() - kShownViolations);
  if (line.empty()) line = std::string(std::string_view(status.message().data(), status.message().size()));
  if (line.empty()) line = absl::StatusCodeToString(status.code());
  if (const std::string_view advice = AdviceFor(status); !advice.empty()) line += fmt::format("; {}", advice);
  return Printable(line);
}

}  // namespace finalmile::cli

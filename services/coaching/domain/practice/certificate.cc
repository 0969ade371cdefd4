#include "services/coaching/domain/practice/certificate.h"

namespace finalmile::coaching {

Certificate Issue(int64_t track_version, absl::Duration validity, absl::Time now) {
  Certificate certificate;
  certificate.track_version = track_version;
  certificate.issue_time = now;
  certificate.valid_until = now + validity;
  return certificate;
}

void Withdraw(Certificate& certificate, absl::Time now) {
  if (certificate.state != CertificateState::kValid) return;
  certificate.state = CertificateState::kWithdrawn;
  certificate.withdrawn_time = now;
}

bool Expire(Certificate& certificate, absl::Time now) {
  if (NextDue(certificate) > now) return false;
  certificate.state = CertificateState::kExpired;
  return true;
}

absl::Time NextDue(const Certificate& certificate) {
  return certificate.state == CertificateState::kValid ? certificate.valid_until : absl::InfiniteFuture();
}

}  // namespace finalmile::coaching

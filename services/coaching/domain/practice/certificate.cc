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

bool RenewalDue(const std::vector<Certificate>& certificates, int64_t certificate_version,
                absl::Time counted) {
  const Certificate* last = nullptr;
  for (const Certificate& one : certificates) {
    if (one.track_version < certificate_version) continue;
    if (one.state == CertificateState::kValid) return false;
    if (one.state == CertificateState::kExpired && (last == nullptr || one.issue_time > last->issue_time))
      last = &one;
  }
  return last != nullptr && counted > last->issue_time && counted >= last->valid_until - kRenewedBefore;
}

absl::Time NextDue(const Certificate& certificate) {
  return certificate.state == CertificateState::kValid ? certificate.valid_until : absl::InfiniteFuture();
}

}  // namespace finalmile::coaching

#pragma once

#include <cstdint>
#include <vector>

#include "absl/time/time.h"

namespace finalmile::coaching {

// That a rep has mastered a version of a track. Certificates are never changed back nor deleted: what ends
// one is added to it.

// For a track that does not say how long its certificates are valid. InfiniteDuration: for ever.
inline constexpr absl::Duration kDefaultValidity = absl::Hours(24 * 180);

// A practice that takes place so long before the end of a certificate, or later, renews it.
inline constexpr absl::Duration kRenewedBefore = absl::Hours(24 * 30);

// The numbers are those of the contract.
enum class CertificateState { kValid = 1, kExpired = 2, kWithdrawn = 3 };

struct Certificate {
  CertificateState state = CertificateState::kValid;
  int64_t track_version = 0;
  absl::Time issue_time;
  // InfiniteFuture: it never expires.
  absl::Time valid_until = absl::InfiniteFuture();
  // A review took away one of the days that it was issued for; InfinitePast: none did.
  absl::Time withdrawn_time = absl::InfinitePast();

  friend bool operator==(const Certificate&, const Certificate&) = default;
};

// `validity` > 0.
Certificate Issue(int64_t track_version, absl::Duration validity, absl::Time now);
// A valid one is withdrawn; another stays as it is.
void Withdraw(Certificate& certificate, absl::Time now);
// Whether it expired with this call.
bool Expire(Certificate& certificate, absl::Time now);
// Whether a new certificate is due to a rep who masters the track: of its `certificates` of this certificate
// version or later none is valid, and the last one has expired; and `counted`, when the last practice took
// place that counts for the mastery, lies behind its issue, and not longer than kRenewedBefore before its
// end. A practice renews one certificate, since the new one is issued behind it.
bool RenewalDue(const std::vector<Certificate>& certificates, int64_t certificate_version,
                absl::Time counted);
// When it will expire; InfiniteFuture: never.
absl::Time NextDue(const Certificate& certificate);

}  // namespace finalmile::coaching

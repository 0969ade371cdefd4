#include "services/coaching/domain/practice/certificate.h"

#include <gtest/gtest.h>

namespace finalmile::coaching {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
constexpr absl::Duration kLeast = absl::Microseconds(1);

TEST(CertificateTest, ItExpiresOnceAtItsTime) {
  Certificate certificate = Issue(3, kDefaultValidity, kNow);
  EXPECT_EQ(certificate.track_version, 3);
  EXPECT_EQ(certificate.valid_until, kNow + 180 * absl::Hours(24));
  EXPECT_EQ(NextDue(certificate), certificate.valid_until);
  EXPECT_FALSE(Expire(certificate, certificate.valid_until - kLeast));
  EXPECT_EQ(certificate.state, CertificateState::kValid);
  EXPECT_TRUE(Expire(certificate, certificate.valid_until));
  EXPECT_EQ(certificate.state, CertificateState::kExpired);
  EXPECT_FALSE(Expire(certificate, certificate.valid_until + kLeast));
  const Certificate expired = certificate;
  Withdraw(certificate, kNow);
  EXPECT_EQ(certificate, expired);
}

TEST(CertificateTest, WithoutValidityItNeverExpires) {
  Certificate certificate = Issue(1, absl::InfiniteDuration(), kNow);
  EXPECT_EQ(NextDue(certificate), absl::InfiniteFuture());
  EXPECT_FALSE(Expire(certificate, kNow + absl::Hours(24 * 36500)));
}

TEST(CertificateTest, AWithdrawnOneDoesNotExpire) {
  Certificate certificate = Issue(1, kDefaultValidity, kNow);
  Withdraw(certificate, kNow + kLeast);
  EXPECT_EQ(certificate.state, CertificateState::kWithdrawn);
  EXPECT_EQ(certificate.withdrawn_time, kNow + kLeast);
  EXPECT_EQ(NextDue(certificate), absl::InfiniteFuture());
  EXPECT_FALSE(Expire(certificate, certificate.valid_until));
  Withdraw(certificate, kNow + absl::Hours(1));
  EXPECT_EQ(certificate.withdrawn_time, kNow + kLeast);
}

Certificate Expired(int64_t track_version, absl::Time issued) {
  Certificate certificate = Issue(track_version, kDefaultValidity, issued);
  Expire(certificate, certificate.valid_until);
  return certificate;
}

TEST(CertificateTest, APracticeOfTheLastThirtyDaysOrLaterRenewsIt) {
  const Certificate expired = Expired(1, kNow);
  const absl::Time from = expired.valid_until - kRenewedBefore;
  EXPECT_FALSE(RenewalDue({expired}, 1, from - kLeast));
  EXPECT_TRUE(RenewalDue({expired}, 1, from));
  EXPECT_TRUE(RenewalDue({expired}, 1, from + kLeast));
  EXPECT_TRUE(RenewalDue({expired}, 1, expired.valid_until + absl::Hours(24 * 400)));
  EXPECT_FALSE(RenewalDue({expired}, 1, absl::InfinitePast())) << "nothing counts";
}

TEST(CertificateTest, NothingFollowsOneThatIsValidOrNone) {
  const Certificate valid = Issue(1, kDefaultValidity, kNow);
  EXPECT_FALSE(RenewalDue({}, 1, kNow));
  EXPECT_FALSE(RenewalDue({valid}, 1, valid.valid_until - kLeast));
  // Mastered again meanwhile: the earlier one may end.
  const Certificate earlier = Expired(1, kNow - absl::Hours(24 * 100));
  EXPECT_FALSE(RenewalDue({earlier, valid}, 1, earlier.valid_until));
  Certificate withdrawn = valid;
  Withdraw(withdrawn, kNow);
  EXPECT_FALSE(RenewalDue({withdrawn}, 1, withdrawn.valid_until)) << "mastery brings the next one";
  EXPECT_TRUE(RenewalDue({earlier, withdrawn}, 1, earlier.valid_until));
}

TEST(CertificateTest, APracticeRenewsOnce) {
  // Valid for an hour: the practice lies within the last thirty days of all that follow.
  Certificate certificate = Issue(1, absl::Hours(1), kNow);
  Expire(certificate, certificate.valid_until);
  EXPECT_FALSE(RenewalDue({certificate}, 1, kNow)) << "it was issued for this practice";
  const absl::Time practised = kNow + kLeast;
  EXPECT_TRUE(RenewalDue({certificate}, 1, practised));
  Certificate next = Issue(1, absl::Hours(1), certificate.valid_until);
  EXPECT_FALSE(RenewalDue({certificate, next}, 1, practised));
  Expire(next, next.valid_until);
  EXPECT_FALSE(RenewalDue({certificate, next}, 1, practised));
  EXPECT_FALSE(RenewalDue({next, certificate}, 1, practised)) << "in any order";
}

TEST(CertificateTest, OneOfAnEarlierCertificateVersionIsNotRenewed) {
  const Certificate earlier = Expired(2, kNow);
  EXPECT_TRUE(RenewalDue({earlier}, 2, earlier.valid_until));
  EXPECT_FALSE(RenewalDue({earlier}, 3, earlier.valid_until));
  // Nor does it stand in the way, as long as it is valid.
  EXPECT_TRUE(
      RenewalDue({Issue(2, absl::InfiniteDuration(), kNow), Expired(3, kNow)}, 3, earlier.valid_until));
}

}  // namespace
}  // namespace finalmile::coaching

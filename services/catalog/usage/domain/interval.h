#pragma once

namespace finalmile::catalog::usage::domain {

// Intervals that hold the true value at least 95 % of the time, as everywhere here. Pure functions.

struct Interval {
  double low = 0;
  double high = 0;
};

// A share or a difference of shares, with its interval.
struct Estimate {
  double value = 0;
  Interval interval;
};

// The share `hits` of `n`, with the exact interval of C. J. Clopper and E. S. Pearson, The use of confidence
// or fiducial limits illustrated in the case of the binomial, Biometrika 26 (1934), 404–413. Both may be
// fractions, where `n` is an effective number: E. L. Korn and B. I. Graubard, Confidence intervals for
// proportions with small expected number of positive counts estimated from survey data, Survey Methodology 24
// (1998), 193–201. 0 ≤ hits ≤ n; n = 0 gives 0 in an interval from 0 to 1.
Estimate ShareOf(double hits, double n);

// `a` less `b`, which are independent, by the method of variance estimates recovery: G. Y. Zou and A. Donner,
// Construction of confidence limits about effect measures: a general approach, Statistics in Medicine 27
// (2008), 1693–1702.
Estimate Difference(const Estimate& a, const Estimate& b);

}  // namespace finalmile::catalog::usage::domain

#pragma once

#include <string_view>

namespace finalmile::text {

// Numbers as people and programs write them: "1250", "1,250.5", "1.250,5", "1 250", "1'250", "12,50,000",
// "1e3", "+250", "$1,250", and ranges of them: "51-200", "10,000+", "<10". Only "1.250" and its like do not
// say themselves which sign is which: the other numbers of their column do, or somebody who knows. Pure
// functions.

struct NumberReading {
  enum class Kind {
    kNone,       // not a number
    kAmbiguous,  // a thousand or a fraction: "1.250" where no decimal sign is given
    kNumber,
    kRange,
  };
  Kind kind = Kind::kNone;
  // The number, finite; the lower end of a range.
  double value = 0;
  // The upper end of a range, > value; infinite where it is open: "10,000+".
  double upper = 0;
};

// Reads the whole of `cell`, white space and a currency sign at its ends aside. `decimal` is the sign before
// the fraction, '.' or ','; 0: not known. Where it is known, a number written with the other sign is none.
NumberReading ReadNumber(std::string_view cell, char decimal);

// The decimal sign that `cell` shows to be in use: '.' of "12.5", ',' of "1.250.000"; 0: it shows none.
char DecimalShownBy(std::string_view cell);

}  // namespace finalmile::text

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace finalmile {

// Small helpers for UTF-8 text. Only ASCII has case here; other characters stand as they are.

// `text` without ASCII white space at its ends; a view into it.
std::string_view Trim(std::string_view text);
// `text` in lower case.
std::string Lower(std::string_view text);
bool EqualsIgnoringCase(std::string_view a, std::string_view b);
// Characters (code points) of UTF-8 text.
size_t Characters(std::string_view text);
// `text` is 1 to `max` characters long, the first from a-z, the others from a-z, 0-9 and `also`.
bool IsName(std::string_view text, size_t max, std::string_view also);
// `text` is 1 to `max` characters long, all from a-z, 0-9 and `also`.
bool IsToken(std::string_view text, size_t max, std::string_view also);

// An id of [a-z0-9-] made from a title, at most `max` characters: "Pricing objections!" gives
// "pricing-objections". Empty where the title has no letter or digit of ASCII.
std::string IdFromTitle(std::string_view title, size_t max);
// For an id that the service makes of a title: shorter than one that a caller may choose.
inline constexpr size_t kMaxIdFromTitle = 80;
// A language tag by its form (BCP 47): "en", "pt-BR", "zh-Hant". Whether there is such a language is not
// looked up.
bool IsLanguageTag(std::string_view tag);

// `text` is a UUID in lower case, with hyphens.
bool IsUuid(std::string_view text);

// Whether `text` is well-formed UTF-8: no overlong form, surrogate or code point above U+10FFFF.
bool IsUtf8(std::string_view text);
// Bytes from anywhere as one line that is safe to print: well-formed UTF-8 in which control characters, the
// characters that change the direction of text, backslashes and bytes that are no UTF-8 are written as \xHH
// or \u{H…}. Longer than `max` bytes it is cut, between two characters, and ends in "…".
std::string Printable(std::string_view bytes, size_t max);

// FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/). No defence against an adversary.
uint64_t Fnv1a(std::string_view text);

// FNV-1a of `text`, mixed (SplitMix64's finaliser): the same on every platform, for keys and marks that
// are stored. `seed` gives independent functions. No defence against an adversary.
uint64_t StableHash(std::string_view text, uint64_t seed = 0);

}  // namespace finalmile

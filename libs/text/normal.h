#pragma once

#include <string>
#include <string_view>

namespace finalmile::text {

// One form for text that people and programs write in several. Bytes that are no UTF-8 stand as they are.
// White space and invisible characters are Unicode's (utf8proc): the no-break space and the byte order mark
// among them. Pure functions.

// `text` without white space and invisible characters at its ends; a view into it.
std::string_view TrimSpace(std::string_view text);

// `text` as it is kept: composed (NFC), each run of white space as one space, none at the ends, without the
// invisible characters that no script needs (zero width space, byte order mark, soft hyphen).
std::string Tidy(std::string_view text);

// `text` with compatibility forms resolved (NFKC), in lower case, without white space at its ends and without
// any invisible character: for addresses, in which "ß" stays what it is.
std::string LowerPlain(std::string_view text);

// `text` for comparing: as Tidy, and without regard to case, accents, width and apostrophes.
// "Ｇeschäfts　FÜHRER " gives "geschafts fuhrer".
std::string Comparable(std::string_view text);

// NFKC of `text`: "ＣＥＯ" gives "CEO".
std::string ResolveForms(std::string_view text);

// Whether `text` says nothing: white space, invisible characters, dashes, dots, slashes, question marks and
// underscores alone ("-", "…", "?").
bool SaysNothing(std::string_view text);

}  // namespace finalmile::text

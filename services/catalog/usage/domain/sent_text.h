#pragma once

#include <string>
#include <string_view>

namespace finalmile::catalog::usage::domain {

// What the sender wrote of a message.
struct SentText {
  // Without what is quoted: lines of `> …` (RFC 3676 §4.5), and everything below the line that says whose
  // message follows ("On … wrote:", "Am … schrieb …:", "-----Original Message-----", or From: with Sent: near
  // it), in the commoner languages of Europe. Also without what stands below "-- " (RFC 3676 §4.3) or "Sent
  // from my …".
  std::string written;
  // `written` up to its closing line ("Best regards,"), where it has one: without the name, the numbers and
  // the disclaimer below it. What a sender puts below every message does not make messages alike.
  std::string body;
};

// Reads a message line by line. Where nothing that has a word would be left, the part is all of `text`.
// Linear in the length; a pure function.
SentText ReadSent(std::string_view text);

}  // namespace finalmile::catalog::usage::domain

#pragma once

#include <string_view>

// What runs inside Redis, each at one instant. Versions and expiries are of fixed width, so that their order
// as text is their order as numbers and no 64-bit integer passes through Lua's doubles.
//
//   PREFIX:v:KEY  the entry: version (19 digits), expiry in ms (14 digits), '+' or '-' (there is no such
//                 thing), the bytes
//   PREFIX:t:KEY  the tombstone: a version (19 digits). Feeds hear of these keys alone, so that filling an
//                 entry drops nothing from any near cache.
namespace finalmile::cache::redis {

inline constexpr size_t kVersionDigits = 19;
inline constexpr size_t kExpiryDigits = 14;
inline constexpr size_t kHeader = kVersionDigits + kExpiryDigits + 1;

// KEYS: entry, tombstone. ARGV: version, expiry, the entry. 1: it stands. 0: refused.
inline constexpr std::string_view kFill = R"lua(
local time = redis.call('TIME')
if tonumber(ARGV[2]) <= time[1] * 1000 + math.floor(time[2] / 1000) then return 0 end
local least = redis.call('GET', KEYS[2])
if least and ARGV[1] < least then return 0 end
local stored = redis.call('GETRANGE', KEYS[1], 0, 32)
if stored ~= '' then
  local version = string.sub(stored, 1, 19)
  if ARGV[1] < version then return 0 end
  if ARGV[1] == version and ARGV[2] <= string.sub(stored, 20) then return 1 end
end
redis.call('SET', KEYS[1], ARGV[3], 'PXAT', tonumber(ARGV[2]))
return 1
)lua";

// KEYS: entry and tombstone of each. ARGV: life in ms, the version of each. An entry that the tombstone hides
// goes, so that it does not come back when Redis evicts the tombstone.
inline constexpr std::string_view kBury = R"lua(
for i = 2, #ARGV do
  local entry, tombstone = KEYS[2 * i - 3], KEYS[2 * i - 2]
  local least = redis.call('GET', tombstone)
  if not least or least <= ARGV[i] then
    redis.call('SET', tombstone, ARGV[i], 'PX', ARGV[1])
    local stored = redis.call('GETRANGE', entry, 0, 18)
    if stored ~= '' and stored < ARGV[i] then redis.call('UNLINK', entry) end
  end
end
return 0
)lua";

}  // namespace finalmile::cache::redis

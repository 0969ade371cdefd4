#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Addresses of stores, event logs and caches: `scheme://place?name=value&name=value`. They stand in process
// lists, configuration files and logs, so none may hold a secret: secrets come from files that an address
// names. Pure functions but for CheckSecretFile and ReadSecretFile.
namespace finalmile {

// A parameter of an address, percent-decoded.
struct AddressParameter {
  std::string name;
  std::string value;
};

// `text` with the byte in place of each %XX; nullopt for a % without two hexadecimal digits behind it.
std::optional<std::string> PercentDecoded(std::string_view text);

// What stands behind '?'; nothing in an address of a file (`sqlite:PATH`, `local:PATH`). INVALID_ARGUMENT for
// a parameter without '=' and for a bad %-escape; it names no value.
absl::StatusOr<std::vector<AddressParameter>> ParametersOf(std::string_view address);

// INVALID_ARGUMENT names what holds a secret: the user info (`user:password@`), or a parameter whose value is
// one (`password`, `sasl.password`, `ssl.key.pem`), in any case of letters. Parameters that name a file are
// fine: `*.file`, `*.location`, `passfile`, `sslkey`, `sslcert`, `sslrootcert`, `sslcrl`.
absl::Status CheckNoSecret(std::string_view address);

// The address as it may be shown: without user info and parameters.
std::string ShownAddress(std::string_view address);

// The address without the parameters of this name.
std::string WithoutParameter(std::string_view address, std::string_view name);

// Whether the file `path`, which the parameter `name` gives, can be read now. FAILED_PRECONDITION names both.
absl::Status CheckSecretFile(std::string_view name, const std::string& path);

// What that file holds, without a line break at its end; at most 64 KiB. FAILED_PRECONDITION as
// CheckSecretFile, and for a file that is empty or larger.
absl::StatusOr<std::string> ReadSecretFile(std::string_view name, const std::string& path);

}  // namespace finalmile

#pragma once

#include <exception>
#include <string_view>

#include "libs/base/log.h"

namespace finalmile::app {

// Runs `function`; logs what it throws (nothing of ours does, a library may) under `message`. False: it
// threw.
template <typename Function>
bool RunCatching(Log& log, std::string_view message, Function&& function) {
  try {
    function();
    return true;
  } catch (const std::exception& e) {
    log.Error(message, {{"error", e.what()}});
  } catch (...) {
    log.Error(message, {{"error", "not a std::exception"}});
  }
  return false;
}

}  // namespace finalmile::app

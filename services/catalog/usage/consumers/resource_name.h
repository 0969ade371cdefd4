#pragma once

#include "libs/rpc/resource_name.h"

// How the keys of records that come from other services are written: they may hold anything.
namespace finalmile::catalog::usage::consumers {

inline const finalmile::v1::ResourceName& NamesOfLeads() {
  static const auto* const form = [] {
    auto* names = new finalmile::v1::ResourceName;
    names->set_pattern("leads/{lead}");
    names->set_id(finalmile::v1::ResourceName::ID_UUID);
    return names;
  }();
  return *form;
}

inline const finalmile::v1::ResourceName& NamesOfAppointments() {
  static const auto* const form = [] {
    auto* names = new finalmile::v1::ResourceName;
    names->set_pattern("appointments/{chain}");
    return names;
  }();
  return *form;
}

}  // namespace finalmile::catalog::usage::consumers

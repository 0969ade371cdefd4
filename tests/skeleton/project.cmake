# The CMakeLists.txt of a copy of the tree in which deploy/service/new has been run: builds what is new or changed in
# it, on the libraries of the build LIBRARIES.
cmake_minimum_required(VERSION 3.25)
project(skeleton LANGUAGES CXX)

include(${LIBRARIES}/libraries.cmake)
include(deploy/build.cmake)

add_subdirectory(proto)
add_subdirectory(services/billing)
add_subdirectory(services/support)

# The command line with what the generator has entered; the rest of it is in the build's libraries.
finalmile_library(skeleton_verbs
  SOURCES services/finalmile/verbs.cc services/finalmile/commands/billing.cc services/finalmile/commands/support.cc
  PUBLIC billing_proto cli support_proto)
finalmile_program(finalmile
  SOURCES services/finalmile/main.cc services/finalmile/local_suite.cc services/finalmile/events/decode.cc
  DEPS skeleton_verbs billing cli_suite support)
finalmile_test(verbs_test
  SOURCES services/finalmile/billing_verbs_test.cc services/finalmile/support_verbs_test.cc DEPS skeleton_verbs)

# The simulation, in which the other worlds come from the build.
finalmile_program(simulation_test
  SOURCES tests/simulation/main.cc tests/simulation/billing_world.cc tests/simulation/support_world.cc
  DEPS billing simulation support)

finalmile_test(skeleton_smoke SOURCES tests/skeleton/smoke.cc DEPS billing_proto rpc_client storage events testing_process)
target_compile_definitions(skeleton_smoke PRIVATE COMMAND_LINE="$<TARGET_FILE:finalmile>")
finalmile_starts(skeleton_smoke billing)

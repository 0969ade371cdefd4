#!/usr/bin/env python3
"""Feeds check.py one bad sample a rule and sees it fail; and good samples, and sees it pass."""
import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import check


def run(files):
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w") as out:
                out.write(text)
        return check.Check(root).run()


def include(header):
    return f'#include "{header}"\n'


class CheckTest(unittest.TestCase):
    def refused(self, rule, path, text, line=1):
        failures = run({path: text})
        self.assertEqual(len(failures), 1, failures)
        self.assertTrue(failures[0].startswith(f"{path}:{line}: [{rule}] "), failures[0])

    def accepted(self, path, text):
        self.assertEqual(run({path: text}), [])

    def test_domain_is_pure(self):
        domain = "services/leads/domain/score.cc"
        for good in ("libs/base/clock.h", "absl/time/time.h", "fmt/format.h", "services/leads/domain/policy.h", "vector"):
            self.accepted(domain, include(good))
        for bad in ("finalmile/leads/v1/lead.pb.h", "google/protobuf/message.h", "grpcpp/server.h", "libs/storage/database.h",
                    "services/leads/store/lead_store.h", "nlohmann/json.hpp", "fstream", "chrono", "unistd.h"):
            failures = run({domain: include(bad)})
            self.assertTrue(failures and all("services/leads/domain/score.cc:1:" in line for line in failures), bad)
        self.accepted("services/leads/domain/score_test.cc", include("gtest/gtest.h") + include("rapidcheck/gtest.h"))

    def test_tests_name_zones_whose_rules_stay(self):
        self.accepted("services/leads/domain/x_test.cc", 'Zone("Europe/Berlin");\n')
        self.accepted("services/leads/domain/x.cc", 'Zone("America/Vancouver");\n')
        self.refused("zone", "services/leads/domain/x_test.cc", '\nZone("America/Vancouver");\n', 2)

    def test_store_knows_neither_grpc_nor_kafka_nor_an_engine(self):
        store = "services/leads/store/lead_store.cc"
        self.accepted(store, include("libs/storage/database.h") + include("services/leads/domain/lead.h"))
        for bad in ("libs/rpc/server.h", "libs/events/event_log.h", "finalmile/leads/v1/lead.pb.h", "services/leads/handlers/get.h"):
            self.refused("direction", store, include(bad))
        failures = run({store: include("libs/storage/postgres/connection.h")})
        self.assertTrue(any("concrete engine" in line for line in failures), failures)

    def test_handlers_know_interfaces_only(self):
        for part in ("handlers", "consumers", "timers"):
            path = f"services/leads/{part}/x.cc"
            self.accepted(path, include("finalmile/leads/v1/lead.pb.h") + include("libs/rpc/context.h") + include("services/leads/store/lead_store.h"))
            self.accepted(path, include("libs/cache/near_cache.h"))
            self.refused("direction", path, include("libs/events/kafka/kafka_log.h"))
            self.refused("direction", path, include("libs/cache/redis/redis_cache.h"))
            self.refused("direction", path, include("services/leads/wiring.h"))
            self.refused("direction", path, include("libs/app/run.h"))
            self.assertEqual(len(run({path: include("grpcpp/server_context.h")})), 2)

    def test_ways_in_do_not_lean_on_each_other(self):
        self.accepted("services/leads/timers/x.cc", include("services/leads/timers/x.h") + include("services/leads/scoring/x.h"))
        for part, other in (("handlers", "consumers"), ("consumers", "timers"), ("timers", "handlers"), ("scoring", "handlers")):
            self.refused("direction", f"services/leads/{part}/x.cc", include(f"services/leads/{other}/x.h"))

    def test_a_room_has_parts_of_its_own(self):
        own = "services/leads/"
        for good in ("use/domain/x.cc use/domain/x.h", "use/domain/x.cc domain/x.h", "use/store/x.cc use/domain/x.h",
                     "use/store/x.cc store/x.h", "use/timers/x.cc use/timers/x.h", "use/timers/x.cc use/store/x.h",
                     "use/timers/x.cc use/x.h", "use/x.cc use/store/x.h", "use/x.cc store/x.h", "use/x.cc scoring/x.h",
                     "handlers/x.cc use/x.h", "handlers/x.cc use/domain/x.h", "wiring.cc use/timers/x.h"):
            path, header = good.split()
            self.accepted(own + path, include(own + header))
        for bad in ("domain/x.cc use/domain/x.h", "use/domain/x.cc use/store/x.h", "use/domain/x.cc use/x.h",
                    "store/x.cc use/domain/x.h", "store/x.cc use/store/x.h", "use/store/x.cc use/x.h",
                    "use/handlers/x.cc handlers/x.h", "use/handlers/x.cc use/timers/x.h", "handlers/x.cc use/handlers/x.h",
                    "use/x.cc use/handlers/x.h", "scoring/x.cc use/store/x.h", "handlers/x.cc use/store/x.h"):
            path, header = bad.split()
            self.refused("direction", own + path, include(own + header))
        self.assertEqual(len(run({own + "use/domain/x.cc": include("fstream")})), 1)

    def test_no_service_includes_another(self):
        self.refused("direction", "services/leads/wiring.cc", include("services/catalog/domain/asset.h"))
        self.refused("direction", "services/finalmile/dev.cc", include("services/leads/store/lead_store.h"))
        self.accepted("services/finalmile/dev.cc", include("services/leads/wiring.h") + include("libs/app/run.h"))
        self.accepted("services/finalmile/commands/analyze.cc", include("services/coaching/domain/transcripts/transcript_file.h"))
        self.refused("direction", "services/finalmile/commands/analyze.cc", include("services/coaching/domain/transcripts/json.h"))

    def test_wiring_names_engines(self):
        self.accepted("services/leads/wiring.cc", include("libs/storage/postgres/postgres.h") + include("libs/events/kafka/kafka_log.h"))

    def test_engine_headers_stay_in_their_adapters(self):
        for header, home in (("librdkafka/rdkafka.h", "libs/events/kafka/"), ("libpq-fe.h", "libs/storage/postgres/"),
                             ("sqlite3.h", "libs/storage/sqlite/"), ("hiredis/hiredis.h", "libs/cache/redis/"),
                             ("grpcpp/server.h", "libs/rpc/")):
            self.accepted(home + "adapter.cc", include(header))
            self.refused("engine", home + "adapter.h", include(header))
            self.refused("engine", "libs/outbox/relay.cc", include(header))
            self.accepted("tests/bench/reference.cc", include(header))

    def test_libs_stand_below_services_and_without_cycles(self):
        self.refused("direction", "libs/rpc/server.cc", include("services/leads/config.h"))
        self.refused("direction", "libs/rpc/server.cc", include("libs/testing/fake_clock.h"))
        self.accepted("libs/rpc/server_test.cc", include("libs/testing/fake_clock.h"))
        ring = run({"libs/a/x.h": include("libs/b/x.h"), "libs/b/x.h": include("libs/c/x.h"), "libs/c/x.h": include("libs/a/x.h")})
        self.assertEqual(len([line for line in ring if "[cycle]" in line]), 3, ring)

    def test_libs_form_layers(self):
        for good in ("libs/rpc/paging.h libs/storage/value.h", "libs/events/local/reader.cc libs/storage/database.h",
                     "libs/telemetry/call_metrics.h libs/rpc/observer.h", "libs/outbox/mutation.h libs/rpc/context.h",
                     "libs/app/suite.cc libs/outbox/relay.h"):
            path, header = good.split()
            self.accepted(path, include(header))
        for bad in ("libs/cache/near_cache.cc libs/events/event_log.h", "libs/rpc/server.cc libs/cache/near_cache.h",
                    "libs/rpc/paging.h libs/storage/database.h", "libs/events/event_log.cc libs/storage/database.h",
                    "libs/base/clock.cc libs/config/config.h", "libs/outbox/relay.cc libs/rpc/server.h",
                    "libs/outbox/relay.cc libs/events/kafka/producer.h", "libs/novel/x.cc libs/base/clock.h"):
            path, header = bad.split()
            self.refused("direction", path, include(header))

    def test_words(self):
        cc = "libs/outbox/relay.cc"
        self.refused("sleep", cc, "\nvoid f() { std::this_thread::sleep_for(x); }\n", line=2)
        self.refused("sleep", "libs/outbox/relay_test.cc", "void f() { absl::SleepFor(x); }\n")
        self.refused("absl-mutex", cc, "absl::Mutex lock;\n")
        for clock in ("std::chrono::steady_clock", "std::chrono::system_clock", "absl::Now"):
            self.refused("clock", cc, f"auto t = {clock};\n")
            self.accepted("libs/base/clock.cc", f"auto t = {clock};\n")
        self.refused("thread", cc, "std::thread worker;\n")
        self.accepted("libs/app/threads.cc", "std::thread worker;\n")

    def test_comments_and_strings_are_not_code(self):
        self.accepted("libs/outbox/relay.cc", "// never sleep_for\n/* absl::Mutex\n steady_clock */\nauto s = \"std::thread\";\n")
        self.refused("sleep", "libs/outbox/relay.cc", "/* one\n two */ auto s = \"//\"; usleep(1);\n", line=2)

    def test_globs(self):
        self.refused("glob", "libs/CMakeLists.txt", "project(x)\nfile(GLOB sources *.cc)\n", line=2)
        self.refused("glob", "CMakeLists.txt", "FILE( GLOB_RECURSE sources *.cc)\n")
        self.accepted("libs/CMakeLists.txt", "# never file(GLOB\n")

    def test_length(self):
        self.accepted("libs/rpc/a.cc", "\n" * 400)
        self.refused("length", "libs/rpc/a.cc", "\n" * 401, line=401)

    def test_exceptions_need_a_reason_and_a_need(self):
        long = {"libs/rpc/a.cc": "\n" * 401}
        self.assertEqual(run({**long, check.EXCEPTIONS: "length libs/rpc/a.cc one table\n"}), [])
        stale = run({check.EXCEPTIONS: "length libs/rpc/a.cc one table\n"})
        self.assertEqual(len(stale), 1)
        self.assertIn("[stale]", stale[0])
        with self.assertRaises(SystemExit):
            run({**long, check.EXCEPTIONS: "length libs/rpc/a.cc\n"})


if __name__ == "__main__":
    unittest.main(verbosity=0)

#!/usr/bin/env python3
"""Fails on an #include in a wrong direction and on the other things the architecture forbids.

  tests/architecture/check.py [ROOT]

The rules are the tables below. exceptions.txt lists each exception with its reason; an exception that nothing needs any
more is a failure too.
"""
import collections
import os
import re
import sys

EXCEPTIONS = "tests/architecture/exceptions.txt"
FOLDERS = ("libs", "services", "tests")
LINES = 400

# Engine header -> the folders whose .cc files may include it. Programs under tests/ may too: benchmarks
# compare us with the bare engine.
ENGINES = {
    r"(librdkafka/)?rdkafka(_mock)?\.h": ("libs/events/kafka/",),
    r"(hiredis/)?hiredis\.h": ("libs/cache/redis/",),
    r"(postgresql/)?libpq-fe\.h": ("libs/storage/postgres/",),
    r"sqlite3\.h": ("libs/storage/sqlite/",),
    r"grpc(pp)?/.*": ("libs/rpc/",),
}

# Folders of libs/ that hold a concrete engine: only wiring names them.
ADAPTERS = r"libs/\w+/(postgres|sqlite|kafka|local|redis)/"

STANDARD = r"[a-z_]+"  # <string>, <cstdint>
INPUT_OUTPUT = r"(fstream|iostream|filesystem|cstdio|thread|future|chrono|ctime)"
PROTOBUF = r"(finalmile|google)/.*"
PLAIN = r"(libs/base|libs/text|absl|fmt|boost/math)/.*"
TESTING = r"(gtest|gmock|libical|rapidcheck|yaml-cpp|nlohmann|libs/testing)(/.*|\.h)|" + STANDARD

# The layers of libs/, as ARCHITECTURE.md's table of the tree has them: library -> the headers of other libraries that
# it may include. Adapters have a line of their own: the longest folder that holds the file decides.
LIBRARIES = {
    "base": r"$^",
    "config": r"base/.*",
    "text": r"base/.*",
    "storage": r"base/.*",
    "rpc": r"base/.*|storage/(value|condition)\.h",
    "cache": r"base/.*",
    "telemetry": r"base/.*|(rpc|cache)/observer\.h",
    "events": r"base/.*",
    "events/local": r"base/.*|storage/[^/]*",
    "outbox": r"(base|storage|events)/[^/]*|rpc/(context|deterministic|edge|errors|timestamps)\.h",
    "app": r"(?!testing/)[^/]*/[^/]*",
    "testing": r".*",
}

# Part of a service -> what it may include beside the standard library, Abseil, fmt, libs/base and libs/text.
# The first pattern that matches the file's path inside its service decides. A room of a service, as usage/ of the
# catalog is, may have a domain, a store and ways in of its own. {own} is services/NAME, {home} the same or the room that
# holds the part, {part} the folder of the part in it. The ways in (handlers, consumers, timers) do not lean on each
# other: what they share is application logic, which in turn knows no way in. The store of a room is for that room alone.
WAYS_IN = r"(handlers|consumers|timers)"
PART = r"domain|store|" + WAYS_IN
ROOM = r"(\w+/)?"
SHARED = r"{own}/(?!wiring|main|config|" + ROOM + WAYS_IN + r"/|\w+/store/).*|{home}/store/.*"
PARTS = [
    ("wiring", r"wiring\.(h|cc)", r".*"),
    ("config", r"config(_test)?\.(h|cc)", r"libs/(config|telemetry|storage|events|cache|rpc|app)/[^/]*|{own}/config\.h"),
    ("domain/", ROOM + r"domain/.*", r"({own}|{home})/domain/.*"),
    ("store/", ROOM + r"store/.*", r"({own}|{home})/(domain|store)/.*|libs/storage/[^/]*|nlohmann/.*"),
    ("a way in", ROOM + WAYS_IN + r"/.*", SHARED + r"|{part}/.*|" + PROTOBUF + r"|libs/(?!app/|testing/).*"),
    ("application logic", r".*/.*", SHARED + r"|" + PROTOBUF + r"|libs/(?!app/|testing/).*"),
    ("the top of a service", r"[^/]*", r"{own}/.*|" + PROTOBUF + r"|libs/.*"),
]
NO_INPUT_OUTPUT = ("domain/",)  # parts that may not even use the standard library for it

# The command line runs every service in one process, so it may also wire them. It reads transcripts, too: coaching is
# given turns alone, and its reader is a pure function.
COMMAND_LINE = "services/finalmile/"
COMMAND_LINE_MAY = r".*"
WIRES = r"services/\w+/(wiring|config)\.h|services/coaching/domain/(turn|transcripts/transcript_file)\.h"

# (what it is called, pattern in code without comments and strings, where it is allowed, what to do instead)
WORDS = [
    ("sleep", r"\b(sleep_for|sleep_until|SleepFor|usleep|nanosleep)\b", r"^$", "wait on an Event or through Clock"),
    ("absl-mutex", r"\babsl::(Mutex|MutexLock|CondVar)\b", r"^$", "use std::mutex: Debian's Abseil is blind to TSan"),
    ("clock", r"\b(system_clock|steady_clock|high_resolution_clock|clock_gettime|gettimeofday|absl::Now)\b",
     r"^libs/base/", "read time through Clock"),
    ("thread", r"\bstd::(thread|jthread|async)\b",
     r"^libs/(app|base|rpc|telemetry)/|^" + ADAPTERS, "only libs/app starts threads"),
    ("yaml", r"\bYAML::Load\w*", r"^libs/config/yaml\.cc$|^services/leads/domain/policies_test\.cc$",
     "load with config::LoadYaml, which follows no aliases"),
]


# Zones that tests may name: the machines that run them have databases of different years, and the rules of these have
# been the same for long. "Europe/Berlim" is the slip that tests expect to be refused. Other rules are compiled by zic,
# as ZoneRulesTest does.
ZONE = r'"((?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)/[\w/+-]+)"'
STEADY_ZONES = {
    "America/Argentina/Buenos_Aires", "America/Los_Angeles", "America/New_York", "America/Sao_Paulo", "Asia/Kathmandu",
    "Asia/Kolkata", "Asia/Tokyo", "Australia/Lord_Howe", "Australia/Sydney", "Europe/Berlim", "Europe/Berlin",
    "Europe/London", "Europe/Madrid", "Pacific/Auckland",
}


def without_comments_and_strings(text):
    pattern = r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\''
    return re.sub(pattern, lambda found: "\n" * found.group().count("\n"), text, flags=re.S)


def includes(text):
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
        if found:
            yield number, found.group(1)


def is_test(path):
    return path.startswith(("tests/", "libs/testing/")) or bool(re.search(r"(_test\.cc|_contract\.(h|cc)|/test_\w+\.(h|cc)|/\w+_(fake|fixture)\.(h|cc))$", path))


class Check:
    def __init__(self, root):
        self.root = root
        self.exceptions = self.read_exceptions()
        self.used = set()
        self.failures = []
        self.graph = collections.defaultdict(dict)  # libs folder -> folder -> the include that joins them

    def read_exceptions(self):
        path = os.path.join(self.root, EXCEPTIONS)
        entries = {}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                lines = file.read().splitlines()
            for number, line in enumerate(lines, 1):
                words = line.split("#")[0].split(None, 2)
                if words and len(words) < 3:
                    sys.exit(f"{EXCEPTIONS}:{number}: write: rule path reason")
                if words:
                    entries[(words[0], words[1])] = number
        return entries

    def fail(self, rule, path, line, message):
        if (rule, path) in self.exceptions:
            self.used.add((rule, path))
        else:
            self.failures.append(f"{path}:{line}: [{rule}] {message}")

    def run(self):
        for folder in FOLDERS:
            for place, folders, files in os.walk(os.path.join(self.root, folder)):
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                for name in sorted(files):
                    path = os.path.relpath(os.path.join(place, name), self.root)
                    if name.endswith((".cc", ".h")):
                        self.source(path)
                    elif name == "CMakeLists.txt" or name.endswith(".cmake"):
                        self.build_file(path)
        for path in ("CMakeLists.txt", "deploy/build.cmake"):
            if os.path.exists(os.path.join(self.root, path)):
                self.build_file(path)
        self.cycles()
        for rule, path in sorted(set(self.exceptions) - self.used):
            self.failures.append(f"{EXCEPTIONS}:{self.exceptions[(rule, path)]}: [stale] nothing needs the exception {rule} {path}")
        return self.failures

    def source(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8") as file:
            text = file.read()
        count = text.count("\n")
        if count > LINES:
            self.fail("length", path, count, f"{count} lines; split it, or give the reason in {EXCEPTIONS}")
        for number, header in includes(text):
            self.engine(path, number, header)
            if path.startswith("services/"):
                self.service(path, number, header)
            elif path.startswith("libs/"):
                self.library(path, number, header)
        if is_test(path):
            for found in re.finditer(ZONE, text):
                if found.group(1) not in STEADY_ZONES:
                    self.fail("zone", path, text.count("\n", 0, found.start()) + 1,
                              f"the rules of {found.group(1)} may differ between machines; name another, or compile rules by zic")
        code = without_comments_and_strings(text)
        for rule, pattern, allowed, instead in WORDS:
            if not re.search(allowed, path) and not (rule == "thread" and is_test(path)):
                for found in re.finditer(pattern, code):
                    self.fail(rule, path, code.count("\n", 0, found.start()) + 1, f"{found.group()}: {instead}")

    def build_file(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if re.search(r"\bfile\s*\(\s*GLOB", line.split("#")[0], re.I):
                    self.fail("glob", path, number, "sources are listed, never globbed")

    def engine(self, path, number, header):
        for pattern, homes in ENGINES.items():
            if re.fullmatch(pattern, header):
                at_home = path.startswith(homes + ("tests/",)) and path.endswith(".cc")
                if not at_home:
                    self.fail("engine", path, number, f"{header} belongs in .cc files of {' or '.join(homes)}")

    def service(self, path, number, header):
        own, inside = re.match(r"(services/\w+)/(.*)", path).groups()
        part, may = next((part, may) for part, pattern, may in PARTS if re.fullmatch(pattern, inside))
        if header.startswith("services/") and not header.startswith(own + "/"):
            if not (path.startswith(COMMAND_LINE) and re.fullmatch(WIRES, header)):
                self.fail("direction", path, number, f"{header} is another service's code")
            return
        if path.startswith(COMMAND_LINE):
            may = COMMAND_LINE_MAY
        folders = inside.split("/")[:-1]
        at = next((i for i, folder in enumerate(folders) if re.fullmatch(PART, folder)), len(folders))
        home, part_of = ("/".join([own] + folders[:end]) for end in (at, at + 1))
        allowed = [STANDARD, PLAIN, may.replace("{own}", own).replace("{home}", home).replace("{part}", part_of)]
        if is_test(path):
            allowed.append(TESTING)
        if part in NO_INPUT_OUTPUT and re.fullmatch(INPUT_OUTPUT, header) and not is_test(path):
            self.fail("direction", path, number, f"{part} does no input or output, reads no clock, starts no thread: <{header}>")
        elif not any(re.fullmatch(pattern, header) for pattern in allowed):
            # System and third-party headers are the engines' matter, except where a part must stay pure.
            third_party = not header.startswith(("libs/", "services/", "tests/")) and part not in ("domain/", "store/")
            if not third_party or re.fullmatch(r"grpc(pp)?/.*", header):
                self.fail("direction", path, number, f"{part} may not include {header}")
        if part not in ("wiring",) and not path.startswith(COMMAND_LINE) and not is_test(path) and re.match(ADAPTERS, header):
            self.fail("direction", path, number, f"{header} is a concrete engine; only wiring names it")

    def library(self, path, number, header):
        folder = path.split("/")[1]
        if header.startswith(("services/", "tests/")):
            self.fail("direction", path, number, f"libs/ may not include {header}")
        found = re.match(r"libs/(\w+)/", header)
        if not found or is_test(path):
            return
        other = found.group(1)
        if other == "testing":
            self.fail("direction", path, number, f"only tests may include {header}")
        elif other != folder:
            layers = [layer for layer in LIBRARIES if path.startswith(f"libs/{layer}/")]
            if not layers:
                self.fail("direction", path, number, f"libs/{folder} has no line in LIBRARIES of tests/architecture/check.py")
            elif not re.fullmatch(LIBRARIES[max(layers, key=len)], header.removeprefix("libs/")):
                self.fail("direction", path, number, f"libs/{max(layers, key=len)} may not include {header}")
            self.graph[folder].setdefault(other, (path, number, header))

    def cycles(self):
        """Folders of libs/ form layers: no two reach each other."""
        def reaches(start, goal, seen):
            return any(nxt == goal or (nxt not in seen and reaches(nxt, goal, seen | {nxt})) for nxt in self.graph.get(start, {}))
        for folder in sorted(self.graph):
            for other, (path, number, header) in sorted(self.graph[folder].items()):
                if reaches(other, folder, {other}):
                    self.fail("cycle", path, number, f"{header}, but libs/{other} includes libs/{folder} in turn")


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..")
    failures = Check(os.path.realpath(root)).run()
    for line in failures:
        print(line)
    if failures:
        sys.exit(f"{len(failures)} against the architecture; the rules are in tests/architecture/check.py")


if __name__ == "__main__":
    main()

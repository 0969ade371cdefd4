#!/usr/bin/env python3
"""Whether the alerts and dashboards of deploy/monitoring speak of what a process really says of itself.

monitoring_test.py FOLDER FINALMILE: runs the suite (`FINALMILE dev`) and scrapes it. Every metric of an alert and of a
dashboard has to be there. With promtool the rules and their tests are checked, and the scrape itself; with prometheus
every query of a dashboard has to give a result.
"""
import json
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse
import urllib.request

FOLDER = pathlib.Path(sys.argv[1])
PROGRAM = sys.argv[2]
PATIENCE = 60
SKIPPED = 77

# Words of PromQL, where they might be taken for metrics.
WORDS = {"by", "on", "and", "for", "sum", "min", "max", "rate", "count", "deriv", "offset", "increase", "unless",
         "or", "ignoring", "group_left", "histogram_quantile", "min_over_time", "le"}


def await_true(condition, what):
    """Returns what `condition` gives as soon as it is true."""
    give_up = time.monotonic() + PATIENCE
    never = threading.Event()
    while time.monotonic() < give_up:
        if found := condition():
            return found
        never.wait(0.2)
    raise AssertionError(f"{what} did not come to pass")


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read().decode()
    except OSError:
        return ""


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def metrics_of(expression):
    """The names of metrics in a query."""
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]|\b(by|on|ignoring)\s*\([^)]*\)", " ", bare)
    return {name for name in re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*", bare)
            if name not in WORDS and not re.fullmatch(r"[0-9]+[smhd]", name)}


def dashboard_queries():
    for path in sorted((FOLDER / "dashboards").glob("*.json")):
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
            for target in panel["targets"]:
                yield f"{path.name}: {panel['title']}", target["expr"]


def alerts():
    """Each name with its expression, folded lines included."""
    text = (FOLDER / "alerts.yaml").read_text(encoding="utf-8")
    for block in re.split(r"\n {6}- ", text)[1:]:
        name = re.match(r"(alert|record): (\S+)", block)
        expression = re.search(r"expr: (>-\n((?: {10,}.*\n?)+)|(.*))", block)
        yield name.group(1), name.group(2), (expression.group(2) or expression.group(3))


class MonitoringTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.suite = subprocess.Popen(
            [PROGRAM, "dev", "--data", cls.folder.name + "/data", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"],
            stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(cls.end, cls.suite)
        for line in cls.suite.stdout:
            if match := re.search(r"http://(\S+)/metrics", line):
                cls.admin = match.group(1)
                break
        # The watches look first of all, and then the scrape has every gauge.
        cls.scrape = await_true(
            lambda: (text := get(f"http://{cls.admin}/metrics")) and 'finalmile_schema_version{component="outbox"}' in text and text,
            "the first look at the stores")

    @staticmethod
    def end(process):
        process.send_signal(signal.SIGTERM)
        if process.stdout:
            process.stdout.close()
        process.wait(PATIENCE)

    def run_tool(self, *arguments, **options):
        done = subprocess.run(arguments, capture_output=True, text=True, check=False, **options)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def known(self):
        names = set(re.findall(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)[{ ]", self.scrape, re.M))
        return names | {name for kind, name, _ in alerts() if kind == "record"} | {"up"}

    def test_the_scrape_is_whole(self):
        for name in ("finalmile_store_up", "finalmile_events_up", "finalmile_build_info", "process_threads"):
            self.assertIn(name, self.known())

    def test_alerts_name_metrics_that_are_there(self):
        self.assertGreater(len(list(alerts())), 20)
        for _, name, expression in alerts():
            self.assertTrue(metrics_of(expression), name)
            self.assertEqual(metrics_of(expression) - self.known(), set(), f"{name}: {expression}")

    def test_dashboards_name_metrics_that_are_there(self):
        self.assertEqual(len(list((FOLDER / "dashboards").glob("*.json"))), 4)
        for where, expression in dashboard_queries():
            self.assertTrue(metrics_of(expression), where)
            self.assertEqual(metrics_of(expression) - self.known(), set(), f"{where}: {expression}")

    def test_dashboards_are_written_by_their_program(self):
        with tempfile.TemporaryDirectory() as folder:
            self.run_tool(sys.executable, str(FOLDER / "dashboards.py"), folder)
            for path in (FOLDER / "dashboards").glob("*.json"):
                self.assertEqual(path.read_text(encoding="utf-8"),
                                 (pathlib.Path(folder) / path.name).read_text(encoding="utf-8"),
                                 f"run deploy/monitoring/dashboards.py: {path.name}")

    def test_the_runbook_has_a_line_for_each_alert(self):
        lines = re.findall(r"^\| (FinalMile\w+) \|", (FOLDER / "runbook.md").read_text(encoding="utf-8"), re.M)
        self.assertEqual(sorted(lines), sorted(name for kind, name, _ in alerts() if kind == "alert"))

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not installed")
    def test_rules_hold_what_their_tests_promise(self):
        self.run_tool("promtool", "check", "rules", "alerts.yaml", cwd=FOLDER)
        self.run_tool("promtool", "test", "rules", "alerts_test.yaml", cwd=FOLDER)

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not installed")
    def test_the_scrape_is_as_prometheus_wants_it(self):
        self.run_tool("promtool", "check", "metrics", input=self.scrape)

    @unittest.skipUnless(shutil.which("prometheus"), "prometheus is not installed")
    def test_every_query_of_a_dashboard_gives_a_result(self):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            config = pathlib.Path(folder) / "prometheus.yml"
            config.write_text("global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
                              f"rule_files: [{(FOLDER / 'alerts.yaml').resolve()}]\n"
                              "scrape_configs:\n- job_name: finalmile-suite\n"
                              f"  static_configs: [{{targets: ['{self.admin}']}}]\n")
            port = free_port()
            with open(folder + "/log", "w", encoding="utf-8") as log:
                server = subprocess.Popen(
                    ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/tsdb",
                     f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
            self.addCleanup(self.end, server)

            def ask(query):
                answer = get(f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": query}))
                return json.loads(answer)["data"]["result"] if answer else []

            await_true(lambda: ask("count_over_time(finalmile_build_info[1m]) >= 3"), "three scrapes")
            for where, expression in dashboard_queries():
                query = (expression.replace("$namespace", ".*").replace("$job", ".*")
                         .replace("$__rate_interval", "30s"))
                self.assertTrue(ask(query), f"{where} is empty: {query}")


if __name__ == "__main__":
    outcome = unittest.main(argv=sys.argv[:1], exit=False).result
    if not outcome.wasSuccessful():
        sys.exit(1)
    sys.exit(SKIPPED if outcome.skipped else 0)

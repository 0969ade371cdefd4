#!/usr/bin/python3
"""Runs lead_events.py against a real Kafka broker: lead_events_test.py [unittest options]

Exit code 77, "skipped", where the broker or a package is missing; with REQUIRE_KAFKA=1 that is a failure.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import uuid

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.realpath(os.path.join(HERE, "..", "..", ".."))
PROGRAM = os.path.join(HERE, "lead_events.py")
KAFKA = os.environ.get("KAFKA_KIT_HOME") or os.path.join(ROOT, ".cache", "kafka")
LIMIT_SECONDS = 60
SKIPPED = 77
TIME = 1_770_000_000  # 2026-02-02T02:40:00Z


def what_is_missing():
    try:
        import confluent_kafka  # noqa: F401
        import google.protobuf  # noqa: F401
    except ImportError as missing:
        return f"{missing}; install python3-confluent-kafka and python3-protobuf"
    for program in ("protoc", "java"):
        if not shutil.which(program):
            return f"there is no {program} on the PATH"
    if not os.path.isdir(os.path.join(KAFKA, "jars")):
        return "the Kafka broker is not here: run `make kafka` first"
    return None


def key_of(number):
    return f"leads/00000000-0000-7000-8000-{number:012d}"


class Broker:
    """A broker that ends with this process, however that ends."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="finalmile-clients-")
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", '"$1" run "$0" --quick; rm -rf "$0"', self.folder,
             os.path.join(ROOT, "deploy", "kafka", "broker")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.bootstrap = self.process.stdout.readline().strip()
        if not self.bootstrap:
            self.stop()
            raise RuntimeError("the broker did not start; what it said stands above")

    def stop(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


class Consumer:
    """lead_events.py, running, with what it prints."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([sys.executable, PROGRAM, "--bootstrap", BROKER.bootstrap, *arguments],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.alarm = threading.Timer(LIMIT_SECONDS, self.process.kill)
        self.alarm.start()

    def await_start(self):
        """Returns once it has fixed where it begins to read."""
        line = self.process.stderr.readline()
        if not line.startswith("Reading "):
            raise RuntimeError(f"it said: {line}{self.process.stderr.read()}")

    def finish(self):
        """Exit code, lines printed, lines on standard error."""
        output, errors = self.process.communicate()
        self.alarm.cancel()
        return self.process.returncode, output.splitlines(), errors.splitlines()


class LeadEventsTest(unittest.TestCase):
    def setUp(self):
        topic = NewTopic(lead_events.TOPIC, num_partitions=3, replication_factor=1)
        ADMIN.create_topics([topic])[lead_events.TOPIC].result(LIMIT_SECONDS)
        # With the partitioner of the suite, so that this producer and it would agree.
        self.producer = Producer({"bootstrap.servers": BROKER.bootstrap, "partitioner": "murmur2_random", "log_level": 0})

    def tearDown(self):
        ADMIN.delete_topics([lead_events.TOPIC])[lead_events.TOPIC].result(LIMIT_SECONDS)
        # A deleted topic is known for a moment more.
        give_up = time.monotonic() + LIMIT_SECONDS
        while lead_events.TOPIC in ADMIN.list_topics(timeout=LIMIT_SECONDS).topics and time.monotonic() < give_up:
            pass

    def send(self, key, seq, content, **fields):
        """Appends an event as the relay does (ToMessage in libs/outbox/outbox.cc)."""
        event = ENVELOPE(id=str(uuid.uuid4()), key=key, seq=seq)
        event.time.seconds = event.recorded_time.seconds = TIME + seq
        event.time.nanos = 250_000_000
        event.principal.name = "leads.activities"
        field = getattr(event, content)
        field.SetInParent()
        for name, value in fields.items():
            at, last = field, name.split("__")
            for part in last[:-1]:
                at = getattr(at, part)
            if isinstance(value, list):
                getattr(at, last[-1]).extend(value)
            else:
                setattr(at, last[-1], value)
        self.append(key, event.SerializeToString(), {
            "ce_specversion": "1.0",
            "ce_id": event.id,
            "ce_source": "/finalmile/leads",
            "ce_type": field.DESCRIPTOR.full_name,
            "ce_time": time.strftime("%Y-%m-%dT%H:%M:%S.25+00:00", time.gmtime(TIME + seq)),
            "ce_subject": key,
            "ce_sequence": str(seq),
            "content-type": "application/protobuf",
            "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        })
        return event

    def append(self, key, value, headers):
        failures = []
        self.producer.produce(lead_events.TOPIC, value, key, headers=list(headers.items()),
                              on_delivery=lambda error, record: error and failures.append(error))
        self.assertEqual(self.producer.flush(LIMIT_SECONDS), 0)
        self.assertEqual(failures, [])

    def sales_ready(self, key, seq, age_seconds=None):
        fields = {"lane": "engaged", "grade": "A2", "score__score": 123.456, "score__fit": 80.0}
        if age_seconds is not None:
            cause = time.time() - age_seconds
            fields["cause_time__seconds"] = int(cause)
            fields["cause_time__nanos"] = int(cause % 1 * 1e9)
        return self.send(key, seq, "lead_became_sales_ready", **fields)

    def consume(self, *arguments):
        code, lines, errors = Consumer(*arguments).finish()
        self.assertEqual(code, 0, errors)
        return lines, errors

    def of_key(self, lines, key):
        return [line for line in lines if f"  {key}  " in line]

    def test_prints_every_event_once_in_order_per_key(self):
        one, two = key_of(1), key_of(2)
        self.send(one, 1, "lead_created", owner="kim")
        self.send(one, 2, "lead_score_changed", before__score=12.0, after__score=27.04, cause="activity")
        # A relay that died between sending and deleting sends again; one that was frozen, even behind younger ones.
        self.send(one, 2, "lead_score_changed", before__score=12.0, after__score=27.04, cause="activity")
        self.send(two, 1, "lead_created")
        self.sales_ready(one, 3)
        self.send(one, 1, "lead_created", owner="kim")
        self.sales_ready(one, 3)
        self.send(one, 4, "lead_cooled", grade="A3", score__score=88.0)
        self.send(two, 1, "lead_created")
        self.send(two, 2, "lead_updated", changed=["owner", "attributes.industry"])
        self.send("policies/b2b-software-1", 1, "policy_published", policy="policies/b2b-software-1")

        lines, _ = self.consume("--from-start", "--until", "7")
        self.assertEqual(self.of_key(lines, one), [
            f"2026-02-02T02:40:01Z  LeadCreated  {one}  #1",
            f"2026-02-02T02:40:02Z  LeadScoreChanged  {one}  #2  12.0 -> 27.0 by activity",
            f"2026-02-02T02:40:03Z  LeadBecameSalesReady  {one}  #3  lane engaged, grade A2, score 123.5",
            f"2026-02-02T02:40:04Z  LeadCooled  {one}  #4  grade A3, score 88.0",
        ])
        self.assertEqual(self.of_key(lines, two), [
            f"2026-02-02T02:40:01Z  LeadCreated  {two}  #1",
            f"2026-02-02T02:40:02Z  LeadUpdated  {two}  #2  owner, attributes.industry",
        ])
        self.assertEqual(self.of_key(lines, "policies/b2b-software-1"), [
            "2026-02-02T02:40:01Z  PolicyPublished  policies/b2b-software-1  #1  "
            "policies/b2b-software-1 in place of none",
        ])
        self.assertEqual(len(lines), 7)

    def test_type_passes_over_other_events(self):
        self.send(key_of(1), 1, "lead_created")
        self.sales_ready(key_of(1), 2, age_seconds=3)
        self.sales_ready(key_of(1), 2, age_seconds=3)
        self.send(key_of(1), 3, "lead_cooled")
        self.sales_ready(key_of(2), 1)
        lines, _ = self.consume("--from-start", "--type", "LeadBecameSalesReady", "--until", "2")
        self.assertEqual([line.split("  ")[1:4] for line in sorted(lines)],
                         [["LeadBecameSalesReady", key_of(2), "#1"], ["LeadBecameSalesReady", key_of(1), "#2"]])

    def test_tells_how_long_after_its_cause_an_event_arrives(self):
        consumer = Consumer("--until", "1")
        consumer.await_start()
        sent = time.time()
        self.sales_ready(key_of(1), 1, age_seconds=5)
        code, lines, _ = consumer.finish()
        self.assertEqual((code, len(lines)), (0, 1))
        seconds = float(re.search(r"  ([0-9]+\.[0-9]{3}) s after its cause$", lines[0]).group(1))
        self.assertGreaterEqual(seconds, 4.999)
        self.assertLessEqual(seconds, 5.001 + time.time() - sent)

    def test_json_holds_the_headers_and_the_whole_message(self):
        event = self.sales_ready(key_of(1), 1, age_seconds=0)
        lines, _ = self.consume("--from-start", "--json", "--until", "1")
        line = json.loads(lines[0])
        self.assertEqual((line["id"], line["type"], line["key"], line["seq"], line["time"]),
                         (event.id, "LeadBecameSalesReady", key_of(1), 1, "2026-02-02T02:40:01.25+00:00"))
        self.assertGreaterEqual(line["seconds_since_cause"], -0.001)
        self.assertEqual(line["event"], json_format.MessageToDict(event, preserving_proto_field_name=True))

    def test_without_from_start_only_what_follows_is_printed(self):
        self.send(key_of(1), 1, "lead_created")
        consumer = Consumer("--until", "1")
        consumer.await_start()
        self.send(key_of(1), 2, "lead_updated", changed=["owner"])
        code, lines, _ = consumer.finish()
        self.assertEqual((code, lines), (0, [f"2026-02-02T02:40:02Z  LeadUpdated  {key_of(1)}  #2  owner"]))

    def test_a_group_goes_on_where_it_stopped(self):
        for seq in (1, 2, 3):
            self.send(key_of(1), seq, "lead_updated", changed=["owner"])
        group = ("--group", f"crm-{uuid.uuid4()}", "--from-start")
        first, _ = self.consume(*group, "--until", "2")
        second, _ = self.consume(*group, "--until", "1")
        self.assertEqual([re.search(r"#\d", line).group() for line in first + second], ["#1", "#2", "#3"])

    def test_an_event_of_a_later_version_is_printed_by_its_headers(self):
        event = self.send(key_of(1), 1, "lead_created")
        event.ClearField("lead_created")
        self.append(key_of(1), event.SerializeToString() + b"\xfa\x03\x02\x08\x01", {
            "ce_id": "x", "ce_type": "finalmile.leads.v1.LeadMerged", "ce_subject": key_of(1), "ce_sequence": "2",
            "ce_time": "2027-01-01T00:00:00+00:00"})
        lines, _ = self.consume("--from-start", "--until", "2")
        self.assertEqual(lines[1], f"2027-01-01T00:00:00Z  LeadMerged  {key_of(1)}  #2")

    def test_passes_over_what_is_no_event_and_says_where(self):
        self.append(key_of(1), b"\xff\xff", {"ce_id": "x", "ce_type": "t", "ce_subject": "s", "ce_sequence": "1", "ce_time": "t"})
        self.append(key_of(1), b"", {})
        self.append(key_of(1), b"", {"ce_id": "x", "ce_type": "t", "ce_subject": "s", "ce_sequence": "one", "ce_time": "t"})
        # A value, a header's value and a key that are null, and a key that is no text.
        event = {"ce_id": "x", "ce_type": "t", "ce_subject": "s", "ce_sequence": "1", "ce_time": "t"}
        self.append(key_of(1), None, event)
        self.append(key_of(1), None, {"ce_id": None})
        self.send(key_of(1), 1, "lead_created")
        self.append(None, None, {})
        self.append(b"\x00\xff", None, event)
        lines, errors = self.consume("--from-start", "--until", "1")
        self.assertEqual(lines, [f"2026-02-02T02:40:01Z  LeadCreated  {key_of(1)}  #1"])
        passed_over = {found.group(1) for line in errors if (found := re.search(r"offset (\d) is no lead event", line))}
        self.assertLessEqual({"0", "1", "2", "3", "4"}, passed_over)

    def test_ends_quietly_on_sigterm(self):
        consumer = Consumer()
        consumer.await_start()
        consumer.process.send_signal(signal.SIGTERM)
        self.assertEqual(consumer.finish(), (0, [], []))

    def test_protos_that_are_not_there_are_one_line(self):
        code, lines, errors = Consumer("--protos", "/nonexistent").finish()
        self.assertEqual((code, lines, len(errors)), (1, [], 1))
        self.assertIn("/nonexistent", errors[0])


class WithoutTopicTest(unittest.TestCase):
    def test_a_missing_topic_is_one_line_that_says_what_to_do(self):
        code, lines, errors = Consumer().finish()
        self.assertEqual((code, lines, len(errors)), (1, [], 1))
        self.assertIn("finalmile topics apply", errors[0])


if __name__ == "__main__":
    missing = what_is_missing()
    if missing:
        print(f"lead_events_test: {missing}", file=sys.stderr)
        sys.exit(1 if os.environ.get("REQUIRE_KAFKA") == "1" else SKIPPED)
    from confluent_kafka import Producer
    from confluent_kafka.admin import AdminClient, NewTopic
    from google.protobuf import json_format
    sys.path.insert(0, HERE)
    import lead_events

    ENVELOPE = lead_events.load_envelope(lead_events.PROTOS)
    BROKER = Broker()
    try:
        ADMIN = AdminClient({"bootstrap.servers": BROKER.bootstrap, "log_level": 0})
        program = unittest.main(exit=False)
    finally:
        BROKER.stop()
    sys.exit(not program.result.wasSuccessful())

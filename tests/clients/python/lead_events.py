#!/usr/bin/python3
"""Prints what the leads service tells: a consumer of the topic finalmile.leads.events.v1 in another language.

  lead_events.py --bootstrap 127.0.0.1:9092 --type LeadBecameSalesReady

It needs three things, all public: the topic's name, the published protos (proto/finalmile/leads/v1/lead_event.proto)
and the CloudEvents 1.0 headers beside each record. On Debian 12:

  apt install python3-confluent-kafka python3-protobuf protobuf-compiler libprotobuf-dev

Records of one key come in order. A record may come twice, also late, behind younger ones of its key: whoever
has seen ce_sequence n of a key drops everything of that key up to n. This program keeps what it has seen in memory;
a consumer that acts on events stores it together with the effect.
"""
import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message, message_factory

TOPIC = "finalmile.leads.events.v1"
ENVELOPE = "finalmile.leads.v1.LeadEvent"
PROTOS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "..", "proto")
CONNECT_SECONDS = 10


class Failure(Exception):
    """Said to the user in one line."""


def load_envelope(protos):
    """The class of the topic's message, read from the protos. (A larger program runs protoc --python_out once.)"""
    with tempfile.NamedTemporaryFile(prefix="lead-events-") as descriptors:
        command = ["protoc", "-I", protos, "--include_imports", "--descriptor_set_out", descriptors.name,
                   "finalmile/leads/v1/lead_event.proto"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise Failure("there is no protoc; install protobuf-compiler") from None
        if done.returncode:
            raise Failure(f"protoc cannot read the protos in {protos}: {done.stderr.strip().splitlines()[0]}")
        files = descriptor_pb2.FileDescriptorSet.FromString(descriptors.read())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName(ENVELOPE))


class Attributes:
    """The CloudEvents attributes of a record, from its headers."""

    def __init__(self, record):
        # Any producer may write to the topic: a header's value may be null.
        headers = {name: (value or b"").decode() for name, value in record.headers() or []}
        self.id = headers["ce_id"]
        self.type = headers["ce_type"].rpartition(".")[2]
        self.key = headers["ce_subject"]
        self.seq = int(headers["ce_sequence"])
        self.time = headers["ce_time"]


def seconds_since(moment):
    return time.time() - (moment.seconds + moment.nanos / 1e9)


def describe(attributes, event):
    """One line for people; figures only where the event has them."""
    parts = [f"{attributes.time[:19]}Z", attributes.type, attributes.key, f"#{attributes.seq}"]
    kind = event.WhichOneof("event")  # None: of a later version than our protos
    content = getattr(event, kind) if kind else None
    if kind == "lead_became_sales_ready":
        parts.append(f"lane {content.lane}, grade {content.grade}, score {content.score.score:.1f}")
        if content.HasField("cause_time"):
            parts.append(f"{seconds_since(content.cause_time):.3f} s after its cause")
    elif kind == "lead_cooled":
        parts.append(f"grade {content.grade}, score {content.score.score:.1f}")
    elif kind == "lead_score_changed":
        parts.append(f"{content.before.score:.1f} -> {content.after.score:.1f} by {content.cause}")
    elif kind == "lead_updated":
        parts.append(", ".join(content.changed))
    elif kind == "policy_published":
        parts.append(f"{content.policy} in place of {content.previous or 'none'}")
    return "  ".join(parts)


def to_json(attributes, event):
    """One object per line: the headers, and the whole message under `event`."""
    line = {"id": attributes.id, "type": attributes.type, "key": attributes.key, "seq": attributes.seq,
            "time": attributes.time}
    if event.WhichOneof("event") == "lead_became_sales_ready" and event.lead_became_sales_ready.HasField("cause_time"):
        line["seconds_since_cause"] = round(seconds_since(event.lead_became_sales_ready.cause_time), 6)
    line["event"] = json_format.MessageToDict(event, preserving_proto_field_name=True)
    return json.dumps(line, ensure_ascii=False)


def note(text):
    print(text, file=sys.stderr, flush=True)


def open_consumer(options):
    """A consumer that stands where the options say."""
    consumer = Consumer({
        "bootstrap.servers": options.bootstrap,
        # Without --group the name is never used with the broker: partitions are assigned here.
        "group.id": options.group or "lead-events",
        "auto.offset.reset": "earliest" if options.from_start else "latest",
        # A record is committed after its line is printed, never before: a crash repeats lines and loses none.
        "enable.auto.commit": bool(options.group),
        "enable.auto.offset.store": False,
        "log_level": 0,
        "error_cb": lambda error: note(f"Kafka: {error.str()}"),
    })
    try:
        topic = consumer.list_topics(TOPIC, CONNECT_SECONDS).topics[TOPIC]
        if topic.error or not topic.partitions:
            raise Failure(f"there is no topic {TOPIC} at {options.bootstrap}; make it with: finalmile topics apply")
        if options.group:
            consumer.subscribe([TOPIC])
        else:
            partitions = [TopicPartition(TOPIC, number) for number in topic.partitions]
            for partition in partitions:
                partition.offset = (OFFSET_BEGINNING if options.from_start
                                    else consumer.get_watermark_offsets(partition, CONNECT_SECONDS)[1])
            consumer.assign(partitions)
    except KafkaException:
        raise Failure(f"no Kafka broker answers at {options.bootstrap} within {CONNECT_SECONDS} s; "
                      "check --bootstrap") from None
    note(f"Reading {TOPIC} at {options.bootstrap}, {len(topic.partitions)} partitions")
    return consumer


def follow(consumer, envelope, options):
    """Prints events as they come, until --until of them are printed."""
    seen = {}  # key -> the ce_sequence printed or passed over last
    printed = 0
    while options.until == 0 or printed < options.until:
        record = consumer.poll(1.0)
        if record is None:
            continue
        if record.error():
            note(f"Kafka: {record.error().str()}")
            continue
        try:
            attributes = Attributes(record)
            if record.value() is None:
                raise ValueError("it has no value")
            event = envelope.FromString(record.value())
        except (KeyError, ValueError, message.DecodeError) as fault:
            note(f"passed over: {TOPIC}/{record.partition()} offset {record.offset()} is no lead event ({fault!r})")
            continue
        if attributes.seq > seen.get(attributes.key, 0):
            seen[attributes.key] = attributes.seq
            if options.type in (None, attributes.type):
                print(to_json(attributes, event) if options.json else describe(attributes, event), flush=True)
                printed += 1
        if options.group:
            consumer.store_offsets(record)


def parse(arguments):
    parser = argparse.ArgumentParser(description="Prints the events of the leads service from Kafka.")
    parser.add_argument("--bootstrap", default="127.0.0.1:9092", metavar="HOST:PORT,…", help="Kafka (%(default)s)")
    parser.add_argument("--type", metavar="TYPE", help="only these: LeadBecameSalesReady, LeadScoreChanged, …")
    parser.add_argument("--from-start", action="store_true", help="from the first event; else from now on")
    parser.add_argument("--group", metavar="NAME", help="go on where this consumer group stopped, and share the "
                        "topic with its other members; --from-start counts the first time only")
    parser.add_argument("--until", type=int, default=0, metavar="N", help="end after N events; 0: never")
    parser.add_argument("--json", action="store_true", help="one JSON object per line")
    parser.add_argument("--protos", default=PROTOS, metavar="DIR", help="the published protos")
    return parser.parse_args(arguments)


def main(arguments):
    options = parse(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        envelope = load_envelope(options.protos)
        consumer = open_consumer(options)
        try:
            follow(consumer, envelope, options)
        finally:
            consumer.close()  # commits what is stored and leaves the group
    except Failure as failure:
        note(f"lead_events: {failure}")
        return 1
    except KeyboardInterrupt:
        return 0
    except BrokenPipeError:  # the reader of our lines has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

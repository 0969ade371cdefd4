#!/usr/bin/python3
"""Creates leads, reads them back, and waits until the suite tells of them over Kafka. It shows what a client of FinalMile does
in Python; README.md of the protos has the rules behind it. `build` generates what it imports; on Debian 12:

  apt install python3-grpcio python3-protobuf python3-confluent-kafka protobuf-compiler protobuf-compiler-grpc
"""
import argparse
import os
import pathlib
import random
import sys
import time
import uuid

import grpc
from confluent_kafka import Consumer, KafkaException
from google.protobuf.message import DecodeError

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "gen"))
from finalmile.leads.v1 import lead_event_pb2, lead_pb2, lead_service_pb2, lead_service_pb2_grpc  # noqa: E402
from google.rpc import error_details_pb2, status_pb2  # noqa: E402

TOPIC = "finalmile.leads.events.v1"
# How long one call may take, its repeats included. Calls wait for a server that serves, so each needs a deadline.
CALL_SECONDS = 20
HEAR_SECONDS = 60
# A connection that breaks, or a replica that stops; which of them, differs from library to library.
REPEATED = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL)


def open_channel(options):
    return grpc.insecure_channel(options.target, options=[  # secure_channel where the server has TLS
        ("grpc.service_config", pathlib.Path(options.service_config).read_text(encoding="utf-8")),
        ("grpc.service_config_disable_resolution", 1),  # ours, and none that a name server has
    ])


def call(method, request, metadata):
    """Repeats a call until its deadline. gRPC repeats by the service config as well, but no more than five times, and nothing
    that was answered in part."""
    end = time.monotonic() + CALL_SECONDS
    wait = 0.1
    while True:
        try:
            return method(request, timeout=end - time.monotonic(), metadata=metadata)
        except grpc.RpcError as error:
            if error.code() not in REPEATED or time.monotonic() + wait > end:
                raise
        time.sleep(wait * random.uniform(0.5, 1))
        wait = min(2 * wait, 2)


def create(stub, metadata):
    """Makes a lead and reads it back. However often the call is repeated, its request_id makes it take effect once."""
    lead = lead_pb2.Lead(company="Example", company_domain="example.com", lead_source="python-example")
    request = lead_service_pb2.CreateLeadRequest(lead=lead, request_id=str(uuid.uuid4()))
    name = call(stub.CreateLead, request, metadata).name
    return call(stub.GetLead, lead_service_pb2.GetLeadRequest(name=name), metadata).name


def read(record):
    """Key, sequence and message of a record. ValueError where it is no event, since anybody may write to a topic."""
    headers = {name: (value or b"").decode() for name, value in record.headers() or []}
    sequence = int(headers.get("ce_sequence", "0"))
    if not headers.get("ce_subject") or sequence < 1 or record.value() is None:
        raise ValueError("it has no key, no sequence or no value")
    return headers["ce_subject"], sequence, lead_event_pb2.LeadEvent.FromString(record.value())


def hear(options, created):
    """Consumes the topic until it has heard LeadCreated of every lead in `created`: how many it heard of, and how many records
    it dropped because they had come before."""
    consumer = Consumer({
        "bootstrap.servers": options.bootstrap, "group.id": options.group, "auto.offset.reset": "earliest",
        "enable.auto.offset.store": False, "log_level": 0})
    consumer.subscribe([TOPIC])
    # Key -> the ce_sequence that was applied last. A program that acts on events keeps it in its store, together with the
    # effect.
    seen = {}
    waiting = set(created)
    heard = repeats = 0
    end = time.monotonic() + HEAR_SECONDS
    try:
        while waiting:
            if time.monotonic() > end:
                raise TimeoutError(f"{len(waiting)} leads were not heard of within {HEAR_SECONDS} s")
            record = consumer.poll(1.0)
            if record is None:
                continue
            if record.error():
                raise KafkaException(record.error())
            try:
                key, sequence, event = read(record)
            except (ValueError, DecodeError):
                print(f"passed over: {TOPIC}/{record.partition()} offset {record.offset()} is no lead event", file=sys.stderr)
                continue
            if sequence <= seen.get(key, 0):
                repeats += 1
            else:
                seen[key] = sequence
                # None: an event of a later version than our protos.
                if event.WhichOneof("event") == "lead_created" and key in created:
                    heard += 1
                    waiting.discard(key)
            consumer.store_offsets(record)  # after the effect, never before: a crash repeats records and loses none
    finally:
        consumer.close()  # commits what is stored
    return heard, repeats


def explain(error):
    """The code tells whether to repeat a call, the reason what to do otherwise; the text is for people."""
    reason = ""
    for name, value in error.trailing_metadata() or []:
        if name == "grpc-status-details-bin":
            for detail in status_pb2.Status.FromString(value).details:
                info = error_details_pb2.ErrorInfo()
                if detail.Unpack(info):
                    reason = f" / {info.reason}"
    return f"{error.code().name}{reason}: {error.details()}"


def parse(arguments):
    parser = argparse.ArgumentParser(description="Creates leads and waits until the suite tells of them.")
    parser.add_argument("--target", default="127.0.0.1:7000", help="the leads service (%(default)s); dns:///NAME:PORT uses every "
                        "replica behind a name")
    parser.add_argument("--token-file", metavar="FILE", help="with the bearer token; none for a server without a tokens file")
    parser.add_argument("--service-config", default="service_config.json", metavar="FILE", help="as published (%(default)s)")
    parser.add_argument("--bootstrap", default="127.0.0.1:9092", metavar="HOST:PORT,…", help="Kafka (%(default)s)")
    parser.add_argument("--group", default="example-python", help="goes on where it stopped (%(default)s)")
    parser.add_argument("--leads", type=int, default=1, metavar="N", help="how many to create (%(default)s)")
    return parser.parse_args(arguments)


def main(arguments):
    options = parse(arguments)
    metadata = []
    if options.token_file:
        metadata.append(("authorization", "Bearer " + pathlib.Path(options.token_file).read_text(encoding="utf-8").strip()))
    created = {}  # when its creation began, by the lead's name
    try:
        with open_channel(options) as channel:
            stub = lead_service_pb2_grpc.LeadServiceStub(channel)
            for _ in range(options.leads):
                begin = time.monotonic()
                name = create(stub, metadata)
                created[name] = begin
        heard, repeats = hear(options, created)
    except grpc.RpcError as error:
        print(f"lead_client: {explain(error)}", file=sys.stderr)
        return 1
    except (KafkaException, TimeoutError) as error:
        print(f"lead_client: {error}", file=sys.stderr)
        return 1
    if options.leads == 1:
        print(f"created {name}, read it, heard LeadCreated after {time.monotonic() - created[name]:.1f} s")
    else:
        print(f"created {len(created)} leads, read them, heard {heard} LeadCreated, dropped {repeats} repeats")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

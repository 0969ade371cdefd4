"""Clients of the services as README.md tells people to write them: headless Service, round_robin, health checks, and calls
that are repeated by their caller. Every attempt is counted by its code; gRPC's own retries are off, so none is hidden.
"""
import collections
import glob
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import uuid

import grpc

REPEATED = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.CANCELLED}
CALL_SECONDS = 10   # of one attempt
PATIENCE = 20       # of all attempts of a call
CONFIG = {"loadBalancingConfig": [{"round_robin": {}}], "healthCheckConfig": {"serviceName": ""}}


def compile_protos(project):
    """Makes the messages of proto/ importable."""
    folder = tempfile.mkdtemp(prefix="finalmile-protos-")
    root = os.path.join(project, "proto")
    files = glob.glob(f"{root}/finalmile/**/*.proto", recursive=True)
    subprocess.run(["protoc", f"-I{root}", f"--python_out={folder}", *files], check=True)
    sys.path.insert(0, folder)


def channel(target, balanced=True):
    options = [("grpc.enable_retries", 0), ("grpc.dns_min_time_between_resolutions_ms", 1000),
               ("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 1000)]
    if balanced:
        options.append(("grpc.service_config", json.dumps(CONFIG)))
    return grpc.insecure_channel(target, options=options)


def method(link, name, request, reply):
    return link.unary_unary(name, request_serializer=request.SerializeToString, response_deserializer=reply.FromString)


class Client:
    """Threads that call in a loop until `stop`."""

    def __init__(self, target, token, threads, pause):
        self.token = token
        self.link = channel(target)
        self.attempts = collections.Counter()   # by code
        self.reasons = collections.Counter()    # of attempts that failed
        self.calls = 0
        self.failed = 0
        self.worst = 0.0
        self.lock = threading.Lock()
        self.ended = threading.Event()
        self.pause = pause
        self.threads = [threading.Thread(target=self.loop, args=(number,), daemon=True) for number in range(threads)]

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def loop(self, thread):
        for number in itertools.count():
            if self.ended.wait(self.pause):
                return
            self.once(thread, number)

    def once(self, thread, number):
        raise NotImplementedError

    def call(self, stub, request):
        """One call with its repeats; whether it succeeded."""
        begin = time.monotonic()
        back = 0.05
        while True:
            try:
                stub(request, timeout=CALL_SECONDS, metadata=[("authorization", f"Bearer {self.token}")])
                code = grpc.StatusCode.OK
            except grpc.RpcError as error:
                code = error.code()
                with self.lock:
                    self.reasons[f"{code.name}: {error.details()[:120]}"] += 1
            spent = time.monotonic() - begin
            again = code in REPEATED and spent + back < PATIENCE
            with self.lock:
                self.attempts[code.name] += 1
                if not again:
                    self.calls += 1
                    self.failed += code != grpc.StatusCode.OK
                    self.worst = max(self.worst, spent)
            if not again:
                return code == grpc.StatusCode.OK
            self.ended.wait(back)
            back = min(2.0, back * 2)

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()
        self.link.close()
        return self

    def __str__(self):
        codes = ", ".join(f"{code} {count}" for code, count in sorted(self.attempts.items()))
        return f"{type(self).__name__.lower()}: {self.calls} calls, failed {self.failed}, worst {self.worst:.2f} s; attempts {codes}"


class Recorder(Client):
    """Records activities, and keeps the id of each that was acknowledged."""

    def __init__(self, target, token, threads=6, pause=0.02):
        super().__init__(target, token, threads, pause)
        from finalmile.leads.v1 import lead_service_pb2
        self.request = lead_service_pb2.RecordActivityRequest
        self.stub = method(self.link, "/finalmile.leads.v1.LeadService/RecordActivity", self.request, lead_service_pb2.RecordActivityResponse)
        self.run = uuid.uuid4().hex[:8]
        self.leads = [f"leads/{uuid.uuid4()}" for _ in range(100)]
        self.acknowledged = []

    def once(self, thread, number):
        request = self.request()
        activity = request.activity
        activity.lead = self.leads[(thread * 7 + number) % len(self.leads)]
        activity.source = "ledger"
        activity.activity_id = f"{self.run}-{thread}-{number}"
        activity.type = "page_view"
        activity.event_time.FromSeconds(int(time.time()))
        if self.call(self.stub, request):
            with self.lock:
                self.acknowledged.append(activity.activity_id)


class Reader(Client):
    """Asks for the best leads, about `rate` times a second."""

    def __init__(self, target, token, rate=200, threads=10):
        super().__init__(target, token, threads, pause=threads / rate)
        from finalmile.leads.v1 import lead_service_pb2
        self.request = lead_service_pb2.ListTopLeadsRequest(page_size=3)
        self.stub = method(self.link, "/finalmile.leads.v1.LeadService/ListTopLeads", lead_service_pb2.ListTopLeadsRequest, lead_service_pb2.ListTopLeadsResponse)

    def once(self, thread, number):
        self.call(self.stub, self.request)


def bomb(target, megabytes):
    """One compressed request of so many MB of zeros, without a token; what it is answered."""
    link = grpc.insecure_channel(target, options=[("grpc.max_send_message_length", -1)], compression=grpc.Compression.Gzip)
    call = link.unary_unary("/finalmile.leads.v1.LeadService/RecordActivity", request_serializer=lambda size: bytes(size))
    try:
        call(megabytes << 20, timeout=60)
        return "OK"
    except grpc.RpcError as error:
        return f"{error.code().name}: {error.details()[:120]}"
    finally:
        link.close()

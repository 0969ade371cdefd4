"""A Kafka cluster (KRaft) of one or more nodes on one address of this machine: what `broker` starts and stops."""
import base64
import ctypes
import json
import os
import queue
import signal
import socket
import struct
import subprocess
import threading
import time
import uuid

HOST = os.environ.get("KAFKA_HOST") or "127.0.0.1"
HERE = os.path.dirname(os.path.realpath(__file__))
HOME = os.environ.get("KAFKA_KIT_HOME") or os.path.join(HERE, "..", "..", ".cache", "kafka")
START_SECONDS = 120
STOP_SECONDS = 20
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class Failure(Exception):
    """Said to the user in one line."""


def free_ports(count):
    """Ports below the ephemeral range, so that no outgoing connection takes one between here and the broker."""
    lowest = int(open("/proc/sys/net/ipv4/ip_local_port_range").read().split()[0])
    found = []
    while len(found) < count:
        port = 10000 + int.from_bytes(os.urandom(4), "big") % max(1, lowest - 10000)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found


def kafka_uuid():
    """As Uuid.randomUuid() of Kafka: base64 without padding, never starting with a dash."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text


def taken(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            return False
        except OSError:
            return True


def brokers_known_to(port):
    """Asks one broker for its metadata (version 1, no topics): how many brokers does it list beside a controller?"""
    body = struct.pack(">hhih6si", 3, 1, 1, 6, b"broker", 0)
    with socket.create_connection((HOST, port), timeout=5) as line, line.makefile("rb") as answer:
        line.sendall(struct.pack(">i", len(body)) + body)
        size, _, count = struct.unpack(">iii", answer.read(12))
        rest = answer.read(size - 8)
    for _ in range(count):  # node, host, port, rack
        host = struct.unpack_from(">h", rest, 4)[0]
        rack = struct.unpack_from(">h", rest, 10 + host)[0]
        rest = rest[12 + host + max(0, rack):]
    controller = struct.unpack_from(">i", rest)[0]
    return count if controller >= 0 else 0


def die_with_parent():
    os.setpgid(0, 0)  # a Ctrl-C is for the supervisor, which stops the nodes in order
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def java(args, main, quick, heap):
    jars = os.path.join(HOME, "jars")
    if not os.path.isdir(jars):
        raise Failure("the Kafka broker is not here: run `make kafka` first")
    flags = heap.split() + ["-XX:+UseSerialGC" if quick else "-XX:+UseG1GC"]
    if quick:
        flags += ["-XX:TieredStopAtLevel=1"]
    flags += ["-Xshare:auto", "-XX:-UsePerfData", "-Djava.awt.headless=true"]
    return ["java", *flags, "-Dlog4j.configuration=file:" + os.path.join(HERE, "log4j.properties"),
            "-cp", os.path.join(jars, "*"), main, *args]


class Node:
    """One broker and controller process."""

    def __init__(self, cluster, number):
        self.cluster = cluster
        self.number = number
        self.folder = os.path.join(cluster.folder, f"node-{number}")
        self.config = os.path.join(self.folder, "server.properties")
        self.log = os.path.join(self.folder, "server.log")
        self.process = None
        self.frozen = False
        self.tail = []

    def prepare(self):
        os.makedirs(self.folder, exist_ok=True)
        with open(self.config, "w") as out:
            out.write("".join(f"{key}={value}\n" for key, value in self.properties().items()))
        data = os.path.join(self.folder, "data")
        if not os.path.exists(os.path.join(data, "meta.properties")):
            done = subprocess.run(
                java(["format", "-t", self.cluster.state["id"], "-c", self.config, "--ignore-formatted"],
                     "kafka.tools.StorageTool", True, "-Xmx128m"),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if done.returncode:
                raise Failure(f"node {self.number} could not format {data}: {done.stdout.strip()[-600:]}")

    def properties(self):
        ports, nodes = self.cluster.state["ports"], self.cluster.nodes
        controllers = self.cluster.state["controller_ports"]
        copies = min(3, nodes)
        return {
            "process.roles": "broker,controller",
            "node.id": self.number,
            "controller.quorum.voters": ",".join(f"{i + 1}@{HOST}:{controllers[i]}" for i in range(nodes)),
            "listeners": f"PLAINTEXT://{HOST}:{ports[self.number - 1]},CONTROLLER://{HOST}:{controllers[self.number - 1]}",
            "advertised.listeners": f"PLAINTEXT://{HOST}:{ports[self.number - 1]}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": os.path.join(self.folder, "data"),
            "auto.create.topics.enable": "false",  # no topic by accident: finalmile topics apply
            "default.replication.factor": copies,
            "min.insync.replicas": max(1, copies - 1),
            "offsets.topic.replication.factor": copies,
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": max(1, copies - 1),
            "transaction.state.log.num.partitions": 4,
            "group.initial.rebalance.delay.ms": 0,
            # A broker killed with -9 may register again only when its old session has ended: 2 s, not 9.
            "broker.session.timeout.ms": 2000,
            "broker.heartbeat.interval.ms": 300,
            "num.network.threads": 2,
            "num.io.threads": 4,
            "log.cleaner.dedupe.buffer.size": 16777216,
        }

    def launch(self):
        heap = os.environ.get("KAFKA_HEAP_OPTS") or ("-Xmx256m" if self.cluster.quick else "-Xmx512m")
        self.frozen = False
        self.tail = []
        self.process = subprocess.Popen(
            java([self.config], "kafka.Kafka", self.cluster.quick, heap), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=die_with_parent)
        threading.Thread(target=self.follow, args=(self.process,), daemon=True).start()

    def follow(self, process):
        """Copies the broker's output to its log and reports that it serves, or that it has ended."""
        with open(self.log, "ab", buffering=0) as log:
            for line in process.stdout:
                log.write(line)
                self.tail = self.tail[-4:] + [line.decode(errors="replace").strip()]
                if b"Kafka Server started" in line:
                    self.cluster.news.put((self.number, process, "up"))
        process.wait()
        self.cluster.news.put((self.number, process, "ended"))

    def signal(self, number):
        if self.process is None or self.process.poll() is not None:
            raise Failure(f"node {self.number} is not running")
        self.process.send_signal(number)
        if number == signal.SIGSTOP and not self.frozen:
            # One thread has to run before the others stop, and until then they go on serving.
            os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        self.frozen = number == signal.SIGSTOP or (self.frozen and number != signal.SIGCONT)

    def end(self, number):
        self.signal(number)
        if number != signal.SIGKILL:
            self.process.send_signal(signal.SIGCONT)  # a frozen node cannot hear
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Cluster:
    def __init__(self, folder, nodes, port, quick):
        self.folder = os.path.realpath(folder)
        self.nodes = nodes
        self.port = port
        self.quick = quick
        self.news = queue.Queue()
        os.makedirs(self.folder, exist_ok=True)
        self.state_file = os.path.join(self.folder, "cluster.json")
        self.state = {}
        if os.path.exists(self.state_file):
            with open(self.state_file) as text:
                self.state = json.load(text)
            if len(self.state["ports"]) != nodes:
                raise Failure(f"{folder} holds a cluster of {len(self.state['ports'])} nodes, not {nodes}")
        self.members = [Node(self, i + 1) for i in range(nodes)]

    @property
    def bootstrap(self):
        return ",".join(f"{HOST}:{port}" for port in self.state["ports"])

    def choose_ports(self):
        """A cluster keeps its ports for life: clients and the voters' list know them."""
        ports = free_ports(2 * self.nodes)
        given = [self.port + i for i in range(self.nodes)] if self.port else ports[: self.nodes]
        self.state = {"id": self.state.get("id") or kafka_uuid(), "ports": given,
                      "controller_ports": ports[self.nodes :]}
        with open(self.state_file, "w") as out:
            json.dump(self.state, out)

    def up(self):
        fresh = not self.state
        if fresh or (self.port and self.port != self.state["ports"][0]):
            self.choose_ports()
        if self.port or not fresh:
            busy = [port for port in self.state["ports"] if taken(port)]
            if busy:
                raise Failure(f"port {busy[0]} is taken; choose another with --port")
        for attempt in range(5):
            failure = self.try_up()
            if failure is None:
                return
            if not (fresh and "Address already in use" in failure):
                break
            self.choose_ports()  # someone was faster; nobody knows our ports yet
        raise Failure(failure)

    def try_up(self):
        threads = [threading.Thread(target=self.prepare_one, args=(node,)) for node in self.members]
        self.failure = None
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.failure:
            raise self.failure
        for node in self.members:
            node.launch()
        failure = self.await_up(set(range(1, self.nodes + 1)))
        if failure:
            self.down(signal.SIGKILL)
        return failure

    def prepare_one(self, node):
        try:
            node.prepare()
        except (Failure, OSError) as failure:
            self.failure = failure if isinstance(failure, Failure) else Failure(str(failure))

    def await_up(self, waiting):
        while waiting:
            try:
                number, process, what = self.news.get(timeout=START_SECONDS)
            except queue.Empty:
                return f"no answer in {START_SECONDS} s; see {self.folder}/node-*/server.log"
            node = self.members[number - 1]
            if process is not node.process or number not in waiting:
                continue
            if what == "ended":
                return self.why(node)
            waiting.discard(number)
        return self.await_answers()

    def await_answers(self):
        """A broker reports "started" some moments before it knows the others; a client that asks then waits long."""
        alive = [node for node in self.members if node.process and node.process.poll() is None and not node.frozen]
        give_up = time.monotonic() + START_SECONDS
        for node in alive:
            port = self.state["ports"][node.number - 1]
            while True:
                try:
                    if brokers_known_to(port) >= len(alive):
                        break
                except (OSError, struct.error):
                    pass
                if node.process.poll() is not None:
                    return self.why(node)
                if time.monotonic() > give_up:
                    return f"node {node.number} serves, but does not know the others; see {node.log}"
                time.sleep(0.01)
        return None

    def why(self, node):
        with open(node.log, errors="replace") as log:
            text = log.read()[-20000:]
        for line in text.splitlines():
            if "Address already in use" in line:
                ports = f"{self.state['ports'][node.number - 1]} or {self.state['controller_ports'][node.number - 1]}"
                return f"node {node.number}: Address already in use: port {ports}; choose another with --port"
        return f"node {node.number} ended while starting: {' | '.join(node.tail)[-600:]}; see {node.log}"

    def down(self, how):
        """All at once: a controller that lost its quorum would wait for it in vain."""
        alive = [node for node in self.members if node.process and node.process.poll() is None]
        if len(alive) > 1 and how == signal.SIGTERM and self.quick:
            how = signal.SIGKILL  # nothing is kept
        threads = [threading.Thread(target=node.end, args=(how,)) for node in alive]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def obey(self, line):
        words = line.split()
        if len(words) != 2 or not words[1].isdigit() or not 1 <= int(words[1]) <= self.nodes:
            raise Failure(f"not a command: {line.strip()!r}; say kill, stop, start, freeze or thaw and a node from 1 to {self.nodes}")
        verb, node = words[0], self.members[int(words[1]) - 1]
        if verb == "kill":
            node.end(signal.SIGKILL)
        elif verb == "stop":
            node.end(signal.SIGTERM)
        elif verb == "freeze":
            node.signal(signal.SIGSTOP)
        elif verb == "thaw":
            node.signal(signal.SIGCONT)
        elif verb == "start":
            if node.process.poll() is None:
                raise Failure(f"node {node.number} is running")
            node.launch()
            failure = self.await_up({node.number})
            if failure:
                raise Failure(failure)
        else:
            raise Failure(f"no such command: {verb}")

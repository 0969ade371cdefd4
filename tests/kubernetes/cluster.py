"""The cluster and what the services need beside it: PostgreSQL, Kafka and Redis as processes of this machine."""
import contextlib
import glob
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PROJECT = os.path.realpath(os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", ".."))
BUILD = os.environ.get("BUILD") or os.path.join(PROJECT, ".build/release")
CLI = os.path.join(BUILD, "services/finalmile/finalmile")
SERVICES = ("leads", "catalog", "appointments", "coaching")
NODE = "10.89.0.1"  # in overlays/test
POLL = 0.2


class Failure(Exception):
    """Said to the user in one line."""


def say(text):
    print(f"        {text}", flush=True)


def run(*words, check=True, feed=None, **options):
    done = subprocess.run(words, input=feed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    if check and done.returncode != 0:
        raise Failure(f"{' '.join(words)[:200]}: exit {done.returncode}\n{done.stdout[-3000:]}")
    return done.stdout


def kubectl(*words, check=True, feed=None):
    return run("kubectl", *words, check=check, feed=feed)


def until(what, holds, seconds):
    """Waits until `holds` gives something; the seconds that it took, and what it gave."""
    begin = time.monotonic()
    while True:
        found = holds()
        spent = time.monotonic() - begin
        if found:
            return spent, found
        if spent > seconds:
            raise Failure(f"{what}: not within {seconds} s")
        time.sleep(POLL)


def require(what, holds):
    if not holds:
        raise Failure(what)
    say(what)


def pids(service):
    """Processes of the service's pods, where they are visible from here."""
    return run("pgrep", "-f", f"^/usr/bin/finalmile-{service}", check=False).split()


def usage(pid):
    """The resident MiB of a process, of that its own, and the seconds of CPU that it took so far."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        fields = dict(line.split(":", 1) for line in file)
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        ticks = sum(int(each) for each in file.read().rsplit(")", 1)[1].split()[11:13])
    return int(fields["VmRSS"].split()[0]) // 1024, int(fields["RssAnon"].split()[0]) // 1024, ticks / os.sysconf("SC_CLK_TCK")


class Namespace:
    def __init__(self, name):
        self.name = name

    def kubectl(self, *words, check=True, feed=None):
        return kubectl("--namespace", self.name, *words, check=check, feed=feed)

    def get(self, *words):
        return self.kubectl("get", *words).strip()

    def pods(self, service, running=True):
        """Names of the pods of a service."""
        words = ["pods", "-l", f"app.kubernetes.io/name=finalmile-{service}", "-o", "name"]
        return self.get(*words, *(["--field-selector=status.phase=Running"] if running else [])).split()

    def field(self, what, path):
        return self.get(what, "-o", f"jsonpath={{{path}}}")

    def restarts(self, service):
        return sum(int(each) for each in self.get("pods", "-l", f"app.kubernetes.io/name=finalmile-{service}", "-o", "jsonpath={.items[*].status.containerStatuses[*].restartCount}").split())

    def ready(self, service):
        return int(self.field(f"deployment/finalmile-{service}", ".status.readyReplicas") or 0)

    def addresses(self, service):
        return self.get("pods", "-l", f"app.kubernetes.io/name=finalmile-{service}", "--field-selector=status.phase=Running", "-o", "jsonpath={.items[*].status.podIP}").split()

    def rollout(self, service, seconds=120):
        self.kubectl("rollout", "status", f"deployment/finalmile-{service}", f"--timeout={seconds}s")

    def doctor(self, service, seconds=120):
        """What the doctor Job of a service finds: its exit code and what it prints."""
        name = f"doctor-{service}-test"
        self.kubectl("create", "job", name, f"--from=cronjob/doctor-{service}")
        try:
            _, code = until(f"the Job {name} ends", lambda: self.get("pods", "-l", f"job-name={name}", "-o", "jsonpath={.items[*].status.containerStatuses[*].state.terminated.exitCode}"), seconds)
            return int(code), self.kubectl("logs", f"job/{name}")
        finally:
            self.kubectl("delete", "job", name, "--wait=false", check=False)

    def secret(self, name, **values):
        """Makes or replaces a Secret; a _ in a key stands for a dot."""
        literals = [f"--from-literal={key.replace('_', '.')}={value}" for key, value in values.items()]
        self.kubectl("apply", "-f", "-", feed=self.kubectl("create", "secret", "generic", name, *literals, "--dry-run=client", "-o", "yaml"))


def resolve_by_cluster():
    """Names of Services resolve in this mount namespace, which must be one of our own."""
    address = kubectl("--namespace", "kube-system", "get", "service", "kube-dns", "-o", "jsonpath={.spec.clusterIP}", check=False)
    address = address if address and " " not in address else os.environ.get("KUBE_DNS", "10.96.0.10")
    with tempfile.NamedTemporaryFile("w", delete=False) as file:
        file.write(f"nameserver {address}\nsearch svc.cluster.local cluster.local\noptions ndots:5\n")
    os.chmod(file.name, 0o644)
    run("mount", "--bind", file.name, os.path.realpath("/etc/resolv.conf"))


def node_address():
    """An address of this machine that pods reach."""
    nodes = kubectl("get", "nodes", "-o", "jsonpath={.items[*].status.addresses[?(@.type==\"InternalIP\")].address}").split()
    own = run("hostname", "-I").split()
    found = os.environ.get("NODE_ADDRESS") or next((each for each in nodes if each in own), own[0] if own else None)
    if not found:
        raise Failure("no address of this machine that pods could reach: give NODE_ADDRESS")
    return found


class Overlays:
    """A copy of deploy/kubernetes with this machine's address and the image that is tested."""

    def __init__(self, address, image):
        self.folder = tempfile.mkdtemp(prefix="finalmile-overlays-")
        os.chmod(self.folder, 0o755)
        self.root = os.path.join(self.folder, "kubernetes")
        shutil.copytree(os.path.join(PROJECT, "deploy/kubernetes"), self.root)
        self.edit("test", lambda text: text.replace(NODE, address))
        self.image(image)

    def edit(self, overlay, change):
        path = os.path.join(self.root, "overlays", overlay, "kustomization.yaml")
        with open(path, encoding="utf-8") as file:
            text = change(file.read())
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def image(self, image):
        name, tag = image.rsplit(":", 1)
        for overlay in ("test", "single"):
            self.edit(overlay, lambda text: "".join(
                f"- {{name: finalmile, newName: {name}, newTag: {tag}}}\n" if line.startswith("- {name: finalmile, newName:") else line for line in text.splitlines(keepends=True)))

    def render(self, overlay):
        tool = ["kustomize", "build"] if shutil.which("kustomize") else ["kubectl", "kustomize"]
        return run(*tool, os.path.join(self.root, "overlays", overlay))

    def apply(self, overlay, seconds=180):
        return run(os.path.join(self.root, "apply"), os.path.join(self.root, "overlays", overlay), str(seconds))


class Backing:
    """PostgreSQL, Kafka and Redis on `address`, in a folder of their own that goes with them."""

    def __init__(self, address):
        self.address = address
        self.folder = tempfile.mkdtemp(prefix="finalmile-backing-")
        os.chmod(self.folder, 0o755)
        self.postgres_bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.kafka_folder = os.path.join(self.folder, "kafka")
        self.redis_password = "cache-password"
        self.passwords = {}

    def pg(self, *words):
        run("runuser", "-u", "postgres", "--", f"{self.postgres_bin}/pg_ctl", "-D", f"{self.folder}/postgres/data", "-l", f"{self.folder}/postgres/log", "-w", *words)

    def sql(self, database, text):
        """As the administrator, who alone may come without a password, by a socket that no pod reaches."""
        return self.postgres("psql", "-d", database, "-v", "ON_ERROR_STOP=1", "-Atqc", text).strip()

    def postgres(self, program, *words):
        return run(program, "-h", f"{self.folder}/postgres", "-U", "postgres", *words)

    def roles(self, service):
        self.postgres("psql", "-q", "-v", f"service={service}", "-f", os.path.join(PROJECT, "deploy/kubernetes/roles.sql"))

    def password(self, role, password):
        self.passwords[role] = password
        self.sql("postgres", f"ALTER ROLE {role} PASSWORD '{password}'")

    def kafka(self, verb):
        words = [os.path.join(PROJECT, "deploy/kafka/broker"), verb, self.kafka_folder] + (["--port", "9092"] if verb == "start" else [])
        run(*words, env={**os.environ, "KAFKA_HOST": self.address, "KAFKA_HEAP_OPTS": "-Xmx256m"})

    def redis(self):
        with open(f"{self.folder}/users.acl", "w", encoding="utf-8") as file:
            file.write("user default off\n"
                       f"user finalmile-catalog on >{self.redis_password} ~finalmile-catalog:* &__redis__:invalidate -@all "
                       "+eval +evalsha +script|load +time +mget +get +getrange +set +unlink +client|id +client|tracking +subscribe +ping\n")
        run("redis-server", "--bind", self.address, "--port", "6379", "--protected-mode", "no", "--save", "", "--daemonize", "yes",
            "--logfile", f"{self.folder}/redis.log", "--pidfile", f"{self.folder}/redis.pid", "--aclfile", f"{self.folder}/users.acl")

    def stop_redis(self):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            with open(f"{self.folder}/redis.pid", encoding="utf-8") as file:
                os.kill(int(file.read()), signal.SIGTERM)

    def start(self):
        postgres = f"{self.folder}/postgres"
        os.mkdir(postgres)
        shutil.chown(postgres, "postgres")
        run("runuser", "-u", "postgres", "--", f"{self.postgres_bin}/initdb", "-D", f"{postgres}/data", "-A", "trust", "-U", "postgres")
        with open(f"{postgres}/data/postgresql.conf", "a", encoding="utf-8") as file:
            file.write(f"listen_addresses='{self.address}'\nunix_socket_directories='{postgres}'\nmax_connections=300\n")
        with open(f"{postgres}/data/pg_hba.conf", "a", encoding="utf-8") as file:
            file.write("host all all 0.0.0.0/0 scram-sha-256\n")
        self.pg("start")
        for service in SERVICES:
            self.roles(service)
            for role in (service, f"{service}_owner"):
                self.password(role, f"{role}-password")
        self.redis()
        self.kafka("start")
        return self

    def stop(self):
        for end in (lambda: self.kafka("stop"), self.stop_redis, lambda: self.pg("stop", "-m", "immediate")):
            try:
                end()
            except Failure as failure:
                print(failure, file=sys.stderr)
        shutil.rmtree(self.folder, ignore_errors=True)

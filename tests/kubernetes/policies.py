"""What must hold of the manifests: each check is a generator of faults, one line each.

A check takes a World: the objects of one overlay, its example Secrets, and the programs and sources that the manifests must
agree with. policies_test.py runs them over deploy/kubernetes/rendered, and shows that each of them can fail.
"""
import collections
import functools
import json
import os
import re
import subprocess
import tempfile
import urllib.parse

import yaml

PART_OF = "app.kubernetes.io/part-of"
NAME = "app.kubernetes.io/name"
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


class World:
    def __init__(self, objects, examples, source, build):
        self.objects = objects
        self.examples = examples
        self.source = source
        self.build = build

    def of(self, *kinds):
        return [each for each in self.objects if each["kind"] in kinds]

    def named(self, kind, name):
        return next((each for each in self.of(kind) if each["metadata"]["name"] == name), None)

    def workloads(self):
        return self.of("Deployment", "Job", "CronJob")

    def services(self):
        """The Deployments that run a service of ours."""
        return [each for each in self.of("Deployment") if PART_OF in labels(each)]

    def environment(self, workload):
        """Every variable of its container."""
        container = containers(workload)[0]
        values = {}
        for source in container.get("envFrom", []):
            found = self.named("ConfigMap", source["configMapRef"]["name"])
            values.update(found["data"] if found else {})
        values.update({each["name"]: each.get("value", "") for each in container.get("env", [])})
        return values

    def finalmile(self, *words, environment=None, service=None):
        program = f"{self.build}/services/{service}/finalmile-{service}" if service else f"{self.build}/services/finalmile/finalmile"
        return subprocess.run([program, *words], env={"PATH": os.environ["PATH"], **(environment or {})}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)


def load(path):
    with open(path, encoding="utf-8") as file:
        return [each for each in yaml.safe_load_all(file) if each]


def title(each):
    return f"{each['kind']} {each['metadata']['name']}"


def template(workload):
    return workload["spec"].get("jobTemplate", workload)["spec"]["template"]


def pod(workload):
    return template(workload)["spec"]


def containers(workload):
    return pod(workload).get("initContainers", []) + pod(workload)["containers"]


def labels(workload):
    return template(workload).get("metadata", {}).get("labels", {})


def matches(selector, values):
    return not selector.get("matchExpressions") and all(values.get(key) == value for key, value in selector.get("matchLabels", {}).items())


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(ms|s|m)", text).groups()
    return int(number) * {"ms": 0.001, "s": 1, "m": 60}[unit]


def addresses(environment):
    """The addresses of other processes, by variable."""
    return {name: urllib.parse.urlsplit(value) for name, value in environment.items() if re.match(r"[a-z]+://", value)}


@check
def probes(world):
    for each in world.of("Deployment"):
        for container in pod(each)["containers"]:
            ports = {port["name"] for port in container.get("ports", [])}
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                found = container.get(probe, {})
                way = found.get("httpGet") or found.get("tcpSocket")
                if not way or way["port"] not in ports:
                    yield f"{title(each)}: {probe} does not ask a port of the container"
                elif each in world.services():
                    path = "/readyz" if probe == "readinessProbe" else "/livez"
                    if way != {"path": path, "port": "admin"} or found.get("timeoutSeconds", 1) < 3:
                        yield f"{title(each)}: {probe} must ask {path} of the admin port and wait 3 s"


@check
def resources(world):
    for each in world.workloads():
        for container in containers(each):
            given = container.get("resources", {})
            if not {"cpu", "memory"} <= set(given.get("requests", {})) or "memory" not in given.get("limits", {}):
                yield f"{title(each)}: it needs requests of cpu and memory and a limit of memory"
            if "cpu" in given.get("limits", {}):
                yield f"{title(each)}: a limit of cpu stops the threads that answer calls"
        for volume in pod(each).get("volumes", []):
            if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]:
                yield f"{title(each)}: volume {volume['name']} has no limit"


@check
def restricted(world):
    """The Pod Security Standard `restricted`, a read-only root, and no account to the API."""
    for each in world.workloads():
        context = pod(each).get("securityContext", {})
        if context.get("runAsNonRoot") is not True or not context.get("runAsUser") or not context.get("runAsGroup") or "seccompProfile" not in context:
            yield f"{title(each)}: the pod must run as a user that is not root, with a seccomp profile"
        if pod(each).get("automountServiceAccountToken") is not False:
            yield f"{title(each)}: it would get a token of the API"
        for key in ("hostNetwork", "hostPID", "hostIPC"):
            if pod(each).get(key):
                yield f"{title(each)}: {key}"
        for volume in pod(each).get("volumes", []):
            if not {"configMap", "emptyDir", "persistentVolumeClaim", "projected", "secret"} & set(volume):
                yield f"{title(each)}: volume {volume['name']} is of a kind that is not allowed"
        for container in containers(each):
            own = container.get("securityContext", {})
            if own.get("allowPrivilegeEscalation") is not False or own.get("readOnlyRootFilesystem") is not True or \
                    own.get("capabilities") != {"drop": ["ALL"]} or own.get("privileged"):
                yield f"{title(each)}: container {container['name']} must have a read-only root and no privileges"
    for each in world.of("Namespace"):
        if each["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce") != "restricted":
            yield f"{title(each)}: it must enforce the standard `restricted`"
    for each in world.of("ServiceAccount"):
        if each.get("automountServiceAccountToken") is not False:
            yield f"{title(each)}: it would hand out a token of the API"


@check
def service_links(world):
    for each in world.workloads():
        if pod(each).get("enableServiceLinks") is not False:
            yield f"{title(each)}: enableServiceLinks must be false: FINALMILE_… variables of Services are no settings"


@check
def mounts(world):
    for each in world.workloads():
        volumes = {volume["name"] for volume in pod(each).get("volumes", [])}
        for container in containers(each):
            for mount in container.get("volumeMounts", []):
                if "subPath" in mount or "subPathExpr" in mount:
                    yield f"{title(each)}: {mount['mountPath']} has a subPath, which never follows a change"
                if mount["name"] not in volumes:
                    yield f"{title(each)}: there is no volume {mount['name']}"
            for volume in volumes - {mount["name"] for mount in container.get("volumeMounts", [])}:
                yield f"{title(each)}: volume {volume} is not mounted"


@check
def budgets(world):
    for budget in world.of("PodDisruptionBudget"):
        selected = [title(each) for each in world.workloads() if matches(budget["spec"].get("selector", {}), labels(each))]
        if len(selected) != 1 or not budget["spec"].get("selector", {}).get("matchLabels"):
            yield f"{title(budget)} must select the pods of one Deployment, not of: {', '.join(selected) or 'none'}"
        if budget["spec"].get("maxUnavailable") != 1 or budget["spec"].get("unhealthyPodEvictionPolicy") != "AlwaysAllow":
            yield f"{title(budget)}: maxUnavailable 1 and AlwaysAllow, or it blocks a drain"
    for each in world.services():
        if each["spec"].get("replicas", 2) > 1 and not any(matches(budget["spec"].get("selector", {}), labels(each)) for budget in world.of("PodDisruptionBudget")):
            yield f"{title(each)} has no budget"


@check
def selectors(world):
    """Every selector selects something, and all that it should."""
    for each in world.workloads():
        if each["kind"] == "Deployment" and not matches(each["spec"]["selector"], labels(each)):
            yield f"{title(each)} does not select its own pods"
        for other in world.of("Deployment"):
            if each["kind"] == "Deployment" and each is not other and matches(each["spec"]["selector"], labels(other)):
                yield f"{title(each)} selects pods of {title(other)}"
    for service in world.of("Service"):
        selected = [each for each in world.of("Deployment") if matches({"matchLabels": service["spec"].get("selector", {})}, labels(each))]
        if len(selected) != 1 or not service["spec"].get("selector"):
            yield f"{title(service)} must select the pods of one Deployment"
            continue
        ports = {port["name"] for container in containers(selected[0]) for port in container.get("ports", [])}
        for port in service["spec"]["ports"]:
            if port.get("targetPort") not in ports:
                yield f"{title(service)}: {port.get('targetPort')} is no port of {title(selected[0])}"
    for each in world.services():
        ways = [service["spec"].get("clusterIP") == "None" for service in world.of("Service")
                if matches({"matchLabels": service["spec"].get("selector", {})}, labels(each))]
        if sorted(ways) != [False, True]:
            yield f"{title(each)} needs a headless Service and one with an address"
    for monitor in world.of("PodMonitor"):
        for each in world.services():
            ports = {port["name"] for container in containers(each) for port in container.get("ports", [])}
            if not matches(monitor["spec"]["selector"], labels(each)) or any(point["port"] not in ports for point in monitor["spec"]["podMetricsEndpoints"]):
                yield f"{title(monitor)} does not read {title(each)}"


@check
def spread(world):
    for each in world.services():
        if labels(each).get(PART_OF) != "finalmile" or not labels(each).get(NAME):
            yield f"{title(each)}: its pods need the labels {PART_OF} and {NAME}"
        if each["spec"].get("replicas", 2) == 1:
            continue
        found = {constraint["topologyKey"]: constraint for constraint in pod(each).get("topologySpreadConstraints", [])}
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname"):
            selector = found.get(key, {}).get("labelSelector", {})
            selected = [other for other in world.of("Deployment") if selector.get("matchLabels") and matches(selector, labels(other))]
            if selected != [each] or found[key]["whenUnsatisfiable"] != "ScheduleAnyway":
                yield f"{title(each)}: its replicas, and no others, must be spread over {key}"


@check
def grace(world):
    """SIGTERM, the lame duck and the drain end before SIGKILL, with some seconds to leave Kafka's groups."""
    for each in world.services():
        environment = world.environment(each)
        needed = sum(seconds(environment.get(name, "0s")) for name in ("FINALMILE_LAME_DUCK", "FINALMILE_DRAIN")) + 5
        needed += containers(each)[0].get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        if "FINALMILE_LAME_DUCK" not in environment or "FINALMILE_DRAIN" not in environment:
            yield f"{title(each)}: it must set its lame duck and its drain"
        if pod(each).get("terminationGracePeriodSeconds", 30) < needed:
            yield f"{title(each)}: a grace period of at least {needed:.0f} s is needed"


@check
def rollout(world):
    for each in world.services():
        strategy = each["spec"].get("strategy", {})
        alone = any("persistentVolumeClaim" in volume for volume in pod(each).get("volumes", []))
        if alone and (strategy.get("type") != "Recreate" or each["spec"].get("replicas") != 1):
            yield f"{title(each)}: a store belongs to one process: one replica, Recreate"
        if not alone and strategy.get("rollingUpdate") != {"maxSurge": 1, "maxUnavailable": 0}:
            yield f"{title(each)}: no replica may go before another has come"
        if not alone and not containers(each)[0].get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds"):
            yield f"{title(each)}: it must wait before SIGTERM until its endpoint is gone everywhere"
    for claim in world.of("PersistentVolumeClaim"):
        if claim["spec"]["accessModes"] != ["ReadWriteOncePod"]:
            yield f"{title(claim)}: a store belongs to one pod: ReadWriteOncePod"
    for each in world.workloads():
        for container in containers(each):
            if not re.search(r"(:[^:/]+|@sha256:[0-9a-f]{64})$", container["image"]) or container["image"].endswith(":latest"):
                yield f"{title(each)}: the image {container['image']} names no version"


@check
def jobs(world):
    for each in world.of("Job"):
        annotations = each["metadata"].get("annotations", {})
        meshes = template(each).get("metadata", {}).get("annotations", {})
        if each["spec"].get("backoffLimit") is None or not each["spec"].get("ttlSecondsAfterFinished") or pod(each).get("restartPolicy") != "Never":
            yield f"{title(each)}: it must end: backoffLimit, ttlSecondsAfterFinished, restartPolicy Never"
        if meshes.get("linkerd.io/inject") != "disabled" or meshes.get("sidecar.istio.io/inject") != "false":
            yield f"{title(each)}: with a sidecar it would never complete"
        if annotations.get("argocd.argoproj.io/hook") != "Sync" or annotations.get("argocd.argoproj.io/sync-wave") != "-1" or \
                annotations.get("argocd.argoproj.io/hook-delete-policy") != "BeforeHookCreation":
            yield f"{title(each)}: Argo CD must run it anew in each sync, before the services"
    migrated = {containers(each)[0]["args"][2] for each in world.of("Job") if containers(each)[0]["args"][:2] == ["migrate", "--service"]}
    for each in world.services():
        service = service_of(each)
        if service and service not in migrated:
            yield f"{title(each)}: no Job migrates its store"


@check
def doctors(world):
    """`finalmile doctor` of a service sees what the service sees, and looks when it is asked alone."""
    for each in world.services():
        service = service_of(each)
        found = [job for job in world.of("CronJob") if containers(job)[0]["args"] == ["doctor", "--service", service]]
        if service and len(found) != 1:
            yield f"{title(each)}: one CronJob must look at what it needs"
        for job in found:
            own, wanted = world.environment(job), world.environment(each)
            for name in sorted(name for name in own.keys() | wanted if own.get(name) != wanted.get(name)):
                yield f"{title(job)}: {name} is not that of {title(each)}"
            if mounted(job) != mounted(each):
                yield f"{title(job)}: other Secrets than those of {title(each)}"
            spec = job["spec"]["jobTemplate"]["spec"]
            if job["spec"].get("suspend") is not True or spec.get("backoffLimit") != 0 or not spec.get("activeDeadlineSeconds") or \
                    not spec.get("ttlSecondsAfterFinished") or pod(job).get("restartPolicy") != "Never":
                yield f"{title(job)}: suspended, it looks once and ends"
            meshes = template(job).get("metadata", {}).get("annotations", {})
            if meshes.get("linkerd.io/inject") != "disabled" or meshes.get("sidecar.istio.io/inject") != "false":
                yield f"{title(job)}: with a sidecar it would never complete"


def mounted(workload):
    """The Secrets of a workload by the folders in which they are."""
    volumes = {volume["name"]: volume for volume in pod(workload).get("volumes", []) if {"secret", "projected"} & set(volume)}
    return {mount["mountPath"]: volumes[mount["name"]] for mount in containers(workload)[0].get("volumeMounts", []) if mount["name"] in volumes}


def service_of(workload):
    """leads; None for the process that runs all."""
    command = containers(workload)[0].get("command", [""])[0]
    return command.removeprefix("/usr/bin/finalmile-") if command else None


@check
def settings(world):
    """The programs themselves take every variable."""
    for each in world.workloads():
        environment = {name: value for name, value in world.environment(each).items() if name.startswith("FINALMILE_")}
        if each["kind"] == "Deployment" and each not in world.services():
            continue
        args = containers(each)[0].get("args", [])
        service = args[2] if args[:2] in (["migrate", "--service"], ["doctor", "--service"]) else "leads" if args[:1] == ["topics"] else service_of(each)
        shown = world.finalmile("--print-config", environment=environment, service=service) if service else \
            world.finalmile("serve", "--print-config", environment=environment)
        if shown.returncode != 0:
            yield f"{title(each)}: {shown.stderr.strip()}"
        for container in containers(each):
            for source in container.get("envFrom", []):
                if world.named("ConfigMap", source["configMapRef"]["name"]) is None:
                    yield f"{title(each)}: there is no ConfigMap {source['configMapRef']['name']}"
        if each["kind"] != "Deployment" and not addresses(environment):
            yield f"{title(each)}: it has no address"


@check
def secrets(world):
    """Every Secret that is used is in the examples with the keys that are used, and every file that a setting names is one."""
    keys = {each["metadata"]["name"]: set(each.get("stringData", {})) | set(each.get("data", {})) for each in world.examples}
    used = set()
    for each in world.workloads():
        files = {}
        for volume in pod(each).get("volumes", []):
            for source in [volume] if "secret" in volume else volume.get("projected", {}).get("sources", []):
                secret = source.get("secret", {})
                name = secret.get("secretName") or secret.get("name")
                used.add(name)
                wanted = {item["path"]: item["key"] for item in secret.get("items", [])} or {key: key for key in keys.get(name, ())}
                for path, key in wanted.items():
                    if key not in keys.get(name, ()):
                        yield f"{title(each)}: the examples have no key {key} of the Secret {name}"
                    files.setdefault(volume["name"], set()).add(path)
            mode = (volume.get("secret") or volume.get("projected") or {}).get("defaultMode")
            if ("secret" in volume or "projected" in volume) and mode != 0o440:
                yield f"{title(each)}: volume {volume['name']} must have mode 0440"
        for name in sorted(used - set(keys)):
            yield f"{title(each)}: the examples have no Secret {name}"
        there = {f"{mount['mountPath']}/{path}" for mount in containers(each)[0].get("volumeMounts", []) for path in files.get(mount["name"], ())}
        text = " ".join([*world.environment(each).values(), *containers(each)[0].get("args", [])])
        for path in re.findall(r"/etc/finalmile/[^\s&?]+", text):
            if path not in there:
                yield f"{title(each)}: {path} is no key of a Secret that is mounted"
    for each in world.of("TriggerAuthentication"):
        for reference in each["spec"]["secretTargetRef"]:
            if reference["key"] not in keys.get(reference["name"], ()):
                yield f"{title(each)}: the examples have no key {reference['key']} of the Secret {reference['name']}"
    for each in world.of("Cluster"):
        for role in each["spec"]["managed"]["roles"]:
            if not {"username", "password"} <= keys.get(role["passwordSecret"]["name"], set()):
                yield f"{title(each)}: the examples have no Secret {role['passwordSecret']['name']} of the role {role['name']}"


def ports_of(rules):
    return {(port.get("protocol", "TCP"), port["port"]) for rule in rules for port in rule.get("ports", [{"port": "any"}])}


@check
def edges(world):
    """Pods reach what their addresses name, and are reached by those who call them, and by and to nobody else."""
    policies = world.of("NetworkPolicy")
    if not policies:
        return
    dns = {("UDP", 53), ("TCP", 53)}
    for each in policies:
        if not any(matches(each["spec"]["podSelector"], labels(workload)) for workload in world.workloads()):
            yield f"{title(each)} selects no pod"
        for rule in each["spec"].get("ingress", []):
            if not rule.get("from"):
                yield f"{title(each)} lets everybody in"
    for each in world.workloads():
        own = [policy for policy in policies if matches(policy["spec"]["podSelector"], labels(each))]
        for way in {"Ingress", "Egress"} - {way for policy in own for way in policy["spec"]["policyTypes"]}:
            yield f"{title(each)}: no NetworkPolicy denies its {way}"
        allowed = ports_of(rule for policy in own for rule in policy["spec"].get("egress", []))
        wanted = dns | {("TCP", address.port) for address in addresses(world.environment(each)).values()}
        if allowed != wanted:
            yield f"{title(each)} may reach {sorted(allowed - wanted, key=str)} too much, {sorted(wanted - allowed, key=str)} too little"
        entered = ports_of(rule for policy in own for rule in policy["spec"].get("ingress", []))
        offered = {("TCP", port["containerPort"]) for container in containers(each) for port in container.get("ports", [])}
        if entered != offered:
            yield f"{title(each)} can be reached at {sorted(entered)}, and listens on {sorted(offered)}"
    for each in policies:
        for rule in each["spec"].get("ingress", []):
            if ("TCP", 7000) in ports_of([rule]) and any("finalmile.dev/client" not in peer.get("podSelector", {}).get("matchLabels", {}) for peer in rule.get("from", [{}])):
                yield f"{title(each)}: calls come from pods with the label finalmile.dev/client"


@check
def topics(world):
    """The topics of the manifests are those of the programs."""
    made = world.of("KafkaTopic")
    if not made:
        return
    with tempfile.TemporaryDirectory() as data:
        shown = world.finalmile("topics", "list", "--json", "--data", data)
    listed = {}
    for line in shown.stdout.splitlines():
        topic = json.loads(line)
        listed[topic["name"]] = (topic["partitions"], str(topic["retention_days"] * 86_400_000 or -1))
    described = {each["spec"]["topicName"]: (each["spec"]["partitions"], each["spec"]["config"]["retention.ms"]) for each in made}
    for name in sorted(set(listed) | set(described)):
        if listed.get(name) != described.get(name):
            yield f"topic {name}: the programs want {listed.get(name)}, the manifests say {described.get(name)} (partitions, retention.ms)"
    for each in made:
        if each["spec"]["replicas"] < 3 or each["spec"]["config"].get("min.insync.replicas") != "2":
            yield f"{title(each)}: three replicas, two of them in sync"
    if any(containers(each)[0]["args"][:1] == ["topics"] for each in world.of("Job")):
        yield "a Job makes topics beside the operator that owns them"


@functools.cache
def topics_of_services(source):
    """By service the topics that it uses, and whether it writes them, as the AsyncAPI document has them."""
    with open(os.path.join(source, "proto/asyncapi.yaml"), encoding="utf-8") as file:
        operations = yaml.safe_load(file)["operations"]
    used = collections.defaultdict(dict)
    for operation in operations.values():
        topic = operation["channel"]["$ref"].rpartition("/")[2]
        topics = used[operation["tags"][0]["name"]]
        topics[topic] = topics.get(topic, False) or operation["action"] == "send"
    return used


@check
def kafka_rights(world):
    """A service may write its own topics, read the others that it names, and use groups of its own name; no more."""
    users = world.of("KafkaUser")
    for service, wanted in sorted(topics_of_services(world.source).items()) if users else []:
        user = world.named("KafkaUser", f"finalmile-kafka-{service}")
        if user is None:
            yield f"there is no KafkaUser for {service}"
            continue
        rights = {}
        for acl in user["spec"]["authorization"]["acls"]:
            rights[acl["resource"]["type"], acl["resource"]["name"]] = set(acl["operations"])
            if acl["resource"]["type"] == "topic" and acl["resource"].get("patternType", "literal") != "literal":
                yield f"{title(user)}: rights to topics go by whole names"
        if rights.pop(("group", f"{service}."), None) != {"Read"}:
            yield f"{title(user)}: it must read as the groups {service}.…"
        for topic, own in wanted.items():
            given = rights.pop(("topic", topic), set())
            if "Describe" not in given or ("Write" in given) != own or (not own and "Read" not in given):
                yield f"{title(user)}: wrong rights to {topic}: {', '.join(sorted(given)) or 'none'}"
        for kind, name in rights:
            yield f"{title(user)}: rights to the {kind} {name}, which {service} does not use"


def cache_commands(source):
    """Those that the cache needs, by its own test with a user of few rights."""
    with open(os.path.join(source, "libs/cache/redis/redis_cache_test.cc"), encoding="utf-8") as file:
        return set(re.findall(r'"\+([a-z|]+)"', file.read()))


@check
def cache_rights(world):
    """The user of the cache may send what the cache sends, and nothing else."""
    for each in world.examples:
        for line in each.get("stringData", {}).get("users.acl", "").splitlines():
            given = set(re.findall(r" \+(\S+)", line))
            if given and (given != cache_commands(world.source) or "-@all" not in line):
                yield f"Secret {each['metadata']['name']}: the cache needs exactly {' '.join(sorted(cache_commands(world.source)))}"


@check
def scaling(world):
    scalers = world.of("HorizontalPodAutoscaler", "ScaledObject")
    for each in scalers:
        target = world.named("Deployment", each["spec"]["scaleTargetRef"]["name"])
        if target is None:
            yield f"{title(each)}: there is no such Deployment"
        elif "replicas" in target["spec"]:
            yield f"{title(target)}: each apply would undo what {title(each)} decided"
        if sum(other["spec"]["scaleTargetRef"]["name"] == each["spec"]["scaleTargetRef"]["name"] for other in scalers) > 1:
            yield f"{title(each)}: two autoscalers of one Deployment"
        if (each["spec"].get("minReplicas") or each["spec"].get("minReplicaCount", 0)) < 2:
            yield f"{title(each)}: at least two replicas"
        for trigger in each["spec"].get("triggers", []):
            topic = next((topic for topic in world.of("KafkaTopic") if topic["spec"]["topicName"] == trigger["metadata"].get("topic")), None)
            if trigger["type"] == "kafka" and (topic is None or each["spec"]["maxReplicaCount"] * 2 > topic["spec"]["partitions"]):
                yield f"{title(each)}: two members in each process, so at most half as many replicas as partitions"

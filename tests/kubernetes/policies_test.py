#!/usr/bin/env python3
"""The rules of policies.py over what is rendered, and that each rule can fail: policies_test.py SOURCE BUILD"""
import copy
import functools
import os
import sys
import unittest

import policies
from policies import containers, pod

SOURCE, BUILD = [os.path.realpath(path) for path in sys.argv[1:3]]


load = functools.cache(policies.load)


def world(overlay):
    folder = os.path.join(SOURCE, "deploy/kubernetes")
    return policies.World(copy.deepcopy(load(f"{folder}/rendered/{overlay}.yaml")),
                          copy.deepcopy(load(f"{folder}/overlays/{overlay}/secrets.example.yaml")), SOURCE, BUILD)


def faults(checked, check):
    return list(check(checked))


# A way to break the manifests: the check that must see it, the overlay, what is broken (kind, name), how, and a word of
# the fault that is expected.
def broken(check, kind, name, word, overlay="production"):
    def enter(breaks):
        BROKEN.append((check, kind, name, word, overlay, breaks))
        return breaks
    return enter


BROKEN = []


@broken("probes", "Deployment", "finalmile-leads", "readinessProbe")
def no_readiness(each): del containers(each)[0]["readinessProbe"]


@broken("probes", "Deployment", "finalmile-leads", "livenessProbe")
def alive_by_readiness(each): containers(each)[0]["livenessProbe"]["httpGet"]["path"] = "/readyz"


@broken("probes", "Deployment", "finalmile-valkey", "startupProbe")
def probe_of_no_port(each): containers(each)[0]["startupProbe"]["tcpSocket"]["port"] = "grpc"


@broken("resources", "Job", "migrate-leads", "limit of memory")
def no_memory_limit(each): del containers(each)[0]["resources"]["limits"]


@broken("resources", "Deployment", "finalmile-catalog", "limit of cpu")
def cpu_limit(each): containers(each)[0]["resources"]["limits"]["cpu"] = "1"


@broken("resources", "Deployment", "finalmile-catalog", "volume tmp")
def unbounded_folder(each): next(volume for volume in pod(each)["volumes"] if volume["name"] == "tmp")["emptyDir"] = {}


@broken("restricted", "Deployment", "finalmile-coaching", "not root")
def root(each): pod(each)["securityContext"]["runAsUser"] = 0


@broken("restricted", "Job", "migrate-catalog", "read-only root")
def writable_root(each): del containers(each)[0]["securityContext"]["readOnlyRootFilesystem"]


@broken("restricted", "Deployment", "finalmile-leads", "no privileges")
def capability(each): containers(each)[0]["securityContext"]["capabilities"] = {"drop": ["ALL"], "add": ["NET_RAW"]}


@broken("restricted", "Deployment", "finalmile-leads", "hostNetwork")
def host_network(each): pod(each)["hostNetwork"] = True


@broken("restricted", "Deployment", "finalmile-leads", "kind that is not allowed")
def host_path(each): pod(each)["volumes"][0] = {"name": "data", "hostPath": {"path": "/"}}


@broken("restricted", "Deployment", "finalmile-leads", "token of the API")
def token_of_the_api(each): pod(each)["automountServiceAccountToken"] = True


@broken("restricted", "ServiceAccount", "finalmile-leads", "token of the API")
def token_of_the_account(each): del each["automountServiceAccountToken"]


@broken("restricted", "Namespace", "finalmile", "restricted")
def lax_namespace(each): del each["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]


@broken("service_links", "Deployment", "finalmile-appointments", "enableServiceLinks")
def links(each): del pod(each)["enableServiceLinks"]


@broken("mounts", "Deployment", "finalmile-leads", "subPath")
def sub_path(each): containers(each)[0]["volumeMounts"][0]["subPath"] = "tokens"


@broken("mounts", "Deployment", "finalmile-leads", "no volume")
def no_volume(each): containers(each)[0]["volumeMounts"][0]["name"] = "token"


@broken("mounts", "Deployment", "finalmile-leads", "not mounted")
def not_mounted(each): pod(each)["volumes"].append({"name": "more", "emptyDir": {"sizeLimit": "1Mi"}})


@broken("budgets", "PodDisruptionBudget", "finalmile-leads", "not of: none")
def budget_of_nothing(each): each["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"] = "leads"


@broken("budgets", "PodDisruptionBudget", "finalmile-leads", "Deployment finalmile-catalog")
def budget_of_all(each): del each["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"]


@broken("budgets", "PodDisruptionBudget", "finalmile-leads", "blocks a drain")
def budget_that_blocks(each): each["spec"] = {"minAvailable": 1, "selector": each["spec"]["selector"]}


@broken("selectors", "Service", "finalmile-leads", "must select")
def service_of_nothing(each): each["spec"]["selector"]["app.kubernetes.io/name"] = "leads"


@broken("selectors", "Service", "finalmile-vip-leads", "no port")
def service_of_no_port(each): each["spec"]["ports"][0]["targetPort"] = "http"


@broken("selectors", "Service", "finalmile-leads", "headless")
def no_headless_service(each): del each["spec"]["clusterIP"]


@broken("selectors", "Deployment", "finalmile-leads", "its own pods")
def pods_of_nobody(each): each["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/name"] = "leads"


@broken("selectors", "Deployment", "finalmile-leads", "selects pods of")
def pods_of_others(each): del each["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"]


@broken("selectors", "PodMonitor", "finalmile", "does not read")
def monitor_of_no_port(each): each["spec"]["podMetricsEndpoints"][0]["port"] = "metrics"


@broken("spread", "Deployment", "finalmile-leads", "topology.kubernetes.io/zone")
def not_spread(each): del pod(each)["topologySpreadConstraints"][0]


@broken("spread", "Deployment", "finalmile-leads", "and no others")
def spread_with_all(each): pod(each)["topologySpreadConstraints"][1]["labelSelector"]["matchLabels"] = {"app.kubernetes.io/part-of": "finalmile"}


@broken("grace", "Deployment", "finalmile-leads", "35 s")
def short_grace(each): pod(each)["terminationGracePeriodSeconds"] = 34


@broken("grace", "Deployment", "finalmile", "25 s", overlay="single")
def short_grace_of_one(each): pod(each)["terminationGracePeriodSeconds"] = 24


@broken("rollout", "Deployment", "finalmile-leads", "before another has come")
def rollout_with_a_gap(each): each["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] = 1


@broken("rollout", "Deployment", "finalmile-leads", "before SIGTERM")
def no_pre_stop(each): del containers(each)[0]["lifecycle"]


@broken("rollout", "Deployment", "finalmile", "Recreate", overlay="single")
def two_on_one_volume(each): each["spec"]["strategy"] = {"type": "RollingUpdate"}


@broken("rollout", "PersistentVolumeClaim", "finalmile", "ReadWriteOncePod", overlay="single")
def shared_volume(each): each["spec"]["accessModes"] = ["ReadWriteOnce"]


@broken("rollout", "Job", "migrate-leads", "no version")
def latest(each): containers(each)[0]["image"] = "registry.example/finalmile:latest"


@broken("jobs", "Job", "migrate-leads", "must end")
def endless_job(each): pod(each)["restartPolicy"] = "OnFailure"


@broken("jobs", "Job", "migrate-leads", "sidecar")
def job_in_a_mesh(each): del each["spec"]["template"]["metadata"]["annotations"]["linkerd.io/inject"]


@broken("jobs", "Job", "migrate-leads", "Argo")
def job_before_secrets(each): each["metadata"]["annotations"]["argocd.argoproj.io/hook"] = "PreSync"


@broken("jobs", "Job", "migrate-leads", "Deployment finalmile-leads: no Job")
def wrong_store(each): containers(each)[0]["args"][2] = "catalog"


def doctor(each): return each["spec"]["jobTemplate"]["spec"]


@broken("doctors", "CronJob", "doctor-leads", "Deployment finalmile-leads: one CronJob")
def no_doctor(each): containers(each)[0]["args"][2] = "catalog"


@broken("doctors", "CronJob", "doctor-leads", "FINALMILE_STORE is not that of Deployment finalmile-leads")
def doctor_of_another_store(each): containers(each)[0]["env"].append({"name": "FINALMILE_STORE", "value": "postgresql://db/leads"})


@broken("doctors", "CronJob", "doctor-leads", "other Secrets")
def doctor_as_owner(each): next(volume for volume in pod(each)["volumes"] if volume["name"] == "postgresql")["projected"]["sources"][0]["secret"]["name"] = "finalmile-postgresql-leads-owner"


@broken("doctors", "CronJob", "doctor-leads", "suspended")
def doctor_at_its_own_time(each): each["spec"]["suspend"] = False


@broken("doctors", "CronJob", "doctor-leads", "looks once")
def doctor_that_looks_again(each): doctor(each)["backoffLimit"] = 6


@broken("doctors", "CronJob", "doctor-leads", "sidecar")
def doctor_in_a_mesh(each): del doctor(each)["template"]["metadata"]["annotations"]["linkerd.io/inject"]


@broken("restricted", "CronJob", "doctor-coaching", "read-only root")
def doctor_with_a_writable_root(each): containers(each)[0]["securityContext"]["readOnlyRootFilesystem"] = False


@broken("edges", "NetworkPolicy", "finalmile-doctor-catalog", "CronJob doctor-catalog may reach")
def doctor_without_redis(each): each["spec"]["egress"][0]["ports"][0]["port"] = 6380


@broken("settings", "Deployment", "finalmile-leads", "FINALMILE_DRIAN")
def misspelt_variable(each): containers(each)[0]["env"].append({"name": "FINALMILE_DRIAN", "value": "20s"})


@broken("settings", "Deployment", "finalmile-leads", "FINALMILE_CATALOG_CACHE")
def setting_of_another(each): containers(each)[0]["env"].append({"name": "FINALMILE_CATALOG_CACHE", "value": "local:"})


@broken("settings", "Deployment", "finalmile", "FINALMILE_LAME_DUCK", overlay="single")
def bad_value(each): next(variable for variable in containers(each)[0]["env"] if variable["name"] == "FINALMILE_LAME_DUCK")["value"] = "soon"


@broken("settings", "Job", "migrate-leads", "no ConfigMap")
def no_config_map(each): containers(each)[0]["envFrom"][0]["configMapRef"]["name"] = "migrate"


@broken("secrets", "Deployment", "finalmile-leads", "no Secret finalmile-token")
def no_such_secret(each): next(volume for volume in pod(each)["volumes"] if volume["name"] == "tokens")["secret"]["secretName"] = "finalmile-token"


@broken("secrets", "Job", "migrate-leads", "no key ca.pem")
def no_such_key(each): next(volume for volume in pod(each)["volumes"] if volume["name"] == "postgresql")["projected"]["sources"][1]["secret"]["items"][0]["key"] = "ca.pem"


@broken("secrets", "ConfigMap", "finalmile-catalog", "/etc/finalmile/redis/pw")
def no_such_file(each): each["data"]["FINALMILE_CATALOG_CACHE"] = each["data"]["FINALMILE_CATALOG_CACHE"].replace("redis/password", "redis/pw")


@broken("secrets", "Deployment", "finalmile-leads", "mode 0440")
def readable_secret(each): next(volume for volume in pod(each)["volumes"] if volume["name"] == "tokens")["secret"]["defaultMode"] = 0o444


@broken("secrets", "TriggerAuthentication", "finalmile-kafka", "no key user")
def no_such_key_of_keda(each): each["spec"]["secretTargetRef"][0]["key"] = "user"


@broken("secrets", "Cluster", "finalmile-postgresql", "of the role")
def role_without_password(each): each["spec"]["managed"]["roles"][0]["passwordSecret"]["name"] = "leads"


@broken("edges", "NetworkPolicy", "finalmile-deny", "Job migrate-leads: no NetworkPolicy denies its Ingress")
def denies_one_way(each): each["spec"]["podSelector"]["matchLabels"] = {"app.kubernetes.io/part-of": "finalmile"}


@broken("edges", "NetworkPolicy", "finalmile-dns", "('UDP', 53)")
def no_dns(each): del each["spec"]["egress"][0]["ports"][0]


@broken("edges", "NetworkPolicy", "finalmile-catalog", "6379")
def no_redis(each): each["spec"]["egress"][0]["ports"][0]["port"] = 6380


@broken("edges", "NetworkPolicy", "finalmile-migrate", "too much")
def one_port_too_many(each): each["spec"]["egress"][0]["ports"].append({"protocol": "TCP", "port": 9093})


@broken("edges", "NetworkPolicy", "finalmile-valkey", "selects no pod")
def dead_policy(each): each["spec"]["podSelector"]["matchLabels"] = {"app": "valkey"}


@broken("edges", "NetworkPolicy", "finalmile-services", "lets everybody in")
def open_door(each): del each["spec"]["ingress"][0]["from"]


@broken("edges", "NetworkPolicy", "finalmile-services", "finalmile.dev/client")
def any_pod_calls(each): each["spec"]["ingress"][0]["from"] = [{"namespaceSelector": {}}]


@broken("edges", "NetworkPolicy", "finalmile-services", "listens on")
def no_metrics(each): del each["spec"]["ingress"][1]


@broken("topics", "KafkaTopic", "finalmile.leads.events.v1", "partitions")
def fewer_partitions(each): each["spec"]["partitions"] = 6


@broken("topics", "KafkaTopic", "finalmile.leads.activities.v1", "retention.ms")
def other_retention(each): each["spec"]["config"]["retention.ms"] = "86400000"


@broken("topics", "KafkaTopic", "finalmile.coaching.events.v1", "finalmile.coaching.events.v2")
def other_topic(each): each["spec"]["topicName"] = "finalmile.coaching.events.v2"


@broken("topics", "KafkaTopic", "finalmile.leads.events.v1", "three replicas")
def one_copy(each): each["spec"]["replicas"] = 1


@broken("topics", "Job", "migrate-leads", "beside the operator")
def two_owners_of_topics(each): containers(each)[0]["args"] = ["topics", "apply"]


@broken("kafka_rights", "KafkaUser", "finalmile-kafka-leads", "wrong rights to finalmile.leads.events.v1")
def may_not_write(each): each["spec"]["authorization"]["acls"][1]["operations"] = ["Describe"]


@broken("kafka_rights", "KafkaUser", "finalmile-kafka-coaching", "wrong rights to finalmile.catalog.events.v1")
def may_write_others(each): each["spec"]["authorization"]["acls"][1]["operations"].append("Write")


@broken("kafka_rights", "KafkaUser", "finalmile-kafka-coaching", "which coaching does not use")
def too_many_rights(each): each["spec"]["authorization"]["acls"].append({"resource": {"type": "topic", "name": "finalmile.leads.events.v1"}, "operations": ["Read"]})


@broken("kafka_rights", "KafkaUser", "finalmile-kafka-coaching", "as the groups coaching.")
def no_group(each): each["spec"]["authorization"]["acls"].pop()


@broken("cache_rights", "Secret", "finalmile-redis-users", "needs exactly")
def no_eval(each): each["stringData"]["users.acl"] = each["stringData"]["users.acl"].replace(" +eval ", " ")


@broken("scaling", "Deployment", "finalmile-catalog", "would undo")
def fixed_replicas(each): each["spec"]["replicas"] = 2


@broken("scaling", "HorizontalPodAutoscaler", "finalmile-catalog", "two autoscalers")
def two_scalers(each): each["spec"]["scaleTargetRef"]["name"] = "finalmile-leads"


@broken("scaling", "HorizontalPodAutoscaler", "finalmile-catalog", "no such Deployment")
def scaler_of_nothing(each): each["spec"]["scaleTargetRef"]["name"] = "catalog"


@broken("scaling", "HorizontalPodAutoscaler", "finalmile-catalog", "at least two")
def one_replica(each): each["spec"]["minReplicas"] = 1


@broken("scaling", "ScaledObject", "finalmile-leads", "half as many")
def idle_replicas(each): each["spec"]["maxReplicaCount"] = 7


class Policies(unittest.TestCase):
    def test_what_is_rendered_keeps_every_rule(self):
        for overlay in ("single", "production"):
            for check in policies.CHECKS:
                with self.subTest(overlay=overlay, check=check.__name__):
                    self.assertEqual(faults(world(overlay), check), [])

    def test_every_rule_sees_what_breaks_it(self):
        checks = {check.__name__: check for check in policies.CHECKS}
        for name, kind, what, word, overlay, breaks in BROKEN:
            with self.subTest(check=name, broken=breaks.__name__):
                checked = world(overlay)
                found = [each for each in (checked.examples if kind == "Secret" else checked.of(kind)) if each["metadata"]["name"] == what or kind == "ConfigMap" and each["metadata"]["name"].startswith(what)]
                self.assertEqual(len(found), 1, f"{kind} {what}")
                before = copy.deepcopy(found[0])
                breaks(found[0])
                self.assertNotEqual(found[0], before)
                self.assertTrue(any(word in fault for fault in faults(checked, checks[name])), f"{word!r} is not in {faults(checked, checks[name])}")
        self.assertEqual({name for name, *_ in BROKEN}, set(checks), "a rule that nothing is shown to break")

    def test_every_service_is_there(self):
        services = {name for name in os.listdir(f"{SOURCE}/services") if os.path.exists(f"{SOURCE}/services/{name}/wiring.cc")}
        self.assertEqual({policies.service_of(each) for each in world("production").services()}, services)


def compose_faults(compose):
    """What must hold of deploy/compose.yaml: the programs take every variable, and every file that one names is a secret."""
    programs = policies.World([], [], SOURCE, BUILD)
    for name, each in compose["services"].items():
        given = {key: str(value) for key, value in each.get("environment", {}).items()}
        for secret in each.get("secrets", []):
            if secret not in compose["secrets"]:
                yield f"{name}: there is no secret {secret}"
        for path in policies.re.findall(r"/run/secrets/([^\s&?]+)", " ".join(given.values())):
            if path not in each.get("secrets", []):
                yield f"{name}: the secret {path} is not given to it"
        for other in each.get("depends_on", {}):
            if other not in compose["services"]:
                yield f"{name}: there is no {other}"
        allowed = set(policies.re.findall(r" \+(\S+?)(?=[\s\"])", " ".join(each.get("command", []))))
        if allowed and allowed != policies.cache_commands(SOURCE):
            yield f"{name}: the cache needs exactly {policies.cache_commands(SOURCE)}"
        if "finalmile" not in each["image"]:
            continue
        command = each.get("command", [])
        service = command[2] if command[:1] == ["migrate"] else "leads" if command[:1] == ["topics"] else name
        shown = programs.finalmile("--print-config", environment=given, service=service)
        if shown.returncode != 0:
            yield f"{name}: {shown.stderr.strip()}"
        if not each["read_only"] or each["cap_drop"] != ["ALL"] or each["security_opt"] != ["no-new-privileges:true"]:
            yield f"{name}: a read-only root and no privileges"
        if command == [] and policies.seconds(each["stop_grace_period"]) < 30:
            yield f"{name}: the lame duck and the drain take longer"


class Compose(unittest.TestCase):
    def setUp(self):
        with open(f"{SOURCE}/deploy/compose.yaml", encoding="utf-8") as file:
            self.compose = policies.yaml.safe_load(file)

    def test_it_keeps_the_rules(self):
        self.assertEqual(list(compose_faults(self.compose)), [])
        self.assertLessEqual({check for check in ("leads", "catalog", "appointments", "coaching")}, set(self.compose["services"]))

    def test_each_rule_can_fail(self):
        for service, change, word in (
                ("leads", {"environment": {"FINALMILE_STOER": "x"}}, "FINALMILE_STOER"),
                ("leads", {"secrets": ["tokens"]}, "secret leads is not given"),
                ("leads", {"secrets": ["tokens", "leads", "lead"]}, "no secret lead"),
                ("topics", {"depends_on": {"kafak": {}}}, "no kafak"),
                ("topics", {"read_only": False}, "read-only root"),
                ("valkey", {"command": ["valkey-server --user \"finalmile-catalog on +get +set\""]}, "needs exactly"),
                ("coaching", {"stop_grace_period": "10s"}, "take longer")):
            compose = copy.deepcopy(self.compose)
            compose["services"][service].update(change)
            self.assertTrue(any(word in fault for fault in compose_faults(compose)), word)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

#!/usr/bin/python3
"""Whether what is published for other languages is what the programs do: published_test.py PROGRAM [unittest options]"""
import filecmp
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

import yaml
from google.protobuf import descriptor_pb2

sys.dont_write_bytecode = True
ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", ".."))
PROTOS = os.path.join(ROOT, "proto")
LIMIT_SECONDS = 60
DAY_MS = 86_400_000


def text_of(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, **options)


class AsyncApiTest(unittest.TestCase):
    def setUp(self):
        self.document = yaml.safe_load(text_of("proto", "asyncapi.yaml"))
        folder = tempfile.TemporaryDirectory(prefix="finalmile-published-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def told(self, *verb):
        done = run(PROGRAM, *verb, "--json", "--data", os.path.join(self.folder, "data"))
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def operations(self, action):
        """(service, topic) of each."""
        return {(each["tags"][0]["name"], each["channel"]["$ref"].rpartition("/")[2])
                for each in self.document["operations"].values() if each["action"] == action}

    def test_is_what_protos_and_wiring_come_to(self):
        done = run(os.path.join(ROOT, "deploy/protos/asyncapi"), "--check")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_changed_comment_or_wiring_fails_the_check_with_its_line(self):
        for path in ("proto", "deploy/protos", "CMakeLists.txt", *(os.path.relpath(each, ROOT) for each in glob.glob(f"{ROOT}/services/*/wiring.cc"))):
            to = os.path.join(self.folder, path)
            os.makedirs(os.path.dirname(to), exist_ok=True)
            (shutil.copytree if os.path.isdir(os.path.join(ROOT, path)) else shutil.copy)(os.path.join(ROOT, path), to)
        for path, before, after, line in (
                ("proto/finalmile/leads/v1/lead_event.proto", "// Not sales-ready any more.", "// Sales-ready no more.", "Sales-ready no more."),
                ("services/coaching/wiring.cc", "ConsumerOf<catalog::v1::CatalogEvent>", "ConsumerOf<leads::v1::LeadEvent>", "other topics than kTopics")):
            file = os.path.join(self.folder, path)
            text = text_of(path)
            self.assertIn(before, text)
            with open(file, "w", encoding="utf-8") as out:
                out.write(text.replace(before, after))
            done = run(os.path.join(self.folder, "deploy/protos/asyncapi"), "--check")
            self.assertEqual(done.returncode, 1)
            self.assertIn(line, done.stderr)

    def test_topics_are_those_that_the_program_makes(self):
        described = {}
        for name, channel in self.document["channels"].items():
            kafka = channel["bindings"]["kafka"]
            described[name] = (channel["address"], kafka["partitions"], kafka["topicConfiguration"]["retention.ms"])
        self.assertEqual(described, {each["name"]: (each["name"], each["partitions"], each["retention_days"] * DAY_MS or -1)
                                     for each in self.told("topics", "list")})

    def test_services_receive_what_their_consumers_read(self):
        [status] = self.told("status")
        consumers = [(service["service"], consumer) for service in status["services"] for consumer in service["consumers"]]
        self.assertEqual(self.operations("receive"), {(service, lag["topic"]) for service, consumer in consumers for lag in consumer["lags"]})
        patterns = {each["tags"][0]["name"]: each["bindings"]["kafka"]["groupId"]["pattern"]
                    for each in self.document["operations"].values() if each["action"] == "receive"}
        for service, consumer in consumers:
            self.assertRegex(consumer["name"], patterns[service])

    def test_one_service_sends_each_topic(self):
        self.assertEqual(sorted(topic for _, topic in self.operations("send")), sorted(self.document["channels"]))


class ContractsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.NamedTemporaryFile() as described:
            files = sorted(os.path.relpath(each, PROTOS) for each in glob.glob(f"{PROTOS}/finalmile/**/*.proto", recursive=True))
            subprocess.run(["protoc", f"-I{PROTOS}", f"--descriptor_set_out={described.name}", *files], check=True, timeout=LIMIT_SECONDS)
            cls.files = descriptor_pb2.FileDescriptorSet.FromString(described.read()).file

    def test_options_of_languages_follow_the_package(self):
        for file in self.files:
            parts = file.package.split(".")
            self.assertEqual(file.options.go_package, "/".join(parts) + ";" + "".join(parts[-2:]), file.name)
            self.assertEqual(file.options.java_package, f"com.{file.package}", file.name)
            self.assertTrue(file.options.java_multiple_files, file.name)
            self.assertEqual(file.options.csharp_namespace.lower(), file.package, file.name)

    def test_no_field_has_the_name_of_an_accessor_of_another_in_java(self):
        """A string `key` has getKeyBytes(), so that `key_bytes` beside it does not compile."""
        def look(message, name):
            fields = {field.name for field in message.field}
            for field in message.field:
                if field.type == field.TYPE_STRING:
                    self.assertNotIn(f"{field.name}_bytes", fields, name)
            for nested in message.nested_type:
                look(nested, f"{name}.{nested.name}")

        for file in self.files:
            for message in file.message_type:
                look(message, f"{file.package}.{message.name}")

    def test_the_service_config_balances_and_checks_health_as_our_own_client_does(self):
        published = json.loads(text_of("proto", "service_config.json"))
        own = json.loads(re.search(r'kServiceConfig\[\] =\s*R"\((.*?)\)"', text_of("libs/rpc/grpc_channel.cc"), re.S).group(1))
        self.assertEqual(own, {name: published[name] for name in own})
        [method] = published["methodConfig"]
        self.assertEqual(method["name"], [{}])
        self.assertEqual(sorted(method["retryPolicy"]["retryableStatusCodes"]), ["CANCELLED", "UNAVAILABLE"])

    def test_the_archive_holds_the_contracts_and_is_the_same_twice(self):
        with tempfile.TemporaryDirectory() as folder:
            files = [os.path.join(folder, name) for name in ("one.tar.gz", "two.tar.gz")]
            for file in files:
                done = run(os.path.join(ROOT, "deploy/protos/archive"), file, env={**os.environ, "SOURCE_DATE_EPOCH": "1000000000"})
                self.assertEqual((done.returncode, done.stdout), (0, file + "\n"), done.stderr)
            self.assertTrue(filecmp.cmp(*files, shallow=False))
            with tarfile.open(files[0]) as archive:
                names = {each.name for each in archive if each.isfile()}
        version = re.search(r"project\(finalmile VERSION (\S+)", text_of("CMakeLists.txt")).group(1)
        protos = {os.path.relpath(each, ROOT) for each in glob.glob(f"{PROTOS}/**/*.proto", recursive=True)}
        beside = {"LICENSE", "proto/README.md", "proto/asyncapi.yaml", "proto/service_config.json"}
        clients = {name for name in names if "/tests/clients/" in name}
        self.assertEqual(names - clients, {f"finalmile-protos-{version}/{name}" for name in protos | beside})
        for file in ("README.md", "go/build", "go/go.sum", "java/pom.xml", "node/package-lock.json", "python/lead_client.py"):
            self.assertIn(f"finalmile-protos-{version}/tests/clients/{file}", clients)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()

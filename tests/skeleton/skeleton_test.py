#!/usr/bin/env python3
"""Whether `make service` stamps out a service that works: skeleton_test.py SOURCE BUILD COMPILER

In a copy of the tree: stamps out two services that FinalMile does not have, one of them over contracts that exist,
checks the architecture, compiles the new and changed files against the libraries of BUILD, and runs the tests of both
services, their verbs and their worlds and, as programs, the first service and the suite.
"""
import os
import shutil
import subprocess
import sys
import tempfile

SOURCE, BUILD, COMPILER = sys.argv[1:]
COPIED = ("proto", "libs", "services", "tests", "deploy", "CMakeLists.txt", ".clang-format")


def run(*command, cwd=None):
    """Its output; ends the test with it where it fails."""
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\nfailed: {' '.join(command)}")
    return done.stdout


def refused(tree, *arguments):
    """That the generator says why it does not take these, and writes nothing."""
    done = subprocess.run([f"{tree}/deploy/service/new", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert done.returncode != 0 and done.stderr and not done.stdout, (arguments, done)


def main():
    with tempfile.TemporaryDirectory(prefix="finalmile-skeleton-") as tree:
        for name in COPIED:
            path = os.path.join(SOURCE, name)
            (shutil.copytree if os.path.isdir(path) else shutil.copy2)(path, os.path.join(tree, name))
        refused(tree)
        refused(tree, "Billing")
        refused(tree, "billing", "class")
        refused(tree, "billing", "line_")
        refused(tree, "leads")
        print(run(f"{tree}/deploy/service/new", "billing", "line_item"), end="")
        refused(tree, "billing", "line_item")
        published = os.path.join(tree, "proto/finalmile/support/v1/ticket_event.proto")
        os.makedirs(os.path.dirname(published))
        shutil.copy2(os.path.join(SOURCE, "tests/skeleton/ticket_event.proto"), published)
        print(run(f"{tree}/deploy/service/new", "support", "ticket"), end="")
        with open(published) as file:
            assert "TicketEscalated ticket_escalated = 21;" in file.read(), "a published event has changed"
        run("python3", "tests/architecture/check.py", tree, cwd=tree)

        shutil.copy2(os.path.join(SOURCE, "tests/skeleton/project.cmake"), os.path.join(tree, "CMakeLists.txt"))
        os.environ["CCACHE_BASEDIR"] = tree
        build = os.path.join(tree, ".build")
        # Without optimisation: the code runs once.
        run("cmake", "-S", tree, "-B", build, "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={COMPILER}", "-DCMAKE_CXX_FLAGS=-O0 -DNDEBUG", f"-DLIBRARIES={BUILD}")
        run("cmake", "--build", build, "--parallel", "2")
        for program in ("services/billing/billing_domain_test", "services/billing/billing_test", "services/support/support_test", "verbs_test", "skeleton_smoke"):
            run(os.path.join(build, program))
        for world in ("billing", "support"):
            run(os.path.join(build, "simulation_test"), "--world", world, "--seeds", "25")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Whether `make service` stamps out a service that works: skeleton_test.py SOURCE BUILD COMPILER

In a copy of the tree: stamps out a service that FinalMile does not have, checks the architecture, compiles what is
new or changed against the libraries of BUILD, and runs the service's tests and, as programs, the service and the suite.
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
        refused(tree, "leads")
        print(run(f"{tree}/deploy/service/new", "billing", "invoice"), end="")
        refused(tree, "billing", "invoice")
        run("python3", "tests/architecture/check.py", tree, cwd=tree)

        shutil.copy2(os.path.join(SOURCE, "tests/skeleton/project.cmake"), os.path.join(tree, "CMakeLists.txt"))
        os.environ["CCACHE_BASEDIR"] = tree
        build = os.path.join(tree, ".build")
        # Without optimisation: the code runs once.
        run("cmake", "-S", tree, "-B", build, "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={COMPILER}", "-DCMAKE_CXX_FLAGS=-O0 -DNDEBUG", f"-DLIBRARIES={BUILD}")
        run("cmake", "--build", build, "--parallel", "2")
        for program in ("services/billing/billing_domain_test", "services/billing/billing_test", "skeleton_smoke"):
            run(os.path.join(build, program))

        # Contracts that are published before their service stay, with the stamped ones beside them.
        run(f"{tree}/deploy/service/new", "appointments", "appointment")
        protos = os.path.join(tree, "proto/finalmile/appointments/v1")
        run("protoc", f"-I{tree}/proto", "--descriptor_set_out=/dev/null", *(os.path.join(protos, name) for name in os.listdir(protos)))
        run("python3", "tests/architecture/check.py", tree, cwd=tree)


if __name__ == "__main__":
    main()

"""Terraform itself, on a copy of our files, with a stand-in for the provider."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from tests.k8s.provider_stub import ProviderStub
from tests.k8s.terraform_files import TERRAFORM

NEEDS_TERRAFORM = pytest.mark.skipif(
    not shutil.which("terraform"), reason="terraform is not installed"
)
PLAN = pathlib.Path(__file__).with_name("plan.tftest.hcl")


@contextlib.contextmanager
def terraform(folder):
    """Give a function that runs Terraform on a copy of our files."""
    copy = folder / "terraform"
    shutil.copytree(TERRAFORM, copy, ignore=shutil.ignore_patterns(".terraform*"))
    with ProviderStub() as stub:

        def run(*arguments):
            return subprocess.run(
                ["terraform", f"-chdir={copy}", *arguments],
                env=os.environ | stub.environment,
                capture_output=True,
                text=True,
                check=False,
            )

        begun = run("init", "-backend=false")
        assert begun.returncode == 0, begun.stderr
        yield run, copy


def messages(done, kind):
    """Return what `terraform test -json` said, of one kind."""
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [message for message in found if message["type"] == kind]


def resources_of(module):
    """Yield the resources of a state's module and of those inside it."""
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from resources_of(child)


def of_type(state, type_):
    """Return the values of all resources of a type by their addresses."""
    return {
        resource["address"]: resource["values"]
        for resource in resources_of(state["root_module"])
        if resource["type"] == type_
    }

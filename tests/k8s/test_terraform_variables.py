"""Every bad setting is refused by Terraform, with a sentence."""

import json
import pathlib

import pytest

from tests.k8s.terraform_files import TERRAFORM
from tests.k8s.terraform_runs import NEEDS_TERRAFORM, PLAN, messages, terraform

pytestmark = NEEDS_TERRAFORM

NORTH = {
    "id": "North",
    "namespace": "fairsilo-silo-north",
    "service_account": "silo-worker",
    "tier": "container",
}
# A value that is refused, and the sentence that says so.
REFUSED = {
    "subscription_id": ("mine", "expected a GUID in small letters"),
    "location": ("West Europe", "expected a region's short name"),
    "name": ("Fair-Silo", "expected 3 to 10 small letters and digits"),
    "admin_group_id": ("admins", "expected a GUID"),
    "member_group_ids": (["operators"], "expected GUIDs"),
    "allowed_ip_ranges": ([], "found none, expected at least one"),
    "monthly_budget": (0, "expected an amount above 0"),
    "budget_emails": (["nobody"], "expected at least one mail address"),
    "redundancy": ("GRS", "expected LRS or ZRS"),
    "root_share_gib": (50, "expected 100 to 102400"),
    "log_retention_days": (7, "expected 30 to 730"),
    "kubernetes_version": ("1.33.2", "expected a minor version"),
    "vnet_cidr": ("10.40.0.0/24", "expected a range of /20 or wider"),
    "pod_cidr": ("10.244.0.0", "expected a range"),
    "system_pool": (
        {"vm_size": "x", "min_count": 3, "max_count": 2},
        "expected 1 <= min_count <= max_count",
    ),
    "worker_pool": (
        {"vm_size": "x", "min_count": 0, "max_count": 2},
        "silo workers run all the time",
    ),
    "mysql": ("single", "expected in-cluster or flexible"),
    "silos": ({}, "silos: found none"),
}
ALSO_REFUSED = [
    ("allowed_ip_ranges", ["0.0.0.0/0"], "none wider than /16"),
    ("service_cidr", "10.0.0.0/8", "expected a range smaller than /12"),
    ("service_cidr", "10.244.128.0/17", "found ranges that overlap"),
    ("vnet_cidr", "10.240.0.0/12", "found ranges that overlap"),
    ("silos", {"north--1": NORTH}, "expected slugs of at most 40 small letters"),
    ("silos", {"south": NORTH}, "expected the namespace fairsilo-silo-SLUG"),
    ("silos", {"north": NORTH | {"tier": "pool"}}, "expected the tier account"),
    (
        "silos",
        {"north": NORTH | {"service_account": "default"}},
        "expected the service account silo-worker",
    ),
    (
        "silos",
        {"north": NORTH, "north-1": NORTH | {"namespace": "fairsilo-silo-north-1"}},
        "found one silo id under two slugs",
    ),
]
# Each run takes time, and one run names all variables that it refuses.
RUNS = [[(name, *bad) for name, bad in REFUSED.items()]] + [[b] for b in ALSO_REFUSED]
BAD = [(number, *bad) for number, run in enumerate(RUNS) for bad in run]


@pytest.fixture(scope="module")
def refusals(tmp_path_factory):
    """Return what Terraform says in each of the runs."""
    with terraform(tmp_path_factory.mktemp("refusals")) as (run, copy):
        (copy / "tests").mkdir()
        begin, _ = PLAN.read_text().split('run "defaults"')
        for number, bad in enumerate(RUNS):
            lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value, _ in bad)
            text = f'{begin}run "bad" {{\nvariables {{\n{lines}\n}}\n}}'
            (copy / f"tests/{number}.tftest.hcl").write_text(text)
        done = run("test", "-json")
    said: dict[int, list[str]] = {}
    for message in messages(done, "diagnostic"):
        number = int(pathlib.Path(message["@testfile"]).name.split(".")[0])
        said.setdefault(number, []).append(message["diagnostic"]["detail"])
    return said


@pytest.mark.parametrize(
    ("number", "name", "value", "sentence"), BAD, ids=[f"{n}={v}" for _, n, v, _ in BAD]
)
def test_a_bad_value_is_refused_with_a_sentence(
    refusals, number, name, value, sentence
):
    found = [text for text in refusals[number] if sentence in text]
    assert found, f"{value!r}: {refusals[number]}"
    assert any(name in text.partition(":")[0] for text in found)


def test_every_variable_with_a_condition_is_seen_to_refuse():
    text = "".join(path.read_text() for path in sorted(TERRAFORM.glob("variables*.tf")))
    conditioned = {
        block.split('"')[1]
        for block in text.split("\nvariable ")
        if "validation {" in block
    }
    # The password's is checked below, in a file of its own.
    assert conditioned - {"mysql_admin_password"} == {name for _, name, _, _ in BAD}


def test_a_flexible_server_without_a_password_is_refused(tmp_path):
    with terraform(tmp_path) as (run, copy):
        (copy / "tests").mkdir()
        begin = PLAN.read_text().split('run "defaults"')[0]
        begin = begin.replace("a-password-that-must-be-in-no-state", "short")
        said = 'run "bad" {\n variables {\n mysql = "flexible"\n }\n}'
        (copy / "tests/bad.tftest.hcl").write_text(begin + said)
        done = run("test", "-json")
    (said,) = messages(done, "diagnostic")
    assert "expected at least 24 characters" in said["diagnostic"]["detail"]

"""The steps of docs/azure.md, with stand-ins for az, kubectl and terraform."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from pipelines.kubeflow.settings import KubeflowSettings
from tests.k8s.terraform_files import TERRAFORM, modules, parse

ROOT = TERRAFORM.parents[1]
KFP_VERSION = (TERRAFORM.parent / "kfp-version").read_text().strip()

pytestmark = pytest.mark.skipif(
    not (shutil.which("make") and shutil.which("openssl")),
    reason="make or openssl is not installed",
)

# A vault in a file, and a registry.
AZ = """
vault = pathlib.Path(folder, "vault.json")
held = json.loads(vault.read_text()) if vault.exists() else {}
option = lambda name: sys.argv[sys.argv.index(name) + 1]
if "repository" in sys.argv:
    print("sha256:" + ("1" if "pipeline:0.1.0" in option("--image") else "2") * 64)
elif "list" in sys.argv:
    if pathlib.Path(folder, "forbidden").exists():
        sys.exit("Forbidden")
    print("\\n".join(held))
elif "show" in sys.argv:
    print(held[option("--name")])
elif "set" in sys.argv:
    held[option("--name")] = pathlib.Path(option("--file")).read_text()
    vault.write_text(json.dumps(held))
"""
KUBECTL = """
if sys.argv[1] == "create":
    given = [a.split("=", 2)[1:] for a in sys.argv if a.startswith("--from-file=")]
    data = {key: pathlib.Path(path).read_text() for key, path in given}
    print(json.dumps({"name": sys.argv[sys.argv.index("generic") + 1], "data": data}))
elif sys.argv[1] == "apply":
    applied = json.loads(sys.stdin.read())
    pathlib.Path(folder, applied["name"]).write_text(json.dumps(applied["data"]))
elif "apply" in sys.argv:
    pathlib.Path(folder, "applied.yaml").write_text(sys.stdin.read())
"""
TERRAFORM_STANDS_IN = """
if "output" in sys.argv:
    print("fairsilo", end="")
"""


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """Put the stand-ins on the path; return what they were called with."""
    for name, body in (
        ("az", AZ),
        ("kubectl", KUBECTL),
        ("terraform", TERRAFORM_STANDS_IN),
    ):
        path = tmp_path / name
        path.write_text(
            f"#!{sys.executable}\nimport json, pathlib, sys\n"
            f"folder = {str(tmp_path)!r}\n"
            'with open(f"{folder}/calls", "a") as log:\n'
            "    print(pathlib.Path(sys.argv[0]).name, *sys.argv[1:], file=log)\n"
            + body
        )
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "calls").touch()
    return lambda: (tmp_path / "calls").read_text().splitlines()


def run(*command, check=True):
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=check
    )


def make(*arguments, check=True):
    return run(
        "make", "--no-print-directory", "-f", "k8s/aks.mk", *arguments, check=check
    )


def hand_over():
    return run(str(TERRAFORM / "secrets.sh"), "vault")


def secret(tmp_path, name):
    return json.loads((tmp_path / name).read_text())


def test_passwords_are_made_once_and_handed_to_the_cluster(tools, tmp_path):
    hand_over()
    held = secret(tmp_path, "vault.json")
    assert {*held} == {"mysql-password", "mysql-root-password"}
    password, root = held["mysql-password"], held["mysql-root-password"]
    assert re.fullmatch(r"[0-9a-f]{48}", password)
    assert password != root
    mysql = secret(tmp_path, "fairsilo-mysql")
    assert mysql == {"password": password, "root-password": root}
    host = "fairsilo-mysql.fairsilo.svc.cluster.local"
    url = f"mysql+pymysql://fairsilo:{password}@{host}:3306/fairsilo"
    assert secret(tmp_path, "fairsilo-store") == {"url": url}
    hand_over()
    assert secret(tmp_path, "vault.json") == held


def test_no_password_stands_in_an_argument_or_on_the_terminal(tools, tmp_path):
    done = hand_over()
    seen = "\n".join([*tools(), done.stdout, done.stderr])
    for password in secret(tmp_path, "vault.json").values():
        assert password not in seen


def test_a_vault_that_cannot_be_read_is_not_taken_for_an_empty_one(tools, tmp_path):
    (tmp_path / "forbidden").touch()
    done = run(str(TERRAFORM / "secrets.sh"), "vault", check=False)
    assert done.returncode != 0
    assert "Forbidden" in done.stderr
    assert not (tmp_path / "vault.json").exists()
    assert not any(call.startswith("kubectl") for call in tools())


def test_digests_are_those_that_the_registry_gave(tools):
    done = run(str(TERRAFORM / "digests.sh"), "registry", "0.1.0")
    assert json.loads(done.stdout) == {
        "fairsilo-pipeline": "sha256:" + "1" * 64,
        "fairsilo-silo-worker": "sha256:" + "2" * 64,
    }


def test_a_folder_is_copied_through_a_pod_that_is_removed(tools, tmp_path):
    run(str(TERRAFORM / "upload.sh"), "r.io/image@sha256:1", str(tmp_path), "input/a")
    pod = yaml.safe_load((tmp_path / "applied.yaml").read_text())
    assert_restricted(pod)
    (container,) = pod["spec"]["containers"]
    assert container["image"] == "r.io/image@sha256:1"
    assert pod["metadata"]["labels"]["fairsilo.io/role"] == "housekeeping"
    *_, made, copied, removed = tools()
    assert made.endswith("exec fairsilo-upload -- mkdir -p /mnt/fairsilo/input/a")
    assert copied.endswith(f"cp {tmp_path}/. fairsilo-upload:/mnt/fairsilo/input/a")
    assert "delete pod fairsilo-upload" in removed


@pytest.mark.parametrize("to", ["", "/input", "input/../flights", "a b", "input/"])
def test_a_place_outside_the_volume_is_refused(tools, tmp_path, to):
    script = str(TERRAFORM / "upload.sh")
    done = run(script, "image", str(tmp_path), to, check=False)
    assert done.returncode == 2
    assert f"found TO={to}, expected a path below the volume's top" in done.stderr
    assert tools() == []


def test_a_folder_that_is_not_there_is_refused(tools, tmp_path):
    script = str(TERRAFORM / "upload.sh")
    done = run(script, "image", str(tmp_path / "gone"), "input", check=False)
    assert done.returncode == 2
    assert f"found no folder FROM={tmp_path}/gone" in done.stderr


def test_the_steps_image_is_named_by_registry_and_digest(tmp_path):
    (tmp_path / "azure.json").write_text('{"registry": "r.azurecr.io"}')
    (tmp_path / "images.json").write_text('{"fairsilo-pipeline": "sha256:1"}')
    done = run(sys.executable, str(TERRAFORM / "steps_image.py"), str(tmp_path))
    assert done.stdout == "r.azurecr.io/fairsilo-pipeline@sha256:1\n"


def test_an_image_that_was_never_pushed_is_not_named():
    done = make("--silent", "aks-image", check=False)
    assert done.returncode
    assert done.stdout == ""
    assert "found no image; run `make aks-images`" in done.stderr


def assert_restricted(pod):
    """Pod Security `restricted`, as far as our pods come near its limits."""
    spec = pod["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in spec["containers"]:
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["readOnlyRootFilesystem"] is True
        assert container["resources"]["limits"]
    assert spec["automountServiceAccountToken"] is False


def test_the_documented_pod_passes_pod_security(tmp_path):
    guide = (ROOT / "docs" / "azure.md").read_text()
    (text,) = re.findall(r"apply -f - <<END\n(.*?)\nEND\n", guide, re.DOTALL)
    assert_restricted(yaml.safe_load(text))


@pytest.mark.parametrize("given", [[], ["CONFIRM=other"]])
def test_nothing_is_destroyed_without_its_name(tools, given):
    done = make("aks-down", *given, check=False)
    assert done.returncode != 0
    assert "this destroys models, metadata and silos' containers" in done.stdout
    assert not any("destroy" in call for call in tools())


def test_what_is_named_is_destroyed(tools):
    make("aks-down", "CONFIRM=fairsilo")
    assert tools()[-1] == "terraform -chdir=k8s/terraform destroy"


def test_a_plan_is_kept_for_the_step_that_applies_it(tools):
    make("aks-plan")
    assert tools() == [
        "terraform -chdir=k8s/terraform init -backend-config=state.tfbackend",
        "terraform -chdir=k8s/terraform plan -out=aks.tfplan",
    ]
    assert "apply aks.tfplan" in make("--dry-run", "aks-up").stdout


def test_kubeflow_is_installed_in_the_version_of_its_one_file(tools):
    done = make("--dry-run", "aks-kubeflow")
    versions = re.findall(r"\?ref=([^\"\s]+)", done.stdout)
    assert versions == [KFP_VERSION] * 2


def test_scheduled_runs_get_the_steps_own_account_from_the_server():
    account = KubeflowSettings().service_account
    (line,) = re.findall(r".* set env .*", make("--dry-run", "aks-kubeflow").stdout)
    assert line == (
        "kubectl --namespace kubeflow set env deployment/ml-pipeline "
        f"DEFAULTPIPELINERUNNERSERVICEACCOUNT={account}"
    )
    assert line in (TERRAFORM.parent / "README.md").read_text()


def test_targets_are_described_and_documented():
    text = (TERRAFORM.parent / "aks.mk").read_text()
    guide = (ROOT / "docs" / "azure.md").read_text()
    targets = re.findall(r"^(aks-[a-z-]*):(.*)$", text, re.MULTILINE)
    assert len(targets) == 11
    for name, rest in targets:
        assert " ## " in rest, f"{name} is not described"
        assert f"make {name}" in guide, f"docs/azure.md knows no {name}"


def test_the_example_sets_what_has_no_default_and_nothing_unknown():
    given = {*parse((TERRAFORM / "terraform.tfvars.example").read_text())}
    declared = modules()[""]["variable"]
    known = {name: body for found in declared for name, body in found.items()}
    without = {name for name, body in known.items() if "default" not in body}
    assert without - given == {"silos"}  # which `make manifests` writes
    assert given <= {*known}


def test_scripts_can_be_run():
    for path in sorted(pathlib.Path(TERRAFORM).glob("*.sh")):
        assert os.access(path, os.X_OK), path
        assert path.read_text().startswith("#!/usr/bin/env bash\n")

"""The scripts and targets below `k8s/`, with stand-ins for the programs they call."""

import gzip
import json
import os
import re
import shutil
import subprocess
import sys

import pytest
import sqlalchemy as sa
import yaml

from pipelines.kubeflow.settings import KubeflowSettings
from tests.k8s import chart, rules
from tests.k8s.chart import K8S, ROOT
from tests.k8s.rules import of_kind

TERRAFORM = K8S / "terraform"
KFP_VERSION = (K8S / "kfp-version").read_text().strip()

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
if sys.argv[1] == "get":
    sys.exit(not pathlib.Path(folder, sys.argv[-3]).exists())
elif sys.argv[1] == "create":
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
        ("helm", ""),
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
    return run("make", "--no-print-directory", *arguments, check=check)


def make_secrets(*vault, check=True):
    return run(str(K8S / "secrets.sh"), *vault, check=check)


def secret(tmp_path, name):
    return json.loads((tmp_path / name).read_text())


def test_passwords_of_a_vault_are_made_once_and_given_to_the_cluster(tools, tmp_path):
    make_secrets("vault")
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
    make_secrets("vault")
    assert secret(tmp_path, "vault.json") == held


def test_secrets_without_a_vault_are_made_once_and_are_what_pods_ask_for(
    tools, tmp_path
):
    make_secrets()
    made = secret(tmp_path, "fairsilo-mysql")
    assert len({*made.values()}) == 2
    assert (
        sa.make_url(secret(tmp_path, "fairsilo-store")["url"]).password
        == (made["password"])
    )
    asked = {
        variable["valueFrom"]["secretKeyRef"]["key"]
        for _, template in rules.templates(list(chart.rendered("local")))
        for container in template["spec"]["containers"]
        for variable in container.get("env", [])
        if "valueFrom" in variable
    }
    assert asked == {*made}
    done = make_secrets(check=False)
    assert done.returncode == 1
    assert "found the secret fairsilo/fairsilo-mysql, expected neither" in done.stderr
    assert secret(tmp_path, "fairsilo-mysql") == made


@pytest.mark.parametrize("vault", [[], ["vault"]])
def test_no_password_stands_in_an_argument_or_on_the_terminal(tools, tmp_path, vault):
    done = make_secrets(*vault)
    seen = "\n".join([*tools(), done.stdout, done.stderr])
    for password in secret(tmp_path, "fairsilo-mysql").values():
        assert password not in seen


def test_a_vault_that_cannot_be_read_is_not_taken_for_an_empty_one(tools, tmp_path):
    (tmp_path / "forbidden").touch()
    done = make_secrets("vault", check=False)
    assert done.returncode != 0
    assert "Forbidden" in done.stderr
    assert not (tmp_path / "vault.json").exists()
    assert not any(call.startswith("kubectl") for call in tools())


def test_digests_are_those_that_the_registry_gave_and_the_charts_values(tools):
    done = run(str(TERRAFORM / "digests.sh"), "registry", "0.1.0")
    images = json.loads(done.stdout)["images"]
    assert images == {
        "pipeline": f"registry.azurecr.io/fairsilo-pipeline@sha256:{64 * '1'}",
        "worker": f"registry.azurecr.io/fairsilo-silo-worker@sha256:{64 * '2'}",
    }
    assert images.keys() == chart.azure([])["images"].keys()


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


def test_the_steps_image_is_named_or_refused(tmp_path):
    images = f"AKS_IMAGES={tmp_path}/images.json"
    done = make("--silent", "aks-image", images, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "expected the images' digests; run `make aks-images`" in done.stderr
    (tmp_path / "images.json").write_text('{"images": {"pipeline": "r.io/p@sha256:1"}}')
    assert make("--silent", "aks-image", images).stdout == "r.io/p@sha256:1\n"


def assert_restricted(pod):
    metadata = pod["metadata"] | {"namespace": "any"}
    owner = {"kind": "Job", "metadata": metadata, "spec": {"template": pod}}
    faults = rules.restricted([owner])
    assert [fault for fault in faults if not fault.endswith("has no requests")] == []


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


def test_the_chart_is_given_its_four_files_and_secrets_follow(tools):
    make("aks-deploy")
    helm, *_ = [call for call in tools() if call.startswith("helm")]
    assert helm == (
        "helm upgrade --install fairsilo k8s/chart --namespace kubeflow "
        "-f k8s/chart/values-aks.yaml -f k8s/silos.yaml -f k8s/azure.json "
        "-f k8s/images.json"
    )
    assert any("generic fairsilo-mysql" in call for call in tools())


def test_a_plan_is_kept_for_the_step_that_applies_it(tools):
    make("aks-plan")
    first, *others = tools()
    assert first.startswith("helm lint --quiet k8s/chart ")
    assert others == [
        "terraform -chdir=k8s/terraform init -backend-config=state.tfbackend",
        "terraform -chdir=k8s/terraform plan -out=aks.tfplan",
    ]
    assert "apply aks.tfplan" in make("--dry-run", "aks-up").stdout


def test_kubeflow_is_installed_in_the_version_of_its_one_file(tools):
    done = make("--dry-run", "aks-kubeflow")
    versions = re.findall(r"\?ref=([^\"\s]+)", done.stdout)
    assert versions == [KFP_VERSION] * 2


# What would install or describe an installation: a reference, or the name and a number.
MENTION = re.compile(
    r"(?:\?ref=|kfp-(?:api-server|driver|launcher):|(?:KFP|Kubeflow Pipelines),? "
    r"(?:version )?)(\d+\.\d+\.\d+)"
)


def test_the_version_of_kubeflow_pipelines_stands_in_one_place():
    assert MENTION.findall("apply -k x?ref=2.14.3, needs Kubeflow Pipelines 2.5.1") == [
        "2.14.3",
        "2.5.1",
    ]
    paths = [ROOT / "docs" / "azure.md", ROOT / "README.md", *K8S.rglob("*")]
    kinds = {".md", ".mk", ".yaml", ".sh", ".tf"}
    others = {
        path: found
        for path in paths
        if path.suffix in kinds
        and (found := {*MENTION.findall(path.read_text())} - {KFP_VERSION})
    }
    assert others == {}


def test_scheduled_runs_get_the_steps_own_account_from_the_server():
    account = KubeflowSettings().service_account
    (line,) = re.findall(r".* set env .*", make("--dry-run", "aks-kubeflow").stdout)
    assert line == (
        "kubectl --namespace kubeflow set env deployment/ml-pipeline "
        f"DEFAULTPIPELINERUNNERSERVICEACCOUNT={account}"
    )
    assert line in (K8S / "README.md").read_text()


def test_targets_are_documented():
    guide = (ROOT / "docs" / "azure.md").read_text()
    targets = re.findall(r"^(aks-[a-z-]*):", (K8S / "aks.mk").read_text(), re.MULTILINE)
    assert len(targets) == 11
    for name in targets:
        assert f"make {name}" in guide, f"docs/azure.md knows no {name}"


def test_scripts_can_be_run():
    for path in sorted(K8S.rglob("*.sh")):
        assert os.access(path, os.X_OK), path
        assert path.read_text().startswith(("#!/usr/bin/env bash\n", "#!/bin/sh\n"))


SECRET = "aZ09-_"  # noqa: S105  a stand-in


@pytest.fixture
def dump(tmp_path):
    """Return a function that runs the nightly job with a stand-in for mysqldump."""
    (job,) = of_kind(list(chart.rendered("local")), "CronJob")
    (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    (script,) = container["args"]
    for name in ("backup", "bin"):
        (tmp_path / name).mkdir()

    def run_job(mysqldump):
        program = tmp_path / "bin" / "mysqldump"
        program.write_text(f"#!/bin/bash\n{mysqldump}\n")
        program.chmod(0o755)
        return subprocess.run(
            [*container["command"], script.replace("/backup", f"{tmp_path}/backup")],
            env={"PATH": f"{program.parent}:{os.defpath}", "PASSWORD": SECRET},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    return run_job


def test_a_dump_is_named_when_it_is_finished_and_its_password_in_no_argument(
    dump, tmp_path
):
    done = dump(
        'cat "${1#--defaults-extra-file=}" > options; echo "$@" > arguments\n'
        "ls backup > seen; echo 'CREATE TABLE a;'"
    )
    assert done.returncode == 0, done.stderr
    (made,) = (tmp_path / "backup").iterdir()
    assert made.name.endswith("Z.sql.gz")
    assert gzip.decompress(made.read_bytes()) == b"CREATE TABLE a;\n"
    assert (tmp_path / "seen").read_text() in {"", f"{made.name}.part\n"}
    assert (tmp_path / "options").read_text() == f'[client]\npassword="{SECRET}"\n'
    arguments = (tmp_path / "arguments").read_text()
    assert arguments.endswith(" --set-gtid-purged=OFF fairsilo\n")
    assert SECRET not in arguments + done.stdout + done.stderr


def test_a_dump_that_breaks_off_is_none_and_old_ones_stay_until_there_is_a_new_one(
    dump, tmp_path
):
    for name, days in (("old.gz", 20), ("young.gz", 3), ("broken.gz.part", 20)):
        path = tmp_path / "backup" / name.replace(".gz", ".sql.gz")
        path.touch()
        then = path.stat().st_mtime - days * 24 * 3600
        os.utime(path, (then, then))
    assert dump("echo 'CREATE TABLE a;'; exit 3").returncode != 0
    names = {path.name for path in (tmp_path / "backup").glob("*.sql.gz")}
    assert names == {"old.sql.gz", "young.sql.gz"}
    assert dump("echo a").returncode == 0
    left = {path.name for path in (tmp_path / "backup").iterdir()}
    assert "young.sql.gz" in left
    assert not {"old.sql.gz", "broken.sql.gz.part"} & left


def test_the_job_makes_directories_that_are_closed_to_others(tmp_path):
    given = {"use_case": "flights", "silos": [{"id": "9E"}, {"id": "Süd 1"}]}
    objects = chart.render("local", given)
    (job,) = of_kind(objects, "Job")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    (listed,) = [
        one["data"]["directories"]
        for one in of_kind(objects, "ConfigMap")
        if one["metadata"]["name"] == "silo-homes"
    ]
    (tmp_path / "directories").write_text(listed)
    kept = tmp_path / "root" / "flights" / "silos" / "9E"
    kept.mkdir(parents=True, mode=0o755)
    (kept / "splits").write_text("kept")
    (script,) = container["args"]
    for there, here in (("/mnt/fairsilo", "root"), ("/etc/fairsilo/homes", ".")):
        script = script.replace(there, str(tmp_path / here))
    subprocess.run([*container["command"], script], check=True)
    made = [*(tmp_path / "root").glob("*/*/*")]
    assert len(made) == 4
    assert (tmp_path / "root" / "input" / "flights" / "Süd 1") in made
    assert {path.stat().st_mode & 0o777 for path in made} == {0o700}
    assert (kept / "splits").read_text() == "kept"

"""The scripts and targets below `k8s/`, with stand-ins for the programs they call."""

import gzip
import json
import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from components import store_url
from pipelines.kubeflow.settings import KubeflowSettings
from tests.k8s import chart
from tests.k8s.chart import K8S, ROOT, of_kind

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
PROGRAMS = {
    "az": AZ,
    "kubectl": KUBECTL,
    "terraform": 'if "output" in sys.argv:\n    print("fairsilo", end="")\n',
    "helm": "",
}


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """Put the stand-ins on the path; return what they were called with."""
    for name, body in PROGRAMS.items():
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
        [*map(str, command)], cwd=ROOT, capture_output=True, text=True, check=check
    )


def make(*arguments, check=True):
    return run("make", "--no-print-directory", *arguments, check=check)


def secret(tmp_path, name):
    return json.loads((tmp_path / name).read_text())


@pytest.mark.parametrize("vault", [[], ["vault"]])
def test_passwords_are_what_pods_ask_for_and_in_no_argument(tools, tmp_path, vault):
    done = run(K8S / "secrets.sh", *vault)
    mysql = secret(tmp_path, "fairsilo-mysql")
    assert len({*mysql.values()}) == 2
    url = secret(tmp_path, store_url.SECRET)["url"]
    host = "fairsilo-mysql.fairsilo.svc.cluster.local:3306"
    assert url == f"mysql+pymysql://fairsilo:{mysql['password']}@{host}/fairsilo"
    asked = {
        variable["valueFrom"]["secretKeyRef"]["key"]
        for _, template in chart.templates(list(chart.rendered("local")))
        for container in template["spec"]["containers"]
        for variable in container.get("env", [])
        if "valueFrom" in variable
    }
    assert asked == {*mysql}
    seen = "\n".join([*tools(), done.stdout, done.stderr])
    for password in mysql.values():
        assert re.fullmatch(r"[0-9a-f]{48}", password)
        assert password not in seen


def test_passwords_are_made_once(tools, tmp_path):
    run(K8S / "secrets.sh")
    made = secret(tmp_path, "fairsilo-mysql")
    done = run(K8S / "secrets.sh", check=False)
    assert done.returncode == 1
    assert "found the secret fairsilo/fairsilo-mysql, expected neither" in done.stderr
    assert secret(tmp_path, "fairsilo-mysql") == made
    run(K8S / "secrets.sh", "vault")
    held = secret(tmp_path, "vault.json")
    assert {*held} == {"mysql-password", "mysql-root-password"}
    run(K8S / "secrets.sh", "vault")
    assert secret(tmp_path, "vault.json") == held
    mysql = secret(tmp_path, "fairsilo-mysql")
    assert [*mysql.values()] == [held["mysql-password"], held["mysql-root-password"]]


def test_a_vault_that_cannot_be_read_is_not_taken_for_an_empty_one(tools, tmp_path):
    (tmp_path / "forbidden").touch()
    done = run(K8S / "secrets.sh", "vault", check=False)
    assert done.returncode != 0
    assert "Forbidden" in done.stderr
    assert not (tmp_path / "vault.json").exists()
    assert not any(call.startswith("kubectl") for call in tools())


def test_digests_are_those_that_the_registry_gave_and_the_charts_values(tools):
    done = run(TERRAFORM / "digests.sh", "registry", "0.1.0")
    images = json.loads(done.stdout)["images"]
    assert images == {
        "pipeline": f"registry.azurecr.io/fairsilo-pipeline@sha256:{64 * '1'}",
        "worker": f"registry.azurecr.io/fairsilo-silo-worker@sha256:{64 * '2'}",
    }
    assert images.keys() == chart.azure([])["images"].keys()


def test_a_folder_is_copied_through_a_restricted_pod_that_is_removed(tools, tmp_path):
    run(TERRAFORM / "upload.sh", "r.io/image@sha256:1", tmp_path, "input/a")
    pod = yaml.safe_load((tmp_path / "applied.yaml").read_text())
    chart.assert_restricted(pod)
    assert pod["spec"]["containers"][0]["image"] == "r.io/image@sha256:1"
    assert pod["metadata"]["labels"]["fairsilo.io/role"] == "housekeeping"
    *_, made, copied, removed = tools()
    assert made.endswith("exec fairsilo-upload -- mkdir -p /mnt/fairsilo/input/a")
    assert copied.endswith(f"cp {tmp_path}/. fairsilo-upload:/mnt/fairsilo/input/a")
    assert "delete pod fairsilo-upload" in removed


PLACES = ["", "/input", "input/../flights", "a b", "input/"]


@pytest.mark.parametrize(
    ("folder", "to", "sentence"),
    [(".", to, f"found TO={to}, expected a path below the") for to in PLACES]
    + [("gone", "input", "found no folder FROM=gone")],
)
def test_an_upload_from_or_to_no_place_is_refused(tools, folder, to, sentence):
    done = run(TERRAFORM / "upload.sh", "image", folder, to, check=False)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert tools() == []


def test_the_steps_image_is_named_or_refused(tmp_path):
    images = f"AKS_IMAGES={tmp_path}/images.json"
    done = make("--silent", "aks-image", images, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "expected the images' digests; run `make aks-images`" in done.stderr
    (tmp_path / "images.json").write_text('{"images": {"pipeline": "r.io/p@sha256:1"}}')
    assert make("--silent", "aks-image", images).stdout == "r.io/p@sha256:1\n"


def test_the_documented_pod_passes_pod_security():
    guide = (ROOT / "docs" / "azure.md").read_text()
    (text,) = re.findall(r"apply -f - <<END\n(.*?)\nEND\n", guide, re.DOTALL)
    chart.assert_restricted(yaml.safe_load(text))


@pytest.mark.parametrize("given", [[], ["CONFIRM=other"]])
def test_nothing_is_destroyed_without_its_name(tools, given):
    done = make("aks-down", *given, check=False)
    assert done.returncode != 0
    assert "this destroys models, metadata and silos' containers" in done.stdout
    assert not any("destroy" in call for call in tools())
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


# What would install or describe an installation: a reference, or the name and a number.
MENTION = re.compile(
    r"(?:\?ref=|kfp-(?:api-server|driver|launcher):|(?:KFP|Kubeflow Pipelines),? "
    r"(?:version )?)(\d+\.\d+\.\d+)"
)


def test_kubeflow_is_installed_in_the_version_of_its_one_file():
    versions = MENTION.findall(make("--dry-run", "aks-kubeflow").stdout)
    assert versions == [KFP_VERSION] * 2
    kinds = {".md", ".mk", ".yaml", ".sh", ".tf"}
    files = [path for path in K8S.rglob("*") if path.suffix in kinds]
    for path in (ROOT / "docs" / "azure.md", ROOT / "README.md", *files):
        assert {*MENTION.findall(path.read_text())} <= {KFP_VERSION}, path


def test_scheduled_runs_get_the_steps_own_account_from_the_server():
    account = KubeflowSettings().service_account
    (line,) = re.findall(r".* set env .*", make("--dry-run", "aks-kubeflow").stdout)
    assert line.endswith(f" DEFAULTPIPELINERUNNERSERVICEACCOUNT={account}")
    assert line in (K8S / "README.md").read_text()


def test_targets_are_documented_and_scripts_can_be_run():
    guide = (ROOT / "docs" / "azure.md").read_text()
    targets = re.findall(r"^(aks-[a-z-]*):", (K8S / "aks.mk").read_text(), re.MULTILINE)
    assert [name for name in targets if f"make {name}" not in guide] == []
    for path in K8S.rglob("*.sh"):
        assert os.access(path, os.X_OK), path


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

"""The Dockerfiles keep what k8s/images/README.md promises; nothing is built here."""

import json
import re
import tomllib

import pytest

from components.federation import workers
from components.silos import homes
from pipelines.kubeflow import settings
from tests.k8s import dockerfiles
from tests.k8s.dockerfiles import FOLDER, NAMES, ROOT

PIPELINE, WORKER = "pipeline", "silo-worker"
USER = "10001:10001"
PYTHON = (ROOT / ".python-version").read_text().strip()
MANIFESTS = {PIPELINE: "base/runs/homes.yaml", WORKER: "silo/common/worker.yaml"}
BUILDS = re.compile(r"\b(apt-get|pip|uv|uvx|curl|wget|git|g\+\+)\b")


def last(name):
    return dockerfiles.stages(name)[-1]


def test_both_images_are_found():
    assert NAMES == [PIPELINE, WORKER]


@pytest.mark.parametrize("name", NAMES)
def test_base_is_an_argument_pinned_by_digest(name):
    base = dockerfiles.arguments_before_stages(name)["PYTHON_IMAGE"]
    pinned = rf"docker\.io/library/python:{PYTHON}-slim-bookworm@sha256:[0-9a-f]{{64}}"
    assert re.fullmatch(pinned, base)
    assert dockerfiles.stages(name)[0].base == "${PYTHON_IMAGE}"
    assert ":latest" not in dockerfiles.text(name)


def test_both_images_start_from_the_same_base():
    first, second = (dockerfiles.arguments_before_stages(name) for name in NAMES)
    for argument in ("PYTHON_IMAGE", "UV_VERSION", "CYCLONEDX_VERSION"):
        assert first[argument] == second[argument], argument


@pytest.mark.parametrize(
    ("name", "base"), [(PIPELINE, "${PYTHON_IMAGE}"), (WORKER, "scratch")]
)
def test_what_builds_stays_behind(name, base):
    stages = dockerfiles.stages(name)
    assert len(stages) > 1
    assert any(BUILDS.search(line) for line in stages[0].arguments("RUN"))
    assert last(name).base == base
    assert not any(BUILDS.search(line) for line in last(name).arguments("RUN"))
    assert dockerfiles.copied_from_context(last(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_image_runs_as_a_user_by_number_who_is_no_silo(name):
    assert last(name).arguments("USER") == [USER]
    assert last(name).steps[-1][0] in {"CMD", "ENTRYPOINT"}
    assert int(USER.split(":")[0]) < homes.FIRST_UID


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_has_a_place_in_an_image(name):
    for stage in dockerfiles.stages(name):
        declared = [*dockerfiles.environment(stage), *stage.arguments("ARG")]
        assert not re.search(r"(?i)password|passwd|token|secret|_key", str(declared))
    mounts = re.findall(r"--mount=\S+", dockerfiles.text(name))
    assert {mount.split(",")[0] for mount in mounts} == {"--mount=type=secret"}


@pytest.mark.parametrize("name", NAMES)
def test_every_image_carries_a_bill_of_materials(name):
    made = " ".join(
        line for stage in dockerfiles.stages(name) for line in stage.arguments("RUN")
    )
    assert "cyclonedx-py environment" in made
    assert f"/usr/share/sbom/fairsilo-{name}.cdx.json" in made


@pytest.mark.parametrize("name", NAMES)
def test_what_is_copied_is_there_and_in_the_context(name):
    copied = [
        path
        for stage in dockerfiles.stages(name)
        for path in dockerfiles.copied_from_context(stage)
    ]
    assert {"pyproject.toml", "uv.lock"} < {*copied}
    for path in copied:
        assert (ROOT / path).exists(), path
        assert dockerfiles.in_context(path), path


def test_steps_get_all_folders_of_the_package():
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    copied = dockerfiles.copied_from_context(dockerfiles.stages(PIPELINE)[1])
    assert {*packages, "schemas"} < {*copied}


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".venv/bin/python",
        ".env",
        "build/flights/metadata.sqlite",
        "docs/azure.md",
        "tests/test_layout.py",
        "k8s/terraform/terraform.tfstate",
        "pipelines/.env",
        "pipelines/loans/.env.local",
        "pipelines/loans/data/north.parquet",
        "pipelines/loans/silo.key",
        "components/__pycache__/errors.cpython-311.pyc",
    ],
)
def test_the_context_leaves_out_history_data_and_secrets(path):
    assert not dockerfiles.in_context(path)


def test_a_use_case_of_one_s_own_is_in_the_context():
    assert dockerfiles.in_context("pipelines/loans/model.py")
    assert dockerfiles.in_context("schemas/loans.pbtxt")


def test_worker_starts_as_it_does_on_one_machine():
    stage = last(WORKER)
    expected = workers._environment()
    del expected["PATH"]  # it starts no other program
    assert dockerfiles.environment(stage) == {**expected, "HOME": "/home/fairsilo"}
    assert json.loads(stage.arguments("ENTRYPOINT")[0]) == ["/usr/bin/worker_binary"]
    assert json.loads(stage.arguments("CMD")[0]) == [
        "--port=8000",
        f"--max_concurrent_computation_calls={workers.CONCURRENT_CALLS}",
    ]
    assert stage.arguments("EXPOSE") == ["8000"]


def test_worker_is_ended_by_a_signal_that_process_1_cannot_ignore():
    assert last(WORKER).arguments("STOPSIGNAL") == ["SIGKILL"]


@pytest.mark.parametrize("name", NAMES)
def test_manifests_and_image_agree_on_the_user(name):
    manifest = (ROOT / "k8s" / MANIFESTS[name]).read_text()
    image = {"pipeline": "fairsilo-pipeline", "silo-worker": "${worker_image}"}[name]
    assert f"image: {image}\n" in manifest
    user, group = USER.split(":")
    assert re.findall(r"runAsUser: (\d+)", manifest) == [user]
    assert re.findall(r"runAsGroup: (\d+)", manifest) == [group]


def test_manifests_and_worker_agree_on_port_home_and_command():
    manifest = (ROOT / "k8s" / MANIFESTS[WORKER]).read_text()
    assert "containerPort: 8000\n" in manifest
    home = dockerfiles.environment(last(WORKER))["HOME"]
    assert f"mountPath: {home}\n" in manifest
    assert not re.search(r"\b(command|args|env):", manifest)  # the image's are meant


def test_default_image_of_the_settings_is_the_one_that_is_built():
    with (ROOT / "pyproject.toml").open("rb") as file:
        version = tomllib.load(file)["project"]["version"]
    assert f"fairsilo-{PIPELINE}:{version}" == settings.DEFAULT_IMAGE


@pytest.mark.parametrize("name", NAMES)
def test_readme_names_the_image(name):
    assert f"fairsilo-{name}" in (FOLDER / "README.md").read_text()

"""The Dockerfiles keep what k8s/images/README.md promises; nothing is built here."""

import fnmatch
import json
import pathlib
import re
import tomllib

import pytest

from components.federation import workers
from components.silos import homes
from tests.k8s import chart
from tests.k8s.chart import ROOT, templates

FOLDER = ROOT / "k8s" / "images"
PIPELINE, WORKER = "pipeline", "silo-worker"
NAMES = [PIPELINE, WORKER]
USER = "10001:10001"
PYTHON = (ROOT / ".python-version").read_text().strip()
BUILDS = re.compile(r"\b(apt-get|pip|uv|uvx|curl|wget|git|g\+\+)\b")


def instructions(name):
    """Return a Dockerfile's instructions as (name, arguments)."""
    lines = (FOLDER / name / "Dockerfile").read_text().splitlines()
    text = "\n".join(line for line in lines if not re.match(r"\s*#", line))
    joined = re.sub(r"\\\n\s*", "", text)
    return [tuple(line.split(maxsplit=1)) for line in joined.splitlines() if line]


def stages(name):
    """Return the instructions of each stage, `FROM` first."""
    found: list[list[tuple[str, str]]] = []
    for step in instructions(name):
        if step[0] == "FROM":
            found.append([])
        if found:
            found[-1].append(step)
    return found


def arguments(stage, *names):
    return [given for name, given in stage if name in names]


def environment(stage):
    """Return the variables that a stage sets; none of ours has a space."""
    pairs = [pair for line in arguments(stage, "ENV") for pair in line.split()]
    return dict(pair.split("=", 1) for pair in pairs)


def copied(stage):
    """Return the paths that a stage takes from the context."""
    lines = arguments(stage, "COPY", "ADD")
    return [s for line in lines if "--from=" not in line for s in line.split()[:-1]]


def in_context(path):
    """Return whether `.dockerignore` lets a path through: its last match decides."""
    parts = pathlib.PurePosixPath(path).parts
    above = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
    inside = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        if not line or line.startswith("#"):
            continue
        names = parts if "**/" in line else above
        if any(fnmatch.fnmatchcase(name, pattern) for name in names):
            inside = line.startswith("!")
    return inside


def test_both_images_start_from_one_base_pinned_by_digest():
    pinned = rf"docker\.io/library/python:{PYTHON}-slim-bookworm@sha256:[0-9a-f]{{64}}"
    first, second = (
        dict(given.split("=", 1) for given in arguments(before, "ARG") if "=" in given)
        for before in map(instructions, NAMES)
    )
    for argument in ("PYTHON_IMAGE", "UV_VERSION", "CYCLONEDX_VERSION"):
        assert first[argument] == second[argument], argument
    assert re.fullmatch(pinned, first["PYTHON_IMAGE"])
    for name in NAMES:
        assert stages(name)[0][0][1].startswith("${PYTHON_IMAGE} AS ")


@pytest.mark.parametrize(
    ("name", "base"), [(PIPELINE, "${PYTHON_IMAGE}"), (WORKER, "scratch")]
)
def test_what_builds_stays_behind(name, base):
    *_, last = stages(name)
    assert last[0] == ("FROM", base)
    assert not any(BUILDS.search(line) for line in arguments(last, "RUN"))
    assert copied(last) == []


@pytest.mark.parametrize("name", NAMES)
def test_image_runs_as_a_user_by_number_who_is_no_silo_and_so_do_its_pods(name):
    *_, last = stages(name)
    assert arguments(last, "USER") == [USER]
    assert last[-1][0] in {"CMD", "ENTRYPOINT"}
    assert int(USER.split(":")[0]) < homes.FIRST_UID
    ours = [
        template["spec"]["securityContext"]
        for _, template in templates(list(chart.rendered("local")))
        if template["spec"]["containers"][0]["image"].startswith(f"fairsilo-{name}:")
    ]
    assert {f"{one['runAsUser']}:{one['runAsGroup']}" for one in ours} == {USER}


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_has_a_place_in_an_image(name):
    declared = [[*environment(s), *arguments(s, "ARG")] for s in stages(name)]
    assert not re.search(r"(?i)password|passwd|token|secret|_key", str(declared))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_copied_is_there_and_in_the_context(name):
    paths = [path for stage in stages(name) for path in copied(stage)]
    assert {"pyproject.toml", "uv.lock"} < {*paths}
    for path in paths:
        assert (ROOT / path).exists(), path
        assert in_context(path), path


def test_steps_get_all_folders_of_the_package_and_use_cases_of_one_s_own():
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert {*packages, "schemas"} < {*copied(stages(PIPELINE)[1])}
    assert in_context("pipelines/loans/model.py")
    assert in_context("schemas/loans.pbtxt")


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".venv/bin/python",
        ".env",
        "build/flights/metadata.sqlite",
        "docs/azure.md",
        "tests/k8s/chart.py",
        "k8s/terraform/terraform.tfstate",
        "pipelines/loans/.env.local",
        "pipelines/loans/data/north.parquet",
        "pipelines/loans/silo.key",
        "components/__pycache__/errors.cpython-311.pyc",
    ],
)
def test_the_context_leaves_out_history_data_and_secrets(path):
    assert not in_context(path)


def test_worker_starts_as_on_one_machine_and_as_the_chart_expects():
    *_, stage = stages(WORKER)
    expected = workers._environment()
    del expected["PATH"]  # it starts no other program
    assert environment(stage) == {**expected, "HOME": "/home/fairsilo"}
    assert json.loads(arguments(stage, "ENTRYPOINT")[0]) == ["/usr/bin/worker_binary"]
    assert json.loads(arguments(stage, "CMD")[0]) == [
        "--port=8000",
        f"--max_concurrent_computation_calls={workers.CONCURRENT_CALLS}",
    ]
    assert arguments(stage, "EXPOSE") == ["8000"]
    # Process 1 can't ignore it.
    assert arguments(stage, "STOPSIGNAL") == ["SIGKILL"]
    (pod, *_) = [
        template["spec"]["containers"][0]
        for owner, template in templates(list(chart.rendered("local")))
        if owner["kind"] == "Deployment"
    ]
    assert [port["containerPort"] for port in pod["ports"]] == [8000]
    assert "/home/fairsilo" in {mount["mountPath"] for mount in pod["volumeMounts"]}
    assert not {"command", "args", "env"} & {*pod}  # the image's are meant

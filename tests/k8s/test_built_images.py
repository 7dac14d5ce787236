"""What the built images hold and that they run; `make images-check` builds them.

Skipped without them: `FAIRSILO_IMAGES` names the folder where `k8s/images/check.sh`
lays out each image's description and its mounted root.
"""

import hashlib
import importlib.util
import json
import os
import pathlib
import re
import shlex
import socket
import stat
import subprocess
import time

import pytest

from components.federation import workers
from pipelines import use_case
from pipelines.runners import parameters
from pipelines.runners.steps import STEPS

FOLDER = pathlib.Path(os.environ.get("FAIRSILO_IMAGES", ""))
PIPELINE, WORKER = FOLDER / "pipeline", FOLDER / "silo-worker"
BINARY = "usr/bin/worker_binary"
pytestmark = pytest.mark.skipif(
    "FAIRSILO_IMAGES" not in os.environ,
    reason="no images: `make images-check` builds them and runs this",
)

USER = "10001:10001"
HOME = "/home/fairsilo"
# As container engines do: these are laid over the image before its root is closed.
_ENTER = f"""
set -eu
root=$1; shift
mkdir -p "$root/proc" "$root/dev"
touch "$root/etc/hosts"
mount --bind "$root" "$root"
mount --bind /etc/hosts "$root/etc/hosts"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o uid=10001,gid=10001,mode=0700 tmpfs "$root{HOME}"
mount -o remount,bind,ro "$root"
exec env -i "$@"
"""


def described(image):
    return json.loads(image.with_suffix(".json").read_text())["OCIv1"]["config"]


def start(
    root: pathlib.Path, environment: list[str], command: list[str], **options
) -> subprocess.Popen:
    """Start a command inside an image's root as a pod would: read-only, not root.

    Without a container engine: a mount namespace and `chroot`. Only `/tmp` and the
    home can be written, as where the manifests mount an `emptyDir`. It has the
    process id of what is returned.
    """
    isolate = ["unshare", "--mount", "sh", "-c", _ENTER, "sh", str(root.resolve())]
    enter = ["chroot", f"--userspec={USER}", "--groups=", str(root.resolve())]
    return subprocess.Popen([*isolate, *environment, *enter, *command], **options)


def run(*command):
    """Run a command in the pipeline's image; return what it printed."""
    environment = described(PIPELINE)["Env"]
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    process = start(PIPELINE, environment, list(command), **output)
    printed, _ = process.communicate(timeout=900)
    assert process.returncode == 0, f"{command}: {process.returncode}\n{printed}"
    return printed


def files(image):
    root = image.resolve()
    return [path for path in root.rglob("*") if not path.is_dir()]


def bill(image):
    found = image / "usr/share/sbom" / f"fairsilo-{image.name}.cdx.json"
    parts = json.loads(found.read_text())["components"]
    return {re.sub(r"[-_.]+", "-", part["name"]).lower() for part in parts}


@pytest.mark.parametrize("image", [PIPELINE, WORKER], ids=["pipeline", "worker"])
def test_image_runs_as_a_user_who_can_change_nothing_in_it(image):
    assert described(image)["User"] == USER
    root = image.resolve()
    home = root / HOME.removeprefix("/")
    for path in root.rglob("*"):
        if path.is_symlink() or path == home or path.is_relative_to(root / "dev"):
            continue
        found = path.stat()
        assert found.st_uid != 10001, path
        assert not found.st_mode & (stat.S_ISUID | stat.S_ISGID) or path.is_dir(), path
        sticky = found.st_mode & stat.S_ISVTX
        assert sticky or not found.st_mode & stat.S_IWOTH, path


def test_pipeline_image_has_no_compiler_uv_cache_or_history():
    tools = {"cc", "gcc", "g++", "cpp", "ld", "make", "uv", "uvx", "git", "curl"}
    assert not tools & {path.name for path in files(PIPELINE)}
    for path in ("root/.cache", "opt/uv", "app/.git", "app/tests", "app/uv.lock"):
        assert not (PIPELINE / path).exists(), path
    assert [*(PIPELINE / "var/lib/apt/lists").glob("*_Packages*")] == []


def test_pipeline_image_starts_without_compiling():
    app = PIPELINE.resolve() / "app"
    site = app / ".venv/lib/python3.11/site-packages"
    engines = [site / name for name in ("tensorflow", "tfx", "kfp", "apache_beam")]
    for folder in (app / "components", app / "pipelines", *engines):
        sources = {
            path for path in folder.rglob("*.py") if "templates" not in path.parts
        }
        missing = {
            path
            for path in sources
            if not (
                path.parent / "__pycache__" / f"{path.stem}.cpython-311.pyc"
            ).exists()
        }
        assert len(missing) < 0.01 * len(sources) + 1, missing


def test_bill_of_materials_names_every_package_of_the_environment():
    listed = run(
        "python",
        "-c",
        "import importlib.metadata as m;"
        "print(*(d.name for d in m.distributions()), sep='\\n')",
    )
    installed = {
        re.sub(r"[-_.]+", "-", name).lower() for name in listed.split() if name
    }
    assert len(installed) > 200
    assert installed - bill(PIPELINE) <= {"fairsilo"}


def test_programs_start_from_any_folder_on_a_read_only_root():
    with pytest.raises(AssertionError, match="Read-only file system"):
        run("touch", "/app/there")
    assert "Usage: fairsilo" in run("fairsilo", "--help")
    assert "learning_rate" in run("fairsilo", "config", "show", "flights")


def step(name):
    """Return a step's command, as a container's in the compiled package."""
    settings = use_case.find("flights").settings
    asked = {one.name: str(one.default) for one in parameters.of(settings)}
    asked |= {"span": "2013-11", "rounds": "2"}
    metrics = {"artifacts": [{"name": "metrics", "uri": "minio://metrics"}]}
    outputs = {"artifacts": {"metrics": metrics}, "outputFile": f"{HOME}/{name}.json"}
    return [
        *("python", "-m", "pipelines.runners.step", name, "--use-case", "flights"),
        *("--run-id", "first", "--root", f"{HOME}/root", "--page", f"{HOME}/{name}"),
        *("--executor-input", json.dumps({"outputs": outputs})),
        *(f"--parameter={one}={value}" for one, value in asked.items()),
    ]


def test_a_whole_run_passes_on_a_read_only_root():
    lines = [f"mkdir {HOME}/root", *(shlex.join(step(name)) for name in STEPS)]
    script = " && ".join([*lines, f"cat {HOME}/close-run.json"])
    store = f"FAIRSILO_STORE=sqlite:///{HOME}/store.sqlite"
    assert '"blessed": "yes"' in run("env", store, "sh", "-c", script)


def test_worker_image_holds_a_program_and_its_libraries_and_no_other():
    programs = {
        str(path.relative_to(WORKER.resolve()))
        for path in files(WORKER)
        if path.stat().st_mode & stat.S_IXUSR
    }
    assert programs - {p for p in programs if ".so" in p} == {BINARY}
    assert sum(".so" in program for program in programs) == 8
    assert bill(WORKER) == {"tensorflow-federated"}
    assert {path.name for path in (WORKER / "var/lib/dpkg/status.d").iterdir()} == {
        "libc6",
        "libgcc-s1",
        "libstdc++6",
    }


def test_worker_is_the_very_file_of_the_locked_wheel():
    spec = importlib.util.find_spec("tensorflow_federated")
    assert spec.origin
    wheel = pathlib.Path(spec.origin).parent / "data" / "worker_binary"
    digests = [
        hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (wheel, WORKER / BINARY)
    ]
    assert digests[0] == digests[1]


@pytest.fixture
def worker(tmp_path):
    """Start the worker as the image says, but on a free port of the loopback."""
    config = described(WORKER)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [*config["Entrypoint"], *config["Cmd"], f"--port={port}"]
    log = tmp_path / "worker.log"
    with log.open("wb") as file:
        process = start(
            WORKER, config["Env"], command, stdout=file, stderr=subprocess.STDOUT
        )
        try:
            end = time.monotonic() + workers.START_TIMEOUT_S
            while workers.LISTENING not in log.read_bytes():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.1)
            yield process, port
        finally:
            process.kill()
            process.wait()


def test_worker_computes_as_the_image_starts_it(worker):
    import numpy as np
    import tensorflow_federated as tff

    from components.federation.endpoint import Endpoint

    process, port = worker
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    assert "Uid:\t10001\t10001\t10001\t10001\n" in status

    @tff.tensorflow.computation(np.int64)
    def doubled(value):
        return value * 2

    endpoint = Endpoint(60.0)
    endpoint.connect(f"127.0.0.1:{port}")
    try:
        assert endpoint.submit(doubled, 21).result(60) == 42
    finally:
        endpoint.close()
    process.kill()
    assert process.wait(timeout=120) == -9

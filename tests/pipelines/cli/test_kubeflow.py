"""`fairsilo kubeflow`: what scripts and people see of a server, over real HTTP."""

import json
import signal
import threading

import pytest
import typer
from typer.testing import CliRunner

from components.errors import FairSiloError
from pipelines.cli import compile as compile_cli
from pipelines.cli import kubeflow, main
from pipelines.kubeflow import client, logs
from pipelines.runs.store import RunStore
from pipelines.summary import Summary
from tests.support.kfp_server import Fault
from tests.support.program import fairsilo, start, wait_until


@pytest.fixture
def command(kfp, tmp_path, monkeypatch):
    """Runs a command in this process; a fault that has a sentence is raised."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAIRSILO_KFP_HOST", kfp.host)
    monkeypatch.delenv("FAIRSILO_STORE", raising=False)
    monkeypatch.setattr(client, "POLL_S", 0.01)

    def run(*arguments):
        done = CliRunner().invoke(kubeflow.app, [str(one) for one in arguments])
        if isinstance(done.exception, FairSiloError):
            raise done.exception
        return done

    return run


@pytest.fixture
def started(command, package):
    """Id of a run that was just started."""
    return command("run", "flights", f"--package={package}").stdout.split()[0]


def test_upload_tells_the_version_and_the_second_time_that_it_is_there(
    kfp, command, package
):
    first = command("upload", "flights", f"--package={package}")
    again = command("upload", "flights", f"--package={package}")
    assert first.stdout == again.stdout
    name, version, version_id = first.stdout.split()
    [stored] = kfp.versions.values()
    assert (name, version, version_id) == (
        "flights",
        stored.display_name,
        stored.pipeline_version_id,
    )
    assert "uploaded" in first.stderr
    assert "is there already" in again.stderr


def test_run_uploads_what_is_new_and_prints_id_and_address(kfp, command, package):
    done = command(
        "run",
        "flights",
        f"--package={package}",
        "--span=2013-11",
        "--param=rounds=3",
        "--param=force=true",
    )
    run_id = done.stdout.strip()
    assert f"{kfp.host}/#/runs/details/{run_id}" in done.stderr
    run = kfp.runs[run_id]
    assert run.display_name == "flights 2013-11"
    assert run.runtime_config.parameters == {
        "span": "2013-11",
        "rounds": "3",
        "force": True,
    }
    assert run.service_account == "fairsilo-runner"
    [experiment] = kfp.experiments.values()
    assert experiment.display_name == "flights"


@pytest.mark.parametrize(
    ("field", "told"),
    [("roundz=3", "known: algorithm"), ("seed=one", "field `seed`: found 'one'")],
)
def test_a_wrong_parameter_sends_nothing(kfp, command, package, field, told):
    with pytest.raises(FairSiloError, match=told) as caught:
        command("run", "flights", f"--package={package}", f"--param={field}")
    assert caught.value.exit_status == 2
    assert kfp.requests == []


def test_json_of_a_run_is_one_object_and_its_experiment_can_be_named(
    kfp, command, package
):
    arguments = (f"--package={package}", "--experiment=trials", "--json")
    told = json.loads(command("run", "flights", *arguments).stdout)
    assert [one.display_name for one in kfp.experiments.values()] == ["trials"]
    assert told["address"].endswith(told["run_id"])
    assert told["uploaded"] is True


@pytest.mark.parametrize(("state", "status"), [("SUCCEEDED", 0), ("FAILED", 1)])
def test_waiting_tells_the_steps_and_exits_by_kubeflows_state(
    kfp, command, package, state, status
):
    worker = _ending(kfp, state)
    done = command("run", "flights", f"--package={package}", "--wait")
    worker.join()
    assert done.exit_code == status
    assert "Prepare            done" in done.stderr
    assert "Kubeflow's state decides: give --store" in done.stderr
    assert done.stdout.split()[-1] == ("succeeded" if status == 0 else "failed")


@pytest.mark.parametrize(
    ("state", "verdict", "status"),
    [
        ("SUCCEEDED", "blessed", 0),
        ("SUCCEEDED", "not_blessed", 4),
        ("FAILED", "not_blessed", 4),
        ("SUCCEEDED", "below_quorum", 3),
        ("FAILED", "incomplete", 5),
        ("FAILED", "failed", 1),
    ],
)
def test_with_the_operators_store_it_exits_like_a_local_run(
    kfp, command, package, tmp_path, state, verdict, status
):
    store = f"sqlite:///{tmp_path / 'store.sqlite'}"
    worker = _ending(kfp, state, store, verdict)
    done = command(
        "run", "flights", f"--package={package}", "--wait", "--json", f"--store={store}"
    )
    worker.join()
    told = json.loads(done.stdout)
    assert (done.exit_code, told["status"]) == (status, verdict)
    assert told["summary"]["run_id"] == told["run_id"]


def _ending(kfp, state, store="", verdict=""):
    """Let the run that will be started come to its end."""

    def work():
        wait_until(lambda: kfp.runs)
        [run_id] = kfp.runs
        kfp.step(run_id, "prepare", "SUCCEEDED")
        if store:
            RunStore(store, "flights").finish(Summary(run_id, "flights", "x", verdict))
        kfp.runs[run_id].state = state

    worker = threading.Thread(target=work)
    worker.start()
    return worker


def test_status_tells_run_and_steps(kfp, command, started):
    kfp.step(started, "prepare", "SUCCEEDED")
    kfp.step(started, "train", "FAILED")
    kfp.runs[started].state = "FAILED"
    told = command("status", "flights").stdout
    assert f"({started}): failed" in told
    assert "Train              failed" in told
    assert "Evaluate           waiting" in told
    told = json.loads(command("status", "flights", started, "--json").stdout)
    assert (told["state"], told["steps"]["Prepare"]) == ("FAILED", "done")


def test_status_before_any_run_says_how_to_start_one(command):
    with pytest.raises(FairSiloError, match="found no run of `flights` yet") as caught:
        command("status", "flights")
    assert "fairsilo kubeflow run flights" in caught.value.hint


def test_logs_are_those_of_the_step_that_runs_the_node(command, started, monkeypatch):
    monkeypatch.setattr(logs, "read", lambda *asked: [str(asked).encode(), b"\xff"])
    for step in ("FeatureSpecGen", "Prepare", "prepare"):
        done = command("logs", "flights", step)
        assert done.stdout_bytes == f"('{started}', 'prepare', 'kubeflow')".encode() + (
            b"\xff"
        )


def test_logs_of_a_step_that_there_is_not_name_those_there_are(command):
    with pytest.raises(FairSiloError, match=r"known: prepare, .*SiloExampleGen") as it:
        command("logs", "flights", "Trainer")
    assert it.value.exit_status == 2


def test_no_option_takes_a_token():
    # What stands on the command line can be read by others on the machine.
    commands = [typer.main.get_command(main.app)]
    options = []
    for command in commands:
        commands += getattr(command, "commands", {}).values()
        options += [one.name for one in command.params]
    assert len(commands) > 12
    assert not [name for name in options if "token" in name or "password" in name]


def test_the_command_line_comes_before_the_settings(kfp, command, monkeypatch):
    connected = []
    monkeypatch.setattr(client, "Client", lambda *given: connected.append(given))
    chosen = compile_cli.find("flights", "", ["kubeflow.host=http://a"])
    monkeypatch.delenv("FAIRSILO_KFP_HOST")
    kubeflow.connect(chosen, "", "")
    kubeflow.connect(chosen, "http://b", "team")
    assert connected == [
        ("flights", "http://a", "kubeflow"),
        ("flights", "http://b", "team"),
    ]


def test_a_fault_of_the_server_is_a_sentence_and_status_1(kfp, package, tmp_path):
    kfp.faults = [Fault(403, where="/pipelines")]
    done = fairsilo(
        "kubeflow",
        "upload",
        "flights",
        f"--package={package}",
        f"--host={kfp.host}",
        folder=tmp_path,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {kfp.host}: GET pipelines: not allowed")
    assert "hint: ask for the role" in done.stderr
    assert "Traceback" not in done.stderr


def test_interrupting_the_wait_leaves_the_run_and_says_so(kfp, package, tmp_path):
    process = start(
        "kubeflow",
        "run",
        "flights",
        f"--package={package}",
        f"--host={kfp.host}",
        "--wait",
        folder=tmp_path,
    )
    # Of the wait itself: the first comes before it tells that it begins.
    wait_until(lambda: sum("/runs/" in path for _, path in kfp.requests) > 1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    [run_id] = kfp.runs
    assert process.returncode == 130
    assert out.split()[0] == run_id
    assert f"run {run_id} goes on" in err


@pytest.mark.slow
def test_the_real_package_is_compiled_uploaded_and_run(kfp, tmp_path):
    shared = ("flights", f"--host={kfp.host}")
    done = fairsilo(
        "kubeflow", "run", *shared, "--param=rounds=2", "--json", folder=tmp_path
    )
    told = json.loads(done.stdout)
    assert told["uploaded"] is True
    assert kfp.runs[told["run_id"]].runtime_config.parameters == {"rounds": "2"}
    status = fairsilo("kubeflow", "status", *shared, folder=tmp_path).stdout
    assert "Train " in status

"""`fairsilo kubeflow`: what scripts and people see of a server, over real HTTP."""

import json
import signal
import threading

import pytest
import typer
from typer.testing import CliRunner

from components.errors import FairSiloError
from pipelines.cli import kubeflow
from pipelines.kubeflow import waiting
from pipelines.runs.store import RunStore
from pipelines.summary import Summary
from tests.support import kfp_package
from tests.support.kfp_server import Fault, Kfp
from tests.support.program import fairsilo, start, wait_until


@pytest.fixture
def kfp():
    with Kfp().serving() as server:
        yield server


@pytest.fixture
def package(tmp_path):
    return kfp_package.write(tmp_path / "package.yaml")


@pytest.fixture
def command(kfp, tmp_path, monkeypatch):
    """Runs a command in this process; a fault that has a sentence is raised."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAIRSILO_KFP_HOST", kfp.host)
    monkeypatch.delenv("FAIRSILO_STORE", raising=False)
    monkeypatch.setattr(waiting, "POLL_S", 0.01)

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
    [stored] = kfp.state.versions.values()
    assert (name, version, version_id) == (
        "flights",
        stored.display_name,
        stored.pipeline_version_id,
    )
    assert "uploaded" in first.stderr
    assert "is there already" in again.stderr


def test_upload_tells_scripts_the_same_as_one_object(command, package):
    told = [
        json.loads(
            command("upload", "flights", f"--package={package}", "--json").stdout
        )
        for _ in range(2)
    ]
    assert [one.pop("uploaded") for one in told] == [True, False]
    assert told[0] == told[1]


def test_run_uploads_what_is_new_and_prints_id_and_address(kfp, command, package):
    done = command(
        "run",
        "flights",
        f"--package={package}",
        "--span=2013-11",
        "--param=rounds=3",
        "--param=force=true",
    )
    run_id, address = done.stdout.split()
    assert address == f"{kfp.host}/#/runs/details/{run_id}"
    run = kfp.state.runs[run_id]
    assert run.display_name == "flights 2013-11"
    assert run.runtime_config.parameters == {
        "span": "2013-11",
        "rounds": 3,
        "force": True,
    }
    assert run.service_account == "fairsilo-runner"
    [experiment] = kfp.state.experiments.values()
    assert experiment.display_name == "flights"


def test_an_experiment_can_be_named(kfp, command, package):
    command("run", "flights", f"--package={package}", "--experiment=trials")
    assert [one.display_name for one in kfp.state.experiments.values()] == ["trials"]


def test_a_wrong_parameter_sends_nothing(kfp, command, package):
    with pytest.raises(FairSiloError, match="known: client_learning_rate") as caught:
        command("run", "flights", f"--package={package}", "--param=round=3")
    assert caught.value.exit_status == 2
    assert kfp.requests == []


def test_a_value_that_is_not_of_its_settings_type_sends_nothing(kfp, command, package):
    with pytest.raises(FairSiloError, match="field `seed`: found 'one'"):
        command("run", "flights", f"--package={package}", "--param=seed=one")
    assert kfp.requests == []


def test_json_of_a_run_is_one_object(command, package):
    done = command("run", "flights", f"--package={package}", "--json")
    told = json.loads(done.stdout)
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
    assert "Open run           done" in done.stderr
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
        wait_until(lambda: kfp.state.runs)
        [run_id] = kfp.state.runs
        kfp.state.workflows[run_id].step("open-run", "SUCCEEDED")
        if store:
            RunStore(store, "flights").finish(Summary(run_id, "flights", "x", verdict))
        kfp.state.end(run_id, state)

    worker = threading.Thread(target=work)
    worker.start()
    return worker


def test_status_tells_run_and_steps(kfp, command, started):
    workflow = kfp.state.workflows[started]
    workflow.step("open-run", "SUCCEEDED")
    workflow.step("silo-example-gen", "FAILED")
    kfp.state.end(started, "FAILED")
    told = command("status", "flights").stdout
    assert f"({started}): failed" in told
    assert "SiloExampleGen     failed" in told
    assert "Dashboard          waiting" in told
    told = json.loads(command("status", "flights", started, "--json").stdout)
    assert (told["state"], told["steps"]["open-run"]) == ("FAILED", "done")


def test_status_before_any_run_says_how_to_start_one(command):
    with pytest.raises(FairSiloError, match="found no run of `flights` yet") as caught:
        command("status", "flights")
    assert "fairsilo kubeflow run flights" in caught.value.hint


def test_logs_are_printed_as_they_are_by_title_or_id(kfp, command, started):
    kfp.state.workflows[started].step("open-run", "SUCCEEDED", b"l\xc3\xa4uft\xff\n")
    for step in ("Open run", "open-run"):
        done = command("logs", "flights", step)
        assert done.stdout_bytes == b"l\xc3\xa4uft\xff\n"


def test_logs_of_a_step_that_there_is_not_name_those_there_are(command, started):
    with pytest.raises(FairSiloError, match=r"known: .*SiloExampleGen") as caught:
        command("logs", "flights", "Trainer", f"--run={started}")
    assert caught.value.exit_status == 2


def test_artifacts_are_written_and_what_is_missing_is_said(
    kfp, command, started, tmp_path
):
    kfp.state.workflows[started].step("open-run", "SUCCEEDED", b"opened")
    done = command("artifacts", "flights", "-o", tmp_path / "out")
    assert done.exit_code == 0
    assert (tmp_path / "out/logs/open-run.log").read_bytes() == b"opened"
    assert "pages and summary: give --store" in done.stderr
    assert str(tmp_path / "out/run.json") in done.stdout


def test_artifacts_take_page_and_summary_from_the_store(command, started, tmp_path):
    store = f"sqlite:///{tmp_path / 'store.sqlite'}"
    page = tmp_path / "index.html"
    page.write_bytes(b"<html>the page</html>")
    ended = Summary(started, "flights", "x", "blessed", dashboard=str(page))
    RunStore(store, "flights").finish(ended)
    command("artifacts", "flights", "-o", tmp_path / "out", f"--store={store}")
    assert (tmp_path / "out/page.html").read_bytes() == b"<html>the page</html>"
    assert json.loads((tmp_path / "out/summary.json").read_text())["run_id"] == started


def test_a_token_comes_from_the_environment(kfp, command, package, monkeypatch):
    kfp.token = "t0ken"  # noqa: S105
    monkeypatch.setenv("FAIRSILO_KFP_TOKEN", kfp.token)
    assert command("upload", "flights", f"--package={package}").exit_code == 0


def test_no_option_takes_a_token():
    # What stands on the command line can be read by others on the machine.
    commands = [typer.main.get_command(kubeflow.app)]
    options = []
    for command in commands:
        commands += getattr(command, "commands", {}).values()
        options += [one.name for one in command.params]
    assert len(commands) > 12
    assert not [name for name in options if "token" in name or "password" in name]


def test_without_an_address_it_says_where_to_give_one(command, package, monkeypatch):
    monkeypatch.delenv("FAIRSILO_KFP_HOST")
    with pytest.raises(FairSiloError, match="found no address") as caught:
        command("upload", "flights", f"--package={package}")
    assert caught.value.exit_status == 2
    assert "FAIRSILO_KFP_HOST" in caught.value.hint


def test_a_fault_of_the_server_is_a_sentence_and_status_1(kfp, package, tmp_path):
    kfp.faults = [Fault(403, where="pipelines")]
    done = fairsilo(
        "kubeflow",
        "upload",
        "flights",
        f"--package={package}",
        f"--host={kfp.host}",
        folder=tmp_path,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {kfp.host}: list pipelines: not allowed")
    assert "hint: ask for the right `list`" in done.stderr
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
    wait_until(lambda: len(kfp.asked("GET", "/runs/")) > 1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    [run_id] = kfp.state.runs
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
    assert kfp.state.runs[told["run_id"]].runtime_config.parameters == {"rounds": "2"}
    status = fairsilo("kubeflow", "status", *shared, folder=tmp_path).stdout
    assert "FederatedTrainer" in status

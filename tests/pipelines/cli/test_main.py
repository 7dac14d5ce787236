"""The program: instant help, faults in sentences, real exit statuses."""

import json
import re
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.program import fairsilo, project

COMMANDS = [
    "run",
    "predict",
    "export",
    "init",
    "config",
    "silo",
    "report",
    "gate",
    "bench",
    "algorithms",
]


def test_help_lists_every_command_and_loads_no_engine():
    code = (
        "import sys\n"
        "from pipelines.cli.main import app\n"
        "heavy = {'tensorflow', 'tfx', 'apache_beam', 'pyarrow', 'pandas', 'numpy',"
        " 'pydantic', 'sqlalchemy', 'jinja2', 'yaml'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_help_version_and_settings_are_printed(tmp_path):
    done = fairsilo("--help", folder=tmp_path)
    assert done.returncode == 0
    for command in COMMANDS:
        assert command in done.stdout
    assert "3 silos refused below quorum" in done.stdout
    assert fairsilo("--version", folder=tmp_path).stdout[0].isdigit()
    done = fairsilo(
        "config", "show", "flights", "--set=training.rounds=3", folder=tmp_path
    )
    assert "rounds: 3" in done.stdout
    done = fairsilo("config", "check", "flights", folder=tmp_path)
    assert "no fault found" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "trains"], "found no pipelines/trains/settings.yaml"),
        (["run", "flights", "--set=training.rounds=0"], "`training.rounds`: found 0"),
        (
            ["export", "flights", "--format=onnx", "--to=out"],
            "found no blessed model in ",
        ),
        (["report", "show", "flights"], "found no run yet in "),
        (["report", "open", "flights", "first"], "found no summary of it"),
        (["predict", "flights"], "found no --span, expected the span to score"),
        (["config", "check", "../x"], "expected a name"),
    ],
)
def test_fault_of_usage_is_a_sentence_on_stderr_and_status_2(tmp_path, arguments, told):
    done = fairsilo(*arguments, folder=project(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_quorum_above_the_number_of_silos_ends_a_run_at_its_start(tmp_path):
    (project(tmp_path) / "data/north").mkdir(parents=True)
    root = f"--set=silos.root={tmp_path / 'data'}"
    for command in (["run"], ["config", "check"]):
        done = fairsilo(*command, "flights", root, folder=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert "`validation.quorum` is 8 and `training.quorum_per_ro" in done.stderr
        assert "holds 1 silo: no run could give a blessed model" in done.stderr


def test_the_home_folder_is_known_in_options(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    done = fairsilo("report", "list", "flights", "--output=~/runs", folder=tmp_path)
    assert f"found no run yet in {tmp_path / 'runs'};" in done.stderr
    done = fairsilo("report", "list", "flights", "--output=~x-y/runs", folder=tmp_path)
    assert done.returncode == 2
    assert "found no home folder for '~x-y/runs'" in done.stderr


@pytest.mark.slow
def test_scoring_needs_no_span_where_the_data_has_none(tmp_path):
    path = tmp_path / "data" / "north" / "people.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(pa.table({"x": [1]}), path)
    root = f"--set=silos.root={tmp_path / 'data'}"
    project(tmp_path)
    done = fairsilo("predict", "census", root, "--json", folder=tmp_path)
    assert done.returncode == 4, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert "no blessed model" in told["reason"]
    assert re.fullmatch(r"\d{8}-\d{6}-predict", told["run_id"])


def test_a_format_that_is_none_is_refused_with_those_that_there_are(tmp_path):
    done = fairsilo("export", "flights", "--format=h5", "--to=out", folder=tmp_path)
    assert done.returncode == 2
    assert "'h5' is not one of 'saved_model', 'tflite', 'onnx'" in done.stderr

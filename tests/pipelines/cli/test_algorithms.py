"""`fairsilo algorithms` describes every choice and loads no engine for it."""

import json
import subprocess
import sys

import pytest

from tests.support.program import fairsilo


def described(name, tmp_path):
    done = fairsilo("algorithms", "describe", name, "--json", folder=tmp_path)
    assert done.returncode == 0
    return json.loads(done.stdout)


def test_list_has_every_kind(tmp_path):
    done = fairsilo("algorithms", "list", "--json", folder=tmp_path)
    kinds = {one["name"]: one["kind"] for one in json.loads(done.stdout)}
    assert kinds["q_fed_avg"] == "algorithm"
    assert kinds["capped"] == "weighting"
    assert kinds["median"] == "aggregation"
    table = fairsilo("algorithms", "list", folder=tmp_path).stdout
    assert all(name in table for name in kinds)


def test_parameters_are_those_of_the_settings(tmp_path):
    found = described("term", tmp_path)
    (tilt,) = found["parameters"]
    assert tilt["name"] == "tilt"
    assert tilt["expected"] == "number, at least 0, at most 100"
    assert tilt["default"] == "1.0"
    assert any("any aggregation but" in line for line in found["not_with"])
    assert found["paper"].endswith("2007.01162")
    assert described("fed_avg", tmp_path)["parameters"] == []
    names = [one["name"] for one in described("multi_krum", tmp_path)["parameters"]]
    assert names == ["bad_silos"]


def test_text_says_what_for_when_and_what_it_is_not_combined_with(tmp_path):
    told = fairsilo("algorithms", "describe", "afl", folder=tmp_path).stdout
    for part in (
        "training.algorithm\n",
        "when  ",
        "name: step; expected: number, at least 0",
    ):
        assert part in told
    assert "not with     any weighting but `examples`" in told


def test_unknown_name_is_told_what_there_is(tmp_path):
    done = fairsilo("algorithms", "describe", "fedsgd", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "found no algorithm, weighting or aggregation `fedsgd`" in done.stderr
    assert "q_fed_avg" in done.stderr


@pytest.mark.parametrize("command", [["list"], ["describe", "loss_gap"]])
def test_no_engine_is_loaded(command):
    code = (
        "import sys\n"
        "from pipelines.cli.main import app\n"
        f"app({['algorithms', *command]!r}, standalone_mode=False)\n"
        "heavy = {'tensorflow', 'tensorflow_federated', 'tfx', 'numpy', 'pyarrow'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)

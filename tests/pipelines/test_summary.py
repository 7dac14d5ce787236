"""The summary says how a run ended, and is kept beside it."""

import json

import pytest

from components.errors import SiloError
from components.silos import departures
from components.silos.departures import Departure
from pipelines import summary
from pipelines.places import Places
from pipelines.runners.result import NodeResult


def test_each_status_has_its_own_exit_status():
    assert summary.EXIT_STATUS == {
        "blessed": 0,
        "failed": 1,
        "below_quorum": 3,
        "not_blessed": 4,
    }


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (SiloError("a", "x.csv", "nothing", "rows"), "silo `a`: x.csv: found nothing"),
        (OSError("disk"), "OSError('disk')"),
    ],
)
def test_failed_run_keeps_its_reason_and_the_time_of_its_nodes(tmp_path, error, told):
    nodes = {"SiloExampleGen": NodeResult("SiloExampleGen", 1.234, False, {})}
    failed = summary.of_failure("run-1", "flights", "2013-02", error, nodes)
    assert failed["status"] == "failed"
    assert failed["reasons"][0].startswith(told)
    assert failed["seconds"] == {"SiloExampleGen": 1.23}
    path = summary.write(failed, Places(tmp_path))
    assert path == tmp_path / "runs" / "run-1" / "summary.json"
    assert json.loads(path.read_text()) == failed
    assert summary.read_all(Places(tmp_path)) == [failed]


def test_what_left_a_silo_is_added_up_over_nodes(tmp_path):
    nodes = {}
    for name, items in {
        "A": {"x": [Departure("statistics", 2, 10)]},
        "B": {"x": [Departure("statistics", 1, 5), Departure("model updates", 3, 7)]},
    }.items():
        (tmp_path / name).mkdir()
        departures.write(tmp_path / name, items)
        nodes[name] = NodeResult(name, 0.0, False, {"one": tmp_path / name})
    assert summary._left(nodes) == {
        "x": [
            {"kind": "statistics", "count": 3, "bytes": 15},
            {"kind": "model updates", "count": 3, "bytes": 7},
        ]
    }

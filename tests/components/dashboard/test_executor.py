from __future__ import annotations

import dataclasses
import pathlib

from components import artifacts
from components.dashboard.executor import Executor
from tests.components.dashboard.conftest import Run
from tests.components.dashboard.test_component import CHANNELS

PROPERTIES = {
    "settings": "{}",
    "code": "c" * 64,
    "use_case": "flights",
    "run_settings": '{"trainer": {"rounds": 5}}',
}


def do(run: Run, output: pathlib.Path) -> str:
    inputs = {}
    for name, uri in dataclasses.asdict(run.sources).items():
        artifact = CHANNELS[name]()
        artifact.uri = uri
        inputs[name] = [artifact]
    made = artifacts.Dashboard()
    made.uri = str(output)
    Executor().Do(inputs, {"dashboard": [made]}, PROPERTIES)
    return (output / "index.html").read_text(encoding="utf-8")


def test_a_page_is_written_from_artifacts(run, tmp_path):
    (tmp_path / "page").mkdir()
    html = do(run, tmp_path / "page")
    assert "<title>Blessed: flights, span 7</title>" in html
    assert "rounds: 5" in html


def test_below_quorum_a_page_is_written_too(refused, tmp_path):
    (tmp_path / "page").mkdir()
    html = do(refused, tmp_path / "page")
    assert "<title>Nothing was trained: flights, span 7</title>" in html
    assert "15 of 16 silos were admitted; the quorum is 16" in html

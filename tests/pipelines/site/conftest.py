"""Runs made by hand: summaries, small real tables and pages, as runs write them."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from typing import Any

import pytest

from components.payloads import table
from components.payloads.table import Figure
from pipelines import summary
from pipelines.past_runs.local import LocalRuns
from pipelines.places import Places

EVIL = "</script><img src=x onerror=alert(1)>"
ARABIC = "مطار القاهرة"
PAGE = (
    b'<!DOCTYPE html><html lang="en"><link rel="icon" href="data:,"><title>run</title>'
    b"<body><h1>A run's page</h1>"
    b'<nav aria-label="Contents">\n<ol>\n<li><a href="#x">x</a></li></ol></nav>'
)
DRIFT = (
    "column `dep_delay`: found a Jensen-Shannon divergence of 0.412 between these "
    "training rows and those of span 2013-10, expected at most 0.300"
)


def figure(metric: str, value: float, **more: Any) -> Figure:
    """Return a figure with an unsymmetrical interval."""
    place = {
        "model": "candidate",
        "split": "eval",
        "silo": "",
        "slice": "",
        "group": "",
    }
    ends = {"low": value - 0.02, "high": value + 0.03, "rows": 900, "positives": 200}
    return Figure(**{**place, "metric": metric, "value": value, **ends, **more})


def silo(name: str, admitted: bool = True, reasons: tuple[str, ...] = ()) -> dict:
    """Return a silo of a summary."""
    return {
        "silo": name,
        "rows_train": 400,
        "rows_eval": 100,
        "admitted": admitted,
        "reasons": list(reasons),
        "auc": None,
        "auc_low": None,
        "auc_high": None,
        "left": [],
    }


def told(run_id: str, **more: Any) -> dict[str, Any]:
    """Return a summary that says little else."""
    return {
        "run_id": run_id,
        "use_case": "flights",
        "span": run_id[-7:],
        "status": summary.BLESSED,
        "reasons": [],
        "metrics": {"auc": 0.7, "auc_next_span": None},
        "silos": [],
        "model": {"saved_model": None, "tflite": None, "digest": None},
        "predictions": {"path": None, "rows": 0, "dead_letters": 0},
        "dashboard": None,
        "seconds": {},
        **more,
    }


def embedded(html: str) -> Any:
    """Return the data in a page."""
    return json.loads(html.partition('id="data">')[2].partition("</script>")[0])


@dataclasses.dataclass
class Output:
    """A use case's output folder."""

    folder: pathlib.Path

    @property
    def places(self) -> Places:
        return Places(self.folder)

    @property
    def runs(self) -> LocalRuns:
        return LocalRuns("flights", self.places)

    def add(self, run_id: str, figures: list[Figure], **more: Any) -> dict[str, Any]:
        """Write a run with its table and its page."""
        number = f"{len(list(self.places.runs.glob('*'))):04d}"
        artifacts = self.folder / "pipeline" / number
        page = artifacts / "dashboard" / "index.html"
        page.parent.mkdir(parents=True)
        page.write_bytes(PAGE)
        (artifacts / "evaluation").mkdir()
        table.of(figures).write(artifacts / "evaluation")
        left = {"dashboard": str(page), "evaluation": str(artifacts / "evaluation")}
        made = told(run_id, **(left | more))
        path = self.places.runs / number
        path.mkdir(parents=True)
        text = json.dumps(made, ensure_ascii=False)
        (path / summary.FILE_NAME).write_text(text, encoding="utf-8")
        return made


@pytest.fixture
def output(tmp_path) -> Output:
    return Output(tmp_path / "out")


SILOS = ["AA", "F9", ARABIC, EVIL]
FIRST = "20131101-000000-2013-09"
SECOND = "20131201-000000-2013-10"


def figures(auc: dict[str, float], overall: float, women: float) -> list[Figure]:
    """Return a table of a few figures: overall, silos, one group, one spread."""
    return [
        figure("auc", overall),
        figure("tpr", overall - 0.2, threshold=0.25),
        figure("log_loss", 1 - overall),
        figure("variance_auc", 0.00123, slice="silo_id", low=None, high=None),
        figure("auc", women, slice="sex", group="Female"),
        figure("auc_gap", 0.1, slice="sex", low=None, high=None),
        *(figure("auc", value, silo=name, rows=50) for name, value in auc.items()),
    ]


@pytest.fixture
def two_runs(output) -> Output:
    """Two runs; in the second F9 loses most, and one silo has come."""
    output.add(
        FIRST,
        figures({"AA": 0.71, "F9": 0.702, ARABIC: 0.65}, 0.72, 0.69),
        silos=[silo("AA"), silo("F9"), silo(ARABIC)],
        worst_silo={"silo": ARABIC, "auc": 0.65},
        gap=0.06,
        gates=[{"gate": "silo_floor", "passed": True, "waived": False}],
    )
    output.add(
        SECOND,
        figures({"AA": 0.73, "F9": 0.571, ARABIC: 0.64, EVIL: 0.6}, 0.7, 0.71),
        status=summary.NOT_BLESSED,
        reasons=["Not blessed: silo F9 loses 0.131 AUC"],
        silos=[silo("AA"), silo("F9", False, (DRIFT,)), silo(ARABIC), silo(EVIL)],
        worst_silo={"silo": "F9", "auc": 0.571},
        gap=0.159,
        gates=[
            {"gate": "silo_change", "passed": False, "waived": False},
            {"gate": "silo_gap", "passed": False, "waived": True},
        ],
    )
    return output

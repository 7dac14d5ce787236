"""Runs made by hand: summaries, small real tables and pages, as runs write them."""

from __future__ import annotations

import dataclasses
import pathlib
import re
from collections.abc import Sequence
from html import unescape
from typing import Any

import pytest

from components.payloads import table
from components.payloads.findings import Finding
from components.payloads.table import Figure
from pipelines import summary
from pipelines.runs.store import RunStore
from pipelines.summary import Gate, Metrics, Silo, Summary, WorstSilo

EVIL = "</script><img src=x onerror=alert(1)>"
ARABIC = "مطار القاهرة"
PAGE = '<!DOCTYPE html><html lang="en"><title>run</title><body><h1>Süd-東京</h1>'
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


def tables(html: str) -> dict[str, list[list[str]]]:
    """Return the texts of a page's tables: their rows by the table's name."""
    regions = re.findall(r'aria-label="([^"]*)" tabindex="0">(.*?)</table>', html, re.S)
    return {
        name: [
            [unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in cells]
            for row in re.findall(r"<tr[^>]*>(.*?)</tr>", body, re.S)[1:]
            for cells in [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)]
        ]
        for name, body in regions
    }


def silo(name: str, admitted: bool = True, reasons: tuple[str, ...] = ()) -> Silo:
    """Return a silo of a summary."""
    found = tuple(Finding(reason, "look at it") for reason in reasons)
    return Silo(name, 400, 100, admitted, found)


def ended(run_id: str, **more: Any) -> Summary:
    """Return a summary that says little else."""
    fields = {"span": run_id[-7:], "status": summary.BLESSED, "metrics": Metrics(0.7)}
    return Summary(**{"run_id": run_id, "use_case": "flights", **fields, **more})


@dataclasses.dataclass
class Output:
    """A use case's output folder."""

    folder: pathlib.Path

    @property
    def runs(self) -> RunStore:
        return RunStore("", "flights", self.folder)

    def add(self, run_id: str, figures: Sequence[Figure] = (), **more: Any) -> Summary:
        """Record a run with its table, its page and the page of silo F9."""
        artifacts = self.folder / "pipeline" / f"{len(self.runs.run_ids()):04d}"
        page = artifacts / "dashboard" / "index.html"
        (page.parent / "silos").mkdir(parents=True)
        page.write_text(PAGE, encoding="utf-8")
        left = {"dashboard": str(page)}
        if figures:
            (artifacts / "evaluation").mkdir()
            table.make_table(figures).write(artifacts / "evaluation")
            left["evaluation"] = str(artifacts / "evaluation")
        made = ended(run_id, **(left | more))
        self.runs.finish(made)
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
        silos=(silo("AA"), silo("F9"), silo(ARABIC)),
        worst_silo=WorstSilo(ARABIC, 0.65),
        gap=0.06,
        gates=(Gate("silo_floor", True),),
    )
    output.add(
        SECOND,
        figures({"AA": 0.73, "F9": 0.571, ARABIC: 0.64, EVIL: 0.6}, 0.7, 0.71),
        status=summary.NOT_BLESSED,
        reasons=("Not blessed: silo F9 loses 0.131 AUC",),
        silos=(silo("AA"), silo("F9", False, (DRIFT,)), silo(ARABIC), silo(EVIL)),
        worst_silo=WorstSilo("F9", 0.571),
        gap=0.159,
        gates=(Gate("silo_change", False), Gate("silo_gap", False, True)),
    )
    return output

"""Measures the page in a browser: its size, and how soon it answers.

Two runs are made up (`synthetic_pages.py`): 16 silos by carrier and sex, and 2,410
silos by sex. Each page is opened several times, in turns with an empty one, without a
network; the fastest of each counts, since other work on the machine only ever
delays. A page says itself when its start-up is over, by the mark `interactive`.
"""

from __future__ import annotations

import pathlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from components.dashboard import run_page, tfma_view
from components.dashboard.report import About, Report
from components.dashboard.settings import DashboardSettings
from components.errors import FairSiloError
from components.payloads.cohort import Cohort, Member
from components.payloads.decision import Decision, GateResult
from components.payloads.egress import KINDS, EgressItem
from components.payloads.ledger import Ledger
from components.payloads.ledger import SiloLine as Predictions
from components.payloads.manifest import DataFile, Manifest, SiloEntry, Split
from components.payloads.model_run import RoundRecord, RunRecord, SiloRecord
from components.payloads.silo import Silo
from components.payloads.table import Slice
from components.scoring.model import ModelCard
from pipelines.benchmarks import synthetic_pages as synthetic
from pipelines.benchmarks.chromium import NAMES, find_chromium

SMALL, LARGE = 16, 2_410  # silos
COLUMNS = {
    SMALL: {"carrier": [f"carrier {n}" for n in range(6)], "sex": ["Female", "Male"]},
    LARGE: {"sex": ["Female", "Male"]},
}
ROUNDS = 10
TIMES = 5  # each page is opened
MARK = "performance.getEntriesByName('interactive')[0].startTime"
EMPTY = "<!DOCTYPE html><script>performance.mark('interactive')</script>"
FAIRNESS_RATES = (
    *("positive_rate", "negative_rate", "precision", "recall"),
    *("true_positive_rate", "true_negative_rate"),
    *("false_positive_rate", "false_negative_rate"),
    *("false_discovery_rate", "false_omission_rate"),
)
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run")


def bench_pages() -> dict[str, float]:
    """Return the pages' sizes and how soon they answer.

    Returns:
        `bytes_16` and `bytes_2410` (unit: bytes), `ms_16`, `ms_2410` and `ms_empty`
        (from navigation to the mark, unit: ms), and the ratios
        `ms_16_over_empty` and `ms_2410_over_16`.

    Raises:
        FairSiloError: There is no Chromium, or no Playwright to drive it.
    """
    with tempfile.TemporaryDirectory(prefix="fairsilo-bench-") as folder:
        paths = {"empty": pathlib.Path(folder, "empty.html")}
        paths["empty"].write_text(EMPTY, encoding="utf-8")
        for silos in (SMALL, LARGE):
            made = pathlib.Path(folder, f"{silos}.html")
            made.write_text(make_page(silos), encoding="utf-8")
            paths[str(silos)] = made
        sizes = {name: path.stat().st_size for name, path in paths.items()}
        found = _open(paths)
    return {
        "ms_16_over_empty": found["16"] / found["empty"],
        "ms_2410_over_16": found["2410"] / found["16"],
        **{f"bytes_{name}": size for name, size in sizes.items() if name != "empty"},
        **{f"ms_{name}": milliseconds for name, milliseconds in found.items()},
    }


def make_page(num_silos: int) -> str:
    """Return the page of a made-up run of `SMALL` or `LARGE` silos."""
    report = make_report(num_silos)
    settings = DashboardSettings()
    ranked = report.scores.families()
    shown = [of for slices in ranked.values() for of in slices]
    views = tfma_view.arrange(
        ranked, _metrics(shown, 0.02), _metrics(shown, 0), settings.slices_in_view
    )
    return run_page.render(report, views, tfma_view.bundle(), settings)


def make_report(num_silos: int) -> Report:
    """Return what the page says of a made-up run."""
    rng = np.random.default_rng(num_silos)
    sizes = np.exp(rng.normal(6.4, 1.1, num_silos)).astype(int) + 20
    auc = np.clip(
        rng.normal(0.74, 0.03, num_silos) + rng.normal(0, 1) / sizes, 0.5, 0.9
    )
    rows = {f"silo {number:04}": int(size) for number, size in enumerate(sizes)}
    small = [silo for silo, size in rows.items() if size < 100]
    scores = synthetic.evaluation(
        {
            silo: (float(value), size if size >= 60 else None)
            for value, (silo, size) in zip(auc, rows.items(), strict=True)
        },
        COLUMNS[num_silos],
        crossed=("sex", "carrier") if num_silos == SMALL else (),
        not_judged=small,
    )
    lines = tuple(
        Predictions(silo, f"/silos/{silo}/predictions/span-7", 500, 0, "d" * 64, 1, 1)
        for silo in rows
    )
    return Report(
        about=About("bench", "7", "c" * 64, {"silos": num_silos}),
        parts=frozenset(
            {"cohort", "examples", "model_run", "contribution", "evaluation"}
            | {"inference_result"}
        ),
        cohort=Cohort(tuple(_member(*item) for item in rows.items()), 3),
        decision=Decision(
            blessed=True,
            gates=(GateResult("silo_floor", True, "All silos reach it."),),
            left_out=dict.fromkeys(small, "it has fewer than 100 rows"),
        ),
        scores=scores,
        run=RunRecord("fedavg", "own user ids", rounds=tuple(_rounds(list(rows)))),
        card=ModelCard("a" * 64),
        contribution=synthetic.contributions(rows),
        ledger=Ledger(status="done", rows=500 * num_silos, silos=lines),
        egress=dict.fromkeys(rows, tuple(EgressItem(kind, 3, 1_000) for kind in KINDS)),
        examples=Manifest("bench", "7", tuple(map(_entry, rows))),
    )


def _entry(silo: str) -> SiloEntry:
    file = DataFile(f"/silos/{silo}/2013-11.parquet", "d" * 64, 500)
    split = Split.of(f"/silos/{silo}/train.parquet", "e" * 64, 500)
    return SiloEntry(Silo(silo, f"/silos/{silo}"), (file,), {"train": split})


def _member(silo: str, rows: int) -> Member:
    return Member(
        silo,
        admitted=True,
        rows={"train": 4 * rows, "eval": rows},
        share=1 / LARGE,
        heterogeneity={"hours": 0.1 + (rows % 37) / 100},
    )


def _rounds(silos: Sequence[str]) -> Iterator[RoundRecord]:
    for number in range(1, ROUNDS + 1):
        loss = 0.7 - number / 50
        records = (
            SiloRecord(silo, 100, loss + (index % 50) / 200, 0.6, 0.5, 0.8)
            for index, silo in enumerate(silos)
        )
        yield RoundRecord(number, loss, loss - 0.01, tuple(records))


def _metrics(slices: Sequence[Slice], better: float) -> tfma_view.Metrics:
    """Return metrics as TFMA names and writes them, made up."""
    found = {}
    for place, of in enumerate([Slice(), *slices]):
        auc = 0.6 + better + 0.3 * ((place * 7) % 50) / 50
        values = {"auc": auc, "example_count": 100.0 + place, "log_loss": 1.2 - auc}
        values |= {
            f"fairness_indicators_metrics/{rate}@{threshold}": auc - threshold / 3
            for rate in FAIRNESS_RATES
            for threshold in (0.25, 0.5, 0.75)
        }
        found[of] = {
            name: {"doubleValue": round(value, 6)} for name, value in values.items()
        }
    return found


def _open(paths: Mapping[str, pathlib.Path]) -> dict[str, float]:
    """Return the fastest time from navigation to the mark, by page; unit: ms."""
    executable = find_chromium()
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise FairSiloError(
            "found no Playwright, expected it to drive a browser",
            "install the development dependencies: `make install`",
        ) from error
    if executable is None:
        raise FairSiloError(
            f"found no browser, expected one of {', '.join(NAMES)}",
            "install it: `make chromium`",
        )
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=executable, args=list(FLAGS))
        try:
            times = [
                {name: _visit(chromium, path) for name, path in paths.items()}
                for _ in range(TIMES)
            ]
        finally:
            chromium.close()
    return {name: min(each[name] for each in times) for name in paths}


def _visit(chromium: Any, path: pathlib.Path) -> float:  # noqa: ANN401  untyped
    context = chromium.new_context(offline=True)
    try:
        opened = context.new_page()
        opened.goto(path.as_uri(), wait_until="load")
        return float(opened.evaluate(MARK))
    finally:
        context.close()

"""A run's artifacts made by hand, with a real, tiny TFMA evaluation."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from typing import Any

import numpy as np
import pandas as pd
import pytest

from components.dashboard import report, run_page
from components.dashboard.executor import INPUTS
from components.dashboard.section import (
    KeyFigure,
    KeyFigures,
    Section,
)
from components.dashboard.section import (
    Table as PageTable,
)
from components.dashboard.settings import DashboardSettings
from components.features.spec import Categorical, FeatureSpec, Numeric
from components.payloads import egress, table
from components.payloads.cohort import Cohort, Member
from components.payloads.egress import EgressItem
from components.payloads.findings import Finding
from components.payloads.manifest import Manifest, SiloEntry, Split
from components.payloads.model_run import Dropped, RoundRecord, RunRecord, SiloRecord
from components.payloads.silo import Silo
from components.payloads.table import Figure, Table
from components.payloads.unused_columns import UnusedColumn, UnusedColumns
from components.scoring.model import ModelCard
from pipelines.benchmarks import synthetic_pages as synthetic

EVIL = "</script><img src=x onerror=alert(1)>"
ARABIC = "مطار القاهرة"
EMOJI = "🛫 a:b & <b>"
LONG = "long-" + "x" * 115
PLAIN = [f"silo-{index:02d}" for index in range(12)]
SILOS = sorted([*PLAIN, EVIL, ARABIC, EMOJI, LONG])
GROUPS = ["DL", EVIL, "UA"]
TOO_FEW_SILO = "silo-03"
LEFT_OUT = "silo-05"


MISSING = Finding(
    "column `dep_delay` is missing in 31% of 8,204 rows", "export `dep_delay` again"
)
NOTES = {
    EVIL: (Finding(f"`{EVIL}` is new in `carrier`", f"leave `{EVIL}` out"),),
    ARABIC: (Finding("no held-out rows"),),
}

UNUSED = (
    UnusedColumn("carrier", "is listed in `features.ignore`", chosen=True),
    UnusedColumn(EVIL, "has the same value in every row"),
)

COLUMNS = {"carrier": GROUPS, "sex": ["F", "M"]}
CROSSED = ("sex", "carrier")  # not in the order of the alphabet, as TFMA's keys are


def auc_of(silo: str, model: str = "candidate") -> float:
    """Return the AUC that the hand-made table gives a silo."""
    better = 0.0 if model == "candidate" else -synthetic.GAIN
    return 0.62 + 0.015 * ((SILOS.index(silo) * 7) % 16) + better


def rows_of(silo: str) -> int:
    """Return the evaluation rows that the hand-made table gives a silo."""
    return 300 + 40 * SILOS.index(silo)


def bound_of(silo: str) -> float:
    """Return the upper end of the interval of a silo's AUC."""
    return auc_of(silo) + 1.05 / rows_of(silo) ** 0.5


WORST = sorted((s for s in SILOS if s != TOO_FEW_SILO), key=bound_of)  # surely worst
LOWEST = min((s for s in WORST if s != LEFT_OUT), key=auc_of)


def figures() -> Table:
    """Return a table whose worst silo is not the first by name."""
    silos = {
        silo: (auc_of(silo), None if silo == TOO_FEW_SILO else rows_of(silo))
        for silo in SILOS
    }
    made = synthetic.evaluation(
        silos, COLUMNS, crossed=CROSSED, not_judged=(TOO_FEW_SILO, LEFT_OUT)
    )
    rare = [
        Figure(model, "eval", "", "carrier", "rare", "rows", rows=7, note="too few")
        for model in ("candidate", "baseline")
    ]
    return table.of([*made, *rare])


def evaluate(folder: pathlib.Path, seed: int) -> None:
    """Let TFMA evaluate 1,200 made-up predictions."""
    import tensorflow_model_analysis as tfma
    from google.protobuf import text_format

    config = text_format.Parse(
        """
        model_specs { label_key: "label" prediction_key: "prediction" }
        slicing_specs {}
        slicing_specs { feature_keys: "silo_id" }
        slicing_specs { feature_keys: "carrier" }
        slicing_specs { feature_keys: ["silo_id", "carrier"] }
        slicing_specs { feature_keys: ["sex"] }
        slicing_specs { feature_keys: ["sex", "carrier"] }
        metrics_specs {
          metrics { class_name: "AUC" }
          metrics { class_name: "ExampleCount" }
          metrics { class_name: "FairnessIndicators"
                    config: '{"thresholds": [0.25, 0.5, 0.75]}' }
        }""",
        tfma.EvalConfig(),
    )
    rng = np.random.default_rng(seed)
    scores = rng.random(1200)
    frame = pd.DataFrame(
        {
            "silo_id": rng.choice(np.array(SILOS, object), 1200),
            "carrier": rng.choice(np.array(GROUPS, object), 1200),
            "sex": rng.choice(np.array(["F", "M"], object), 1200),
            "label": (rng.random(1200) < scores).astype("float32"),
            "prediction": scores.astype("float32"),
        }
    )
    tfma.analyze_raw_data(frame, config, output_path=str(folder))


@pytest.fixture(scope="session")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A ModelEvaluation with a candidate and a baseline."""
    folder = tmp_path_factory.mktemp("evaluation")
    evaluate(folder, seed=1)
    evaluate(folder / "baseline", seed=2)
    figures().write(folder)
    return folder


def member(silo: str) -> Member:
    rows = 1000 + 137 * SILOS.index(silo)
    return Member(
        silo=silo,
        admitted=silo != LEFT_OUT,
        reasons=(MISSING,) if silo == LEFT_OUT else (),
        notes=NOTES.get(silo, ()),
        rows={"train": rows, "eval": rows // 4},
        share=1 / 16,
        heterogeneity={"distance": 0.1, "carrier": 0.42},
    )


@dataclasses.dataclass
class Run:
    """The artifacts of a run below one folder."""

    folder: pathlib.Path
    evaluation: pathlib.Path

    @property
    def folders(self) -> dict[str, pathlib.Path]:
        places = {name: self.folder / name for name in INPUTS}
        return places | {"evaluation": self.evaluation}

    def place(self, name: str) -> pathlib.Path:
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def write(self, name: str, file: str, content: dict[str, Any]) -> None:
        text = json.dumps(content, ensure_ascii=False)
        (self.place(name) / file).write_text(text, encoding="utf-8")

    def decide(self, **change: Any) -> None:
        decision = {
            "blessed": True,
            "reasons": [],
            "gates": [
                {"gate": "overall", "passed": True, "sentence": "AUC 0.713 is enough."}
            ],
            "baseline": {"span": "6", "digest": "b" * 64, "uri": "/model/6"},
            "not_judged": [{"silo": TOO_FEW_SILO, "reason": "too few rows to judge"}],
            "left_out": {LEFT_OUT: "it is quarantined"},
            "silos": SILOS,
        }
        self.write("blessing", "decision.json", decision | change)

    def infer(self, **change: Any) -> None:
        line = {"path": "/silo/predictions", "dead_letters": 2, "digest": "c" * 64}
        line |= {"files": 1, "bytes": 9}
        silos = [{"silo": silo, "rows": 500, **line} for silo in SILOS]
        ledger = {
            "status": "done",
            "reason": "",
            "model": "d" * 64,
            "rows": 8000,
            "dead_letters": 32,
            "resumed": 3,
            "silos": silos,
            "failures": [{"silo": EVIL, "item": "score.parquet", "reason": "no file"}],
        }
        self.write("inference_result", "ledger.json", ledger | change)

    def train(self) -> None:
        rounds = []
        for number in range(1, 6):
            silos = tuple(
                SiloRecord(
                    silo=silo,
                    examples=100 + index,
                    loss_before=0.7 - 0.02 * number + 0.01 * index,
                    loss_after=0.68 - 0.02 * number + 0.01 * index,
                    update_norm=0.5,
                    cosine=0.8,
                )
                for index, silo in enumerate(SILOS)
                if silo != LEFT_OUT
            )
            dropped = (Dropped(EVIL, "no answer in 60 s"),) if number == 3 else ()
            rounds.append(
                RoundRecord(
                    number, 0.72 - 0.02 * number, 0.7 - 0.02 * number, silos, dropped
                )
            )
        record = RunRecord("fedavg", "own user ids", rounds=tuple(rounds))
        record.write(self.place("model_run"))
        ModelCard(digest="a" * 64).write(self.place("model"))

    def admit(self, quorum: int = 3) -> None:
        Cohort(tuple(member(silo) for silo in SILOS), quorum).write(
            self.place("cohort")
        )
        UnusedColumns(tuple(UNUSED)).write(self.place("feature_spec"))
        features = FeatureSpec(
            (Numeric("distance", 1045.5, 730.0),),
            (Categorical("carrier", ("DL", EVIL, "UA")),),
        )
        features.write(self.place("feature_spec"))
        entries = tuple(
            SiloEntry(
                Silo(silo, f"/homes/{index}"),
                splits={"train": Split.of("train.parquet", "e" * 64, 10)},
            )
            for index, silo in enumerate(SILOS)
        )
        Manifest("flights", "7", entries).write(self.place("examples"))
        left = {silo: [EgressItem("counts and digests", 2, 300)] for silo in SILOS}
        egress.write(self.place("examples"), left)
        left = {silo: [EgressItem("counts and digests", 1, 200)] for silo in SILOS}
        egress.write(self.place("statistics"), left)

    def report(self) -> report.Report:
        about = report.About("flights", "7", "f" * 64, {"trainer": {"rounds": 5}})
        return report.gather(self.folders, about)

    def render(self, settings: DashboardSettings | None = None) -> str:
        settings = settings or DashboardSettings()
        return run_page.with_views(self.report(), self.evaluation, settings)


def page_of(found: report.Report, settings: DashboardSettings | None = None) -> str:
    """Return a page without TFMA's views."""
    return run_page.render(found, (), "", settings or DashboardSettings())


def texts(made: PageTable) -> list[list[str]]:
    """Return what stands in each row's cells."""
    return [[cell.text for cell in row.cells] for row in made.rows]


def table_of(section: Section, title: str) -> PageTable:
    """Return one of a section's tables."""
    tables = [part for part in section.parts if isinstance(part, PageTable)]
    return next(each for each in tables if each.title == title)


def figures_of(section: Section) -> dict[str, KeyFigure]:
    """Return a section's key figures by label."""
    parts = [part for part in section.parts if isinstance(part, KeyFigures)]
    return {figure.label: figure for part in parts for figure in part.figures}


@pytest.fixture
def run(tmp_path: pathlib.Path, evaluation: pathlib.Path) -> Run:
    """A run of 16 silos that ended in a blessed model."""
    made = Run(tmp_path, evaluation)
    made.admit()
    made.train()
    made.decide()
    made.infer()
    return made


@pytest.fixture
def refused(run: Run, tmp_path: pathlib.Path) -> Run:
    """The same run below its quorum: nothing was trained."""
    run.evaluation = run.place("evaluation")
    Table().write(run.evaluation)
    run.admit(quorum=16)
    sentence = "15 of 16 silos were admitted; the quorum is 16"
    RunRecord("fedavg", refusal=sentence).write(run.place("model_run"))
    ModelCard(refusal=sentence).write(run.place("model"))
    run.decide(
        blessed=False,
        reasons=[f"Nothing to judge: {sentence}"],
        gates=[],
        baseline=None,
    )
    run.infer(
        status="skipped",
        reason="no model",
        rows=0,
        dead_letters=0,
        silos=[],
        failures=[],
    )
    return run

"""A run's artifacts made by hand, with a real, tiny TFMA evaluation."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from components.dashboard import run_page, tfma_view
from components.dashboard.component import DashboardSpec
from components.dashboard.report import About, Report
from components.dashboard.section import KeyFigure, KeyFigures, Section, Text, View
from components.dashboard.section import Table as PageTable
from components.dashboard.settings import DashboardSettings
from components.features.spec import Categorical, FeatureSpec, Numeric
from components.payloads import egress, table
from components.payloads.benefit import BenefitReport
from components.payloads.cohort import Cohort, Member
from components.payloads.contribution import ContributionReport
from components.payloads.decision import Baseline, Decision, GateResult, NotEvaluated
from components.payloads.egress import EgressItem
from components.payloads.findings import Finding
from components.payloads.ledger import FailureLine, Ledger, SiloLine, Speed
from components.payloads.manifest import Manifest, SiloEntry, Split
from components.payloads.model_run import Dropped, RoundRecord, RunRecord, SiloRecord
from components.payloads.silo import Silo
from components.payloads.table import Figure, Table
from components.payloads.unused_columns import UnusedColumn, UnusedColumns
from components.scoring.model import ModelCard
from pipelines.benchmarks import synthetic_pages as synthetic
from tests.components.dashboard import made_benefits
from tests.support import contributions, privacies

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
    return table.make_table([*made, *rare])


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


def rounds() -> Iterator[RoundRecord]:
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
        means = (0.72 - 0.02 * number, 0.7 - 0.02 * number)
        yield RoundRecord(number, *means, silos, dropped)


def entry(silo: str) -> SiloEntry:
    splits = {"train": Split.of("train.parquet", "e" * 64, 10)}
    return SiloEntry(Silo(silo, f"/homes/{SILOS.index(silo)}"), splits=splits)


@pytest.fixture(scope="session")
def run() -> Report:
    """A run of 16 silos that ended in a blessed model."""
    lines = [
        SiloLine(silo, "/silo/predictions", 500, 2, "c" * 64, 1, 9, "d" * 64)
        for silo in SILOS
    ]
    lines[0] = dataclasses.replace(lines[0], reasons={"`a` is infinite": 2})
    lines[1] = dataclasses.replace(
        lines[1],
        is_published=True,
        unchanged=300,
        dead_letters=5,
        reasons={"`<b>` is infinite": 4, "`a` is infinite": 1},
    )
    return Report(
        about=About("flights", "7", "f" * 64, {"trainer": {"rounds": 5}}),
        parts=frozenset(DashboardSpec.INPUTS),
        cohort=Cohort(tuple(map(member, SILOS)), 3),
        decision=Decision(
            blessed=True,
            gates=(GateResult("overall", True, "AUC 0.713 is enough."),),
            baseline=Baseline("6", "b" * 64, "/model/6"),
            not_judged=(NotEvaluated(TOO_FEW_SILO, "too few rows to judge"),),
            left_out={LEFT_OUT: "it is quarantined"},
            silos=tuple(SILOS),
        ),
        scores=figures(),
        run=RunRecord("fedavg", "own user ids", rounds=tuple(rounds())),
        card=ModelCard(digest="a" * 64),
        benefit=made_benefits.report(SILOS),
        contribution=contributions.report([it for it in SILOS if it != LEFT_OUT]),
        privacy=privacies.report(sorted({*SILOS} - {LEFT_OUT})),
        ledger=Ledger(
            "done",
            model="d" * 64,
            rows=8000,
            dead_letters=32,
            resumed=3,
            unchanged=300,
            silos=tuple(lines),
            failures=(FailureLine(EVIL, "score.parquet", "no file"),),
            speed=Speed(7700, 0.5, 0.0077),
        ),
        egress={silo: (EgressItem("counts and digests", 3, 500),) for silo in SILOS},
        examples=Manifest("flights", "7", tuple(map(entry, SILOS))),
        features=FeatureSpec(
            (Numeric("distance", 1045.5, 730.0),),
            (Categorical("carrier", ("DL", EVIL, "UA")),),
        ),
        unused=UNUSED,
    )


@pytest.fixture(scope="session")
def refused(run: Report) -> Report:
    """The same run below its quorum: nothing was trained."""
    sentence = "15 of 16 silos were admitted; the quorum is 16"
    return dataclasses.replace(
        run,
        scores=Table(),
        cohort=Cohort(run.cohort.members, 16),
        run=RunRecord("fedavg", refusal=sentence),
        card=ModelCard(refusal=sentence),
        decision=dataclasses.replace(
            run.decision,
            blessed=False,
            reasons=(f"Nothing to judge: {sentence}",),
            gates=(),
            baseline=None,
        ),
        benefit=BenefitReport(refusal=sentence),
        contribution=ContributionReport(refusal=sentence),
        ledger=Ledger("skipped", "no model"),
    )


def write(report: Report, folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """Write a run's artifacts below a folder; return the folder of each."""
    folders = {name: folder / name for name in DashboardSpec.INPUTS}
    for each in folders.values():
        each.mkdir()
    report.cohort.write(folders["cohort"])
    report.scores.write(folders["evaluation"])
    report.decision.write(folders["blessing"])
    report.run.write(folders["model_run"])
    report.privacy.write(folders["model_run"])
    report.card.write(folders["model"])
    report.benefit.write(folders["benefit"])
    report.contribution.write(folders["contribution"])
    report.ledger.write(folders["inference_result"])
    report.examples.write(folders["examples"])
    UnusedColumns(report.unused).write(folders["feature_spec"])
    assert report.features
    report.features.write(folders["feature_spec"])
    egress.write(folders["examples"], report.egress)
    return folders


@pytest.fixture(scope="session")
def views(evaluation: pathlib.Path) -> list[View]:
    """TFMA's views of the run."""
    return tfma_view.views(evaluation, figures().families(), max_slices=50)


@pytest.fixture(scope="session")
def html_text(run: Report, views: list[View]) -> str:
    """The page of the run."""
    return run_page.render(run, views, tfma_view.bundle(), DashboardSettings())


@pytest.fixture(scope="session")
def page_file(html_text: str, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The page of the run, as a file."""
    path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_text(html_text, encoding="utf-8")
    return path


def page_of(found: Report, settings: DashboardSettings | None = None) -> str:
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


def said(section: Section) -> list[str]:
    """Return a section's sentences."""
    return [part.text for part in section.parts if isinstance(part, Text)]

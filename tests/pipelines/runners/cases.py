"""The outputs of a run made by hand: four unequal silos, three of them with bad names.

Written by the modules that own each format. Tests write again what they change.
"""

from __future__ import annotations

import html.parser
import pathlib
from typing import Any

from tensorflow_metadata.proto.v0 import statistics_pb2

from components.features.spec import Categorical, FeatureSpec, Numeric
from components.federation.workers import OWN_USER_IDS
from components.payloads import ledger, manifest, statistics, table
from components.payloads.benefit import BenefitReport
from components.payloads.cohort import Cohort, Member
from components.payloads.contribution import ContributionReport
from components.payloads.decision import Baseline, Decision, GateResult, NotEvaluated
from components.payloads.findings import Finding
from components.payloads.ledger import FailureLine, Ledger
from components.payloads.ledger import SiloLine as Predictions
from components.payloads.manifest import DataFile, Manifest, SiloEntry, Split
from components.payloads.model_run import Dropped, RoundRecord, RunRecord, SiloRecord
from components.payloads.silo import Silo
from components.payloads.table import Figure, Table
from components.payloads.unused_columns import UnusedColumn, UnusedColumns
from components.scoring.model import ModelCard
from components.silos.schema import FILE_NAME as SCHEMA_FILE_NAME
from pipelines.runners.results import NodeResult
from tests.components.dashboard import made_benefits
from tests.support import contributions
from tests.support.silos import SCHEMA

NORTH = "north"
EVIL = "</script><img src=x onerror=alert(1)>"
ARABIC = "مطار القاهرة"
LONG = "long-" + "x" * 115
SILOS = (NORTH, EVIL, ARABIC, LONG)
ADMITTED = (NORTH, ARABIC, LONG)

KEYS = {
    "SiloExampleGen": ("examples",),
    "ImportSchemaGen": ("schema",),
    "SiloValidator": ("statistics", "cohort"),
    "FeatureSpecGen": ("feature_spec",),
    "FederatedTrainer": ("model", "model_run"),
    "SiloBenchmark": ("benefit",),
    "ContributionAuditor": ("contribution",),
    "FairnessEvaluator": ("evaluation", "blessing"),
    "Pusher": ("pushed_model",),
    "BatchInferrer": ("inference_result",),
    "Dashboard": ("dashboard",),
}
REFUSAL = "3 of 4 silos were admitted; the quorum is 4"
Nodes = dict[str, NodeResult]

UNUSED = (
    UnusedColumn("day", "is listed in `features.ignore`", chosen=True),
    UnusedColumn("size", "has the same value in every row"),
)


def nodes(root: pathlib.Path) -> Nodes:
    """Return what the nodes gave: empty folders, as TFX lays them out."""
    found = {}
    for number, (node, keys) in enumerate(KEYS.items(), start=1):
        outputs = {
            key: root / "pipeline" / node / key / str(number) for key in sorted(keys)
        }
        for folder in outputs.values():
            folder.mkdir(parents=True)
        found[node] = NodeResult(node, 1.5 * number, node == "ImportSchemaGen", outputs)
    return found


def blessed(root: pathlib.Path) -> Nodes:
    """Return a run whose model went into service."""
    made = nodes(root)
    admit(made, quorum=2)
    train(made)
    judge(made)
    infer(made)
    (made["Pusher"].outputs["pushed_model"] / "saved_model.pb").write_bytes(b"model")
    (root / "serving").mkdir()
    page = made["Dashboard"].outputs["dashboard"] / "index.html"
    page.write_text("<!DOCTYPE html><title>whole page</title>", encoding="utf-8")
    return made


def refused(root: pathlib.Path) -> Nodes:
    """Return a run below its quorum."""
    made = nodes(root)
    admit(made, quorum=4)
    RunRecord("fed_avg", refusal=REFUSAL).write(
        made["FederatedTrainer"].outputs["model_run"]
    )
    ModelCard(refusal=REFUSAL).write(made["FederatedTrainer"].outputs["model"])
    BenefitReport(refusal=REFUSAL).write(made["SiloBenchmark"].outputs["benefit"])
    audit = made["ContributionAuditor"].outputs["contribution"]
    ContributionReport(refusal=REFUSAL).write(audit)
    Table().write(made["FairnessEvaluator"].outputs["evaluation"])
    Decision(False, (f"Not blessed: {REFUSAL}",)).write(
        made["FairnessEvaluator"].outputs["blessing"]
    )
    Ledger(ledger.SKIPPED, f"no model was trained: {REFUSAL}").write(
        made["BatchInferrer"].outputs["inference_result"]
    )
    return made


def admit(made: Nodes, quorum: int) -> None:
    """Write what the nodes before the training gave."""
    Manifest("flights", "2013-02", tuple(map(entry, SILOS))).write(
        made["SiloExampleGen"].outputs["examples"]
    )
    (made["ImportSchemaGen"].outputs["schema"] / SCHEMA_FILE_NAME).write_text(
        SCHEMA, encoding="utf-8"
    )
    Cohort(tuple(map(member, SILOS)), quorum).write(
        made["SiloValidator"].outputs["cohort"]
    )
    for silo in ADMITTED:
        disclose(made, silo, {"day": 9, "late": 8, "weight": 7, "size": 0})
    FeatureSpec(
        (Numeric("weight", 70.25, 9.5),),
        (Categorical("colour", ("red", "green", "blue")),),
    ).write(made["FeatureSpecGen"].outputs["feature_spec"])
    UnusedColumns(tuple(UNUSED)).write(made["FeatureSpecGen"].outputs["feature_spec"])


def entry(silo: str) -> SiloEntry:
    """Return what a silo holds; the evil one can't be read."""
    if silo == EVIL:
        gone = Finding(f"silo `{EVIL}`: found no file", "look for it")
        return SiloEntry(Silo(silo, "/homes/e"), error=gone)
    number = SILOS.index(silo)
    rows = {"train": 120 + 50 * number, "eval": 30 + 5 * number, "score": 7, "next": 3}
    files = tuple(
        DataFile(f"/data/{number}/2013-{month:02d}.parquet", "d" * 64, 50)
        for month in range(1, 7 if silo == NORTH else 2)
    )
    return SiloEntry(
        Silo(silo, f"/homes/{number}"),
        files,
        {name: Split.of(f"{name}.parquet", "e" * 64, n) for name, n in rows.items()},
        unreadable=(Finding("old.csv: found no row"),) if silo == ARABIC else (),
    )


def member(silo: str) -> Member:
    """Return the verdict on a silo."""
    rows = {split: entry(silo).rows(split) for split in (manifest.TRAIN, manifest.EVAL)}
    if silo == EVIL:
        few = Finding("too few rows", "export more history")
        reasons = (Finding(f"`{EVIL}` is missing"), few)
        return Member(silo, False, reasons, rows=rows)
    notes = (Finding("column `weight`: drifted by 0.1"),) if silo == LONG else ()
    return Member(
        silo, True, notes=notes, rows=rows, heterogeneity={"size": 0.25, "day": 0.125}
    )


def disclose(made: Nodes, silo: str, values: dict[str, int]) -> None:
    """Write a silo's statistics: how many values its columns have."""
    told = statistics_pb2.DatasetFeatureStatisticsList()
    dataset = told.datasets.add(name=manifest.TRAIN)
    for column, count in values.items():
        feature = dataset.features.add()
        feature.path.step.append(column)
        feature.num_stats.common_stats.num_non_missing = count
    statistics.write(made["SiloValidator"].outputs["statistics"], silo, told)


def round_record(number: int, dropped: tuple[Dropped, ...] = ()) -> RoundRecord:
    """Return a round in which the loss falls by 0.1 from 0.8."""
    out = {drop.silo for drop in dropped}
    loss = 0.9 - 0.1 * number
    silos = tuple(
        SiloRecord(silo, 100, loss, loss - 0.05, 1.0, 0.5)
        for silo in ADMITTED
        if silo not in out
    )
    return RoundRecord(number, loss, loss - 0.05, silos, dropped)


def train(made: Nodes, isolation: str = OWN_USER_IDS) -> None:
    """Write three rounds; one silo drops out of the last two."""
    late = (Dropped(ARABIC, "no answer in 60 s"),)
    RunRecord(
        "fed_avg",
        isolation,
        rounds=(round_record(1), round_record(2, late), round_record(3, late)),
    ).write(made["FederatedTrainer"].outputs["model_run"])
    ModelCard("a" * 64).write(made["FederatedTrainer"].outputs["model"])
    gains = dict(zip(ADMITTED, (0.02, -0.03, 0.004), strict=True))
    own = [made_benefits.silo(silo, gain) for silo, gain in gains.items()]
    BenefitReport("ditto", "a" * 64, tuple(own)).write(
        made["SiloBenchmark"].outputs["benefit"]
    )
    north, arabic, long = contributions.report(ADMITTED).silos
    audited = (north, contributions.riding(arabic), contributions.suspect(long))
    ContributionReport(audited, (1, 3), "shapley").write(
        made["ContributionAuditor"].outputs["contribution"]
    )


def figure(value: float | None, silo: str = "", **more: Any) -> Figure:
    """Return an AUC; None: of too few rows."""
    where: dict[str, Any] = {
        "model": "candidate",
        "split": "eval",
        "slice": "",
        "group": "",
    } | more
    if value is None:
        return Figure(silo=silo, metric="rows", rows=7, note="too few", **where)
    return Figure(
        silo=silo,
        metric="auc",
        value=value,
        low=value - 0.02,
        high=value + 0.03,
        rows=1234,
        **where,
    )


def evaluation() -> Table:
    """Return a table in which a silo that did not train is the worst of all."""
    return table.make_table(
        [
            figure(0.713),
            figure(0.698, split="next"),
            figure(0.7, model="baseline"),
            figure(0.61, NORTH),
            figure(0.63, NORTH, model="baseline"),
            figure(0.55, EVIL),
            figure(0.74, ARABIC),
            figure(None, LONG),
            figure(0.66, slice="colour", group=EVIL),
            figure(0.64, slice="colour", group="red"),
            figure(0.5, NORTH, slice="colour", group="red"),
        ]
    )


def judge(made: Nodes) -> None:
    """Write the table and a decision to bless."""
    evaluation().write(made["FairnessEvaluator"].outputs["evaluation"])
    Decision(
        True,
        gates=(GateResult("worst_silo", True, "The worst silo reaches 0.600."),),
        baseline=Baseline("2013-01", "b" * 64, "/model/1"),
        not_judged=(
            NotEvaluated(EVIL, "quarantined: too few rows"),
            NotEvaluated(LONG, "7 evaluation rows, 100 are needed"),
        ),
    ).write(made["FairnessEvaluator"].outputs["blessing"])


def infer(made: Nodes) -> None:
    """Write the ledger of 1,700 rows, five of them dead letters."""
    Ledger(
        ledger.DONE,
        model="a" * 64,
        rows=1700,
        dead_letters=5,
        resumed=3,
        silos=(
            Predictions(ARABIC, "/homes/2/predictions", 500, 1, "c" * 64, 1, 9),
            Predictions(NORTH, "/homes/0/predictions", 1200, 4, "f" * 64, 1, 9),
        ),
        failures=(FailureLine(EVIL, "", "found no file"),),
    ).write(made["BatchInferrer"].outputs["inference_result"])


class _Reader(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.tags += [name for name, _ in attrs if name.startswith("on")]
        if tag in {"td", "th", "li"}:
            self.texts.append(" ")

    def handle_data(self, data):
        if self.tags[-1:] not in (["style"], ["script"]):
            self.texts.append(data)


def words(page: str) -> str:
    """Return a page's text with single spaces."""
    reader = _Reader()
    reader.feed(page)
    return " ".join("".join(reader.texts).split())


def tags(page: str) -> set[str]:
    """Return the names of a page's elements, and of the handlers on them."""
    reader = _Reader()
    reader.feed(page)
    return {*reader.tags}

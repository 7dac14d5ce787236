"""Silos with evaluation rows and the updates of two rounds, made by hand."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Any

import numpy as np

from components.contribution_auditor import auditor
from components.contribution_auditor.settings import AuditSettings
from components.federation import audited_rounds, checkpoints, model
from components.payloads.benefit import BASE, SERVED, BenefitReport, SiloBenefit
from components.payloads.interval import Interval
from components.payloads.manifest import EVAL, Manifest, SiloEntry
from components.payloads.model_run import RunRecord, SiloRecord, summarise
from tests.components.federated_trainer import support as trained
from tests.components.silo_benchmark import support as silos

LABEL, SPEC = trained.LABEL, trained.SPEC
SIZES = {"east": 120, "north": 260, "south": 90, "west": 300}
AUDITED = (2, 4)
GAIN = Interval(0.02, 0.01, 0.03)


@dataclasses.dataclass(frozen=True)
class Round:
    """What stands in `updates.npz`."""

    silos: tuple[str, ...]
    updates: np.ndarray
    weights: np.ndarray
    before: np.ndarray


def rounds() -> dict[int, Round]:
    """Return two rounds: the first three silos help, `west` pulls the other way."""
    base = model.flat(silos.base_weights()).astype(np.float32)
    found = {}
    for number in AUDITED:
        draw = np.random.default_rng(number)
        before = (0.1 * number * base).astype(np.float32)
        pull = np.array([-1.0, -0.8, -1.2, 0.9])[:, None] * base
        updates = 0.1 * pull + draw.normal(0, 0.02, pull.shape)
        found[number] = Round(
            tuple(SIZES), updates.astype(np.float32), np.array([3.0, 2, 1, 2]), before
        )
    return found


def records(norm: float = 1.0):
    """Return four rounds of silos, where the updates of `west` have another norm."""

    def one(silo: str, number: int) -> SiloRecord:
        own, digest = norm if silo == "west" else 1.0, f"{silo}-{number}"
        return SiloRecord(silo, 100, 0.7, 0.6, own, 0.5, 0.1, 0.8, 0.5, digest)

    return tuple(
        summarise(k, [one(silo, k) for silo in SIZES], {}) for k in range(1, 5)
    )


def entries(root: pathlib.Path) -> tuple[SiloEntry, ...]:
    return tuple(
        silos.entry(root, name, 0.5, {EVAL: rows}, seed)
        for seed, (name, rows) in enumerate(SIZES.items())
    )


def request(folder: pathlib.Path, **fields: Any) -> auditor.Request:
    """Return a request of the four silos, with all that it reads written."""
    (folder / "model.py").write_text(silos.MODEL)
    for number, content in rounds().items():
        path = audited_rounds.path(folder / "run", number)
        path.mkdir(parents=True, exist_ok=True)
        arrays = dataclasses.asdict(content)
        checkpoints.write_arrays(path / audited_rounds.UPDATES, arrays)
    (folder / "run" / audited_rounds.FOLDER / "kept_in").write_text(str(folder / "no"))
    record = RunRecord("fed_avg", rounds=records(), audited=AUDITED)
    record.write(folder / "run")
    manifest = Manifest("flights", "3", entries(folder / "homes"))
    asked = auditor.Request(
        settings=AuditSettings(rows_share=1.0),
        plan=silos.PLAN,
        label=LABEL,
        split_by=(),
        min_rows=30,
        module_file=str(folder / "model.py"),
        appeals={},
        earlier={},
        manifest=manifest,
        cohort=trained.make_cohort(manifest),
        spec=SPEC,
        model_run=folder / "run",
        benefit=BenefitReport(base="digest", silos=tuple(map(benefit, SIZES))),
    )
    return dataclasses.replace(asked, **fields)


def benefit(silo: str) -> SiloBenefit:
    figures = {BASE: {"auc": Interval(0.8, 0.75, 0.85)}}
    return SiloBenefit(
        silo,
        rows={EVAL: 200},
        positives=90,
        figures=figures,
        gains={SERVED: {"auc": GAIN}},
    )

"""Measures what validation notes of honest silos, and of one whose data has a fault.

The silos of flights, census and a made-up set are read once. A fault is planted in the
training rows of one silo, which is measured, disclosed, sketched and compared as a run
does. Each kind is planted `seeds` times where it can show, by what the rows of all
silos are like (`validation_faults.py`), and as often in any place of the right type,
which has no bar. Honest are the airlines of each span, with all rows up to it and with
the last ones alone, the industries and random halves of their rows, and made-up silos.
"""

from __future__ import annotations

import collections
import functools
import pathlib
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from tensorflow_metadata.proto.v0 import schema_pb2

from components.payloads.manifest import TRAIN
from components.payloads.statistics import Dataset
from components.silo_validator import (
    between_silos,
    checks,
    column_faults,
    disclosure,
    row_sketches,
    tfdv_checks,
)
from components.silo_validator.settings import ValidationSettings
from components.silo_validator.verdict import Profile
from components.silos import split_files
from pipelines import use_case
from pipelines.benchmarks import audit_worlds
from pipelines.benchmarks.validation_faults import FAULTS, Federation, plant

FALSE_NOTES = 0.01  # a honest silo, at most
FOUND = 0.95  # of the planted faults that can show, at least
CHOSEN = {"flights": "2013-08", "census": "all", "made up": "made up 0"}  # to plant in
KEY = bytes(16)  # of row sketches
SETTINGS = ValidationSettings()
TEXTS = {
    "city": [
        *("Århus", "Berlin", "Genève", "København", "Malmö", "Oslo", "Paris", "Rom")
    ],
    "grade": ["low", "mid", "high"],
    "kind": ["A1", "B2", "C3", "D4"],
}
TYPES = {"i": schema_pb2.INT, "f": schema_pb2.FLOAT, "O": schema_pb2.BYTES}


class Disclosed(NamedTuple):
    """What leaves a silo of its training rows."""

    statistics: Dataset
    sketches: list[row_sketches.Sketch]


def bench_validation(seeds: int = 20) -> dict[str, Any]:
    """Return false notes by use case, the share found by fault, and whether it passes.

    Args:
        seeds: Faults planted of each kind, from seed 0.
    """
    made = {
        f"made up {seed}": made_up(np.random.default_rng(seed)) for seed in range(5)
    }
    cases = {"flights": _flights(), "census": _census(), "made up": made}
    honest: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    for name, variants in cases.items():
        left = {variant: disclosed(fed) for variant, fed in variants.items()}
        notes = [_notes(one) for one in left.values()]
        counts = {
            "honest silos": sum(map(len, notes)),
            "false notes": sum(len(one) for each in notes for one in each.values()),
        }
        honest.append({"use case": name, **counts})
        fed, ours = variants[CHOSEN[name]], left[CHOSEN[name]]
        found += [row_of(name, fault, fed, ours, seeds) for fault in FAULTS]
    enough = all(row["right"] >= FOUND * row["can show"] for row in found)
    few = all(one["false notes"] <= FALSE_NOTES * one["honest silos"] for one in honest)
    return {"honest": honest, "planted": found, "passed": enough and few}


def row_of(
    name: str, fault: str, fed: Federation, honest: Mapping[str, Disclosed], seeds: int
) -> dict[str, Any]:
    """Plant a fault with each seed, in one silo, and return how often it was found."""
    clear, anywhere = (
        collections.Counter(
            result
            for seed in range(seeds)
            for result in _found(fault, fed, honest, seed, clear)
        )
        for clear in (True, False)
    )
    return {
        "use case": name,
        "fault": fault,
        "can show": clear["planted"],
        "right": clear["right"],
        "another cause": clear["named"],
        "other notes": clear["other"],
        "any column": anywhere["planted"],
        "right of any": anywhere["right"],
    }


def _found(
    fault: str, fed: Federation, honest: Mapping[str, Disclosed], seed: int, clear: bool
) -> Iterator[str]:
    """Plant in the first silo in a random order that has a place for it."""
    rng = np.random.default_rng(seed)
    for silo in rng.permutation([*fed.tables]):
        is_large = fed.tables[silo].num_rows >= SETTINGS.min_rows
        if is_large and (planted := plant(FAULTS[fault], fed, silo, rng, clear)):
            notes = _notes({**honest, silo: _disclose(planted.rows, fed)})
            # Whose rows are copied is noted, too.
            of_it = [
                (one == silo, sentence)
                for one in {silo, planted.donor} & {*notes}
                for sentence in notes[one]
                if all(name in sentence for name in planted.names)
            ]
            yield "planted"
            if own := [sentence for is_own, sentence in of_it if is_own]:
                yield "right" if planted.words in own[0] else "named"
            yield from ["other"] * (sum(map(len, notes.values())) - len(of_it))
            return


def _notes(federation: Mapping[str, Disclosed]) -> dict[str, list[str]]:
    """Return what is said of each silo, compared with the others."""
    trains = {silo: one.statistics for silo, one in federation.items()}
    values = {
        silo: {"sketches": row_sketches.to_json(one.sketches), "leaking": None}
        for silo, one in federation.items()
    }
    rows = {silo: train.num_examples for silo, train in trains.items()}
    empty = dict.fromkeys(federation, Profile())
    profiles = between_silos.compare(empty, values, rows, SETTINGS)
    columns = column_faults.find(trains)
    return {
        silo: [finding.sentence for finding in (*columns[silo], *profile.notes)]
        for silo, profile in profiles.items()
    }


def disclosed(fed: Federation) -> dict[str, Disclosed]:
    """Return what leaves each silo."""
    return {silo: _disclose(table, fed) for silo, table in fed.tables.items()}


def _disclose(table: pa.Table, fed: Federation) -> Disclosed:
    finite, _ = checks.non_finite(table, SETTINGS.max_non_finite_share)
    statistics = disclosure.reduce(_types(fed), finite, SETTINGS.disclosure_rows)
    rows = disclosure.whole_blocks(finite, SETTINGS.disclosure_rows)
    columns = [one.name for one in fed.schema.feature]
    sketches = row_sketches.of_rows(rows, columns, KEY) if rows.num_rows else []
    return Disclosed(statistics, sketches)


@functools.cache
def _types(fed: Federation) -> Dataset:
    """Return TFDV's statistics of a silo, which disclosure reads no figure of."""
    table = next(iter(fed.tables.values()))
    return tfdv_checks.measure(table, TRAIN, fed.schema).datasets[0]


def _flights() -> dict[str, Federation]:
    """Return the airlines span by span, with all rows up to it, and the last ones."""
    spans = _read("flights", [f"2013-{month:02d}" for month in range(2, 13)])
    alone = {}
    for before, (name, fed) in zip(spans.values(), [*spans.items()][1:], strict=False):
        rows = {silo: table.num_rows for silo, table in before.tables.items()}
        new = {s: t.slice(rows.get(s, 0)) for s, t in fed.tables.items()}
        alone[f"last of {name}"] = Federation(new, fed.schema)
    return {**alone, **spans}


def _census() -> dict[str, Federation]:
    """Return the industries, with all rows and with halves of them."""
    found = _read("census", ["latest"])
    whole = {"all": found["latest"]}
    for seed in range(2):
        rng, tables = np.random.default_rng(seed), whole["all"].tables
        half = {s: t.filter(rng.random(t.num_rows) < 0.5) for s, t in tables.items()}
        whole[f"half {seed}"] = Federation(half, whole["all"].schema)
    return whole


def _read(name: str, spans: list[str]) -> dict[str, Federation]:
    """Return the training rows of a use case's silos, by span."""
    chosen = use_case.find(name)
    chosen.prepare()
    rows, ignored = chosen.settings.rows, chosen.settings.features.ignore
    hidden = {*rows.key, *({*rows.split_by} & {*ignored})}
    schema = audit_worlds.schema(chosen)
    types = [one for one in schema.feature if one.name not in hidden]
    names, found = [one.name for one in types], {}
    with tempfile.TemporaryDirectory(prefix="fairsilo-bench-") as homes:
        for span in spans:
            tables = {
                entry.silo.id: split_files.read(entry.splits[TRAIN].paths, names)
                for entry in audit_worlds.ingest(chosen, span, pathlib.Path(homes))
                if entry.rows(TRAIN)
            }
            found[span] = Federation(tables, schema_pb2.Schema(feature=types))
    return found


def made_up(rng: np.random.Generator, silos: int = 8) -> Federation:
    """Return silos of 300 to 3,000 rows that differ somewhat from one another."""
    tables = {}
    for silo in range(silos):
        n, own = int(rng.integers(300, 3000)), rng.normal(0, 0.15, 8)
        times = 60 * rng.normal(13 + own[0], 3, n)
        ages = rng.normal(45 + 10 * own[1], 12, n).clip(18, 95)
        numbers = {
            "age": ages.round().astype(int),
            "amount": rng.lognormal(4 + own[2], 1, n),
            "temperature": rng.normal(15 + 10 * own[3], 6, n),
            "date": rng.integers(17000, 18000, n) + int(300 * own[4]),
            "minute": times.round().astype(int) % 1440,
            "stay": 1 + rng.gamma(2 + own[5], 2, n),
        }
        texts = {
            name: rng.choice(values, n, p=rng.dirichlet([8] * len(values)))
            for name, values in TEXTS.items()
        }
        rows = pd.DataFrame({**numbers, **texts})
        tables[f"s{silo}"] = pa.Table.from_pandas(rows, preserve_index=False)
    schema = schema_pb2.Schema()
    for name, values in rows.items():
        schema.feature.add(name=name, type=TYPES[values.dtype.kind])
    return Federation(tables, schema)

"""Federations with planted faults, to audit: whose data is wrong, who rides free.

A world is a use case, a seed and a number of riders. Riders are silos of at least
`RIDER_ROWS` training rows, drawn by the seed, each with one kind of `UPDATES`, which a
hostile process answers (`hostile_worker.py`), or of `DATA`, by which all splits of its
rows are rewritten before they are validated (`faults.py`). Every world also has its
`CONTROLS`: honest silos that an unfair audit would accuse.
"""

from __future__ import annotations

import dataclasses
import pathlib
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components import digests
from components.feature_spec_gen.merge import merge
from components.features.spec import FeatureSpec
from components.payloads.cohort import Cohort
from components.payloads.manifest import CHOOSE, EVAL, TRAIN, Manifest, SiloEntry, Split
from components.silo_example_gen import discovery
from components.silo_example_gen.node import ingest_all
from components.silo_validator.node import validate
from components.silo_validator.settings import Columns
from components.silos import homes, split_files
from pipelines import use_case
from pipelines.benchmarks.fairness import Prepared
from pipelines.benchmarks.faults import CONTROLS, DATA, Case, to_arrow
from pipelines.benchmarks.hostile_worker import Rider
from pipelines.settings import UseCaseSettings

SPLITS = (TRAIN, CHOOSE, EVAL)
SYNTHETIC = "synthetic"
SOURCES = ("census", "flights", SYNTHETIC)
MIN_ROWS = 100  # training rows of a silo that takes part
RIDER_ROWS = 600
LENDER = "lender"  # honest, but the twin sends its update too
DONOR = "honest, copied from"
UPDATES: dict[str, Rider] = {
    "zero": Rider("zero"),
    "copy 10 %": Rider("copy", 0.1),
    "copy 50 %": Rider("copy", 0.5),
    "copy 200 %": Rider("copy", 2.0),
    "replay": Rider("replay"),
    "delta": Rider("delta"),
    "turns": Rider("turns", 0.5),
    "twin": Rider("twin"),
}
KINDS = (*UPDATES, *DATA)
# Those that leave a hard sign, or are stopped by validation.
HARD = ({*UPDATES} - {"twin"}) | {"random labels 100 %", "one label", "20 rows"}
STEP = 7  # through them: worlds get kinds of both sorts, and few worlds have all


class World(NamedTuple):
    """A federation of a seed, with what is planted in it."""

    seed: int
    riders: int
    kinds: dict[str, str]  # by silo, of UPDATES, DATA or CONTROLS, LENDER or DONOR
    donors: dict[str, str]  # by the silo that copies its rows


def prepare(source: str, seed: int, folder: pathlib.Path) -> Prepared:
    """Split the rows of a use case's silos below a folder; synthetic ones by a seed."""
    chosen = synthetic(folder, seed) if source == SYNTHETIC else use_case.find(source)
    chosen.prepare()
    listed = ingest(chosen, discovery.LATEST, folder / "silos")
    entries = tuple(
        dataclasses.replace(entry, splits={name: entry.splits[name] for name in SPLITS})
        for entry in listed
        if entry.rows(TRAIN) >= MIN_ROWS
    )
    manifest = dataclasses.replace(listed, entries=entries)
    cohort, spec = Cohort((), 0), FeatureSpec((), ())
    return checked(Prepared(chosen, folder, manifest, cohort, spec))


def ingest(chosen: use_case.UseCase, span: str, folder: pathlib.Path) -> Manifest:
    """Split the rows of a use case's silos below a folder, up to a span."""
    source = chosen.settings.source
    found = discovery.discover(source, str(folder))
    window = discovery.window(found, source, span)
    return ingest_all(chosen.name, found, window, source, schema(chosen), "").manifest


def schema(chosen: use_case.UseCase) -> schema_pb2.Schema:
    """Return a use case's schema."""
    return text_format.Parse(chosen.schema_file.read_text(), schema_pb2.Schema())


def checked(prepared: Prepared) -> Prepared:
    """Validate the silos and agree on features, as the pipeline's nodes do."""
    settings, types = prepared.chosen.settings, schema(prepared.chosen)
    rows, features = settings.rows, settings.features
    hidden = tuple(name for name in rows.split_by if name in features.ignore)
    columns = Columns(rows.label, rows.key, hidden, features.ignore)
    found = validate(prepared.manifest, types, columns, settings.validation, {}, {}, {})
    trains = {s: found.statistics[s].datasets[0] for s in found.cohort.admitted}
    spec = merge(trains, types, [rows.label, *rows.key], features).spec
    return dataclasses.replace(prepared, cohort=found.cohort, spec=spec)


def draw(prepared: Prepared, seed: int, riders: int) -> World:
    """Draw who rides and how, and who is a control; the same for the same seed."""
    rng = np.random.default_rng([seed, riders])
    large = [e.silo.id for e in prepared.manifest if e.rows(TRAIN) >= RIDER_ROWS]
    drawn: Iterator[str] = iter(rng.permutation(large).tolist())
    has_spans = prepared.chosen.settings.silos.has_spans
    possible = [kind for kind in KINDS if kind != "stale span" or has_spans]
    places = range(riders * seed, riders * (seed + 1))
    kinds = [possible[STEP * place % len(possible)] for place in places]
    kinds += [LENDER] * ("twin" in kinds) + [*CONTROLS]
    # Of few large silos, all may ride: then there are fewer controls.
    planted = dict(zip(drawn, kinds, strict=False))
    plain = [entry for entry in prepared.manifest if entry.silo.id not in planted]
    donors = {}
    for silo, kind in planted.items():
        if kind.startswith("copied"):
            rows = prepared.manifest[silo].rows(TRAIN)
            enough = [e for e in plain if e.rows(TRAIN) >= rows] or plain
            donors[silo] = enough[rng.integers(len(enough))].silo.id
    return World(seed, riders, planted | dict.fromkeys(donors.values(), DONOR), donors)


def plant(prepared: Prepared, world: World) -> Prepared:
    """Rewrite the rows of silos whose data is wrong, and validate all."""
    entries = tuple(
        _rewritten(prepared, entry, world)
        if world.kinds.get(entry.silo.id) in {*DATA, *CONTROLS}
        else entry
        for entry in prepared.manifest
    )
    manifest = dataclasses.replace(prepared.manifest, entries=entries)
    return checked(dataclasses.replace(prepared, manifest=manifest))


def _rewritten(prepared: Prepared, entry: SiloEntry, world: World) -> SiloEntry:
    """Rewrite a silo's splits below its home."""
    settings, silo = prepared.chosen.settings, entry.silo
    donor = prepared.manifest[world.donors.get(silo.id, silo.id)]
    change = {**DATA, **CONTROLS}[world.kinds[silo.id]]
    rng = np.random.default_rng([world.seed, zlib.crc32(silo.id.encode())])
    numbers = rng.permutation([one.name for one in prepared.spec.numeric]).tolist()
    folder = silo.path("planted", f"{world.seed}-{world.riders}")
    folder.mkdir(parents=True, exist_ok=True)
    splits = {}
    for name in SPLITS:
        table, theirs = (split_files.read(e.splits[name].paths) for e in (entry, donor))
        case = Case(
            rng,
            theirs.to_pandas(),
            name,
            settings.rows.label,
            tuple(numbers),
            settings.evaluation.slices[0],
            settings.rows.split_by[0] if settings.silos.has_spans else "",
        )
        rows = to_arrow(change(table.to_pandas(), case), table.schema)
        path = str(folder / f"{name}.parquet")
        pq.write_table(rows, path)
        splits[name] = Split.of(path, digests.of_file(path), rows.num_rows)
    homes.chown_to_silo(silo, folder)
    return dataclasses.replace(entry, splits=splits)


def riders(
    world: World, silos: Sequence[str], rounds: int, shared: pathlib.Path
) -> dict[str, Rider]:
    """Return what the hostile ones of the silos that train answer.

    Who turns does so in the middle of the rounds; what is lent is `shared` in a folder.
    """
    kinds = UPDATES | {LENDER: Rider("lender")}
    found = {s: kinds[k] for s, k in world.kinds.items() if s in silos and k in kinds}
    return {
        silo: rider._replace(
            turn=rounds // 2 + 1 if rider.kind == "turns" else 1,
            seed=zlib.crc32(f"{world.seed}/{silo}".encode()),  # no two noises alike
            shared=str(shared),
        )
        for silo, rider in found.items()
    }


def synthetic(folder: pathlib.Path, seed: int, silos: int = 16) -> use_case.UseCase:
    """Make a use case below a folder: one signal, and a shift of each silo's own."""
    rng = np.random.default_rng(seed)
    names = [f"x{number}" for number in range(6)]
    signal = rng.normal(size=len(names))
    for number, rows in enumerate(np.geomspace(400, 6_000, silos).astype(int)):
        shift = rng.normal(scale=0.5, size=len(names))
        inputs = rng.normal(size=(rows, len(names))) + shift
        groups = rng.choice(["a", "b", "c"], rows, p=[0.5, 0.3, 0.2])
        logits = inputs @ signal + inputs[:, 0] * inputs[:, 1] - 1 + (groups == "c")
        table = pd.DataFrame(inputs * [1, 1, 10, 10, 100, 100] + 50, columns=names)
        table["row"] = [f"{number}-{row}" for row in range(rows)]
        table["group"] = groups
        table["label"] = (rng.random(rows) < 1 / (1 + np.exp(-logits))).astype(int)
        path = folder / "data" / f"s{number:02d}" / "rows.parquet"
        path.parent.mkdir(parents=True)
        table.to_parquet(path, index=False)
    types = dict.fromkeys(names, "FLOAT")
    types |= {"row": "BYTES", "group": "BYTES", "label": "INT"}
    lines = [f'feature {{ name: "{one}" type: {types[one]} }}\n' for one in types]
    (folder / "schemas").mkdir()
    (folder / "schemas" / f"{SYNTHETIC}.pbtxt").write_text("".join(lines))
    training = {"rounds": 12, "client_learning_rate": 0.2, "batch_size": 64}
    settings = {
        "silos": {"root": str(folder / "data")},
        "rows": {"label": "label", "key": ["row"], "choose_share": 0.2},
        "training": {**training, "quorum_per_round": silos // 2},
        "personal": {"method": "ditto"},
        "evaluation": {"slices": ["group"]},
        "gates": {"silo_floor": {"at_least": 0.5}},
    }
    return use_case.UseCase(SYNTHETIC, folder, UseCaseSettings.model_validate(settings))

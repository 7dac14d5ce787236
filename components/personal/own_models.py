"""The models of one silo's own, trained in its own process and kept in its home."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from components import digests
from components.features.spec import FeatureSpec
from components.federation import encode, tensor_files
from components.federation.local_training import Rows
from components.payloads.manifest import CHOOSE, TRAIN
from components.payloads.silo import Silo
from components.personal import store, training
from components.personal.calls import Schedule
from components.personal.stopping import BestPass, Weights, best_pass
from components.scoring import model
from components.silos import split_files


class Split(NamedTuple):
    """Rows of a split that have a label, and the digest of their tensors."""

    rows: Rows
    digest: str = ""  # empty where there are none


class OwnModel(NamedTuple):
    """A model of the silo's own, and the file of its weights below the home."""

    model: BestPass
    weights_file: str


class OwnModels:
    """A silo's rows, and what is trained from them.

    Args:
        silo: The silo.
        arguments: See `calls.py`.

    Raises:
        SiloError: See `encode.encode`.
        SettingsError: See `model_module.load`.
    """

    def __init__(self, silo: Silo, arguments: Mapping[str, Any]) -> None:
        self._silo = silo
        self._arguments = arguments
        self.spec = FeatureSpec.of_json(arguments["spec"])
        alone = Schedule(**arguments["alone"])
        self._alone = alone
        self.local = training.load(
            arguments["module_file"],
            arguments["module_code"],
            arguments["spec"],
            alone.seed,
        )
        # Each is read once, however many models ask for it.
        self.split = functools.cache(self._split)
        self.groups = functools.cache(self._groups)

    @property
    def train(self) -> Split:
        """The rows to train on."""
        return self.split(TRAIN)

    @property
    def choose(self) -> Split:
        """The rows to choose by."""
        return self.split(CHOOSE)

    def _split(self, name: str) -> Split:
        """Return the rows of a split, encoded in the home."""
        arguments = self._arguments
        files = arguments["splits"].get(name)
        if not files:
            floats = np.zeros((0, self.spec.num_floats), np.float32)
            ids = np.zeros((0, self.spec.num_ids), np.int32)
            return Split(Rows(floats, ids, np.zeros(0, np.float32)))
        own = [files, self.spec.digest, arguments["label"], arguments["code"]]
        key = digests.of_json(own)[:32]
        if name == TRAIN:
            key = arguments["tensors"] or key  # those that the federation trained on
        call = {
            "split": files,
            "spec": arguments["spec"],
            "label": arguments["label"],
            "key": key,
            "name": "training" if name == TRAIN else name,
        }
        encoded = encode.encode(self._silo, call)
        folder = self._silo.path(tensor_files.folder(key))
        return Split(self.local.read_rows(folder), encoded.values["digest"])

    def _groups(self, name: str) -> NDArray[np.int64]:
        """Return the group of each row of a split: rows that were split together.

        Each row is one by itself where the settings name no columns.
        """
        columns = self._arguments["split_by"]
        files = self._arguments["splits"].get(name)
        if not columns or not files:
            return np.arange(len(self.split(name).rows.labels))
        values = split_files.read([*files], columns).to_pandas()
        found = values.groupby(list(columns), sort=False, dropna=False).ngroup()
        return found.to_numpy(np.int64)  # type: ignore[no-any-return]

    def alone(self) -> OwnModel | None:
        """Return the model of the silo's own rows alone.

        None where there are no rows to train on, or each pass gave numbers that are not
        finite.
        """
        key = self._key(self._alone)
        start = self.local.initial
        train = functools.partial(self._trained, self._alone, start, (), 1)
        return self._kept(store.alone_folder(key), key, train)

    def personal(
        self, base: Weights, schedule: Schedule, anchor: Weights
    ) -> OwnModel | None:
        """Return the model trained from a base model, whose pass 0 is the base itself.

        None as for `alone`. `anchor` is what draws the weights, where anything does.
        """
        digest = model.digest_of(base, self.spec)
        drawn_to = model.digest_of(anchor, self.spec) if schedule.strength else ""
        key = self._key(schedule, digest, drawn_to)
        train = functools.partial(self._trained, schedule, base, anchor, 0)
        return self._kept(store.personal_folder(digest, key), key, train)

    def _key(self, schedule: Schedule, *others: str) -> str:
        return digests.of_json(
            [
                [self.train.digest, self.choose.digest, self.spec.digest],
                [self._arguments["module_code"], self._arguments["code"]],
                dataclasses.asdict(schedule),
                self._arguments["split_by"],
                others,
            ]
        )

    def _kept(
        self, folder: str, key: str, train: Callable[[], BestPass | None]
    ) -> OwnModel | None:
        """Return the model in a folder of the home, trained if it is not there."""
        if not len(self.train.rows.labels):
            return None
        found = store.find(self._silo, folder, key)
        if found is None:
            found = train()
            if found is None:
                return None
            store.keep(self._silo, folder, key, found)
        return OwnModel(found, f"{folder}/{store.WEIGHTS}")

    def _trained(
        self, schedule: Schedule, start: Weights, anchor: Weights, first: int
    ) -> BestPass | None:
        passes = self.local.passes(
            self._silo.id, self.train.rows, schedule, start, anchor
        )
        choose = self.choose.rows
        return best_pass(
            passes if first else itertools.chain([start], passes),
            lambda weights: self.local.scores(weights, choose),
            choose.labels,
            self.groups(CHOOSE),
            first,
        )

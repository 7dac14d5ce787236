"""A silo's own models in its home: whole or not there, and found again.

```text
personal/<base digest>-<key>/   trained from a base model
alone/<key>/                    trained from where the federation started
    weights.npz    canonical weights, which never leave the home
    choose.npy     scores of the rows to choose by, see `stopping.py`
    record.json    passes, and digests of both
```

A key is the digest of all that decides the model, so that of another base model, other
rows or settings is never taken for it. Where files do not hold what the record says,
the model is trained again. Models stay: one that is in service may be old.
"""

from __future__ import annotations

import json
import pathlib

import numpy as np

from components import digests, temporary_faults
from components.errors import SiloError
from components.payloads.silo import Silo
from components.personal.stopping import BestPass
from components.scoring import model
from components.silos import homes, stale_files

WEIGHTS = model.WEIGHTS
SCORES = "choose.npy"
RECORD = "record.json"


def personal_folder(base: str, key: str) -> str:
    """Return the folder of a model that was trained from a base, below the home."""
    return f"personal/{base[:16]}-{key[:16]}"


def alone_folder(key: str) -> str:
    """Return the folder of a model that knows no base, below the home."""
    return f"alone/{key[:16]}"


def find(silo: Silo, folder: str, key: str) -> BestPass | None:
    """Return the model in a folder; None where it is not there, damaged or another."""
    path = silo.path(folder)
    try:
        record = json.loads((path / RECORD).read_text("utf-8"))
        if record["key"] != key or record["digests"] != _digests(path):
            return None
        scores = np.load(path / SCORES, allow_pickle=False)
        weights = model.read_weights(path / WEIGHTS)
        return BestPass(weights, record["passes"], scores, record["diverged"])
    except Exception:  # a damaged file fails in many ways
        return None


def keep(silo: Silo, folder: str, key: str, found: BestPass) -> None:
    """Write a model into a folder below the silo's home.

    Raises:
        SiloError: The volume is full; nothing is left of it.
    """
    path = silo.path(folder)
    try:
        path.parent.mkdir(exist_ok=True, mode=0o700)
        stale_files.remove(path.parent.glob(".*"))  # what killed runs left
        with homes.new_folder(silo, path, mode=0o700) as unfinished:
            model.write_weights(unfinished / WEIGHTS, found.weights)
            np.save(unfinished / SCORES, found.scores)
            record = {
                "key": key,
                "passes": found.passes,
                "diverged": found.diverged,
                "digests": _digests(unfinished),
            }
            text = json.dumps(record, indent=1)
            (unfinished / RECORD).write_text(text, encoding="utf-8")
    except OSError as error:
        if not temporary_faults.is_full(error):
            raise
        num_bytes = found.scores.nbytes + sum(one.nbytes for one in found.weights)
        raise temporary_faults.mark(_full(silo, folder, num_bytes)) from error


def _digests(path: pathlib.Path) -> list[str]:
    return [digests.of_file(path / name) for name in (WEIGHTS, SCORES)]


def _full(silo: Silo, folder: str, num_bytes: int) -> SiloError:
    return SiloError(
        silo.id,
        folder,
        temporary_faults.FULL,
        f"room for the {num_bytes:,} bytes of a model of its own",
        f"make room in the silo's home; {temporary_faults.AGAIN_HINT}, and until then "
        "the base model serves the silo",
    )

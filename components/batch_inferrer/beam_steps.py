"""The Beam pipeline of inference: items in, small records of outcomes out.

`Create | Reshuffle | ParDo`: reading, scoring and writing are fused in one step,
so only what is in an `Outcome` travels, and no row can land in another silo's
file. An item that fails is an outcome too; the others go on.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
import tempfile
import uuid
from collections.abc import Iterable, Sequence

import apache_beam as beam

from components import temporary_faults, tracebacks
from components.batch_inferrer.items import WorkItem
from components.batch_inferrer.scoring import Job, Outcome, score_item
from components.beam import IN_MEMORY
from components.errors import FairSiloError, SiloError
from components.scoring.model import Scorer, scorer


def run(
    items: Sequence[WorkItem],
    job: Job,
    flags: Sequence[str],
    folder: str | pathlib.Path | None = None,
) -> list[tuple[WorkItem, Outcome]]:
    """Return each work item with what came of it, in their order.

    Args:
        items: What to score.
        job: What is alike for all of them.
        flags: Beam's own.
        folder: Where the records of outcomes are kept meanwhile; on a cluster a
            folder that all workers share. The system's own when None.

    Raises:
        RuntimeError: A worker died, or the model can't be loaded. What was
            written stays and is not done again.
    """
    outcomes: dict[int, Outcome] = {}
    with tempfile.TemporaryDirectory(prefix="inference-", dir=folder) as records:
        with beam.Pipeline(argv=list(flags)) as pipeline:
            elements = list(enumerate(items))
            spread = pipeline | "Items" >> beam.Create(elements, reshuffle=False)
            if tuple(flags) != IN_MEMORY:  # one process has nobody to share with
                spread |= "Spread" >> beam.Reshuffle()
            _ = spread | "Score" >> beam.ParDo(ScoreItem(job, records))
        for file in pathlib.Path(records).glob("*.json"):
            for index, fields in json.loads(file.read_text(encoding="utf-8")):
                outcomes[index] = Outcome(**fields)
    return [(item, outcomes[index]) for index, item in enumerate(items)]


class ScoreItem(beam.DoFn):  # type: ignore[misc]  # Beam has no types
    """Scores items and keeps the records of a bundle in one file in a folder."""

    def __init__(self, job: Job, records: str) -> None:
        self._job = job
        self._records = records
        self._outcomes: list[tuple[int, dict[str, object]]] = []

    def start_bundle(self) -> None:
        """Begin a file of records; a bundle that is tried again repeats them."""
        self._outcomes = []

    def process(self, element: tuple[int, WorkItem]) -> Iterable[None]:
        """Score one item; nothing goes on from here."""
        index, item = element
        try:
            outcome = score_item(item, self._job, load)
        except ModelLoadError:
            raise  # no item can do without it
        except Exception as error:  # the other silos must go on
            ours = isinstance(error, FairSiloError)
            trace = "" if ours else tracebacks.of(error)
            outcome = Outcome(failure=reason(item, error), trace=trace)
        self._outcomes.append((index, dataclasses.asdict(outcome)))
        return []

    def finish_bundle(self) -> None:
        """Write the records."""
        path = pathlib.Path(self._records, f"{uuid.uuid4().hex}.json")
        text = json.dumps(self._outcomes, ensure_ascii=False)
        path.write_text(text, encoding="utf-8")


def reason(item: WorkItem, error: Exception) -> str:
    """Return what went wrong with an item: silo, file, found and the hint.

    An error that is meant to be read keeps its words. Of any other only the type and
    the place in our code are given: its text may hold a record.
    """
    if isinstance(error, FairSiloError):
        found, hint = error.message, error.hint
    else:
        found, hint = temporary_faults.describe(error)
    if not isinstance(error, SiloError):
        named = found.startswith(f"{item.path}:")  # it names the file already
        place = "" if named else f"{item.label}: "
        found = f"silo `{item.silo.id}`: {place}{found}"
    return f"{found}; {hint}" if hint else found


class ModelLoadError(RuntimeError):
    """The model can't be loaded, so nothing can be scored."""


def load(item: WorkItem, job: Job) -> Scorer:
    """Return the model that scores an item; a SavedModel is loaded once a process.

    Raises:
        ModelLoadError: The base model can't be loaded.
        SiloError: The silo's own weights have gone since the plan was made.
    """
    try:
        base = scorer(job.model, job.model_digest)
    except Exception as error:
        raise ModelLoadError(f"{job.model}: {type(error).__name__}") from error
    served = item.served
    if not served.weights:
        return base
    try:
        return scorer(job.model, served.digest, served.weights)
    except Exception as error:  # a damaged file fails in many ways
        raise SiloError(
            item.silo.id,
            served.weights,
            f"no weights that can be used any more ({type(error).__name__})",
            f"those of its {served.model} model, as when the run began",
            "run again: where they stay away, the base model serves the silo",
        ) from None

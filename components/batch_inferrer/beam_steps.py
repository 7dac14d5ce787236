"""The Beam pipeline of inference: items in, small records of outcomes out.

`Create | Reshuffle | ParDo`: reading, scoring and writing are fused in one step,
so no row travels or can land in another silo's file. An item that fails is an outcome
too; the others go on. A fault that is no item's (the model, credentials) ends the run.
"""

from __future__ import annotations

import pathlib
import uuid
from collections.abc import Iterable, Sequence

import apache_beam as beam
from apache_beam.runners.runner import PipelineResult

from components import temporary_faults, tracebacks
from components.batch_inferrer import records
from components.batch_inferrer.items import WorkItem
from components.batch_inferrer.scoring import Job, Outcome, score_item
from components.beam import IN_MEMORY
from components.errors import FairSiloError, SiloError
from components.scoring.model import Scorer, scorer
from components.storage import CredentialsError


class ModelLoadError(FairSiloError):
    """The model can't be loaded, so nothing can be scored."""


SYSTEMIC = (ModelLoadError, CredentialsError)


def run(
    items: Sequence[tuple[int, WorkItem]],
    job: Job,
    folder: pathlib.Path,
    flags: Sequence[str] = IN_MEMORY,
    name: str = "",
) -> None:
    """Score work items; what comes of each is in the folder's records.

    Args:
        items: What to score, each with its number.
        job: What is alike for all of them.
        folder: Holds the records; on a cluster all workers share it.
        flags: Beam's own.
        name: Of the file of records, where one process does it all.

    Raises:
        RuntimeError: A worker died. What was written stays and is not done again.
        FairSiloError: A fault that no item is to blame for.
    """
    try:
        start(items, job, folder, flags, name).wait_until_finish()
    except Exception:
        records.Reader(folder).poll()  # raises the fault itself, where it is known
        raise


def start(
    items: Sequence[tuple[int, WorkItem]],
    job: Job,
    folder: pathlib.Path,
    flags: Sequence[str],
    name: str = "",
) -> PipelineResult:
    """Begin what `run` does, and return Beam's handle of it."""
    (folder / records.RECORDS).mkdir(parents=True, exist_ok=True)
    pipeline = beam.Pipeline(argv=list(flags))
    spread = pipeline | "Items" >> beam.Create(items, reshuffle=False)
    if tuple(flags) != IN_MEMORY:  # one process has nobody to share with
        spread |= "Spread" >> beam.Reshuffle()
    _ = spread | "Score" >> beam.ParDo(ScoreItem(job, str(folder), name))
    return pipeline.run()


class ScoreItem(beam.DoFn):  # type: ignore[misc]  # Beam has no types
    """Scores items and records what came of each."""

    _writer: records.Writer  # of a worker; it can't be pickled

    def __init__(self, job: Job, folder: str, name: str = "") -> None:
        self._job = job
        self._folder = folder
        self._name = name

    def setup(self) -> None:
        """Open a file of records of this worker's own."""
        name = self._name or uuid.uuid4().hex
        self._writer = records.Writer(pathlib.Path(self._folder), name)

    def process(self, element: tuple[int, WorkItem]) -> Iterable[None]:
        """Score one item; nothing goes on from here."""
        index, item = element
        self._writer.began(index)
        try:
            outcome = score_item(item, self._job, load)
        except SYSTEMIC as error:  # no item can do without it
            records.stop(pathlib.Path(self._folder), error)
            raise
        except Exception as error:  # the other silos must go on
            ours = isinstance(error, FairSiloError)
            trace = "" if ours else tracebacks.of(error)
            outcome = Outcome(failure=reason(item, error), trace=trace)
        self._writer.done(index, outcome)
        return []


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
        named = found.startswith(f"{item.file.path}:")  # it names the file already
        place = "" if named else f"{item.label}: "
        found = f"silo `{item.silo.id}`: {place}{found}"
    return f"{found}; {hint}" if hint else found


def load(item: WorkItem, job: Job) -> Scorer:
    """Return the model that scores an item; a SavedModel is loaded once a process.

    Raises:
        ModelLoadError: The base model can't be loaded.
        SiloError: The silo's own weights have gone since the plan was made.
    """
    try:
        base = scorer(job.model, job.model_digest)
    except Exception as error:
        raise ModelLoadError(
            f"{job.model}: found no model that can be loaded "
            f"({type(error).__name__}), expected the one that was blessed",
            "bring the folder back, or run the pipeline again",
        ) from error
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

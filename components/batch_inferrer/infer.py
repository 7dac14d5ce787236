"""A run of inference: plan, score, check against the plan, publish, account."""

from __future__ import annotations

import dataclasses
import logging
import pathlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence

from components import storage, temporary_faults, tracebacks
from components.batch_inferrer import predictions
from components.batch_inferrer.items import WorkItem
from components.batch_inferrer.plan import SiloPlan, plan
from components.batch_inferrer.pods import NO_PODS, PodTemplate
from components.batch_inferrer.records import Work
from components.batch_inferrer.scoring import Job, Outcome
from components.batch_inferrer.settings import InferenceSettings
from components.errors import FairSiloError, SettingsError, SiloError
from components.payloads import ledger
from components.payloads import predictions as published
from components.payloads.ledger import FailureLine, Ledger, NotScored, SiloLine, Speed
from components.payloads.manifest import Manifest
from components.payloads.predictions import Predictions
from components.scoring import served
from components.silos import stale_files

logger = logging.getLogger(__name__)


@dataclasses.dataclass
class _Silo:
    """What came of a silo's plan."""

    plan: SiloPlan
    done: list[tuple[WorkItem, Outcome]]

    @property
    def failures(self) -> Iterator[FailureLine]:
        """Its items that failed, or why its files are not known."""
        silo = self.plan.silo.id
        if self.plan.failure:
            yield FailureLine(silo, self.plan.folder, self.plan.failure)
        for item, outcome in self.done:
            if outcome.failure:
                yield FailureLine(silo, item.label, outcome.failure)

    @property
    def predictions(self) -> Predictions:
        """What its pointer should say."""
        made = [outcome.part for _, outcome in self.done if outcome.part]
        parts = sorted([*self.plan.carried, *made], key=lambda one: one.input)
        served = self.plan.served
        return Predictions(
            silo=self.plan.silo.id,
            span=self.plan.folder.rpartition("span=")[2],
            model=served.digest,
            served=served.model,
            form=self.plan.form,
            parts=tuple(parts),
        )


def infer(
    manifest: Manifest,
    job: Job,
    settings: InferenceSettings,
    folder: str | pathlib.Path | None = None,
    pods: PodTemplate = NO_PODS,
) -> Ledger:
    """Score the rows of all silos, each into its own place, and return the account.

    Each silo's rows are scored by the model that serves it, or else by the base model.
    What an earlier run has done is not done again. A silo that fails does not hold up
    the others. Predictions are published silo by silo when all are scored.

    Args:
        manifest: The silos, their splits and the span.
        job: What is alike for all rows.
        settings: Where and how rows are scored.
        folder: Where records of the work are kept until it is done; on a cluster all
            who score share it. The system's own for temporary files when None.
        pods: What a pod of the engine `pods` is like.

    Raises:
        SettingsError: A key column has the name of one that we write.
        FairSiloError: A fault that is no silo's: the model, credentials, the engine.
    """
    _check_key(job.key)
    serve = served.by_report(job.benefit, job.model, job.model_digest)
    plans = plan(manifest, serve, job, settings)
    items = [item for one in plans for item in one.items]
    work = Work(job, tuple(items), settings)
    outcomes = iter(_outcomes(work, folder, pods))
    silos = [_Silo(one, [(i, next(outcomes)) for i in one.items]) for one in plans]
    _report([pair for one in silos for pair in one.done])
    unreadable = _unreadable(manifest) if not settings.input else []
    return _account(job, settings, silos, unreadable)


def _outcomes(
    work: Work, folder: str | pathlib.Path | None, pods: PodTemplate
) -> list[Outcome]:
    if not work.items:
        return []
    from components.batch_inferrer import engines

    if folder is None:
        with tempfile.TemporaryDirectory(prefix="inference-") as temporary:
            return engines.run(work, pathlib.Path(temporary), pods)
    # Other work of an attempt before, such as of files that changed since, lies beside.
    place = pathlib.Path(folder, work.digest[:16])
    outcomes = engines.run(work, place, pods)
    shutil.rmtree(folder, ignore_errors=True)
    stale_files.remove(pathlib.Path(folder).parent.iterdir())
    return outcomes


def _account(
    job: Job,
    settings: InferenceSettings,
    silos: Sequence[_Silo],
    unreadable: Sequence[FailureLine],
) -> Ledger:
    if not silos:
        return Ledger(
            # Data may have no rows for now; a pattern that finds no file is a mistake.
            status=ledger.FAILED if settings.input else ledger.NOTHING,
            reason="no silo has rows to score"
            + (f": {settings.input} finds no file" if settings.input else ""),
            model=job.model_digest,
            failures=tuple(unreadable),
            silos_not_scored=_silos_not_scored(unreadable, (), settings),
        )
    status, reason = _verdict(silos, settings.max_failed_share)
    lines, failures = [], [*unreadable]
    for one in silos:
        failed = [*one.failures]
        line = _silo_line(one)
        if status == ledger.DONE and _may_be_published(one, failed, settings):
            failed += _publish(one, line)
            line = dataclasses.replace(line, is_published=not failed)
        failures += failed
        if line.rows or line.dead_letters:
            lines.append(line)
    reasons = [reason] if reason else []
    if unreadable:
        num_silos = len({line.silo for line in unreadable})
        reasons.append(f"the data of {num_silos} silos can't be read")
    if lost := _lost([one.plan for one in silos]):
        reasons.append(f"the base model serves {len(lost)} silos in place of their own")
    incomplete = [line for line in lines if not line.is_published]
    outcomes = [outcome for one in silos for _, outcome in one.done]
    return Ledger(
        status=status,
        reason="; ".join(reasons),
        model=job.model_digest,
        rows=sum(line.rows for line in lines),
        dead_letters=sum(line.dead_letters for line in lines),
        resumed=sum(outcome.resumed for outcome in outcomes),
        unchanged=sum(line.unchanged for line in lines),
        silos=tuple(lines),
        failures=tuple(sorted(failures, key=lambda line: (line.silo, line.item))),
        silos_not_scored=_silos_not_scored(failures, incomplete, settings),
        missing_columns=_missing_columns(silos),
        speed=_speed(outcomes),
        place=settings.output,
    )


def _may_be_published(
    one: _Silo, failed: Sequence[FailureLine], settings: InferenceSettings
) -> bool:
    """Return whether a silo's predictions are whole, with few enough dead letters."""
    found = one.predictions
    most = settings.max_failed_share * (found.rows + found.dead_letters)
    return not failed and found.dead_letters <= most


def _publish(one: _Silo, line: SiloLine) -> list[FailureLine]:
    """Write a silo's pointer, which makes its predictions count.

    Raises:
        CredentialsError: The storage doesn't know us.
    """
    found, folder, silo = one.predictions, one.plan.folder, one.plan.silo
    try:
        predictions.check_place(silo, folder)
        before = published.read(folder)
        if before != found:
            _check_there(folder, found)
            predictions.publish(silo, folder, found)
        predictions.sweep(folder, [found, *filter(None, [before])])
    except storage.CredentialsError:
        raise
    except (OSError, FairSiloError) as error:
        said, hint = temporary_faults.system_message(error), ""
        if isinstance(error, FairSiloError):
            said, hint = error.message, error.hint
        if not isinstance(error, SiloError):
            said = f"silo `{line.silo}`: {folder}: {said}"
        reason = f"{said}; {hint or temporary_faults.MACHINE_HINT}"
        return [FailureLine(line.silo, folder, reason)]
    return []


def _check_there(folder: str, found: Predictions) -> None:
    """Refuse to list files that another run has removed since this one began."""
    if gone := len(published.missing(folder, found)):
        raise FairSiloError(
            f"found {gone} files of predictions gone since the run began, expected "
            "all; what readers see stays as it was",
            "run again",
        )


def _speed(outcomes: Sequence[Outcome]) -> Speed | None:
    """Return how fast rows were scored, None where none were in this run."""
    new = [one for one in outcomes if one.part and not one.resumed]
    if not new:
        return None
    seconds = max(one.ended for one in new) - min(one.began for one in new)
    rows = sum(one.part.rows for one in new if one.part)
    return Speed(rows, seconds, sum(one.cpu for one in new))


def _check_key(key: Sequence[str]) -> None:
    clash = sorted(predictions.OURS & set(key))
    if clash:
        raise SettingsError(
            f"key column {', '.join(f'`{name}`' for name in clash)} has the name of "
            "a column that predictions add",
            "rename the column in the source",
        )


def _unreadable(manifest: Manifest) -> list[FailureLine]:
    """Return the silos of which rows to be scored can't be read, with each reason.

    One that has no file of the span has nothing to score.
    """
    lines = []
    for entry in manifest:
        name = f"silo `{entry.silo.id}`: "
        whole = [entry.error] if entry.error and not entry.no_files_in_spans else []
        for one in (*whole, *entry.unreadable_to_score):
            named = one.sentence if name in one.sentence else name + one.sentence
            reason = "; ".join(filter(None, [named, one.hint]))
            lines.append(FailureLine(entry.silo.id, "", reason))
    return lines


def _lost(plans: Sequence[SiloPlan]) -> dict[str, str]:
    """Return why a silo's own model does not score, by silo, and tell the operator."""
    lost = {one.silo.id: one.served.lost for one in plans if one.served.lost}
    for sentence in lost.values():
        logger.warning("%s", sentence)
    return lost


def _report(pairs: Sequence[tuple[WorkItem, Outcome]]) -> None:
    """Tell the operator of the items that failed."""
    for item, outcome in pairs:
        if outcome.failure:
            logger.warning("silo=%s: %s", item.silo.id, outcome.failure)
        if outcome.trace:
            tracebacks.write(f"silo={item.silo.id} {item.label}", outcome.trace)


def _verdict(silos: Sequence[_Silo], max_failed_share: float) -> tuple[str, str]:
    """Return the run's status, and why not all was scored; empty when all was."""
    pairs = [pair for one in silos for pair in one.done]
    failed = [item for item, outcome in pairs if outcome.failure]
    lost = sum(max(item.rows, 1) for item in failed)
    found = [one.predictions for one in silos]
    dead = sum(one.dead_letters for one in found)
    total = sum(one.rows for one in found) + dead + lost
    parts = []
    unknown = sum(bool(one.plan.failure) for one in silos)
    if unknown:
        parts.append(f"the files of {unknown} of {len(silos)} silos can't be read")
    if dead:
        parts.append(f"{dead:,} of {total:,} rows are dead letters")
    if failed:
        items = f"{len(failed)} of {len(pairs)} work items"
        parts.append(f"{items} failed with {lost:,} rows")
    said = " and ".join(parts)
    if dead + lost <= max_failed_share * total and (total or not unknown):
        return ledger.DONE, said
    return ledger.FAILED, (
        f"{said}: more than the {max_failed_share:.0%} that `max_failed_share` "
        "allows, so the fault is not that of single rows and nothing is published; "
        "read the reasons, mend their cause and run again"
    )


def _silo_line(one: _Silo) -> SiloLine:
    found = one.predictions
    carried = one.plan.carried
    return SiloLine(
        silo=one.plan.silo.id,
        path=one.plan.folder,
        rows=found.rows,
        dead_letters=found.dead_letters,
        digest=found.digest,
        files=len(found.parts),
        bytes=sum(part.bytes for part in found.parts),
        model=found.model,
        served=found.served,
        lost=one.plan.served.lost,
        unchanged=sum(part.rows + part.dead_letters for part in carried),
        reasons=published.most_first(part.reasons for part in found.parts),
    )


def _silos_not_scored(
    failures: Sequence[FailureLine],
    incomplete: Sequence[SiloLine],
    settings: InferenceSettings,
) -> tuple[NotScored, ...]:
    """Return the silos that lack predictions, each with its first reason.

    `incomplete` were scored, but not as they should be.
    """
    by_silo: dict[str, list[str]] = {}
    for failure in failures:
        by_silo.setdefault(failure.silo, []).append(failure.reason)
    for line in incomplete:
        if line.silo in by_silo:
            continue
        by_silo[line.silo] = [
            f"silo `{line.silo}`: its {line.rows:,} rows are scored and not published: "
            "too much of the run failed"
        ]
        if line.dead_letters:
            by_silo[line.silo] = [
                f"silo `{line.silo}`: {line.dead_letters:,} of "
                f"{line.rows + line.dead_letters:,} rows are dead letters, expected at "
                f"most {settings.max_failed_share:.0%} (inference.max_failed_share); "
                f"they lie with their reasons in {line.path}/{published.DEAD_LETTERS}"
            ]
    return tuple(
        NotScored(
            silo,
            reasons[0] + (f" (and {len(reasons) - 1} more)" if reasons[1:] else ""),
        )
        for silo, reasons in sorted(by_silo.items())
    )


def _missing_columns(silos: Sequence[_Silo]) -> dict[str, list[str]]:
    """Return the columns of the model that rows lack, by silo, and tell of them."""
    found = {}
    for one in silos:
        names = {name for part in one.predictions.parts for name in part.missing}
        if names:
            found[one.plan.silo.id] = sorted(names)
            silo = one.plan.silo.id
            logger.warning("silo=%s: scored without columns %s", silo, sorted(names))
    return found

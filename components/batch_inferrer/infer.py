"""A run of inference: plan, score, check against the manifest, account."""

from __future__ import annotations

import itertools
import logging
import pathlib
from collections.abc import Sequence

import pyarrow as pa

from components import digests, tracebacks
from components.batch_inferrer import predictions
from components.batch_inferrer.items import WorkItem, plan
from components.batch_inferrer.scoring import Job, Outcome
from components.batch_inferrer.settings import InferenceSettings
from components.beam import IN_MEMORY
from components.errors import SettingsError
from components.payloads import ledger
from components.payloads.ledger import FailureLine, Ledger, NotScored, SiloLine
from components.payloads.manifest import SCORE, Manifest
from components.scoring import model, served
from components.silos import split_files

logger = logging.getLogger(__name__)


def infer(
    manifest: Manifest,
    job: Job,
    settings: InferenceSettings,
    flags: Sequence[str] = IN_MEMORY,
    folder: str | pathlib.Path | None = None,
) -> Ledger:
    """Score the rows of all silos, each into its own home, and return the account.

    Each silo's rows are scored by the model that serves it, or else by the base model.
    What an earlier run has done is not done again. A silo that fails does not hold up
    the others. The account's failures are those of items, and those of silos whose
    data the manifest calls unreadable. `flags` and `folder`: see `beam_steps`.

    Raises:
        SettingsError: A key column has the name of one that we write.
    """
    _check_key(job.key)
    unreadable = _unreadable(manifest)
    serve = served.by_report(job.benefit, job.model, job.model_digest)
    items = plan(manifest, serve, settings.rows_per_item, job.key)
    if not items:
        return Ledger(
            status=ledger.NOTHING,
            reason="no silo has rows to score",
            model=job.model_digest,
            failures=tuple(unreadable),
            silos_not_scored=_silos_not_scored(unreadable, ()),
        )
    for place in {pathlib.Path(item.folder).parent for item in items}:
        predictions.sweep(place)
    from components.batch_inferrer import beam_steps

    pairs = beam_steps.run(items, job, flags, folder)
    failures = _failures(pairs)
    done = (pair for pair in pairs if not pair[1].failure)
    by_silo = itertools.groupby(done, key=lambda pair: pair[0].silo.id)
    lines = [_silo_line(list(group)) for _, group in by_silo]
    status, reason = _verdict(pairs, settings.max_failed_share)
    reasons = [reason] if reason else []
    if unreadable:
        num_silos = len({line.silo for line in unreadable})
        reasons.append(f"the data of {num_silos} silos can't be read")
    if lost := _lost(items):
        reasons.append(f"the base model serves {len(lost)} silos in place of their own")
    incomplete = [line for line in lines if status == ledger.FAILED or not line.rows]
    return Ledger(
        status=status,
        reason="; ".join(reasons),
        model=job.model_digest,
        rows=sum(line.rows for line in lines),
        dead_letters=sum(line.dead_letters for line in lines),
        resumed=sum(outcome.resumed for _, outcome in pairs),
        silos=tuple(lines),
        failures=tuple(
            sorted([*unreadable, *failures], key=lambda line: (line.silo, line.item))
        ),
        silos_not_scored=_silos_not_scored([*unreadable, *failures], incomplete),
        missing_columns=_missing_columns(manifest, job),
    )


def _check_key(key: Sequence[str]) -> None:
    ours = (predictions.SCORE, predictions.MODEL, predictions.REASON)
    clash = sorted({field.name for field in ours} & set(key))
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


def _lost(items: Sequence[WorkItem]) -> dict[str, str]:
    """Return why a silo's own model does not score, by silo, and tell the operator."""
    lost = {item.silo.id: item.served.lost for item in items if item.served.lost}
    for sentence in lost.values():
        logger.warning("%s", sentence)
    return lost


def _failures(pairs: Sequence[tuple[WorkItem, Outcome]]) -> list[FailureLine]:
    """Return the items that failed, and tell the operator of them."""
    lines = []
    for item, outcome in pairs:
        if outcome.failure:
            lines.append(FailureLine(item.silo.id, item.label, outcome.failure))
            logger.warning("silo=%s: %s", item.silo.id, outcome.failure)
        if outcome.trace:
            tracebacks.write(f"silo={item.silo.id} {item.label}", outcome.trace)
    return lines


def _verdict(
    pairs: Sequence[tuple[WorkItem, Outcome]], max_failed_share: float
) -> tuple[str, str]:
    """Return the run's status, and why not all was scored; empty when all was."""
    failed = [item for item, outcome in pairs if outcome.failure]
    dead = sum(outcome.dead_letters for _, outcome in pairs)
    lost = sum(item.rows for item in failed)
    total = sum(item.rows for item, _ in pairs)
    parts = []
    if dead:
        parts.append(f"{dead:,} of {total:,} rows are dead letters")
    if failed:
        items = f"{len(failed)} of {len(pairs)} work items"
        parts.append(f"{items} failed with {lost:,} rows")
    found = " and ".join(parts)
    if (dead + lost) / total <= max_failed_share:
        return ledger.DONE, found
    return ledger.FAILED, (
        f"{found}: more than the {max_failed_share:.0%} that `max_failed_share` "
        "allows, so the fault is not that of single rows; read the reasons, mend "
        "their cause and run again"
    )


def _silo_line(pairs: Sequence[tuple[WorkItem, Outcome]]) -> SiloLine:
    item = pairs[0][0]
    outcomes = [outcome for _, outcome in pairs]
    parts = [[item.target.name, outcome.digest] for item, outcome in pairs]
    return SiloLine(
        silo=item.silo.id,
        path=item.folder,
        rows=sum(outcome.rows for outcome in outcomes),
        dead_letters=sum(outcome.dead_letters for outcome in outcomes),
        digest=digests.of_json(parts),
        files=sum(outcome.files for outcome in outcomes),
        bytes=sum(outcome.bytes for outcome in outcomes),
        model=item.served.digest,
        served=item.served.model,
        lost=item.served.lost,
    )


def _silos_not_scored(
    failures: Sequence[FailureLine], incomplete: Sequence[SiloLine]
) -> tuple[NotScored, ...]:
    """Return the silos that lack predictions, each with its first reason.

    `incomplete` were scored, but not as they should be.
    """
    by_silo: dict[str, list[str]] = {}
    for failure in failures:
        by_silo.setdefault(failure.silo, []).append(failure.reason)
    for line in incomplete:
        if line.dead_letters:
            by_silo.setdefault(line.silo, []).append(
                f"silo `{line.silo}`: {line.dead_letters:,} of "
                f"{line.rows + line.dead_letters:,} rows are dead letters, which lie "
                f"with their reasons in {line.path}/{predictions.DEAD_LETTERS}"
            )
    return tuple(
        NotScored(
            silo,
            reasons[0] + (f" (and {len(reasons) - 1} more)" if reasons[1:] else ""),
        )
        for silo, reasons in sorted(by_silo.items())
    )


def _missing_columns(manifest: Manifest, job: Job) -> dict[str, list[str]]:
    """Return the columns of the model that rows to be scored do not have, by silo."""
    wanted = model.read_spec(job.model).columns
    found = {}
    for entry in manifest.readable(SCORE):
        try:
            names = set(split_files.columns(entry.splits[SCORE].paths))
        except (OSError, pa.ArrowException):
            continue  # its item has failed
        if missing := [name for name in wanted if name not in names]:
            logger.warning("silo=%s: scored without columns %s", entry.silo.id, missing)
            found[entry.silo.id] = missing
    return found

"""Finds the silos and their files, and decides which spans a run reads.

The operator's side sees folder names and digests, no rows.
"""

from __future__ import annotations

import dataclasses
import logging
import pathlib
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from components import digests
from components.errors import SettingsError
from components.payloads import findings
from components.payloads.findings import Finding
from components.payloads.silo import Silo, check_id
from components.silo_example_gen.files import SUFFIXES
from components.silo_example_gen.listing import LIST
from components.silo_example_gen.settings import SourceSettings
from components.silos import engine, homes, tasks
from components.silos.spans import next_span, span_order

logger = logging.getLogger(__name__)

LATEST = "latest"
NOT_READ = (
    "read are .parquet and .csv files that silos.pattern finds; export what belongs to "
    "the data so, or remove it"
)
FEW = 3  # names in a sentence

TRAIN = "train"  # learn from what lies before the span, score what follows it
SCORE = "score"  # take in nothing but the span's own rows, to be scored


@dataclasses.dataclass(frozen=True)
class Found:
    """One silo's files as they lie there now.

    Attributes:
        silo: The silo; its home is empty where its name or folder is refused.
        folder: Its own folder, below the source's root.
        files: Its files: `{span, path, digest}`, sorted.
        error: Why there are none; None when they were listed.
        notes: What was found besides.
    """

    silo: Silo
    folder: str
    files: tuple[dict[str, str], ...] = ()
    error: Finding | None = None
    notes: tuple[Finding, ...] = ()

    def of_spans(self, spans: Sequence[str]) -> list[tuple[str, str]]:
        """Return path and digest of the files of some spans."""
        return [
            (file["path"], file["digest"])
            for file in self.files
            if file["span"] in spans
        ]


@dataclasses.dataclass(frozen=True)
class Window:
    """Which spans a run reads.

    Attributes:
        span: The run's own span, empty where the data has none.
        history: Spans to learn from: all that lie before it.
        following: The span to score, empty where there is none.
    """

    span: str
    history: tuple[str, ...]
    following: str


def discover(source: SourceSettings, homes_root: str) -> list[Found]:
    """List all silos and digest their files, each by a task of its own.

    Args:
        source: Where they lie.
        homes_root: Folder of the silos' homes.

    Returns:
        The silos, sorted by id.

    Raises:
        SettingsError: The root holds no silo at all.
    """
    root = pathlib.Path(source.silos.root)
    if not root.is_dir():
        raise SettingsError(
            f"silos.root is {source.silos.root!r}: found no such folder, expected one "
            "that holds a folder for each silo",
            "correct silos.root in the settings, or prepare the data",
        )
    names = sorted(path.name for path in root.iterdir() if may_be_silo(path))
    if not names:
        raise SettingsError(
            f"silos.root is {source.silos.root!r}: found no folder in it, expected one "
            "for each silo",
            "put each silo's files into a folder of its own below the root",
        )
    beside = [path.name for path in root.iterdir() if path.suffix in SUFFIXES]
    if beside:
        logger.warning(
            "silos.root %s: %d files beside the silos' folders are not read: %s, ...",
            *(root, len(beside), min(beside)),
        )
    opened = [_open(root / name, homes_root) for name in names]
    good = [found for found in opened if not found.error]
    pattern = source.silos.file_pattern
    calls = [(f.silo, {"folder": f.folder, "pattern": pattern}) for f in good]
    outcomes = {silo.id: outcome for silo, outcome in engine.run(LIST, calls)}
    listed = [_with_files(found, outcomes.get(found.silo.id)) for found in opened]
    return _with_like_spans(listed)


def _with_like_spans(found: Sequence[Found]) -> list[Found]:
    """Refuse silos whose spans are written unlike those of most silos.

    `202401` beside `2024-01` would come after all months of all others.
    """
    forms = {silo.silo.id: {_form(f["span"]) for f in silo.files} for silo in found}
    votes = Counter(form for mine in forms.values() for form in mine)
    if len(votes) < 2:
        return list(found)
    (usual, most), (_, second), *_ = votes.most_common()
    usual = usual if most > second else ""  # a tie tells nobody which is right
    return [
        silo
        if usual and forms[silo.silo.id] <= {usual}
        else dataclasses.replace(
            silo,
            files=(),
            error=Finding(
                "its files: found spans written "
                f"{' and '.join(sorted(forms[silo.silo.id]))}, "
                f"{f'expected {usual}' if usual else 'and others elsewhere'} (# stands "
                f"for a number){', as in most silos' if usual else ''}: spans that are "
                "written differently have no order",
                "rename the files so that all spans are written alike",
            ),
        )
        for silo in found
    ]


def _form(span: str) -> str:
    return re.sub(r"\d+", "#", span)


def may_be_silo(path: pathlib.Path) -> bool:
    """Return whether something below the source's root is a silo's folder."""
    return (
        path.is_dir() and path.name != "__pycache__" and not path.name.startswith(".")
    )


def _open(folder: pathlib.Path, homes_root: str) -> Found:
    try:
        check_id(folder.name)
    except SettingsError as error:
        name = folder.name.encode("utf-8", "backslashreplace").decode("utf-8")
        shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in name)
        refused = Finding(error.message, error.hint)
        return Found(Silo(shown, ""), str(folder), error=refused)
    return Found(homes.open_home(homes_root, folder.name), str(folder.resolve()))


def _with_files(found: Found, outcome: tasks.Result | tasks.Failure | None) -> Found:
    if isinstance(outcome, tasks.Failure):
        return dataclasses.replace(found, error=outcome.finding)
    if outcome is None:
        return found
    notes = []
    if names := outcome.values["passed_over"]:
        more = f" and {len(names) - FEW:,} more" if names[FEW:] else ""
        told = f"files that are not read: {', '.join(names[:FEW])}{more}"
        notes.append(Finding(told, NOT_READ))
    files = tuple(outcome.values["files"])
    return dataclasses.replace(found, files=files, notes=tuple(notes))


def window(
    found: Sequence[Found], source: SourceSettings, span: str, purpose: str = TRAIN
) -> Window:
    """Decide which spans a run reads.

    Args:
        found: The silos.
        source: Whether the data has spans at all.
        span: The run's span, or `latest`: the last that has one after it.
        purpose: `TRAIN` or `SCORE`.

    Raises:
        SettingsError: There is no such span, or nothing lies before it. To learn, the
            span that directly follows the last needs no files of its own yet.
    """
    if not source.silos.has_spans:
        if span not in {"", LATEST}:
            raise SettingsError(
                f"span is {span!r}, but silos.pattern {source.silos.pattern!r} has no "
                "{span} in it",
                "leave --span out, or put {span} into silos.pattern",
            )
        return Window("", ("",), "")
    spans = sorted(
        {file["span"] for silo in found for file in silo.files}, key=span_order
    )
    if span in {"", LATEST}:
        span = spans[-2] if len(spans) > 1 else "".join(spans)
    coming = next_span(spans) if purpose == TRAIN else ""
    if span and span not in {*spans, coming}:
        also = f"; {coming}, which directly follows them, needs none" if coming else ""
        raise SettingsError(
            f"span is {span!r}: found no file of it; there are {_listed(spans)}",
            f"choose another span with --span{also}",
        )
    if purpose == SCORE:
        return Window(span, (), span)
    history = tuple(s for s in spans if span_order(s) < span_order(span))
    if not history:
        raise SettingsError(
            f"span is {span!r}: found no span before it to learn from; there "
            f"are {_listed(spans)}",
            "choose a later span with --span",
        )
    following = next((s for s in spans if span_order(s) > span_order(span)), "")
    if source.rows.score != "following_span":
        following = ""
    return Window(span, history, following)


def _listed(spans: Sequence[str]) -> str:
    return f"{spans[0]} to {spans[-1]}" if spans else "none at all"


def fingerprint(found: Sequence[Found], chosen: Window) -> str:
    """Digest all that a run would read, silo by silo, wherever the silos lie."""
    spans = (*chosen.history, chosen.following)
    listed: list[Any] = [
        [
            silo.silo.id,
            silo.error.sentence if silo.error else "",
            findings.sentences(silo.notes),
            [
                [str(pathlib.Path(f["path"]).relative_to(silo.folder)), f["digest"]]
                for f in silo.files
                if f["span"] in spans
            ],
        ]
        for silo in found
    ]
    return digests.of_json([dataclasses.asdict(chosen), listed])

"""Finds the silos and their files, and decides which spans a run reads.

The operator's side sees folder names and digests, no rows. The silo task `list`
digests a silo's files, since TFX's cache is keyed by them; a file that stays as it is
is read only once.
"""

from __future__ import annotations

import dataclasses
import logging
import pathlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from components import digests
from components.errors import SettingsError, SiloError
from components.payloads import egress, findings
from components.payloads.egress import EgressItem
from components.payloads.findings import Finding
from components.payloads.silo import Silo
from components.silo_example_gen import files
from components.silo_example_gen.settings import SourceSettings
from components.silos import engine, homes
from components.silos.file_digests import FileDigests
from components.silos.spans import next_span, sorts_by_time, span_form, span_order
from components.silos.tasks import Outcome, Result, Task

logger = logging.getLogger(__name__)

LATEST = "latest"
NOT_READ_HINT = (
    "read are .parquet, .csv and .csv.gz files that silos.pattern finds; export what "
    "belongs to the data so, or remove it"
)
# An error of these changes TFX's cache key; any other may be temporary.
ERRORS_IN_CACHE_KEY = (FileNotFoundError, NotADirectoryError, PermissionError)

TRAIN = "train"  # learn from what lies before the span, score what follows it
SCORE = "score"  # read nothing but the span's own rows, to be scored
NAME = "name"  # read no row: name the silos, whose rows are scored where they lie


@dataclasses.dataclass(frozen=True)
class Found:
    """One silo's files as they lie there now."""

    silo: Silo  # without a home where its name or folder is refused
    folder: str  # its own, below the source's root
    files: tuple[dict[str, str], ...] = ()  # `{span, path, digest}`, sorted
    error: Finding | None = None  # why there are none
    notes: tuple[Finding, ...] = ()
    left: tuple[EgressItem, ...] = ()  # what left the silo for this list

    def of_spans(self, spans: Sequence[str]) -> list[tuple[str, str]]:
        """Return path and digest of the files of some spans."""
        return [(f["path"], f["digest"]) for f in self.files if f["span"] in spans]


@dataclasses.dataclass(frozen=True)
class Window:
    """Which spans a run reads."""

    span: str  # the run's own, empty where the data has none
    history: tuple[str, ...]  # to learn from: all that lie before it
    following: str  # to score, empty where there is none

    @property
    def spans(self) -> tuple[str, ...]:
        """All of them that have files."""
        return (*self.history, *filter(None, [self.following]))


def list_files(silo: Silo, arguments: Mapping[str, Any]) -> Result:
    """List a silo's files below a `folder` by a `pattern`.

    Returns:
        Values `files`: a list of `{span, path, digest}`, sorted; instead of the
        digest of a file that can't be read, the reason. And `passed_over`, names of
        files in a format that is not read.

    Raises:
        SiloError: The folder can't be read, or holds a name that isn't UTF-8.
    """
    folder = pathlib.Path(arguments["folder"])
    try:
        found = files.find(folder, arguments["pattern"])
    except ERRORS_IN_CACHE_KEY as error:
        raise SiloError(
            silo.id,
            "its folder",
            f"a folder that can't be read ({error.strerror})",
            "one that FairSilo may list and read",
            "give FairSilo the right to list and read the folder",
        ) from None
    known = FileDigests(silo, "inputs")
    listed = []
    for span, path in found:
        try:
            str(path).encode()
            digest = known.of(path)
        except UnicodeEncodeError:
            odd, expected = "a file whose name is not UTF-8", "file names in UTF-8"
            hint = "rename the file"
            raise SiloError(silo.id, "its folder", odd, expected, hint) from None
        except OSError as error:  # `ingest` tells why, and reads the other files
            digest = f"unreadable: {error.strerror}"
        listed.append({"span": span, "path": str(path), "digest": digest})
    known.save()
    passed_over = files.passed_over(folder, [path for _, path in found])
    return Result({"files": listed, "passed_over": passed_over})


LIST = Task("list", list_files)


def discover(
    source: SourceSettings, homes_root: str, purpose: str = TRAIN
) -> list[Found]:
    """List all silos, sorted by id, and digest their files by a task of each silo.

    To `NAME` them no file is looked at.

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
    beside = [path.name for path in root.iterdir() if files.is_data(path)]
    if beside:
        logger.warning(
            "silos.root %s: %d files beside the silos' folders are not read: %s, ...",
            *(root, len(beside), min(beside)),
        )
    opened = [_open(root / name, homes_root) for name in names]
    if purpose == NAME:
        return opened
    pattern = source.silos.file_pattern
    calls = [
        (found.silo, {"folder": found.folder, "pattern": pattern})
        for found in opened
        if not found.error
    ]
    outcomes = {silo.id: outcome for silo, outcome in engine.run(LIST, calls)}
    return _refuse_mixed_span_forms(
        [found if found.error else _listed(found, outcomes) for found in opened]
    )


def may_be_silo(path: pathlib.Path) -> bool:
    """Return whether something below the source's root is a silo's folder."""
    return (
        path.is_dir() and path.name != "__pycache__" and not path.name.startswith(".")
    )


def _open(folder: pathlib.Path, homes_root: str) -> Found:
    try:
        return Found(homes.open_home(homes_root, folder.name), str(folder.resolve()))
    except SettingsError as error:
        name = folder.name.encode("utf-8", "backslashreplace").decode("utf-8")
        shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in name)
        refused = Finding(error.message, error.hint)
        return Found(Silo(shown, ""), str(folder), error=refused)


def _listed(found: Found, outcomes: Mapping[str, Outcome]) -> Found:
    outcome = outcomes[found.silo.id]
    if not isinstance(outcome, Result):
        failed = egress.of_failure(outcome.num_bytes)
        return dataclasses.replace(found, error=outcome.finding, left=(failed,))
    notes = []
    if names := outcome.values["passed_over"]:
        sentence = f"files that are not read: {shortened(names)}"
        notes.append(Finding(sentence, NOT_READ_HINT))
    listed = tuple(outcome.values["files"])
    left = EgressItem("counts and digests", len(listed), outcome.num_bytes)
    return dataclasses.replace(found, files=listed, notes=tuple(notes), left=(left,))


def shortened(names: Sequence[str]) -> str:
    """Return some names as words, the first three by name."""
    more = f" and {len(names) - 3:,} more" if names[3:] else ""
    return f"{', '.join(names[:3])}{more}"


def _refuse_mixed_span_forms(found: Sequence[Found]) -> list[Found]:
    """Refuse silos whose spans are written unlike those of most silos.

    `202401` beside `2024-01` would come after all months of all others, and `01-2024`
    before them.
    """
    forms = {
        silo.silo.id: {span_form(file["span"]) for file in silo.files} for silo in found
    }
    votes = Counter(form for own in forms.values() for form in own)
    if len(votes) < 2:
        return list(found)
    (usual, most), (_, second), *_ = votes.most_common()
    usual = usual if most > second else ""  # a tie tells nobody which is right
    expected = f"{usual} (as in most silos)" if usual else "one form in all silos"
    return [
        silo
        if usual and forms[silo.silo.id] <= {usual}
        else dataclasses.replace(
            silo,
            files=(),
            error=Finding(
                f"its files: found spans written {' and '.join(sorted(own))}, expected "
                f"{expected}, where # stands for a number and YYYYMMDD for a date "
                "or its first part: spans that are written differently have no order",
                "rename the files so that all spans are written alike",
            ),
        )
        for silo, own in zip(found, forms.values(), strict=True)
    ]


def window(
    found: Sequence[Found], source: SourceSettings, span: str, purpose: str = TRAIN
) -> Window:
    """Decide which spans a run reads.

    The span `latest` is the last that has one after it; the purpose is `TRAIN`,
    `SCORE` or `NAME`.

    Raises:
        SettingsError: There is no such span, nothing lies before it, or spans have no
            order of time. To learn, the span that directly follows the last needs no
            files of its own yet.
    """
    if purpose == NAME:
        return Window(span, (), "")
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
    if not sorts_by_time(spans):
        raise SettingsError(
            f"found spans with a number before the year, such as {spans[0]}: spans "
            "sort by their first number, so a run would learn from months to come",
            "rename the files so that the year comes first, such as 2024-01",
        )
    there = f"there are {f'{spans[0]} to {spans[-1]}' if spans else 'none at all'}"
    if span in {"", LATEST}:
        span = spans[-2] if len(spans) > 1 else "".join(spans)
    coming = next_span(spans) if purpose == TRAIN else ""
    if span and span not in {*spans, coming}:
        also = f"; {coming}, which directly follows them, needs none" if coming else ""
        raise SettingsError(
            f"span is {span!r}: found no file of it; {there}",
            f"choose another span with --span{also}",
        )
    if purpose == SCORE:
        return Window(span, (), span)
    history = tuple(s for s in spans if span_order(s) < span_order(span))
    if not history:
        raise SettingsError(
            f"span is {span!r}: found no span before it to learn from; {there}",
            "choose a later span with --span",
        )
    following = next((s for s in spans if span_order(s) > span_order(span)), "")
    is_scored = source.rows.score == "following_span"
    return Window(span, history, following if is_scored else "")


def fingerprint(found: Sequence[Found], chosen: Window) -> str:
    """Digest all that a run would read, silo by silo, wherever the silos lie."""
    listed = [
        [
            silo.silo.id,
            silo.error.sentence if silo.error else "",
            findings.sentences(silo.notes),
            [
                [str(pathlib.Path(path).relative_to(silo.folder)), digest]
                for path, digest in silo.of_spans(chosen.spans)
            ],
        ]
        for silo in found
    ]
    return digests.of_json([dataclasses.asdict(chosen), listed])


def of_properties(
    properties: Mapping[str, Any],
) -> tuple[SourceSettings, list[Found], Window]:
    """Return the settings in exec properties, the silos, and the spans to read."""
    source = SourceSettings.model_validate_json(properties["settings"])
    purpose = properties["purpose"]
    found = discover(source, properties["homes"], purpose)
    chosen = window(found, source, properties["span"], purpose)
    return source, found, chosen

"""Decides which silos train, from what they disclosed.

What a silo's checks call a reason keeps it from training, and so do an unreadable
file, a file that another silo holds too, and the operator's manual quarantine.
"""

from __future__ import annotations

import dataclasses
import pathlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping

from components.payloads.cohort import Cohort, Member
from components.payloads.findings import Finding
from components.payloads.manifest import EVAL, TRAIN, Manifest
from components.silo_validator.settings import Consequence

SHARED_FILE_HINT = (
    "find out whose file it is; each file may lie in the folder of one silo only, and "
    "the same bytes were given in another silo's name too"
)
QUARANTINE_HINT = (
    "settle the reason; then the operator lifts the quarantine with `fairsilo silo "
    "release`"
)
NOT_EVALUATED = Finding(
    "no held-out rows: the model can't be evaluated for this silo",
    "export more labelled rows: a share of them is held out, and so far that came to "
    "none",
)


@dataclasses.dataclass(frozen=True)
class Profile:
    """What was found in a silo's splits: what keeps it from training, and the rest."""

    reasons: tuple[Finding, ...] = ()
    notes: tuple[Finding, ...] = ()
    distinct: float | None = None  # see `Member`
    shared_rows: Mapping[str, float] = dataclasses.field(default_factory=dict)

    def adding(self, consequence: Consequence, found: Iterable[Finding]) -> Profile:
        """Return it with more findings, as reasons or as notes."""
        if consequence == "quarantine":
            return dataclasses.replace(self, reasons=(*self.reasons, *found))
        return dataclasses.replace(self, notes=(*self.notes, *found))


def judge(
    manifest: Manifest,
    profiles: Mapping[str, Profile],
    quarantined: Mapping[str, str],
    quorum: int,
    distances: Mapping[str, dict[str, float]],
) -> Cohort:
    """Admit or quarantine each silo.

    Args:
        manifest: All silos.
        profiles: What was found in each readable silo.
        quarantined: Reasons of the silos that the operator quarantined.
        quorum: Admitted silos needed to train.
        distances: Each silo's distance to all, by column.
    """
    shared = shared_files(
        {
            entry.silo.id: {
                pathlib.Path(file.path).name: file.digest
                for file in entry.inputs
                if file.rows
            }
            for entry in manifest
        }
    )
    total = sum(entry.rows(TRAIN) for entry in manifest)
    members = []
    for entry in manifest:
        silo = entry.silo.id
        profile = profiles.get(silo, Profile())
        reasons, notes = [], [*entry.notes, *profile.notes]
        if silo in quarantined:
            found = f"quarantined manually: {quarantined[silo]}"
            reasons.append(Finding(found, QUARANTINE_HINT))
        if entry.error:
            reasons.append(entry.error)
        else:
            reasons += [
                Finding(f"unreadable: {fault.sentence}", fault.hint)
                for fault in entry.unreadable
            ]
            reasons += [_spelled(one, entry.notes) for one in profile.reasons]
            if not entry.rows(EVAL):
                notes.append(NOT_EVALUATED)
        reasons += shared[silo]
        members.append(
            Member(
                silo=silo,
                admitted=not reasons,
                reasons=tuple(reasons),
                notes=tuple(notes),
                rows={name: split.rows for name, split in entry.splits.items()},
                share=entry.rows(TRAIN) / total if total else 0.0,
                heterogeneity=distances.get(silo, {}),
                distinct=profile.distinct,
                shared_rows=dict(profile.shared_rows),
            )
        )
    return Cohort(tuple(members), quorum)


def _spelled(reason: Finding, notes: Iterable[Finding]) -> Finding:
    """Say of a column that is missing in which spelling a file has it, if one has."""
    missing = re.match(r"column (`.+?`): found no such column", reason.sentence)
    for note in notes if missing else ():
        if missing and note.hint.startswith(f"rename the column to {missing[1]} "):
            return Finding(f"{reason.sentence}; {note.sentence}", note.hint)
    return reason


def shared_files(files: Mapping[str, Mapping[str, str]]) -> dict[str, list[Finding]]:
    """Return, by silo, a finding for each file that another silo holds too.

    Args:
        files: Digests of the files that hold rows, by silo and name.
    """
    holders = Counter(digest for own in files.values() for digest in {*own.values()})
    return {
        silo: [
            Finding(
                f"file {name} is the same, byte for byte, as one of another silo",
                SHARED_FILE_HINT,
            )
            for name, digest in own.items()
            if holders[digest] > 1
        ]
        for silo, own in files.items()
    }

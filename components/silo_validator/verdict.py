"""Decides which silos train, and says why in sentences.

Plain rules over what silos disclosed. A finding in the rows to learn from or to
judge by is a reason; one in the rows to be scored is a note, and so is what was found
in the silo's files besides.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from components.payloads.cohort import Cohort, Member
from components.payloads.findings import Finding
from components.payloads.manifest import EVAL, SCORE, TRAIN, Manifest, SiloEntry
from components.silo_validator import counts
from components.silo_validator.settings import ValidationSettings

NEVER_A_REASON = {"SCHEMA_NEW_COLUMN", "SEMANTIC_DOMAIN_UPDATE"}
SHARED = (
    "find out whose file it is; each file may lie in the folder of one silo only, and "
    "the same bytes were given in another silo's name too"
)
BY_HAND = (
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
    """What a silo disclosed about its splits, or why it could not.

    Attributes:
        findings: `{split, column, kind, sentence, hint}` of each fault.
        labels: Training rows by label value: `negative`, `positive`, `other`.
        duplicates: Eval rows that also stand in train.
        failure: Why there is no profile; None when there is one.
    """

    findings: tuple[Mapping[str, str], ...] = ()
    labels: Mapping[str, int] = dataclasses.field(default_factory=dict)
    duplicates: int = 0
    failure: Finding | None = None


def judge(
    manifest: Manifest,
    profiles: Mapping[str, Profile],
    by_hand: Mapping[str, str],
    label: str,
    settings: ValidationSettings,
) -> Cohort:
    """Admit or quarantine each silo.

    Args:
        manifest: All silos.
        profiles: What each readable silo disclosed.
        by_hand: Reasons of the silos that the operator quarantined.
        label: The label's column.
        settings: The bounds.
    """
    shared = shared_files(manifest)
    total = sum(entry.rows(TRAIN) for entry in manifest)
    members = []
    for entry in manifest:
        silo = entry.silo.id
        profile = profiles.get(silo, Profile())
        reasons = _reasons(entry, profile, label, settings)
        reasons += [
            Finding(
                f"file {name} is the same, byte for byte, as one of another silo",
                SHARED,
            )
            for name in shared.get(silo, ())
        ]
        if silo in by_hand:
            reasons.insert(0, Finding(f"quarantined by hand: {by_hand[silo]}", BY_HAND))
        members.append(
            Member(
                silo=silo,
                admitted=not reasons,
                reasons=tuple(reasons),
                notes=tuple(_notes(entry, profile, settings)),
                rows={name: split.rows for name, split in entry.splits.items()},
                share=entry.rows(TRAIN) / total if total else 0.0,
            )
        )
    return Cohort(tuple(members), settings.quorum)


def shared_files(manifest: Manifest) -> dict[str, list[str]]:
    """Return, by silo, the names of its files that another silo holds too."""
    owners: dict[str, set[str]] = defaultdict(set)
    for entry in manifest:
        for file in entry.inputs:
            if file.rows:
                owners[file.digest].add(entry.silo.id)
    found: dict[str, list[str]] = {}
    for entry in manifest:
        names = [
            file.path.rsplit("/", 1)[-1]
            for file in entry.inputs
            if len(owners[file.digest]) > 1
        ]
        if names:
            found[entry.silo.id] = names
    return found


def _reasons(
    entry: SiloEntry, profile: Profile, label: str, settings: ValidationSettings
) -> list[Finding]:
    if entry.error:
        return [entry.error]
    unreadable = [
        Finding(f"unreadable: {fault.sentence}", fault.hint)
        for fault in entry.unreadable
    ]
    if profile.failure:
        return [*unreadable, profile.failure]
    found = (
        *unreadable,
        counts.too_few_rows(entry.rows(TRAIN), settings)
        or counts.labels(profile.labels, label, settings),
        *(_finding(f) for f in profile.findings if _is_reason(f, settings)),
        counts.duplicates(profile.duplicates, entry.rows(EVAL), settings),
    )
    return [one for one in found if one]


def _finding(found: Mapping[str, str], more: str = "") -> Finding:
    return Finding(found["sentence"] + more, found["hint"])


def _is_reason(finding: Mapping[str, str], settings: ValidationSettings) -> bool:
    kind = finding["kind"]
    if kind == "skew":
        return settings.skew == "quarantine"
    if kind == "drift":
        return settings.drift == "quarantine"
    return finding["split"] != SCORE and kind not in NEVER_A_REASON


def _notes(
    entry: SiloEntry, profile: Profile, settings: ValidationSettings
) -> list[Finding]:
    told = {
        found["sentence"]: _finding(found, f" (split {found['split']})")
        for found in profile.findings
        if not _is_reason(found, settings)
    }
    notes = [*entry.notes, *told.values()]
    if not entry.error and not entry.rows(EVAL):
        notes.append(NOT_EVALUATED)
    return notes


def from_values(values: Mapping[str, Any], more: Sequence[dict[str, str]]) -> Profile:
    """Return the profile that a `profile` task's values tell, with more findings.

    The same fault of a column in several splits is told once, of train first.
    """
    importance = [SCORE, EVAL, TRAIN]
    found = sorted(
        [*values["findings"], *more], key=lambda f: importance.index(f["split"])
    )
    findings = {(f["column"], f["kind"]): f for f in found}
    ordered = sorted(findings.values(), key=lambda f: (f["column"], f["sentence"]))
    return Profile(tuple(ordered), values["labels"], values["duplicates"])

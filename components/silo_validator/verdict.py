"""Decides which silos train, and says why in sentences.

Plain rules over what silos disclosed. A finding in the rows to learn from or to
judge by is a reason; one in the rows to be scored is a note, as are new columns.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from components.silo_validator.settings import ValidationSettings
from components.silos.cohort import Cohort, Member
from components.silos.manifest import EVAL, SCORE, TRAIN, Manifest, SiloEntry

NEVER_A_REASON = {"SCHEMA_NEW_COLUMN", "SEMANTIC_DOMAIN_UPDATE"}


@dataclasses.dataclass(frozen=True)
class Profile:
    """What a silo disclosed about its splits, or why it could not.

    Attributes:
        findings: `{split, column, kind, sentence}` of each fault.
        labels: Training rows by label value: `negative`, `positive`, `other`.
        duplicates: Eval rows that also stand in train.
        failure: Why there is no profile, in a sentence; empty when there is one.
    """

    findings: tuple[dict[str, str], ...] = ()
    labels: Mapping[str, int] = dataclasses.field(default_factory=dict)
    duplicates: int = 0
    failure: str = ""


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
            f"file {name} is the same, byte for byte, as one of another silo"
            for name in shared.get(silo, ())
        ]
        if silo in by_hand:
            reasons.insert(0, f"quarantined by hand: {by_hand[silo]}")
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
) -> list[str]:
    if entry.error:
        return [entry.error]
    reasons = [f"unreadable: {reason}" for reason in entry.unreadable]
    if profile.failure:
        return [*reasons, profile.failure]
    rows = entry.rows(TRAIN)
    if rows < settings.min_rows:
        reasons.append(
            f"too few rows: found {rows:,} to train on, expected at least "
            f"{settings.min_rows:,}"
        )
    elif reason := _label_reason(profile.labels, label, settings):
        reasons.append(reason)
    reasons += [
        finding["sentence"]
        for finding in profile.findings
        if _is_reason(finding, settings)
    ]
    held_out = entry.rows(EVAL)
    if held_out and profile.duplicates / held_out > settings.max_duplicate_share:
        reasons.append(
            f"duplicates: found {profile.duplicates:,} of {held_out:,} held-out rows "
            f"also among the training rows, expected at most "
            f"{settings.max_duplicate_share:.1%}"
        )
    return reasons


def _label_reason(
    labels: Mapping[str, int], label: str, settings: ValidationSettings
) -> str:
    negative, positive = labels["negative"], labels["positive"]
    other = labels.get("other", 0)
    if other:
        return (
            f"label `{label}`: found {other:,} of {negative + positive + other:,} "
            "values outside its domain, expected 0 or 1 (or rows.label_values)"
        )
    if not negative + positive:
        return f"label `{label}`: found no value, expected 0 or 1 in each training row"
    if not negative or not positive:
        return (
            f"label `{label}` is constant: found {'1' if positive else '0'} in all "
            f"{negative + positive:,} training rows, expected both values"
        )
    fewest = min(negative, positive)
    if fewest < settings.min_rows_per_class:
        return (
            f"label `{label}`: found {fewest:,} training rows of the rarer value, "
            f"expected at least {settings.min_rows_per_class:,}"
        )
    return ""


def _is_reason(finding: Mapping[str, str], settings: ValidationSettings) -> bool:
    kind = finding["kind"]
    if kind == "skew":
        return settings.skew == "quarantine"
    if kind == "drift":
        return settings.drift == "quarantine"
    return finding["split"] != SCORE and kind not in NEVER_A_REASON


def _notes(
    entry: SiloEntry, profile: Profile, settings: ValidationSettings
) -> Sequence[str]:
    told = {
        f["sentence"]: f["split"]
        for f in profile.findings
        if not _is_reason(f, settings)
    }
    notes = [f"{sentence} (split {split})" for sentence, split in told.items()]
    if not entry.error and not entry.rows(EVAL):
        notes.append("no held-out rows: the model can't be evaluated for this silo")
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

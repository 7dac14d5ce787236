"""What was found in one silo's data, with the way to mend it.

The checks' sentences say what was found and what was expected. What its owner can do
follows from the kind of finding, which is told apart by how the sentence begins.
"""

from __future__ import annotations

import dataclasses
import re

from components.dashboard.report import SiloLine

MAX_SENTENCES = 12  # of one kind, on a page

# The first that matches is told, so that what is special comes first.
WAYS_OUT = (
    (
        r"quarantined by hand:",
        "Settle it with the operator, who lifts the quarantine with "
        "`fairsilo silo release`.",
    ),
    (
        r"too few rows:",
        "Export more history. If you have no more, ask the operator whether "
        "`validation.min_rows` suits silos of your size.",
    ),
    (
        r"label `",
        "Look at how the label is exported: each row to learn from needs 0 or 1, and "
        "both must occur. Other words for them belong in `rows.label_values`.",
    ),
    (
        r"duplicates:",
        "Look for rows that were exported twice, and export each once. If different "
        "rows may look alike, ask the operator for a `rows.key` that tells them apart.",
    ),
    (
        r"file .* is the same, byte for byte",
        "Make sure that the file is yours and lies in your folder only: the same file "
        "was given in another silo's name too.",
    ),
    (
        r"column `.*`: found a .* between these training rows and those of span",
        "Look at what changed in this column since that span. If the change is real, "
        "tell the operator, who sets the bound in the schema (`drift_comparator`).",
    ),
    (
        r"column `.*`: found a .* between the training rows and the rows to be scored",
        "Look at what changed in this column between the two. If the change is real, "
        "tell the operator, who sets the bound in the schema (`skew_comparator`).",
    ),
    (
        r"column `.* NaN, infinite",
        "Export missing numbers as empty fields, and look for divisions by zero.",
    ),
    (
        r"column `.* expected no such column|column `.*new column",
        "Nothing has to be done: the model does not use this column. Leave it out of "
        "the export if it should not be there.",
    ),
    (
        r"column `",
        "Export this column as the schema expects it: name, type, values and how many "
        "rows must have one.",
    ),
    (
        r"the split as a whole: found none of the schema's columns",
        "Export the file with a header row that holds the schema's column names.",
    ),
    (
        r"no held-out rows:",
        "Export more labelled rows: a share of them is held out, and so far that came "
        "to none.",
    ),
    (
        r"silo `.*: its folder: found a folder that can't be read",
        "Give FairSilo the right to list and read your folder.",
    ),
    (
        r"silo `|unreadable:|.*\bexpected a (readable|table)|.*\b(corrupt|empty) file",
        "Export what is named here again, and make sure that FairSilo may read it.",
    ),
)
OTHERWISE = (
    "Look at what is named here and export it again. If that does not help, the "
    "operator can see more in the log of the run."
)


@dataclasses.dataclass(frozen=True)
class Finding:
    """Sentences about a silo's data that one and the same thing mends.

    Attributes:
        keeps_out: Whether they kept the silo out of training.
        way_out: What its owner can do.
        sentences: What was found, and what was expected.
    """

    keeps_out: bool
    way_out: str
    sentences: tuple[str, ...]

    @property
    def shown(self) -> tuple[str, ...]:
        """The sentences that the page shows."""
        return self.sentences[:MAX_SENTENCES]


def findings(line: SiloLine) -> list[Finding]:
    """Return all findings of a silo, those that kept it out first.

    Args:
        line: The silo, with the verdict on it and the faults of its files.
    """
    found: dict[tuple[bool, str], list[str]] = {}
    for sentence in line.member.reasons:
        found.setdefault((True, way_out(sentence)), []).append(sentence)
    for sentence in (*line.faults, *line.member.notes):
        found.setdefault((False, way_out(sentence)), []).append(sentence)
    return [Finding(*key, tuple(sentences)) for key, sentences in found.items()]


def way_out(sentence: str) -> str:
    """Return what a silo's owner can do about a finding."""
    for pattern, advice in WAYS_OUT:
        if re.match(pattern, sentence, re.DOTALL):
            return advice
    return OTHERWISE

"""Names the silos that will not fit the schema, and what should be looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from tensorflow_metadata.proto.v0 import schema_pb2

from components.silo_example_gen.conform import EXPECTED
from components.silo_example_gen.kinds import Kind
from components.silo_example_gen.settings import RowsSettings
from components.silo_validator import counts
from components.silo_validator.settings import ValidationSettings
from pipelines.scaffold.agreement import Agreed, Problem
from pipelines.scaffold.bounds import Bounds
from pipelines.scaffold.label import Label
from pipelines.scaffold.survey import UNPACK, Bad, Column, Columns, Looked, Measured
from pipelines.scaffold.words import few, of, option

MAX_NOT_FINITE = ValidationSettings().max_non_finite_share
OTHERS = {
    schema_pb2.INT: ("number", "text"),
    schema_pb2.FLOAT: ("text",),
    schema_pb2.BYTES: ("number",),
}


def misfits(
    measured: Mapping[str, Measured],
    columns: Columns,
    schema: schema_pb2.Schema,
) -> list[Problem]:
    """Return the columns that do not fit the schema in half of the silos or more."""
    problems = []
    for feature in schema.feature:
        name = feature.name
        odd = {silo: m.bad[name] for silo, m in measured.items() if name in m.bad}
        holders = [silo for silo, one in columns[name].items() if one.filled]
        if not odd or 2 * len(odd) < len(holders):
            continue
        silos = of(list(odd), len(holders))
        ignore = option("ignore", name)
        text = option("type", f"{name}=text")
        if spellings := _spellings(columns[name], odd):
            null = " ".join(option("null", word) for word in spellings)
            told = (
                f"column `{name}`: found {few(spellings)} among numbers in {silos}; "
                f"where that means a missing value: {null}; where it is a value: "
                f"{text}; to leave the column out: {ignore}"
            )
            problems.append(Problem(name, told, null))
            continue
        worst = max(odd.values(), key=lambda one: one.num)
        others = " or ".join(
            option("type", f"{name}={o}") for o in OTHERS[feature.type]
        )
        told = (
            f"column `{name}`: found {worst.found} in {silos}, expected "
            f"{EXPECTED[feature.type]}; export it so, give it another type "
            f"({others}), or leave it out ({ignore})"
        )
        problems.append(Problem(name, told, ignore))
    return problems


def _spellings(silos: Mapping[str, Column], odd: Mapping[str, Bad]) -> tuple[str, ...]:
    """Return what stands among the numbers where it alone is in the way."""
    found = {
        word
        for name, bad in odd.items()
        for file in bad.files
        for word in silos[name].by_file[file].spellings
    }
    return tuple(sorted(found))


def not_finite(
    measured: Mapping[str, Measured], columns: Columns
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return by column the silos that a run would refuse for NaN or infinite numbers.

    Returns:
        The columns in which most silos have so many that they must be their missing
        values, and those in which few have.
    """
    usual: dict[str, list[str]] = {}
    odd: dict[str, list[str]] = {}
    for name, silos in columns.items():
        found = [
            silo
            for silo, one in measured.items()
            if one.not_finite.get(name, 0.0) > MAX_NOT_FINITE
        ]
        if found:
            kind = usual if 2 * len(found) >= len(silos) else odd
            kind[name] = found
    return usual, odd


def faults(
    silos: Sequence[Looked],
    measured: Mapping[str, Measured],
    columns: Columns,
    schema: schema_pb2.Schema,
    label: Label,
    rows: RowsSettings,
) -> dict[str, list[str]]:
    """Return by silo why it will be quarantined; an empty list where it will not."""
    expected = {one.name: EXPECTED[one.type] for one in schema.feature}
    faults: dict[str, list[str]] = {silo.name: [*silo.unreadable] for silo in silos}
    holders = Counter(digest for silo in silos for digest in {*silo.files.values()})
    for silo in silos:
        shared = [file for file, digest in silo.files.items() if holders[digest] > 1]
        if shared:
            told = f"found {few(shared)} in another silo too, byte for byte"
            faults[silo.name].append(f"silo `{silo.name}`: {told}")
    for column, names in not_finite(measured, columns)[1].items():
        for name in names:
            share = measured[name].not_finite[column]
            faults[name].append(
                f"silo `{name}`: column `{column}`: found NaN or infinite numbers in "
                f"{share:.0%} of the rows, expected at most {MAX_NOT_FINITE:.0%}"
            )
    for name, one in measured.items():
        for column, bad in one.bad.items():
            odd = sum(column in other.bad for other in measured.values())
            faults[name].append(
                _misfit(name, column, bad, columns[column], expected[column], odd)
            )
        needed = [one.name for one in schema.feature if one.presence.min_count]
        own = {c: silos[name].filled for c, silos in columns.items() if name in silos}
        if lacking := [column for column in needed if not own.get(column)]:
            told = f"silo `{name}`: found no value of {few(lacking)}, as others have"
            faults[name].append(told)
        elif not one.has_split_columns:
            faults[name].append(f"silo `{name}`: found no column of the key")
        others = sum(n for value, n in one.labels.items() if value not in {0, 1, None})
        if others:
            values = sum(one.labels.values()) - one.labels[None]
            faults[name].append(
                f"silo `{name}`: label `{rows.label}`: found other values in "
                f"{others:,} of {values:,} rows, expected `{label.negative}` or "
                f"`{label.positive}`"
            )
    for silo in silos:
        if silo.name not in measured and not silo.unreadable:
            found = (
                f"no column `{rows.label}`" if silo.rows else "a header without rows"
            )
            faults[silo.name].append(f"silo `{silo.name}`: found {found}")
    return faults


def _misfit(
    silo: str,
    column: str,
    bad: Bad,
    silos: Mapping[str, Column],
    expected: str,
    num_odd: int,
) -> str:
    found = bad.found
    null = ""
    if spellings := _spellings(silos, {silo: bad}):
        found = few(spellings)
        options = " ".join(option("null", word) for word in spellings)
        null = f"; where that means a missing value: {options}"
    fitting = sum(one.filled > 0 for one in silos.values()) - num_odd
    where = (
        f"{', '.join(bad.files)}, column" if len(silos[silo].by_file) > 1 else "column"
    )
    return (
        f"silo `{silo}`: {where} `{column}`: found {found} in {bad.num:,} of "
        f"{bad.values:,} values, expected {expected}, as in {fitting} other "
        f"silo{'s' * (fitting != 1)}{null}"
    )


def too_few(name: str, one: Measured, reached: Bounds, label: str) -> list[str]:
    """Return what a run will find in a silo's counts."""
    settings = ValidationSettings(
        min_rows=reached.min_rows, min_rows_per_class=reached.min_rows_per_class
    )
    negative, positive = one.train
    found = counts.too_few_rows(negative + positive, settings) or counts.labels(
        {"negative": negative, "positive": positive}, label, settings
    )
    return [f"silo `{name}`: {found.sentence}"] if found else []


def notes(
    silos: Sequence[Looked],
    measured: Mapping[str, Measured],
    columns: Columns,
    agreed: Mapping[str, Agreed],
    key: Sequence[str],
) -> list[str]:
    """Return what should be looked at, though it stops no silo."""
    notes = []
    for silo in silos:
        if silo.passed_over and silo.columns:
            notes.append(
                f"silo `{silo.name}`: not read: {few(silo.passed_over)}; {UNPACK}"
            )
    for name, one in measured.items():
        if (one.keyless or one.repeated) and not {*key} & {*one.bad}:
            notes.append(
                f"silo `{name}`: found {one.keyless:,} rows without a key, and "
                f"{one.repeated:,} with the key of another row: their predictions "
                "can't be told apart"
            )
    for name, found in not_finite(measured, columns)[0].items():
        notes.append(
            f"column `{name}`: found NaN or infinite numbers in more than "
            f"{MAX_NOT_FINITE:.0%} of the rows in {of(found, len(columns[name]))}; NaN "
            "counts as missing (`validation.max_non_finite_share: 1`), rows with "
            "infinite numbers are not scored"
        )
    num_silos = len(measured)
    for name, column in agreed.items():
        held = {silo: c for silo, c in columns[name].items() if c.filled}
        if column.vote.kind in {Kind.TEXT, Kind.TIME}:
            odd = [silo for silo, c in held.items() if c.vote and c.vote.is_numeric]
            odd = [silo for silo in odd if name not in measured[silo].bad]
            if odd and column.type == schema_pb2.BYTES:
                notes.append(
                    f"column `{name}`: found numbers in {of(odd, len(held))}, text in "
                    "the others; all are read as text: check that they mean the same"
                )
        unique = [silo for silo, c in held.items() if c.is_unique]
        if not key and len(held) > len(unique) > len(held) / 2:
            odd = [silo for silo in held if silo not in unique]
            notes.append(
                f"column `{name}`: differs in each row, but not in "
                f"{of(odd, len(held))}, so it is not the key"
            )
        if 2 * len(held) <= num_silos:
            notes.append(
                f"column `{name}`: found a value in {of(list(held), num_silos)} only"
            )
    return notes

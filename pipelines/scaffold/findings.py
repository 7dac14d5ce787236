"""Says what is odd in the data: what must be decided, who will not train, and why.

Wherever a run has a check of its own, it is that check which speaks here.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tensorflow_metadata.proto.v0 import schema_pb2

from components.errors import SettingsError
from components.silo_example_gen.conform import EXPECTED
from components.silo_example_gen.settings import RowsSettings
from components.silo_validator import checks, verdict
from components.silo_validator.settings import ValidationSettings
from pipelines.scaffold.options import Options, listed, of_silos, option, types_but
from pipelines.scaffold.survey import MAX_NON_FINITE, Column, Columns, Measured, Silo
from pipelines.scaffold.votes import Kind, Vote

UNPACK = "unpack it, or export it as .parquet or .csv"


class Problem(NamedTuple):
    """A column that the caller must decide on: what was found, what to suggest."""

    column: str
    found: str
    option: str


def ask(problems: Sequence[Problem], options: Options) -> SettingsError:
    """Return the error that asks for all problems at once, with a command to copy."""
    found = "\n".join(f"  column `{one.column}`: {one.found}" for one in problems)
    many = f"{len(problems)} columns" if len(problems) > 1 else "1 column"
    ignored = {p.column for p in problems if p.option == option("ignore", p.column)}
    kept = dataclasses.replace(
        options,  # what is not read can be neither
        sensitive=tuple(name for name in options.sensitive if name not in ignored),
        key=tuple(name for name in options.key if name not in ignored),
    )
    command = kept.command(dict.fromkeys(one.option for one in problems))
    return SettingsError(
        f"{many} must be decided on:\n{found}", f"for example: {command}"
    )


def undecided(name: str, vote: Vote | None, silos: Mapping[str, Column]) -> Problem:
    """Return the problem of a column that has no type.

    Args:
        name: The column.
        vote: What most silos say, a type that is not supported; None where as many
            say one thing as another.
        silos: What each silo holds of it.
    """
    sides: dict[str, list[str]] = defaultdict(list)
    for silo, column in silos.items():
        for file, one in column.by_file.items():
            kind = f"the type {one.arrow}" if one.arrow else one.kind
            if one.kind is not Kind.EMPTY:
                sides[kind].append(silo if column.vote else f"{silo}/{file}")
    found = "; ".join(
        f"{kind} in {listed(dict.fromkeys(where))}" for kind, where in sides.items()
    )
    ignore = option("ignore", name)
    way = "neither is in more silos than the other: choose a type"
    way = f"{way} ({types_but(name)})"
    if vote and vote.arrow:
        way = "which is not supported: export it as numbers or text"
    return Problem(name, f"found {found}; {way}, or leave it out ({ignore})", ignore)


def misfits(
    measured: Mapping[str, Measured], columns: Columns, schema: schema_pb2.Schema
) -> Iterator[Problem]:
    """Yield the columns that do not fit the schema in half of the silos or more."""
    for feature in schema.feature:
        name, silos = feature.name, columns[feature.name]
        odd = {
            silo: m.misfits[name] for silo, m in measured.items() if name in m.misfits
        }
        holders = [silo for silo, one in silos.items() if one.filled]
        if not odd or 2 * len(odd) < len(holders):
            continue
        suggested = option("ignore", name)
        found = (
            f"found values that are not {EXPECTED[feature.type]} in "
            f"{of_silos(odd, len(holders))}, such as {next(iter(odd.values()))[0]}; "
            f"export it so, give it another type ({types_but(name, feature.type)}), "
            f"or leave it out ({suggested})"
        )
        spellings = sorted({word for silo in odd for word in silos[silo].spellings})
        if spellings:
            suggested = " ".join(option("null", word) for word in spellings)
            found += f"; where {listed(spellings)} means a missing value: {suggested}"
        yield Problem(name, found, suggested)


def non_finite(
    measured: Mapping[str, Measured], columns: Columns
) -> dict[str, list[str]]:
    """Return the columns in which NaN is how most silos write a missing number.

    Returns:
        By column, the silos that a run would refuse for it.
    """
    found = {
        name: [silo for silo, one in measured.items() if name in one.non_finite]
        for name in columns
    }
    return {
        name: silos
        for name, silos in found.items()
        if silos and 2 * len(silos) >= len(columns[name])
    }


def faults(
    silos: Sequence[Silo],
    measured: Mapping[str, Measured],
    columns: Columns,
    schema: schema_pb2.Schema,
    rows: RowsSettings,
) -> dict[str, list[str]]:
    """Return by silo why it will be quarantined; an empty list where it will not."""
    shared = verdict.shared_files({silo.name: silo.files for silo in silos})
    usual = non_finite(measured, columns)
    expected = {one.name: EXPECTED[one.type] for one in schema.feature}
    needed = [one.name for one in schema.feature if one.presence.min_count]
    needed = [*dict.fromkeys([*needed, *rows.key])]
    faults = {}
    for silo in silos:
        found = [one.sentence for one in shared[silo.name]]
        if one := measured.get(silo.name):
            found += [f.sentence for c, f in one.non_finite.items() if c not in usual]
            for column, texts in one.misfits.items():
                words = columns[column][silo.name].spellings
                null = "".join(f" {option('null', word)}" for word in words)
                null = f"; where that means a missing value:{null}" if null else ""
                found += [
                    f"column `{column}`: {text}, expected {expected[column]}{null}"
                    for text in texts
                ]
            filled = {column for column, held in silo.columns.items() if held.filled}
            if missing := [column for column in needed if column not in filled]:
                found.append(f"found no value of {listed(missing)}, as others have")
            if one.train.other or one.held_out.other:
                found += too_few(one, rows.label, ValidationSettings(min_rows=1))
        elif not silo.unreadable:
            nothing = (
                f"no column `{rows.label}`" if silo.rows else "a header without rows"
            )
            found.append(f"found {nothing}")
        faults[silo.name] = [
            *silo.unreadable,
            *(f"silo `{silo.name}`: {text}" for text in found),
        ]
    return faults


def too_few(one: Measured, label: str, settings: ValidationSettings) -> list[str]:
    """Return why a run finds too little to learn from in a silo's labels, if so."""
    other = one.train.other + one.held_out.other
    counts = one.train._replace(other=other)
    found = checks.too_few_rows(sum(counts), settings)
    found = found or checks.labels(counts, label, settings, other)
    return [found.sentence] if found else []


def notes(
    silos: Sequence[Silo], measured: Mapping[str, Measured], columns: Columns
) -> Iterator[str]:
    """Yield what should be looked at in silos, though it stops none of them."""
    for silo in silos:
        if silo.not_read and silo.columns:
            yield f"silo `{silo.name}`: not read: {listed(silo.not_read)}; {UNPACK}"
    for name, one in measured.items():
        if one.keys and not one.misfits:
            yield f"silo `{name}`: {one.keys.sentence}"
    for name, found in non_finite(measured, columns).items():
        yield (
            f"column `{name}`: found NaN or infinite numbers in more than "
            f"{MAX_NON_FINITE:.0%} of the rows in {of_silos(found, len(measured))}; "
            "NaN counts as missing (`validation.max_non_finite_share: 1`), rows with "
            "infinite numbers are not scored"
        )

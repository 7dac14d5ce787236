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
from components.silo_example_gen.conform import EXPECTED, plain_name
from components.silo_example_gen.settings import RowsSettings
from components.silo_validator import checks, verdict
from components.silo_validator.settings import ValidationSettings
from pipelines.scaffold.options import Options, listed, of_silos, option, types_but
from pipelines.scaffold.survey import MAX_NON_FINITE, Column, Columns, Measured, Silo
from pipelines.scaffold.votes import Kind

UNPACK = "unpack it, or export it as .parquet, .csv or .csv.gz"


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


def undecided(name: str, kind: Kind | None, silos: Mapping[str, Column]) -> Problem:
    """Return the problem of a column that has no type, with what each silo holds.

    `kind` is what most silos say; None where as many say one thing as another.
    """
    sides: dict[str, list[str]] = defaultdict(list)
    for silo, column in silos.items():
        for file, one in column.by_file.items():
            if one.kind is not Kind.EMPTY:
                sides[one.found or one.kind].append(
                    silo if column.vote else f"{silo}/{file}"
                )
    found = "; ".join(
        f"{kind} in {listed(dict.fromkeys(where))}" for kind, where in sides.items()
    )
    ignore = option("ignore", name)
    way = f"neither is in more silos than the other: choose a type ({types_but(name)})"
    if kind is Kind.UNSUPPORTED:
        way = "which is not supported: export it as numbers or text"
    return Problem(name, f"found {found}; {way}, or leave it out ({ignore})", ignore)


@dataclasses.dataclass(frozen=True)
class Findings:
    """What a run will find in all silos, if it reads them by this schema."""

    silos: Sequence[Silo]
    columns: Columns
    schema: schema_pb2.Schema
    rows: RowsSettings
    measured: Mapping[str, Measured]

    def misfits(self) -> Iterator[Problem]:
        """Yield the columns that do not fit the schema in half of the silos or more."""
        for feature in self.schema.feature:
            name, silos = feature.name, self.columns[feature.name]
            odd = {
                silo: one.misfits[name]
                for silo, one in self.measured.items()
                if name in one.misfits
            }
            holders = [silo for silo, one in silos.items() if one.filled]
            if not odd or 2 * len(odd) < len(holders):
                continue
            suggested = option("ignore", name)
            example, other = next(iter(odd.values()))[0], types_but(name, feature.type)
            found = (
                f"found values that are not {EXPECTED[feature.type]} in "
                f"{of_silos(odd, len(holders))}, such as {example}; export it so, give "
                f"it another type ({other}), or leave it out ({suggested})"
            )
            words = sorted({word for silo in odd for word in silos[silo].spellings})
            if words:
                suggested = " ".join(option("null", word) for word in words)
                found += f"; where {listed(words)} means a missing value: {suggested}"
            yield Problem(name, found, suggested)

    def nan_for_missing(self) -> dict[str, list[str]]:
        """Return the columns in which NaN is how most silos write a missing number.

        Returns:
            By column, the silos that a run would refuse for it.
        """
        found = {
            name: [silo for silo, m in self.measured.items() if name in m.non_finite]
            for name in self.columns
        }
        return {
            name: silos
            for name, silos in found.items()
            if silos and 2 * len(silos) >= len(self.columns[name])
        }

    def faults(self) -> dict[str, list[str]]:
        """Return by silo why it will be quarantined; empty where it will not."""
        shared = verdict.shared_files({silo.name: silo.files for silo in self.silos})
        faults = {}
        for silo in self.silos:
            found = [one.sentence for one in shared[silo.name]]
            if silo.name in self.measured:
                found += self._faults_of(silo, self.measured[silo.name])
            elif not silo.unreadable:
                label = f"no column `{self.rows.label}`"
                label += _alike(silo, [self.rows.label])
                found.append(f"found {label if silo.rows else 'a header without rows'}")
            faults[silo.name] = [
                *silo.unreadable,
                *(f"silo `{silo.name}`: {text}" for text in found),
            ]
        return faults

    def _faults_of(self, silo: Silo, one: Measured) -> Iterator[str]:
        usual = self.nan_for_missing()
        for column, finding in one.non_finite.items():
            if column not in usual:
                yield finding.sentence
        expected = {one.name: EXPECTED[one.type] for one in self.schema.feature}
        for column, texts in one.misfits.items():
            words = silo.columns[column].spellings
            null = "".join(f" {option('null', word)}" for word in words)
            null = f"; where that means a missing value:{null}" if null else ""
            for text in texts:
                yield f"column `{column}`: {text}, expected {expected[column]}{null}"
        needed = [one.name for one in self.schema.feature if one.presence.min_count]
        filled = {column for column, held in silo.columns.items() if held.filled}
        missing = [
            c for c in dict.fromkeys([*needed, *self.rows.key]) if c not in filled
        ]
        if missing:
            near = _alike(silo, missing)
            yield f"found no value of {listed(missing)}, as others have{near}"
        if one.train.other or one.held_out.other:
            yield from self.too_few(one, ValidationSettings(min_rows=1))

    def too_few(self, one: Measured, settings: ValidationSettings) -> list[str]:
        """Return why a run finds too little to learn from in a silo's labels, if so."""
        other = one.train.other + one.held_out.other
        counts = one.train._replace(other=other)
        found = checks.too_few_rows(sum(counts), settings)
        found = found or checks.labels(counts, self.rows.label, settings, other)
        return [found.sentence] if found else []

    def notes(self) -> Iterator[str]:
        """Yield what should be looked at in silos, though it stops none of them."""
        for silo in self.silos:
            if silo.not_read and silo.columns:
                yield f"silo `{silo.name}`: not read: {listed(silo.not_read)}; {UNPACK}"
        for name, one in self.measured.items():
            if one.keys and not one.misfits:
                yield f"silo `{name}`: {one.keys.sentence}"
        for name, found in self.nan_for_missing().items():
            yield (
                f"column `{name}`: found NaN or infinite numbers in more than "
                f"{MAX_NON_FINITE:.0%} of the rows in "
                f"{of_silos(found, len(self.measured))}; NaN counts as missing "
                "(`validation.max_non_finite_share: 1`), rows with infinite numbers "
                "are not scored"
            )


def _alike(silo: Silo, missing: Sequence[str]) -> str:
    """Return which columns a silo has instead, but for case and blanks, in words."""
    names = {plain_name(name) for name in missing}
    near = [name for name in silo.columns if plain_name(name) in names]
    return f", but {listed(near)}: names must be the same, so rename it" if near else ""

"""What a column is taken for, by most silos; what they can't decide is asked."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence

from tensorflow_metadata.proto.v0 import schema_pb2

from components.errors import SettingsError
from components.silo_example_gen.kinds import Kind
from pipelines.scaffold import votes
from pipelines.scaffold.options import TYPES, Options
from pipelines.scaffold.survey import Column, Columns
from pipelines.scaffold.votes import Vote
from pipelines.scaffold.words import few, of, option


@dataclasses.dataclass(frozen=True)
class Agreed:
    """What a column is taken for.

    Attributes:
        vote: What most silos say.
        type: Its type in the schema.
    """

    vote: Vote
    type: int


@dataclasses.dataclass(frozen=True)
class Problem:
    """A column that the caller must decide on.

    Attributes:
        column: The column.
        told: What was found.
        option: What would settle it.
    """

    column: str
    told: str
    option: str


def agree(
    columns: Columns, options: Options
) -> tuple[dict[str, Agreed], dict[str, str], list[Problem]]:
    """Return what columns are taken for, which are left out, what is to be asked."""
    agreed: dict[str, Agreed] = {}
    left_out: dict[str, str] = {}
    problems: list[Problem] = []
    for name, silos in columns.items():
        if name == options.label:
            continue
        if not name:
            left_out[name] = "a column without a name, such as row numbers"
            continue
        one = votes.settle([(c.vote, 1) for c in silos.values() if c.vote])
        split = any(column.vote is None for column in silos.values())
        forced = options.types.get(name)
        if one and one.kind is Kind.UNSUPPORTED:
            problems.append(_unsupported(name, one, silos))
        elif forced:
            agreed[name] = Agreed(one or Vote(Kind.TEXT), TYPES[forced])
        elif one is None or (one.kind is Kind.EMPTY and split):
            problems.append(_undecided(name, silos))
        elif not any(column.filled for column in silos.values()):
            left_out[name] = "no value in any silo"
        else:
            kind = votes.TYPES[one.kind]
            if name in options.key and kind == schema_pb2.FLOAT:
                kind = schema_pb2.INT  # a key is exact
            agreed[name] = Agreed(one, kind)
    return agreed, left_out, problems


def _unsupported(name: str, one: Vote, silos: Mapping[str, Column]) -> Problem:
    odd = [silo for silo, column in silos.items() if column.vote and column.vote.arrow]
    return Problem(
        name,
        f"column `{name}`: found the type {one.arrow} in {of(odd, len(silos))}, which "
        "is not supported; export it as numbers or text, or leave it out with "
        f"{option('ignore', name)}",
        option("ignore", name),
    )


def _undecided(name: str, silos: Mapping[str, Column]) -> Problem:
    sides: dict[str, list[str]] = defaultdict(list)
    for silo, column in silos.items():
        for file, one in column.by_file.items():
            if one.kind is not Kind.EMPTY:
                sides[one.kind].append(silo if column.vote else f"{silo}/{file}")
    told = "; ".join(
        f"{kind} in {few(dict.fromkeys(where))}" for kind, where in sides.items()
    )
    return Problem(
        name,
        f"column `{name}`: found {told}; neither is in more silos than the other: take "
        f"it as text ({option('type', f'{name}=text')}), as a number "
        f"({option('type', f'{name}=number')} or ...=whole), or leave it out "
        f"({option('ignore', name)})",
        option("ignore", name),
    )


def ask(problems: Sequence[Problem], options: Options) -> SettingsError:
    """Return the error that asks for all problems at once, with a command to copy."""
    told = "\n".join(f"  {one.told}" for one in problems)
    many = f"{len(problems)} columns" if len(problems) > 1 else "1 column"
    ignored = {p.column for p in problems if p.option == option("ignore", p.column)}
    kept = dataclasses.replace(
        options,  # what is not read can be neither
        sensitive=tuple(name for name in options.sensitive if name not in ignored),
        key=tuple(name for name in options.key if name not in ignored),
    )
    command = kept.command(list(dict.fromkeys(one.option for one in problems)))
    return SettingsError(
        f"{many} must be decided on:\n{told}", f"for example: {command}"
    )

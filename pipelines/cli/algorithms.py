"""`fairsilo algorithms`: what a training can be told to do, and when it is worth it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli import console
from pipelines.cli.options import Json

if TYPE_CHECKING:
    from components.federation.algorithms.registry import Entry
    from components.federation.plan import ByName

app = typer.Typer(
    no_args_is_help=True, help="List or describe algorithms, weightings, aggregations."
)


@app.command(name="list")
def list_all(as_json: Json = False) -> None:
    """List what `training.algorithm`, `.weighting` and `.aggregation` can be."""
    found = [
        {"name": name, "kind": kind, "purpose": entry.purpose}
        for kind, (_, entries) in _kinds().items()
        for name, entry in entries.items()
    ]
    (console.data_json if as_json else console.data_records)(found)


@app.command()
def describe(
    name: Annotated[str, typer.Argument(help="Such as q_fed_avg or capped.")],
    as_json: Json = False,
) -> None:
    """Say what one is for, when to use it, its parameters and what refuses it."""
    found = _describe(name)
    if as_json:
        console.data_json(found)
        return
    for key, value in found.items():
        for one in value if isinstance(value, list) else filter(None, [value]):
            if isinstance(one, dict):
                one = "; ".join(f"{part}: {text}" for part, text in one.items())
            console.data(f"{key.replace('_', ' '):<11}  {one}")


def _kinds() -> dict[str, tuple[type[ByName], dict[str, Entry]]]:
    from components.federation import plan
    from components.federation.algorithms import registry

    return {
        "algorithm": (plan.Algorithm, registry.ALGORITHMS),
        "weighting": (plan.Weighting, registry.WEIGHTINGS),
        "aggregation": (plan.Aggregation, registry.AGGREGATIONS),
    }


def _describe(name: str) -> dict[str, Any]:
    from components.errors import SettingsError
    from components.federation import plan
    from pipelines.settings_reference import settings_of

    kinds = _kinds()
    kind = next((kind for kind, of in kinds.items() if name in of[1]), None)
    if kind is None:
        known = ", ".join(one for _, entries in kinds.values() for one in entries)
        raise SettingsError(
            f"found no algorithm, weighting or aggregation `{name}`; known: {known}"
        )
    section, entries = kinds[kind]
    parameters = [
        {
            "name": one.place,
            "expected": one.expected,
            "default": one.default,
            "meaning": one.description,
        }
        for one in settings_of(section)
        if one.place != "name" and section.has(one.place, name)
    ]
    rules = [rule for rule in plan.REFUSED if name in rule.names]
    return {
        "name": name,
        "setting": f"training.{kind}",
        **entries[name]._asdict(),
        "parameters": parameters,
        "not_with": [f"{rule.other}: {rule.reason}" for rule in rules],
    }

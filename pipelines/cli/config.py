"""`fairsilo config`: look at a use case's settings before anything runs."""

from __future__ import annotations

import typer

from pipelines.cli import console
from pipelines.cli.options import Json, Name, Overrides

app = typer.Typer(no_args_is_help=True, help="Check or show a use case's settings.")


@app.command()
def check(name: Name, overrides: Overrides = None) -> None:
    """Say whether the settings can be used; name each fault."""
    from pipelines import use_case

    chosen = use_case.find(name, overrides or [])
    chosen.check_quorum()
    console.data(f"{chosen.folder / 'settings.yaml'}: no fault found")


@app.command()
def show(name: Name, overrides: Overrides = None, as_json: Json = False) -> None:
    """Print all settings, with defaults and overrides in place."""
    import yaml

    from pipelines import use_case

    settings = use_case.find(name, overrides or []).settings.model_dump(mode="json")
    if as_json:
        console.data_json(settings)
    else:
        console.data(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True))

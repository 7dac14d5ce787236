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
    chosen.check_start()
    console.data(f"{chosen.folder / 'settings.yaml'}: no fault found")


@app.command()
def show(name: Name, overrides: Overrides = None, as_json: Json = False) -> None:
    """Print all settings and what they mean, with defaults and overrides in place."""
    from pipelines import use_case
    from pipelines.settings import UseCaseSettings
    from pipelines.settings_reference import to_yaml

    settings = use_case.find(name, overrides or []).settings.model_dump(mode="json")
    if as_json:
        console.data_json(settings)
    else:
        console.data(to_yaml(UseCaseSettings, settings).rstrip())


@app.command()
def reference() -> None:
    """Print what each setting means, its type, bounds and default, as Markdown."""
    from pipelines.settings import UseCaseSettings
    from pipelines.settings_reference import to_markdown

    console.data(to_markdown(UseCaseSettings))

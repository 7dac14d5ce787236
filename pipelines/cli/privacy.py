"""`fairsilo privacy`: is what differential privacy promises kept here?"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pipelines.cli import console
from pipelines.cli.options import Json, Name

app = typer.Typer(no_args_is_help=True, help="Attack what privacy promises.")


@app.command()
def audit(
    name: Name,
    rows: Annotated[int, typer.Option(min=300, help="Rows of the silo.")] = 2_000,
    run_epsilon: Annotated[
        float | None, typer.Option(help="In place of `privacy.run_epsilon`.")
    ] = None,
    canaries: Annotated[int, typer.Option(min=60, help="Of each kind.")] = 1_000,
    as_json: Json = False,
) -> None:
    """Attack what `privacy.mode: example` promises with a use case's settings.

    A silo of made-up rows trains here: nobody's rows are read, no budget is spent. The
    exit status is 1 where an attack shows more than the claimed epsilon.
    """
    from pipelines import use_case

    chosen = ["privacy.mode=example", f"privacy.canaries={canaries}"]
    if run_epsilon is not None:
        chosen.append(f"privacy.run_epsilon={run_epsilon}")
    found = use_case.find(name, chosen)
    with console.engines():
        from pipelines import privacy_audit

        result = privacy_audit.audit(privacy_audit.MadeUpSilo(found, rows))
    tell(result, as_json)


def tell(result: dict[str, Any], as_json: bool) -> None:
    """Print what an audit found; the status is 1 where the claim does not hold."""
    claimed, attacks = result["claimed"], result["attacks"]
    if as_json:
        console.data_json(result)
    else:
        words = [{key.replace("_", " "): it for key, it in a.items()} for a in attacks]
        console.data_records(words)
    console.say("epsilon is at least what guesses of who took part show, at 95 %")
    claim = f"the claimed epsilon, {claimed:.2f} at delta {result['delta']:g}"
    if not result["passed"]:
        console.say(f"an attack shows more than {claim}: let no model leave this place")
        raise typer.Exit(1)
    console.say(f"no attack shows more than {claim}")
    if (most := max(one["epsilon_without_noise"] for one in attacks)) <= claimed:
        console.say(f"but without noise they show {most:.2f} at most: raise --canaries")

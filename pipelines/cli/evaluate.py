"""`fairsilo evaluate`: measures scores that were made elsewhere, and judges them."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli import console
from pipelines.cli.options import Json, Overrides, expanded

if TYPE_CHECKING:
    from components.payloads.decision import Decision

NOT_BLESSED = 4


def evaluate(
    predictions: Annotated[
        pathlib.Path,
        typer.Option(
            metavar="DIR",
            callback=expanded,
            help="One Parquet file a silo, SILO.parquet or SILO/NAME.parquet, with the "
            "label, the score and the columns to slice by.",
        ),
    ],
    label: Annotated[
        str, typer.Option(help="The label's column; by default the use case's.")
    ] = "",
    score: Annotated[str, typer.Option(help="The scores' column, 0 to 1.")] = "score",
    baseline_score: Annotated[
        str, typer.Option(help="The column of a baseline, to compare with.")
    ] = "",
    use_case: Annotated[
        str,
        typer.Option(
            "--use-case", "-u", help="Measure and judge as this use case does."
        ),
    ] = "",
    overrides: Overrides = None,
    to: Annotated[
        pathlib.Path,
        typer.Option(
            "--to", "-o", metavar="DIR", callback=expanded, help="Where to write."
        ),
    ] = pathlib.Path("build/evaluation"),
    as_json: Json = False,
) -> None:
    """Measure any model's scores by silo and group; judge them where gates are set.

    Without a use case, `--set evaluation.slices=[sex,race]` names the groups and
    `--set gates.silo_floor.at_least=0.6` a gate. Nothing is trained or deployed.
    """
    from pipelines import scores

    request = scores.request(
        predictions, label, score, baseline_score, use_case, overrides or []
    )
    with console.engines():
        found, decided, notes = scores.evaluate(request, to.absolute())
    for note in notes:
        console.say(note)
    if as_json:
        console.data_json(found)
    else:
        _show(found, decided)
    raise typer.Exit(NOT_BLESSED if decided and not decided.blessed else 0)


def _show(found: dict[str, Any], decided: Decision | None) -> None:
    left, silos = found["left_out"], found["silos"]
    judged = f"{silos - len(left):,} of {silos:,}" if left else f"{silos:,}"
    console.data(f"{found['rows']:,} rows of {judged} silos, AUC {found['auc']}")
    for silo, reason in left.items():
        # Most reasons begin with the silo, as they also stand alone elsewhere.
        why = reason.removeprefix(f"silo `{silo}`: ")
        console.say(f"silo `{silo}` left out: {why}")
    if decided is None:
        console.data("nothing was decided: no gate is set")
    else:
        console.data("blessed" if decided.blessed else "not blessed")
        for gate in decided.gates:
            console.data(f"  {gate.sentence}")
    console.data(f"table {found['table']}\npage  {found['page']}")

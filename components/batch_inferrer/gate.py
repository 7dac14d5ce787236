"""Which model may score, and why none may."""

from __future__ import annotations

import dataclasses
import pathlib

from components.scoring import model


@dataclasses.dataclass(frozen=True)
class Choice:
    """The model that scores, or why nothing does, in a sentence."""

    folder: str = ""
    digest: str = ""
    refusal: str = ""


def choose(given: str, is_blessed: bool, found: str, force: bool) -> Choice:
    """Choose the model that scores, by its folder.

    It is the `given` one, blessed or not, or else the blessed one that the driver
    `found`; either may be empty.
    """
    folder = given or found
    if not folder:
        return Choice(
            refusal="no blessed model of this span or an earlier one was found: run "
            "the pipeline until a model is blessed"
        )
    if not pathlib.Path(folder, model.CARD).exists():
        return Choice(
            folder,
            refusal=f"{folder}: found no model, expected the one that was blessed: "
            "bring the folder back, or run the pipeline again",
        )
    card = model.read_card(folder)
    refusal = ""
    if not card.digest:
        refusal = f"no model was trained: {card.refusal}"
    elif given and not is_blessed and not force:
        refusal = (
            "the model was not blessed: read the evaluator's reasons, or score with "
            "it all the same by `--force`"
        )
    return Choice(folder, card.digest, refusal)

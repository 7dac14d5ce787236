"""What became of a model, as its `PushedModel` artifact's folder tells it.

What was pushed is copied into that folder, which is empty otherwise. A model
that gave way to a newer one leaves a word there, for the summary and the pages.
"""

from __future__ import annotations

import json
import pathlib

FILE_NAME = "not_pushed.json"
SAVED_MODEL = "saved_model.pb"


def destination(push_destination: str) -> pathlib.Path:
    """Return the folder that a model server reads, from the node's parameter."""
    return pathlib.Path(json.loads(push_destination)["filesystem"]["base_directory"])


def is_pushed(folder: str | pathlib.Path) -> bool:
    """Return whether the model went into service."""
    return pathlib.Path(folder, SAVED_MODEL).is_file()


def hold_back(folder: str | pathlib.Path, newer: str) -> None:
    """Write down which span's model the blessed one gives way to."""
    text = json.dumps({"newer": newer}, ensure_ascii=False)
    pathlib.Path(folder, FILE_NAME).write_text(text, encoding="utf-8")


def why_held_back(folder: str | pathlib.Path) -> str:
    """Return why a blessed model is not in service; empty where nothing held it."""
    path = pathlib.Path(folder, FILE_NAME)
    if not path.exists():
        return ""
    newer = json.loads(path.read_text(encoding="utf-8"))["newer"]
    return f"blessed; not put into service: the model of {newer} is newer"

"""Writes a new use case's files; never over one that is there."""

from __future__ import annotations

import pathlib
import shutil
import statistics
from collections.abc import Sequence

import jinja2
from google.protobuf import text_format

from components.errors import SettingsError
from pipelines.scaffold.survey import Survey, survey
from pipelines.use_case import NAME, PACKAGE_PROJECT

TEMPLATES = pathlib.Path(__file__).parent / "templates"
MODEL = PACKAGE_PROJECT / "pipelines" / "flights" / "model.py"


def scaffold(
    project: pathlib.Path,
    name: str,
    data: pathlib.Path,
    label: str,
    sensitive: Sequence[str],
) -> list[pathlib.Path]:
    """Write schema, settings, model and README of a new use case.

    Args:
        project: Folder that holds (or will hold) `pipelines/` and `schemas/`.
        name: The new name.
        data: Folder that holds a folder for each silo.
        label: Column of the binary label.
        sensitive: Columns to slice by and hide from the model.

    Returns:
        The files written.

    Raises:
        SettingsError: The name is taken or unusable, or the data can't make a use
            case.
    """
    folder = project / "pipelines" / name
    schema_file = project / "schemas" / f"{name}.pbtxt"
    if not NAME.fullmatch(name):
        raise SettingsError(
            f"use case {name!r}: expected a name of small letters, digits, - and _"
        )
    if folder.exists() or schema_file.exists():
        taken = folder if folder.exists() else schema_file
        raise SettingsError(
            f"use case `{name}`: {taken} is there already",
            "choose another name, or delete the files first",
        )
    found = survey(data, label, sensitive)
    texts = _texts(name, data.absolute(), label, sensitive, found)
    folder.mkdir(parents=True)
    schema_file.parent.mkdir(parents=True, exist_ok=True)
    schema_file.write_text(
        f"# Schema of `{name}`, inferred from the silos' statistics by TFDV. It is "
        "yours to\n# tighten: domains, min_fraction, drift_comparator, "
        "skew_comparator.\n" + text_format.MessageToString(found.schema),
        encoding="utf-8",
    )
    for file, text in texts.items():
        (folder / file).write_text(text, encoding="utf-8")
    shutil.copyfile(MODEL, folder / "model.py")
    return [schema_file, *(folder / file for file in (*texts, "model.py"))]


def _texts(
    name: str,
    data: pathlib.Path,
    label: str,
    sensitive: Sequence[str],
    found: Survey,
) -> dict[str, str]:
    rows = statistics.median(found.silos.values())
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        autoescape=False,  # noqa: S701  YAML and Markdown; values go through tojson
    )
    values = {
        "name": name,
        "data": str(data),
        "label": label,
        "label_values": found.label_values,
        "sensitive": list(sensitive),
        "score": "unlabelled" if found.has_unlabelled else "all",
        "num_silos": len(found.silos),
        "quorum": min(2, len(found.silos)),
        # Small data should run too; the bounds are there to be raised.
        "min_rows": int(max(10, min(50, rows // 4))),
        "judged_rows": int(max(10, min(100, rows // 10))),
    }
    return {
        target: environment.get_template(f"{target}.j2").render(values)
        for target in ("settings.yaml", "README.md")
    }

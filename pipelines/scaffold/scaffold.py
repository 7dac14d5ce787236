"""Writes a new use case's files; never over one that is there."""

from __future__ import annotations

import pathlib
import shutil
import tempfile

import jinja2
from google.protobuf import text_format

from components.errors import SettingsError
from pipelines.scaffold.options import Options
from pipelines.scaffold.proposal import Proposal, propose
from pipelines.settings import load
from pipelines.use_case import NAME, PACKAGE_PROJECT

TEMPLATES = pathlib.Path(__file__).parent / "templates"
MODEL = PACKAGE_PROJECT / "pipelines" / "flights" / "model.py"


def scaffold(
    project: pathlib.Path, options: Options
) -> tuple[list[pathlib.Path], Proposal]:
    """Write schema, settings, model and README of a new use case.

    Args:
        project: Folder that holds (or will hold) `pipelines/` and `schemas/`.
        options: Its name, its data, and what was decided about them.

    Returns:
        The files written, and what they hold.

    Raises:
        SettingsError: The name is taken or unusable, the data can't make a use case,
            or something about them has to be decided first.
    """
    name = options.name
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
    proposal = propose(options)
    texts = _texts(options, proposal)
    _check(name, texts["settings.yaml"])
    folder.mkdir(parents=True)
    schema_file.parent.mkdir(parents=True, exist_ok=True)
    schema_file.write_text(
        f"# Schema of `{name}`: what most silos hold. It is yours to tighten:\n"
        "# domains, min_fraction, drift_comparator, skew_comparator.\n"
        + text_format.MessageToString(proposal.schema, as_utf8=True),
        encoding="utf-8",
    )
    for file, text in texts.items():
        (folder / file).write_text(text, encoding="utf-8")
    shutil.copyfile(MODEL, folder / "model.py")
    written = [schema_file, *(folder / file for file in (*texts, "model.py"))]
    return written, proposal


def _check(name: str, settings: str) -> None:
    """Load the settings as a run will, before anything is written.

    Raises:
        SettingsError: The data's names can't be used, such as a sensitive column
            with ` x ` in its name.
    """
    with tempfile.TemporaryDirectory() as place:
        file = pathlib.Path(place, name, "settings.yaml")
        file.parent.mkdir()
        file.write_text(settings, encoding="utf-8")
        load(file)


def _texts(options: Options, proposal: Proposal) -> dict[str, str]:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        autoescape=False,  # noqa: S701  YAML and Markdown; values go through tojson
    )
    values = {
        "name": options.name,
        "data": str(options.data.absolute()),
        "sensitive": list(options.sensitive),
        "rows": proposal.rows,
        "ignored": proposal.ignored,
        "num_silos": len(proposal.silos),
        "bounds": proposal.bounds,
        "has_not_finite": proposal.has_not_finite,
    }
    return {
        target: environment.get_template(f"{target}.j2").render(values)
        for target in ("settings.yaml", "README.md")
    }

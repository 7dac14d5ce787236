"""Fills the templates of a silo's objects, `k8s/silo/`.

A template is YAML with `${names}`. Values that come from people stand in double quotes
there and are escaped for them here: a silo's name can't become another object.
"""

from __future__ import annotations

import pathlib
import re
import string
from collections.abc import Mapping, Sequence

from components.errors import SettingsError


def read(folder: pathlib.Path, names: Sequence[str]) -> string.Template:
    """Return the templates of one silo's objects as one, in order.

    Args:
        folder: The folder of templates.
        names: Their files.

    Raises:
        SettingsError: One can't be read.
    """
    try:
        texts = [(folder / name).read_text(encoding="utf-8") for name in names]
    except OSError as error:
        raise SettingsError(
            f"{error.filename}: found that it can't be read ({error.strerror}), "
            "expected a template of silos' objects",
            "give the folder `k8s` of a checkout by --folder",
        ) from None
    return string.Template("---\n".join(texts))


def fill(template: string.Template, values: Mapping[str, str]) -> str:
    """Return a template with its names replaced by values.

    Raises:
        SettingsError: It holds a name that there is no value for.
    """
    try:
        return template.substitute(values)
    except KeyError as error:
        raise SettingsError(
            f"templates in k8s/silo: found the name ${{{error.args[0]}}}, expected one "
            f"of {', '.join(sorted(values))}"
        ) from None


def quoted(text: str) -> str:
    """Return a text as it may stand between double quotes in YAML."""
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    # Unicode's other spaces: some of them end a line in YAML.
    return re.sub(r"[^\S ]", lambda found: f"\\U{ord(found[0]):08X}", text)

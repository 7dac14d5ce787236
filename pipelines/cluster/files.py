"""Reads the files that people and Terraform write for the manifests, strictly."""

from __future__ import annotations

import pathlib
from typing import Any, TypeVar

import pydantic
import yaml

from components.errors import SettingsError

Model = TypeVar("Model", bound=pydantic.BaseModel)


def read(path: pathlib.Path, model: type[Model], way_out: str) -> Model:
    """Read a YAML or JSON file.

    Args:
        path: The file.
        model: What must be in it; values are not converted.
        way_out: The hint of all errors.

    Raises:
        SettingsError: The file can't be used; all faults are named.
    """
    try:
        data: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path}: found that it can't be read ({error}), expected YAML", way_out
        ) from None
    except yaml.YAMLError as error:
        raise SettingsError(f"{path}: found no valid YAML: {error}", way_out) from None
    try:
        return model.model_validate(data, strict=True)
    except pydantic.ValidationError as error:
        faults = "\n".join(f"  {_fault(item)}" for item in error.errors())
        raise SettingsError(
            f"{path}: {error.error_count()} values can't be used:\n{faults}", way_out
        ) from None


def _fault(item: Any) -> str:  # noqa: ANN401  pydantic's, typed by itself only
    place = ".".join(str(part) for part in item["loc"]) or "the file"
    message = item["msg"].removeprefix("Value error, ")
    found = "" if isinstance(item["input"], dict) else f"found {item['input']!r}; "
    return f"`{place}`: {found}{message[:1].lower()}{message[1:]}"

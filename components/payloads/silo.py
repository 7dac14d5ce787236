"""A silo: an organisation that takes part, and the one place that is its own.

A silo's home holds all that is written for it on its side (splits, training
tensors, predictions). Its input files lie elsewhere and are never written to.
"""

from __future__ import annotations

import dataclasses
import pathlib
import unicodedata

from components.errors import SettingsError

MAX_ID_BYTES = 120


@dataclasses.dataclass(frozen=True)
class Silo:
    """One silo."""

    id: str  # also the name of its folders; any script, see `check_id`
    home: str  # its own folder, mode 0700, where outputs for it are written

    def path(self, *parts: str) -> pathlib.Path:
        """Return a path below the silo's home."""
        return pathlib.Path(self.home, *parts)


def check_id(silo: str) -> str:
    """Return `silo` if it can be a silo's id and a folder's name.

    Raises:
        SettingsError: The name is empty, too long, hidden, holds control
            characters or could leave its parent folder.
    """
    fault = _fault(silo)
    if fault:
        shown = silo if len(silo) <= MAX_ID_BYTES else f"{silo[:40]}..."
        raise SettingsError(
            f"silo name {shown!r} {fault}; expected a plain folder name of at most "
            f"{MAX_ID_BYTES} bytes, in any script",
            "rename the silo's folder",
        )
    return silo


def _fault(silo: str) -> str:
    if not silo:
        return "is empty"
    if any(unicodedata.category(char).startswith("C") for char in silo):
        return "holds control or invisible characters, or bytes that are not UTF-8"
    if len(silo.encode()) > MAX_ID_BYTES:
        return f"has {len(silo.encode())} bytes"
    if "/" in silo or "\\" in silo or silo in {".", ".."}:
        return "would leave its parent folder"
    return "is hidden (starts with a dot)" if silo.startswith(".") else ""

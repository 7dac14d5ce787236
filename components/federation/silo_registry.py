"""The silo registry: where the workers listen that silos run themselves.

A JSON file, `{"<silo id>": "host:port"}`. Such a worker has its silo's home as working
directory, is there before the training and stays after it. Nothing is started or ended
here; whether a worker answers shows when it is called (`endpoint.py`).
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
from collections.abc import Mapping
from typing import ClassVar

from components.errors import SettingsError, SiloError
from components.payloads.silo import Silo

OWN_PODS = "own pods: each silo's worker runs in its own namespace"
EXPECTED = 'a JSON object of silo ids and addresses, {"north": "host:port", ...}'
_ADDRESS = re.compile(r"(?:[^\s:/@\[\]]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})")


@dataclasses.dataclass(frozen=True)
class SiloRegistry:
    """The addresses of silos' own workers, by silo id, and the file they stand in."""

    path: str
    addresses: Mapping[str, str]
    isolation: ClassVar[str] = OWN_PODS

    def address(self, silo: Silo) -> str:
        """Return where a silo's worker listens, `host:port`.

        Raises:
            SiloError: The registry does not say.
        """
        if silo.id not in self.addresses:
            raise SiloError(
                silo.id,
                "TFF worker",
                f"no address in {self.path}",
                "the silo's id and its worker's host:port",
                "add the silo to the registry",
            )
        return self.addresses[silo.id]


def read(path: str) -> SiloRegistry:
    """Read a registry.

    Raises:
        SettingsError: It can't be read, or an address in it can't be one.
    """

    def fault(found: str) -> SettingsError:
        return SettingsError(
            f"silo registry {path}: found {found}, expected {EXPECTED}",
            "mend the file, or leave `training.silo_registry` empty to start workers "
            "here",
        )

    try:
        text = pathlib.Path(path).read_text(encoding="utf-8")
        pairs = json.loads(text, object_pairs_hook=tuple)
    except OSError as error:
        raise fault(f"that it can't be read ({error.strerror})") from None
    except ValueError:
        raise fault("no valid JSON") from None
    if not isinstance(pairs, tuple) or not pairs:
        raise fault("no silo in it")
    silos: dict[str, str] = {}  # by address: two silos must not have one worker
    for silo, address in pairs:
        if not _is_address(address):  # not quoted: it may hold a password
            raise fault(f"no host:port for silo `{silo}`")
        if silo in silos.values():
            raise fault(f"silo `{silo}` twice")
        if address in silos:
            raise fault(f"{address} for both `{silos[address]}` and `{silo}`")
        silos[address] = silo
    return SiloRegistry(path, {silo: address for address, silo in silos.items()})


def _is_address(value: object) -> bool:
    found = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    return found is not None and 0 < int(found[1]) < 2**16

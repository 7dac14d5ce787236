"""The silo registry: where the workers listen that silos run themselves.

A JSON file, `{"<silo id>": "host:port"}`. Such a worker is none of our processes:
it has its silo's home as working directory, is there before the training and stays
after it. Nothing is started or ended here; whether a worker answers shows when it
is called (`endpoint.py`).
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
from collections.abc import Mapping

from components.errors import SettingsError, SiloError
from components.payloads.silo import Silo

OWN_PODS = "own pods: each silo's worker runs in its own namespace"
EXPECTED = 'a JSON object of silo ids and addresses, {"north": "host:port", ...}'
_ADDRESS = re.compile(r"(?:[^\s:/@\[\]]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})")


@dataclasses.dataclass(frozen=True)
class SiloRegistry:
    """The addresses of silos' own workers.

    Attributes:
        path: The file that they stand in.
        addresses: `host:port` by silo id.
    """

    path: str
    addresses: Mapping[str, str]

    @property
    def isolation(self) -> str:
        """How silos are kept apart."""
        return OWN_PODS

    def address(self, silo: Silo) -> str:
        """Return where a silo's worker listens.

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
    try:
        pairs = json.loads(
            pathlib.Path(path).read_text(encoding="utf-8"), object_pairs_hook=tuple
        )
    except OSError as error:
        raise _fault(path, f"that it can't be read ({error.strerror})") from None
    except ValueError:
        raise _fault(path, "no valid JSON") from None
    if not isinstance(pairs, tuple) or not pairs:
        raise _fault(path, "no silo in it")
    addresses: dict[str, str] = {}
    for silo, address in pairs:
        if not _is_address(address):
            # Not quoted: it may hold a password.
            raise _fault(path, f"no host:port for silo `{silo}`")
        if silo in addresses:
            raise _fault(path, f"silo `{silo}` twice")
        for other, taken in addresses.items():
            if taken == address:  # the one would train on the other's rows
                raise _fault(path, f"{address} for both `{other}` and `{silo}`")
        addresses[silo] = address
    return SiloRegistry(path, addresses)


def _is_address(value: object) -> bool:
    found = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    return found is not None and 0 < int(found[1]) < 2**16


def _fault(path: str, found: str) -> SettingsError:
    return SettingsError(
        f"silo registry {path}: found {found}, expected {EXPECTED}",
        "mend the file, or leave `training.silo_registry` empty to start workers here",
    )

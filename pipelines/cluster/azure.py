"""What the manifests must know of Azure: `k8s/overlays/aks/azure.json`.

Terraform's output `overlay`. The file in the repository holds stand-ins, so that the
manifests can be built and checked without an Azure.
"""

from __future__ import annotations

import ipaddress
import pathlib
from collections.abc import Collection
from typing import Annotated

import pydantic

from components.errors import SettingsError
from components.settings import Section
from pipelines.cluster import files

WAY_OUT = (
    "write it by `terraform -chdir=k8s/terraform output -json overlay`, after an "
    "apply with the same silos"
)
NO_CLIENT = "00000000-0000-0000-0000-000000000000"

Name = Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._()-]{0,89}$")]
Account = Annotated[str, pydantic.Field(pattern=r"^[a-z0-9]{3,24}$")]
Host = Annotated[str, pydantic.Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])$")]
Guid = Annotated[
    str, pydantic.Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
]
Container = Annotated[str, pydantic.Field(pattern=r"^[a-z0-9](-?[a-z0-9]){2,62}$")]


def _is_address(value: str) -> str:
    ipaddress.IPv4Address(value)
    return value


Address = Annotated[str, pydantic.AfterValidator(_is_address)]


class Store(Section):
    """Where the database is, if it isn't our pod."""

    host: str | None
    """Name of the MySQL server; null: the pod in the namespace `fairsilo`."""

    @pydantic.field_validator("host")
    @classmethod
    def _is_pod(cls, value: str | None) -> None:
        if value is not None:
            raise ValueError(
                "expected null: these manifests hold the database as a pod of the "
                "cluster, and let no step reach another"
            )


class Root(Section):
    """The NFS share that is the volume of all steps."""

    resource_group: Name
    account: Account
    share: Container
    server: Host
    endpoint_ip: Address
    size_gib: Annotated[int, pydantic.Field(ge=1)]


class SiloInAzure(Section):
    """A silo's identity, and the container that it may read."""

    client_id: Guid
    resource_group: Name
    account: Account
    container: Container
    endpoint_ip: Address


class Azure(Section):
    """All of it."""

    tenant_id: Guid
    registry: Host
    store: Store
    root: Root
    silos: dict[str, SiloInAzure]
    """By slug."""

    @property
    def is_stand_in(self) -> bool:
        """Whether it is the repository's file: no silo has an identity."""
        return any(silo.client_id == NO_CLIENT for silo in self.silos.values())


def read(path: pathlib.Path, slugs: Collection[str]) -> Azure:
    """Read it.

    Args:
        path: The file.
        slugs: The silos that it must speak of.

    Raises:
        SettingsError: It can't be used, or it speaks of other silos.
    """
    found = files.read(path, Azure, WAY_OUT)
    for what, others in (
        ("nothing about", sorted({*slugs} - {*found.silos})),
        ("silos that silos.yaml hasn't:", sorted({*found.silos} - {*slugs})),
    ):
        if others:
            raise SettingsError(
                f"{path}: found {what} {', '.join(others)}, expected the silos of "
                "silos.yaml",
                WAY_OUT,
            )
    return found

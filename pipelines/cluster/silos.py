"""The list of silos that the manifests are made from: `k8s/silos.yaml`."""

from __future__ import annotations

import pathlib
from typing import Annotated, Literal

import pydantic

from components.errors import SettingsError
from components.payloads.silo import check_id
from components.settings import Section
from pipelines.cluster import files, names
from pipelines.places import Places

WAY_OUT = "k8s/silos.yaml says at its top what may stand in it"
DIRECTORY = "directory"
# As identity providers name groups: words, paths, addresses, object ids.
Group = Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9_.:@/+-]+$", max_length=253)]


class Silo(Section):
    """One silo, and how the cluster holds it."""

    id: str
    """The silo's folder, in any script."""

    slug: str = ""
    """Its name in Kubernetes and Azure; made from the id where it is empty."""

    tier: Literal["container", "account"] = "container"
    """What it gets in Azure: a container in the shared account, or an account."""

    input: Literal["container", "directory"] = "container"
    """Where its input is on Azure: its blob container, or a directory of the root."""

    owners: Group = ""
    """Group of its owner's people; by default named after the namespace."""

    @pydantic.field_validator("id")
    @classmethod
    def _is_id(cls, value: str) -> str:
        try:
            return check_id(value)
        except SettingsError as error:
            raise ValueError(error.message) from None

    @pydantic.model_validator(mode="before")
    @classmethod
    def _with_names(cls, data: object) -> object:
        if isinstance(data, dict) and isinstance(data.get("id"), str):
            slug = data.get("slug") or names.slug_of(data["id"])
            owners = data.get("owners") or f"{names.PREFIX}{slug}-owners"
            return {**data, "slug": slug, "owners": owners}
        return data

    @pydantic.field_validator("slug")
    @classmethod
    def _is_slug(cls, value: str) -> str:
        if not names.is_slug(value):
            raise ValueError(
                f"expected at most {names.MAX_SLUG} small letters, digits and single "
                "hyphens between them"
            )
        return value


class Silos(Section):
    """All silos of a use case."""

    use_case: Annotated[str, pydantic.Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
    """The use case that they take part in."""

    operators: Group = "fairsilo-operators"
    """Group of the people who run the federation."""

    reviewers: Group = "fairsilo-reviewers"
    """Group of the people who review its fairness."""

    silos: Annotated[list[Silo], pydantic.Field(min_length=1)]
    """In the order of the file."""

    def home(self, silo: Silo) -> str:
        """Return a silo's home, as a path below the root."""
        return str(Places(pathlib.Path(self.use_case)).homes / silo.id)

    def input_folder(self, silo: Silo) -> str:
        """Return a silo's input directory below the root, where it has one."""
        return f"input/{self.use_case}/{silo.id}"


def read(path: pathlib.Path) -> Silos:
    """Read the list of silos.

    Raises:
        SettingsError: It can't be used, or two silos have one id or one slug.
    """
    listed = files.read(path, Silos, WAY_OUT)
    ids: set[str] = set()
    slugs: dict[str, str] = {}
    for silo in listed.silos:
        if silo.id in ids:
            raise SettingsError(
                f"{path}: found silo `{silo.id}` twice, expected each silo once",
                "remove one of the two",
            )
        if silo.slug in slugs:
            raise SettingsError(
                f"{path}: found `{silo.slug}` as the name of silo `{slugs[silo.slug]}` "
                f"and of silo `{silo.id}`, expected a name for each: the one would "
                "train on the other's rows",
                "give one of them a `slug` of its own",
            )
        ids.add(silo.id)
        slugs[silo.slug] = silo.id
    return listed

"""Makes all files that follow from the list of silos.

Below each overlay the folder `generated`: a file a silo, the registry of workers for
the coordinator, the directories that volumes show, groups of people; and the same list
of silos for Terraform. Names are mapped here only, so that Kubernetes, Azure and the
pipeline agree.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import pathlib
import shutil
from collections.abc import Callable, Iterator, Sequence

from components.errors import SettingsError
from pipelines.cluster import (
    azure,
    config_maps,
    images,
    kustomizations,
    names,
    silos,
    templates,
)
from pipelines.cluster.overlays import AZURE_FILE, IMAGES_FILE, Aks, Local, Overlay
from pipelines.cluster.silos import Silo, Silos

OVERLAYS = (Local.name, Aks.name)
GENERATED = "generated"
SILOS_FILE = "silos.yaml"
TERRAFORM_FILE = "terraform/silos.auto.tfvars.json"
COMMON = (
    "common/namespace.yaml",
    "common/people.yaml",
    "common/limits.yaml",
    "common/network.yaml",
    "common/claims.yaml",
    "common/worker.yaml",
)
SHARED = ("shared/people.yaml",)
CERTIFICATE = ("certificates/certificate.yaml",)


def choose(name: str, folder: pathlib.Path, listed: Silos) -> Overlay:
    """Return an overlay; that of Azure with what is known of Azure.

    Args:
        name: `local` or `aks`.
        folder: The folder `k8s`.
        listed: The silos.

    Raises:
        SettingsError: There is no such overlay, or what is known of Azure can't be
            used.
    """
    if name == Local.name:
        return Local()
    if name == Aks.name:
        aks = folder / "overlays" / name
        found = azure.read(aks / AZURE_FILE, [silo.slug for silo in listed.silos])
        return Aks(found, images.read(aks / IMAGES_FILE))
    raise SettingsError(
        f"overlay `{name}`: expected {' or '.join(OVERLAYS)}",
        "an overlay of your own can name one of them as its resource",
    )


def render(
    folder: pathlib.Path, listed: Silos, overlay: Overlay
) -> Iterator[tuple[str, str]]:
    """Yield the files of an overlay: path below its folder `generated`, and text.

    Args:
        folder: The folder `k8s`.
        listed: The silos.
        overlay: Which overlay.

    Raises:
        SettingsError: A template can't be used.
    """
    made = kustomizations.MADE
    paths = []
    parts = functools.partial(_parts, overlay)
    for silo, text in _of_each(folder / "silo", parts, listed, overlay):
        paths.append(f"silos/{silo.slug}.yaml")
        yield paths[-1], made + text
    yield "kustomization.yaml", kustomizations.of_silos(overlay.name, paths)
    shared = dict(_shared(folder / "silo", listed, overlay))
    for name, text in shared.items():
        yield f"shared/{name}", made + text
    images = overlay.images()
    shared_file = kustomizations.of_shared(overlay.name, list(shared), images)
    yield "shared/kustomization.yaml", shared_file
    certificates = _of_each(folder / "silo", lambda _: CERTIFICATE, listed, overlay)
    together = made + "---\n".join(text for _, text in certificates)
    yield "certificates/certificates.yaml", together
    certificates_file = kustomizations.of_certificates(overlay.name)
    yield "certificates/kustomization.yaml", certificates_file


def terraform(listed: Silos) -> str:
    """Return the silos as Terraform reads them, by slug."""
    found = {
        silo.slug: {
            "id": silo.id,
            "namespace": names.namespace(silo.slug),
            "service_account": names.SERVICE_ACCOUNT,
            "tier": silo.tier,
        }
        for silo in sorted(listed.silos, key=lambda silo: silo.slug)
    }
    return json.dumps({"silos": found}, indent=2, ensure_ascii=False) + "\n"


@dataclasses.dataclass(frozen=True)
class Made:
    """What `write` wrote.

    Attributes:
        silos: How many silos there are.
        files: The files.
        stand_ins: Files below `k8s/overlays/` that must be filled in before the
            manifests made from them can be applied.
    """

    silos: int
    files: list[pathlib.Path]
    stand_ins: list[str]


def write(folder: pathlib.Path, overlays: Sequence[str] = OVERLAYS) -> Made:
    """Write all files anew, and remove those of silos that are no longer listed.

    Args:
        folder: The folder `k8s`.
        overlays: Names of the overlays to write.

    Raises:
        SettingsError: The list of silos, what is known of Azure or a template can't
            be used; no overlay is touched then.
    """
    listed = silos.read(folder / SILOS_FILE)
    # First: what is known of Azure comes from Terraform, which needs this file.
    files = [folder / TERRAFORM_FILE]
    _write(files[0], terraform(listed))
    chosen = [choose(name, folder, listed) for name in overlays]
    rendered = {one.name: dict(render(folder, listed, one)) for one in chosen}
    for name, texts in rendered.items():
        root = folder / "overlays" / name / GENERATED
        shutil.rmtree(root, ignore_errors=True)
        for path, text in texts.items():
            _write(root / path, text)
            files.append(root / path)
    stand_ins = [f"{one.name}/{file}" for one in chosen for file in one.stand_ins()]
    return Made(len(listed.silos), files, stand_ins)


def _write(path: pathlib.Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _shared(
    folder: pathlib.Path, listed: Silos, overlay: Overlay
) -> Iterator[tuple[str, str]]:
    values = {"operators": listed.operators, "reviewers": listed.reviewers}
    values |= overlay.values(None)
    for name in (*SHARED, *overlay.shared):
        template = templates.read(folder, [name])
        yield pathlib.PurePosixPath(name).name, templates.fill(template, values)
    yield "registry.yaml", config_maps.of(listed, overlay.reads_directory)


def _parts(overlay: Overlay, silo: Silo) -> tuple[str, ...]:
    return (*COMMON, *overlay.parts(silo))


def _of_each(
    folder: pathlib.Path,
    parts: Callable[[Silo], tuple[str, ...]],
    listed: Silos,
    overlay: Overlay,
) -> Iterator[tuple[Silo, str]]:
    read = functools.cache(lambda chosen: templates.read(folder, chosen))
    for silo in listed.silos:
        values = {
            "slug": silo.slug,
            "id": templates.quoted(silo.id),
            "home": templates.quoted(listed.home(silo)),
            "input": templates.quoted(listed.input_folder(silo)),
            "owners": silo.owners,
            "operators": listed.operators,
        }
        values |= overlay.values(silo)
        yield silo, templates.fill(read(parts(silo)), values)

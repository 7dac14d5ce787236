"""The kustomization files of what is generated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import yaml

MADE = (
    "# Made by `make manifests` from k8s/silos.yaml and the templates in k8s/silo/.\n"
)
_COMPONENT = {
    "apiVersion": "kustomize.config.k8s.io/v1alpha1",
    "kind": "Component",
}
_SILOS = """\
# The silos of the overlay `{overlay}`. Each file is whole by itself: more silos than
# kustomize can bear (k8s/README.md) are applied without it, from the folder `silos`.
{made}#
#   kubectl kustomize k8s/overlays/{overlay}/generated
"""
_SHARED = """\
# What the overlay `{overlay}` needs once for all silos, and where the steps' image is.
{made}#
#   kubectl kustomize k8s/overlays/{overlay}
"""
_CERTIFICATES = """\
# A certificate for each silo's worker, for when it speaks mutual TLS. Off: TFF's worker
# knows no TLS. To switch it on install cert-manager, make a ClusterIssuer named
# `fairsilo-silos`, and add generated/certificates to the overlay's components.
{made}#
#   kubectl kustomize k8s/overlays/{overlay}
"""


def of_silos(overlay: str, resources: Sequence[str]) -> str:
    """Return the kustomization of an overlay's silos."""
    about = _SILOS.format(overlay=overlay, made=MADE)
    head = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    return about + _yaml({**head, "resources": list(resources)})


def of_shared(
    overlay: str, resources: Sequence[str], images: Sequence[dict[str, str]]
) -> str:
    """Return the component of what all silos share."""
    about = _SHARED.format(overlay=overlay, made=MADE)
    fields = {"resources": list(resources), "images": list(images)}
    return about + _yaml({**_COMPONENT, **fields})


def of_certificates(overlay: str) -> str:
    """Return the component of the silos' certificates, which is off."""
    about = _CERTIFICATES.format(overlay=overlay, made=MADE)
    return about + _yaml({**_COMPONENT, "resources": ["certificates.yaml"]})


def _yaml(fields: Mapping[str, object]) -> str:
    return yaml.safe_dump(fields, sort_keys=False)

"""A silo's volumes show its own directory or container, to its own namespace."""

from __future__ import annotations

import collections
import pathlib

from tests.k8s.rules.objects import SILO, Object, name, of_kind, templates


def shown(volume: Object) -> tuple[str, str]:
    """Return what a volume shows: a kind of place, and the path there."""
    spec = volume["spec"]
    if "local" in spec:
        return "node", spec["local"]["path"]
    attributes = spec["csi"]["volumeAttributes"]
    if "containerName" in attributes:
        account = attributes["storageAccount"]
        return "container", f"/{account}/{attributes['containerName']}"
    share = f"/{attributes['storageAccount']}/{attributes['shareName']}"
    return "share", f"{share}/{attributes.get('folderName', '')}".rstrip("/")


def own(objects: list[Object]) -> list[str]:
    """Find volumes of silos that show more than one silo's, or may be written to."""
    faults: list[str] = []
    owners: dict[tuple[str, str], list[str]] = collections.defaultdict(list)
    for volume in of_kind(objects, "PersistentVolume"):
        claim = volume["spec"]["claimRef"]["namespace"]
        if not claim.startswith(SILO):
            continue
        owners[shown(volume)].append(volume["metadata"]["name"])
        if volume["metadata"]["name"].rpartition("-")[0] != claim:
            faults.append(f"{name(volume)} may be claimed from {claim}")
        if volume["spec"]["accessModes"] != ["ReadOnlyMany"]:
            faults.append(f"{name(volume)} may be written to")
        if not volume["spec"].get("csi", {"readOnly": True}).get("readOnly"):
            faults.append(f"{name(volume)} is mounted for writing")
    for place, volumes in owners.items():
        if len(volumes) > 1:
            faults.append(f"{place[1]} is shown by {' and '.join(volumes)}")
        faults += [
            f"{place[1]} of {volumes[0]} lies in {other[1]} of {others[0]}"
            for other, others in owners.items()
            if place[0] == other[0]
            and pathlib.PurePath(other[1]) in pathlib.PurePath(place[1]).parents
        ]
    return faults


def mounted(objects: list[Object]) -> list[str]:
    """Find workers that don't work in their home, or may write to it or the input."""
    faults = []
    for owner, template in templates(of_kind(objects, "Deployment")):
        (worker,) = template["spec"]["containers"]
        mounts = {mount["name"]: mount for mount in worker["volumeMounts"]}
        volumes = {volume["name"]: volume for volume in template["spec"]["volumes"]}
        if worker.get("workingDir") != mounts["home"]["mountPath"]:
            faults.append(f"{name(owner)} doesn't work in its home")
        faults += [
            f"{name(owner)} may write to its {place}"
            for place in ("home", "input")
            if not mounts[place].get("readOnly")
            or not volumes[place]["persistentVolumeClaim"].get("readOnly")
        ]
        faults += [
            f"{name(owner)} writes outside its pod: {place}"
            for place in {*volumes} - {"home", "input"}
            if "emptyDir" not in volumes[place]
        ]
    return faults

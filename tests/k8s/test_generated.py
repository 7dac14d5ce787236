"""What is committed is what the generator makes; and it makes thousands."""

import json
import re
import shutil
import time

import pytest
import yaml

from pipelines.cluster import manifests, names, silos
from tests.k8s import kustomize

K8S = kustomize.K8S
KIND = re.compile(r"^kind: ", re.M)


def files(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def copy(tmp_path):
    for name in ("silos.yaml", "silo", "overlays"):
        source = K8S / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name)
        else:
            shutil.copy(source, tmp_path)
    return tmp_path


@pytest.mark.parametrize("overlay", kustomize.OVERLAYS)
def test_the_committed_files_are_the_generators_byte_for_byte(copy, overlay):
    made = copy / "overlays" / overlay / "generated"
    shutil.rmtree(made)
    manifests.write(copy)
    committed = files(K8S / "overlays" / overlay / "generated")
    assert files(made) == committed, "run `make manifests` and commit what it writes"
    assert len(committed) > 16


def test_terraforms_list_is_the_generators_byte_for_byte(copy):
    manifests.write(copy)
    name = manifests.TERRAFORM_FILE
    assert (copy / name).read_bytes() == (K8S / name).read_bytes()


def many(folder, count):
    """List as many silos, some with names that need care, and as much of Azure."""
    ids = [f"Fluggesellschaft Süd {i}" if i % 2 else f"silo-{i}" for i in range(count)]
    listed = {"use_case": "flights", "silos": [{"id": one} for one in ids]}
    (folder / "silos.yaml").write_text(yaml.safe_dump(listed))
    path = folder / "overlays" / "aks" / "azure.json"
    azure = json.loads(path.read_text())
    one = azure["silos"]["9e"]
    azure["silos"] = {
        slug: {**one, "container": f"silo-{slug}"}
        for slug in (names.slug_of(silo) for silo in ids)
    }
    path.write_text(json.dumps(azure))


@pytest.mark.parametrize("count", [16, 2000])
def test_many_silos_are_made_in_seconds(copy, count, record_property, capsys):
    many(copy, count)
    began = time.monotonic()
    made = manifests.write(copy)
    seconds = time.monotonic() - began
    for overlay in kustomize.OVERLAYS:
        folder = copy / "overlays" / overlay / "generated" / "silos"
        objects = [len(KIND.findall(path.read_text())) for path in folder.iterdir()]
        assert len(objects) == count
        assert len({*objects}) == 1, "a silo has as many objects as any other"
        record_property(f"{overlay}_objects", sum(objects))
        with capsys.disabled():
            print(f"\n{count} silos: {overlay} {sum(objects)} objects", end="")
    record_property("seconds", seconds)
    with capsys.disabled():
        print(f", {len(made.files)} files in {seconds:.1f} s")
    registry = copy / "overlays" / "aks" / "generated" / "shared" / "registry.yaml"
    # The API server takes no config map over 1 MiB.
    assert len(registry.read_bytes()) < count * 250 < 2**20


def test_silos_that_are_no_longer_listed_leave_nothing(copy):
    path = copy / "silos.yaml"
    path.write_text(path.read_text().replace("  - id: UA\n", ""))
    azure = copy / "overlays" / "aks" / "azure.json"
    known = json.loads(azure.read_text())
    del known["silos"]["ua"]
    azure.write_text(json.dumps(known))
    manifests.write(copy)
    for overlay in kustomize.OVERLAYS:
        generated = copy / "overlays" / overlay / "generated"
        assert not (generated / "silos" / "ua.yaml").exists()
        assert b"silo-ua" not in b"".join(files(generated).values())
    assert len(silos.read(path).silos) == 15

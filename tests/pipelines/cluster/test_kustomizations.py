"""The generated kustomization files say what they are, and list what is there."""

import yaml

from pipelines.cluster import kustomizations


def test_silos_are_a_kustomization():
    text = kustomizations.of_silos("aks", ["silos/9e.yaml"])
    assert text.startswith("# The silos of the overlay `aks`")
    assert "\n#   kubectl kustomize k8s/overlays/aks/generated\n" in text
    assert yaml.safe_load(text) == {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["silos/9e.yaml"],
    }


def test_what_they_share_is_a_component_that_says_where_images_are():
    image = {"name": "a", "newTag": "1"}
    text = kustomizations.of_shared("local", ["registry.yaml"], [image])
    assert yaml.safe_load(text) == {
        "apiVersion": "kustomize.config.k8s.io/v1alpha1",
        "kind": "Component",
        "resources": ["registry.yaml"],
        "images": [image],
    }


def test_certificates_are_a_component_that_says_how_to_switch_it_on():
    text = kustomizations.of_certificates("aks")
    assert "install cert-manager" in text
    assert yaml.safe_load(text)["resources"] == ["certificates.yaml"]

"""What the cluster's sections accept and refuse."""

import pydantic
import pytest

from pipelines.kubeflow.settings import DEFAULT_IMAGE, GpuSettings, KubeflowSettings

PINNED = "registry.example/fairsilo@sha256:" + "a" * 64


def test_an_image_is_pinned_by_digest_or_the_one_that_is_built_locally():
    assert KubeflowSettings().image == DEFAULT_IMAGE
    assert KubeflowSettings(image=PINNED).image == PINNED
    with pytest.raises(pydantic.ValidationError, match="pinned by digest"):
        KubeflowSettings(image="registry.example/fairsilo:1.2")


@pytest.mark.parametrize("memory", ["lots", "4 Gi", "-1Gi", ""])
def test_a_quantity_is_kubernetes_own(memory):
    with pytest.raises(pydantic.ValidationError):
        KubeflowSettings(resources={"FederatedTrainer": {"memory": memory}})


@pytest.mark.parametrize("taint", ["gpu", "sku=gpu", "sku=gpu:Sometimes"])
def test_a_taint_has_key_value_and_effect(taint):
    with pytest.raises(pydantic.ValidationError, match="KEY=VALUE"):
        GpuSettings(toleration=taint)

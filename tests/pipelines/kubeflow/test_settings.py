"""What the cluster's sections accept and refuse."""

import pydantic
import pytest

from pipelines.kubeflow.settings import (
    DEFAULT_IMAGE,
    KubeflowSettings,
    ScheduleSettings,
)

PINNED = "registry.example/fairsilo@sha256:" + "a" * 64


def test_an_image_is_pinned_by_digest_or_the_one_that_is_built_locally():
    assert KubeflowSettings().image == DEFAULT_IMAGE
    assert KubeflowSettings(image=PINNED).image == PINNED
    with pytest.raises(pydantic.ValidationError, match="pinned by digest"):
        KubeflowSettings(image="registry.example/fairsilo:1.2")


@pytest.mark.parametrize(
    "memory", ["lots", "4 Gi", "-1Gi", "", "4", 4, "500m", "1.5Gi"]
)
def test_a_quantity_is_kubernetes_own(memory):
    with pytest.raises(pydantic.ValidationError):
        KubeflowSettings.model_validate({"resources": {"Pusher": {"memory": memory}}})


@pytest.mark.parametrize("cpu", ["4Gi", "", "two", True])
def test_processors_are_a_number_or_thousandths(cpu):
    with pytest.raises(pydantic.ValidationError):
        KubeflowSettings.model_validate({"resources": {"Pusher": {"cpu": cpu}}})
    kept = KubeflowSettings.model_validate({"resources": {"Pusher": {"cpu": 0.5}}})
    assert kept.resources["Pusher"].cpu == "0.5"


def test_a_gpu_that_nothing_would_use_can_not_be_asked_for():
    with pytest.raises(pydantic.ValidationError, match="Extra inputs"):
        KubeflowSettings.model_validate({"gpu": {"count": 1}})


def test_a_schedule_has_five_fields_and_a_zone_that_there_is():
    schedule = ScheduleSettings(cron="0 4 * * mon", time_zone="Europe/Berlin")
    assert (schedule.cron, schedule.catch_up, schedule.enabled) == (
        "0 4 * * mon",
        False,
        True,
    )
    with pytest.raises(pydantic.ValidationError, match="expected five fields"):
        ScheduleSettings(cron="0 0 4 * * 1")
    with pytest.raises(pydantic.ValidationError, match="IANA name"):
        ScheduleSettings(cron="0 4 * * 1", time_zone="Berlin")


def test_the_servers_zone_must_be_one():
    assert KubeflowSettings().server_time_zone == "UTC"
    with pytest.raises(pydantic.ValidationError, match="IANA name"):
        KubeflowSettings(server_time_zone="local")

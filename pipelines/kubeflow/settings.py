"""The sections `kubeflow` and `schedules`: how the chain runs on a cluster.

No node sees them, so nothing here can invalidate a cache.
"""

from __future__ import annotations

import datetime
import re
import zoneinfo
from typing import Annotated, Any, Final, Literal

import pydantic

from components.settings import Cpu, Memory, Section

DEFAULT_IMAGE = "fairsilo-pipeline:0.1.0"
GREEN: Final = "green"
RED: Final = "red"
PINNED = re.compile(r"[^\s@]+@sha256:[0-9a-f]{64}")
_NUM_FIELDS = 5
_FIELDS = "five fields, minute hour day-of-month month day-of-week"
_UNKNOWN = re.compile(r"[L#]|(?<![/\d])7(?!\d)")  # of a weekday
ScheduleName = Annotated[
    str, pydantic.Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")
]


class ResourcesSettings(Section):
    """What one step asks for and may use at most."""

    cpu: Cpu = "1"
    """Processors, such as `2` or `500m`."""

    memory: Memory = "4Gi"
    """Memory, such as `4Gi`."""


class KubeflowSettings(Section):
    """Where and how the steps run; names agree with the manifests in `k8s/`."""

    host: str = ""
    """Address of Kubeflow Pipelines' API; empty: through the kubeconfig's cluster."""

    namespace: str = "kubeflow"
    """Namespace of the runs."""

    server_time_zone: str = "UTC"
    """Zone that the server reads schedules in: its CRON_SCHEDULE_TIMEZONE."""

    service_account: str = "fairsilo-runner"
    """Service account of the runs' pods; empty: the server's default."""

    image: str = DEFAULT_IMAGE
    """The steps' image, pinned by digest: `NAME@sha256:...`."""

    root_claim: str = "fairsilo-root"
    """Claim of the shared volume that holds artifacts and silos' homes."""

    root_path: str = "/mnt/fairsilo"
    """Where it is mounted; relative paths in the settings start here."""

    data_claim: str = ""
    """Claim of the volume with the silos' input, where it isn't on the root."""

    data_path: str = "/mnt/silos"
    """Where that is mounted."""

    store_secret: str = "fairsilo-store"  # noqa: S105  a name
    """Secret whose key `url` names the database of metadata and operator's state."""

    settings_config_map: str = "fairsilo-settings"
    """Config map whose key `<use case>.yaml` changes settings of the image."""

    silos_config_map: str = "fairsilo-silos"
    """Config map whose key `silos.json` gives the addresses of the silos' workers."""

    resources: dict[str, ResourcesSettings] = pydantic.Field(default_factory=dict)
    """By step, such as `train`; what is not given keeps its default."""

    timeout_minutes: int = pydantic.Field(360, ge=1, le=10_080)
    """Most minutes that one step may take."""

    retries: int = pydantic.Field(2, ge=0, le=10)
    """Times that a failed step is tried again, with back-off."""

    not_blessed: Literal["green", "red"] = GREEN
    """Colour of a run whose model was not blessed, or below quorum."""

    @pydantic.field_validator("server_time_zone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        try:
            zoneinfo.ZoneInfo(value)
        except (KeyError, ValueError, OSError):  # by the form of the name
            raise ValueError(
                "expected the IANA name of a time zone, such as Europe/Berlin or UTC"
            ) from None
        return value

    @pydantic.field_validator("image")
    @classmethod
    def _is_pinned(cls, value: str) -> str:
        if value != DEFAULT_IMAGE and not PINNED.fullmatch(value):
            raise ValueError(
                "expected an image pinned by digest, NAME@sha256:<64 hex digits>: "
                "a tag can be moved, and a run couldn't be repeated"
            )
        return value


class ScheduleSettings(Section):
    """One recurring run; runs of one schedule never overlap."""

    cron: str
    """Five fields in the server's zone: minute hour day-of-month month day-of-week."""

    parameters: dict[str, Any] = pydantic.Field(default_factory=dict)
    """Parameters of the runs, as in the form; others keep their defaults."""

    catch_up: bool = False
    """Whether times that were missed are run afterwards."""

    enabled: bool = True
    """Whether it is switched on."""

    @pydantic.field_validator("cron")
    @classmethod
    def _is_cron(cls, value: str) -> str:
        from cronsim import CronSim, CronSimError

        fields = value.split()
        if len(fields) != _NUM_FIELDS:
            more = ": leave out the seconds" if len(fields) > _NUM_FIELDS else ""
            raise ValueError(f"expected {_FIELDS}, found {len(fields)}{more}")
        if re.search(r"[LW]", fields[2].upper()) or _UNKNOWN.search(fields[4].upper()):
            raise ValueError(
                "expected no L, W or #, and Sunday as 0: Kubeflow knows no others"
            )
        try:
            CronSim(value, datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC))
        except CronSimError as error:
            raise ValueError(f"{error}: expected {_FIELDS}") from None
        return value

"""Settings of Apache Beam: where TFMA runs; inference has its own (`engine`)."""

from __future__ import annotations

import pydantic

from components.settings import Section

DIRECT = "DirectRunner"


class BeamSettings(Section):
    """Which runner executes TFMA's pipelines, and its options."""

    runner: str = DIRECT
    """Beam's name of the runner; DirectRunner computes in the node's own process."""

    options: dict[str, str | int | bool] = pydantic.Field(default_factory=dict)
    """Pipeline options by name. For all cores of one machine:
    `{direct_running_mode: multi_processing, direct_num_workers: 0}`."""

    def flags(self) -> list[str]:
        """Return the settings as Beam's command-line flags."""
        options = self.options
        if self.runner == DIRECT:
            options = {"direct_running_mode": "in_memory", **options}
        return [
            f"--runner={self.runner}",
            *(
                f"--{name}" if value is True else f"--{name}={value}"
                for name, value in options.items()
                if value is not False
            ),
        ]


IN_MEMORY = tuple(BeamSettings().flags())
"""Flags for a pipeline in this process alone."""

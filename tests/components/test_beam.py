"""Settings of Beam as Beam's own flags."""

import pytest

from components.beam import BeamSettings


@pytest.mark.parametrize(
    ("settings", "flags"),
    [
        ({}, ["--runner=DirectRunner", "--direct_running_mode=in_memory"]),
        (
            {
                "options": {
                    "direct_running_mode": "multi_processing",
                    "direct_num_workers": 3,
                }
            },
            [
                "--runner=DirectRunner",
                "--direct_running_mode=multi_processing",
                "--direct_num_workers=3",
            ],
        ),
        (
            {"runner": "FlinkRunner", "options": {"streaming": True, "x": False}},
            ["--runner=FlinkRunner", "--streaming"],
        ),
    ],
)
def test_runner_and_options_become_flags(settings, flags):
    assert BeamSettings(**settings).flags() == flags

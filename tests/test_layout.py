"""Every module has its test in the mirrored place."""

import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]

# Modules that are tested through another file, which must be there.
ELSEWHERE = {
    "components/artifacts.py": "tests/components/silo_example_gen/test_executor.py",
    "components/settings.py": "tests/pipelines/test_settings.py",
    "components/federation/tff_types.py": "tests/components/federation/test_context.py",
    "components/feature_spec_gen/settings.py": "tests/pipelines/test_settings.py",
    "components/scoring/model.py": "tests/components/scoring/test_batches.py",
    "components/silo_validator/columns.py": (
        "tests/components/silo_validator/test_component.py"
    ),
    "components/silo_validator/driver.py": "tests/end_to_end/test_flights.py",
    "components/silo_validator/executor.py": "tests/end_to_end/test_flights.py",
    "components/silo_validator/infer_schema.py": (
        "tests/pipelines/scaffold/test_survey.py"
    ),
    "components/silo_validator/settings.py": "tests/pipelines/test_settings.py",
    "pipelines/cli/bench.py": "tests/components/batch_inferrer/test_bench.py",
    "pipelines/cli/config.py": "tests/pipelines/cli/test_main.py",
    "pipelines/cli/console.py": "tests/pipelines/cli/test_main.py",
    "pipelines/cli/init.py": "tests/end_to_end/test_own_data.py",
    "pipelines/cli/options.py": "tests/pipelines/cli/test_main.py",
    "pipelines/cli/report.py": "tests/end_to_end/test_flights.py",
    "pipelines/cli/run.py": "tests/end_to_end/test_flights.py",
    "pipelines/cli/tables.py": "tests/end_to_end/test_flights.py",
    "pipelines/flights/model.py": "tests/pipelines/flights/test_source.py",
    "pipelines/runners/result.py": "tests/pipelines/test_summary.py",
}
MODULES = [
    path.relative_to(ROOT)
    for folder in ("components", "pipelines")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if path.name != "__init__.py"
]


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_module_has_a_test(module):
    mirrored = ROOT / "tests" / module.parent / f"test_{module.name}"
    other = ELSEWHERE.get(str(module))
    assert mirrored.exists() or (other is not None and (ROOT / other).exists())

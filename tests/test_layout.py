"""Every module has its test in the mirrored place."""

import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]

# Modules that are tested through another file, which must be there.
ELSEWHERE = {
    "components/federation/tff_types.py": "tests/components/federation/test_context.py",
    "components/scoring/model.py": "tests/components/scoring/test_batches.py",
    "components/features/unused.py": (
        "tests/components/feature_spec_gen/test_executor.py"
    ),
    "pipelines/cli/bench.py": "tests/components/batch_inferrer/test_bench.py",
    "pipelines/cli/compile.py": "tests/pipelines/cli/test_main.py",
    "pipelines/cli/config.py": "tests/pipelines/cli/test_main.py",
    "pipelines/cli/options.py": "tests/pipelines/cli/test_main.py",
    "pipelines/runners/closing.py": "tests/end_to_end/test_kubeflow.py",
    "pipelines/runners/placing.py": "tests/pipelines/runners/test_kubeflow.py",
    "pipelines/runners/result.py": "tests/pipelines/test_summary.py",
    "pipelines/scaffold/agreement.py": "tests/pipelines/scaffold/test_proposal.py",
    "pipelines/scaffold/faults.py": "tests/pipelines/scaffold/test_proposal.py",
    "pipelines/scaffold/report.py": "tests/pipelines/cli/test_init.py",
    "pipelines/scaffold/words.py": "tests/pipelines/scaffold/test_proposal.py",
}
MODULES = [
    path.relative_to(ROOT).as_posix()
    for folder in ("components", "pipelines")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if path.name != "__init__.py"
]


def mirrored(module: str) -> pathlib.Path:
    path = pathlib.Path(module)
    return ROOT / "tests" / path.parent / f"test_{path.name}"


def test_the_walk_finds_the_modules():
    assert "components/errors.py" in MODULES
    assert "pipelines/pipeline.py" in MODULES


@pytest.mark.parametrize("module", sorted({*MODULES} - {*ELSEWHERE}))
def test_module_has_a_test(module):
    expected = mirrored(module).relative_to(ROOT)
    assert (ROOT / expected).is_file(), f"{module}: found no test, expected {expected}"


@pytest.mark.parametrize(("module", "other"), sorted(ELSEWHERE.items()))
def test_an_exception_is_still_one_and_its_other_test_is_there(module, other):
    assert module in MODULES, f"{module} has gone: take it off ELSEWHERE"
    assert not mirrored(module).exists(), f"{module} has a test: take it off ELSEWHERE"
    assert (ROOT / other).is_file(), f"{module} is said to be tested in {other}"

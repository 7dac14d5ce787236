"""The bench starts real processes and tells ratios."""

import ast
import importlib.util

from pipelines.benchmarks import step_start


def test_a_steps_start_is_told_against_tensorflow_and_all_of_tfx(monkeypatch):
    names = dict.fromkeys(step_start.IMPORTS, "1")
    monkeypatch.setattr(step_start, "IMPORTS", names)
    told = step_start.bench_step_start(times=1)
    assert told["step_over_tfx_v1"] > 0
    assert set(told) == {
        *(f"{name}_seconds" for name in names),
        "step_over_tensorflow",
        "step_over_tfx_v1",
    }


def test_a_step_imports_what_is_there():
    for line in ast.walk(ast.parse(step_start.IMPORTS["step"])):
        if isinstance(line, ast.ImportFrom):
            for alias in line.names:
                assert importlib.util.find_spec(f"{line.module}.{alias.name}")

from __future__ import annotations

from pipelines.benchmarks.chromium import NAMES, find_chromium


def test_the_environment_comes_before_what_is_installed(tmp_path, monkeypatch):
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_chromium() is None
    program = tmp_path / NAMES[1]
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert find_chromium() == str(program)
    monkeypatch.setenv("CHROMIUM", "/opt/other")
    assert find_chromium() == "/opt/other"

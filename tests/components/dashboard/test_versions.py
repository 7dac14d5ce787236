from __future__ import annotations

import importlib.metadata
import platform

from components.dashboard import versions


def test_versions_are_those_installed():
    found = versions.installed()
    assert found["python"] == platform.python_version()
    assert found["tfx"] == importlib.metadata.version("tfx")
    assert list(found) == ["python", *versions.PACKAGES]


def test_a_package_that_is_not_installed_says_so(monkeypatch):
    monkeypatch.setattr(versions, "PACKAGES", ("no-such-package-here",))
    assert versions.installed()["no-such-package-here"] == "not installed as a package"

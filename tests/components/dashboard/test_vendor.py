"""The vendored libraries are the files that their README says they are."""

from __future__ import annotations

import hashlib
import re

import pytest

from components.dashboard.scripts import VENDOR

README = (VENDOR / "README.md").read_text(encoding="utf-8")
LISTED = re.findall(r"^## .* \((.*\.js)\), ISC\n\nsha256: `(.*)`$", README, re.M)


def test_each_library_is_listed():
    assert {name for name, _ in LISTED} == {p.name for p in VENDOR.glob("*.js")}


@pytest.mark.parametrize(("name", "digest"), LISTED)
def test_a_library_is_unchanged(name, digest):
    content = (VENDOR / name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == digest
    version = re.search(rf"^## .* (\S+) \({re.escape(name)}\)", README, re.M)
    assert version is not None
    assert f" v{version[1]} Copyright" in content[:80].decode()

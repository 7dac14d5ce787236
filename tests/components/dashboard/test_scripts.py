from __future__ import annotations

import base64
import hashlib

from components.dashboard.scripts import PLOTTING, inline, of_texts


def test_a_script_can_not_end_its_element_early():
    made = inline("const a = '</script>';\r\nconst b = /<!--/;")
    assert made == "const a = '<\\/script>';\nconst b = /<\\!--/;"


def test_the_policy_runs_each_script_by_its_digest_and_nothing_else():
    made = of_texts(["one()", "'</script>'"])
    sources = made.policy.split("script-src ")[1].split(";")[0]
    digests = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in ("one()", "'<\\/script>'")
    ]
    assert sources == " ".join(f"'sha256-{digest}'" for digest in digests)
    assert made.policy.startswith("default-src 'none';")


def test_the_plotting_library_is_there():
    assert all(path.stat().st_size > 100 for path in PLOTTING)

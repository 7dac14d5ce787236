"""The frame of the site's pages: policy, style, data."""

import base64
import hashlib
import re

from components.dashboard.templating import STYLE
from pipelines.site import index, pages
from tests.pipelines.site.conftest import EVIL, embedded


def test_the_policy_lets_each_script_run_by_digest_and_forbids_network():
    html = pages.render(
        "diff.html.j2",
        scripts=[pages.TEMPLATES / "diff.js"],
        data={"name": EVIL},
        use_case="flights",
        notes=[],
    )
    (policy,) = re.findall(r'Policy" content="([^"]*)"', html)
    policy = policy.replace("&#39;", "'")
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")


def test_data_is_json_that_cannot_end_its_element():
    html = pages.render(
        "diff.html.j2", data={"name": EVIL}, use_case=EVIL, notes=[EVIL]
    )
    assert embedded(html) == {"name": EVIL}
    assert EVIL not in html


def test_a_page_without_scripts_lets_none_run():
    html = index.render("flights", [], {}, [])
    assert "script-src ;" in html
    assert "<script" not in html


def test_the_style_is_the_run_pages_with_a_little_more():
    html = index.render("flights", [], {}, [])
    assert STYLE.read_text(encoding="utf-8") in html
    assert ".trends" in html

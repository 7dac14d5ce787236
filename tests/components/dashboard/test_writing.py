"""Templates escape, scripts run by their digest, vendored libraries are unchanged."""

from __future__ import annotations

import base64
import hashlib
import re

import jinja2
import pytest

from components.dashboard.page import VENDOR, environment, inline, policy

EVIL = "</script><img src=x onerror=alert(1)>"
README = (VENDOR / "README.md").read_text(encoding="utf-8")
LISTED = re.findall(r"^## .* \((.*\.js)\), ISC\n\nsha256: `(.*)`$", README, re.M)


def render(folder, text, **values):
    (folder / "t.j2").write_text(text)
    return environment(folder).get_template("t.j2").render(**values)


def test_texts_are_escaped(tmp_path):
    assert "<img" not in render(tmp_path, "<b>{{ name }}</b>", name=EVIL)


def test_json_keeps_its_order_and_can_not_end_a_script(tmp_path):
    made = render(tmp_path, "{{ data | tojson }}", data={"b": EVIL, "a": "süd"})
    assert made.startswith('{"b":"\\u003c/script\\u003e')
    assert made.endswith('"a":"süd"}')
    assert "<" not in made


def test_a_number_that_json_does_not_know_is_refused(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        render(tmp_path, "{{ data | tojson }}", data=float("nan"))


def test_an_unknown_name_is_an_error(tmp_path):
    with pytest.raises(jinja2.UndefinedError, match="'nobody' is undefined"):
        render(tmp_path, "{{ nobody }}")


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Silo `<b>` is `low`.", "Silo <code>&lt;b&gt;</code> is <code>low</code>."),
        ("one ` only", "one ` only"),
    ],
)
def test_what_stands_in_backticks_is_code(tmp_path, sentence, expected):
    assert render(tmp_path, "{{ said | code }}", said=sentence) == expected


def test_a_script_can_not_end_its_element_early():
    made = inline("const a = '</script>';\r\nconst b = /<!--/;")
    assert made == "const a = '<\\/script>';\nconst b = /<\\!--/;"


def test_the_policy_runs_each_script_by_its_digest_and_nothing_else():
    texts = ["one()", "two()"]
    made = policy(texts)
    sources = made.split("script-src ")[1].split(";")[0]
    digests = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in texts
    ]
    assert sources == " ".join(f"'sha256-{digest}'" for digest in digests)
    assert made.startswith("default-src 'none';")


def test_each_vendored_library_is_listed():
    assert {name for name, _ in LISTED} == {p.name for p in VENDOR.glob("*.js")}


@pytest.mark.parametrize(("name", "digest"), LISTED)
def test_a_vendored_library_is_unchanged(name, digest):
    content = (VENDOR / name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == digest
    version = re.search(rf"^## .* (\S+) \({re.escape(name)}\)", README, re.M)
    assert version is not None
    assert f" v{version[1]} Copyright" in content[:80].decode()

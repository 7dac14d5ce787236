from __future__ import annotations

import jinja2
import pytest

from components.dashboard.templating import STYLE, environment, styles

EVIL = "</script><img src=x onerror=alert(1)>"


def render(folder, text, **values):
    (folder / "t.j2").write_text(text)
    return environment(folder).get_template("t.j2").render(**values)


def test_texts_are_escaped(tmp_path):
    assert "<img" not in render(tmp_path, "<b>{{ name }}</b>", name=EVIL)


def test_json_keeps_its_order_and_can_not_end_a_script(tmp_path):
    told = render(tmp_path, "{{ data | tojson }}", data={"b": EVIL, "a": "süd"})
    assert told.startswith('{"b":"\\u003c/script\\u003e')
    assert told.endswith('"a":"süd"}')
    assert "<" not in told


def test_a_number_that_json_does_not_know_is_refused(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        render(tmp_path, "{{ data | tojson }}", data=float("nan"))


def test_an_unknown_name_is_an_error(tmp_path):
    with pytest.raises(jinja2.UndefinedError, match="'nobody' is undefined"):
        render(tmp_path, "{{ nobody }}")


def test_style_sheets_stand_one_after_the_other_as_they_are(tmp_path):
    more = tmp_path / "more.css"
    more.write_text("th > td { color: red; }")
    assert styles(STYLE, more).endswith("th > td { color: red; }")
    assert styles(STYLE, more).startswith(":root {")

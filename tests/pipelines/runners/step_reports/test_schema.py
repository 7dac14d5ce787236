"""ImportSchemaGen's page: each column with what is asked of it."""

from components.dashboard import formats
from components.silos.schema import FILE_NAME
from pipelines.runners.step_reports import schema
from tests.pipelines.runners.step_reports import cases

DOMAINS = """
string_domain { name: "airport" value: "EWR" value: "JFK" }
feature { name: "origin" type: BYTES domain: "airport" }
feature { name: "haul" type: BYTES string_domain { value: "short" value: "long" } }
feature { name: "distance" type: INT int_domain { min: 1 max: 10000000 } }
feature { name: "lat" type: FLOAT float_domain { max: 0.5 } }
feature { name: "odd" }
"""


def test_columns_are_told_in_the_order_of_the_schema(blessed):
    content = schema.describe(blessed)
    assert content.verdict == "The shared schema has 6 columns"
    assert content.metrics == {"columns": 6}
    assert cases.rows(content, "Columns") == {
        "id": ("text", "", "may be missing", ""),
        "day": ("text", "", "in every row", ""),
        "colour": ("text", "", "in at least 50 % of rows", ""),
        "size": (
            "whole number",
            "from 0 to 9 (categories)",
            "in at least 90 % of rows",
            "",
        ),
        "weight": ("number", "", "in at least 50 % of rows", ""),
        "late": ("whole number", "from 0 to 1", "in every row", "SERVING"),
    }


def test_every_kind_of_domain_is_told(blessed):
    file = blessed["ImportSchemaGen"].outputs["schema"] / FILE_NAME
    file.write_text(DOMAINS, encoding="utf-8")
    rows = cases.rows(schema.describe(blessed), "Columns")
    assert {name: row[1] for name, row in rows.items()} == {
        "origin": "EWR, JFK",
        "haul": "short, long",
        "distance": "from 1 to 10,000,000",
        "lat": "to 0.5",
        "odd": "",
    }
    assert rows["odd"][0] == formats.NONE
    assert rows["odd"][2] == "may be missing"

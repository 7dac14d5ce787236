import dataclasses
import json

from components.silo_validator.columns import Columns


def test_columns_read_back_from_json_to_the_same_arguments():
    columns = Columns("late", ("id", "süd"), "day")
    text = json.dumps(dataclasses.asdict(columns))
    again = Columns(**json.loads(text))
    assert json.dumps(dataclasses.asdict(again)) == text


def test_only_the_label_is_needed():
    assert Columns("late") == Columns("late", (), "")

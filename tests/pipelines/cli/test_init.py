"""`fairsilo init` says what it decided; what it can't decide it asks, all at once."""

import shlex

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tests.support.program import fairsilo


def _rows(seed: int, rows: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "loan_id": [f"{seed}-{i}" for i in range(rows)],
            "income": rng.integers(1000, 9000, rows),
            "member": rng.random(rows) < 0.5,
            "opened": pd.date_range("2024-01-01", periods=rows),
            "sex": rng.choice(["f", "m"], rows),
            "renewed": rng.choice(["no", "yes"], rows, p=[0.3, 0.7]),
        }
    )


def _write(project, odd):
    for seed, name in enumerate(["alfa", "bravo", "carl", "delta"]):
        folder = project / "data" / name
        folder.mkdir(parents=True)
        rows = _rows(seed)
        if name == "carl":
            odd(rows).to_csv(folder / "rows.csv", index=False)
        else:
            rows.to_parquet(folder / "rows.parquet", index=False)


INIT = ["init", "loans", "--data=data", "--label=renewed", "--sensitive=sex"]


def test_all_that_was_decided_is_said_on_stderr(tmp_path):
    _write(tmp_path, lambda rows: rows.assign(income="secret"))
    (tmp_path / "data" / "delta" / "old.xlsx").touch()
    done = fairsilo(*INIT, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [line.rsplit("/", 1)[-1] for line in done.stdout.splitlines()] == [
        "loans.pbtxt",
        "settings.yaml",
        "README.md",
    ]
    assert "secret" not in done.stderr
    told = done.stderr.splitlines()
    assert told[0] == "silos:          3 of 4 can train; 800 rows read"
    assert told[1].startswith(
        "label:          `renewed`: positive is `no` (the rarer value; "
    )
    assert told[1].endswith("the other way round: --positive yes")
    assert told[2:] == [
        "key:            `loan_id`",
        "whole numbers:  `income`, `member`",
        "not for the model: `sex` (sensitive: only sliced by)",
        "not for the model: `opened` (dates, which don't come again: export what "
        "matters of them as columns of their own, such as year, month, weekday, hour "
        "or age in days)",
        told[6],
        "warning: silo `carl`: column `income`: rows.csv: found other text in 200 of "
        "200 values, expected whole numbers; the silo will be quarantined until that "
        "is mended",
        "warning: silo `delta`: not read: `old.xlsx`; unpack it, or export it as "
        ".parquet, .csv or .csv.gz",
        "run it with `fairsilo run loans`",
    ]
    assert told[6].startswith("gates:          judge silos with ")


def test_what_can_not_be_decided_is_asked_once_and_the_command_given_settles_it(
    tmp_path,
):
    _write(tmp_path, lambda rows: rows.assign(income="?"))
    for name in ("alfa", "bravo", "delta"):
        path = tmp_path / "data" / name / "rows.parquet"
        table = pq.read_table(path)
        lists = pa.array([[i] for i in range(table.num_rows)])
        table = table.append_column("tags", lists).append_column("more tags", lists)
        pq.write_table(table, path)
    done = fairsilo(*INIT, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "error: 2 columns must be decided on:" in done.stderr
    assert not (tmp_path / "pipelines").exists()
    command = done.stderr.split("hint: for example: fairsilo ")[1]
    done = fairsilo(*shlex.split(command), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "not read: `tags`, `more tags` (--ignore)" in done.stderr

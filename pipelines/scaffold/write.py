"""Writes a new use case's files; never over one that is there."""

from __future__ import annotations

import pathlib
import tempfile
from typing import Any

from google.protobuf import text_format

from components.errors import SettingsError
from pipelines.scaffold.options import Options
from pipelines.scaffold.proposal import Proposal, propose
from pipelines.settings import UseCaseSettings, load
from pipelines.settings_reference import to_yaml
from pipelines.use_case import NAME

PATTERN = (
    'With a span in the name of the files, such as "{silo}/{span}.parquet", a run '
    "learns from the spans before its own."
)
NO_KEY = (
    "No column differs in each row, so predictions can't be joined back to rows, and "
    "equal rows stay together in train or eval. Better: `key`, a column that names "
    "each row."
)
PERSONAL = (
    "A silo's own model serves it where it is surely better than the federation's on "
    "the rows of `choose_share`. Where silos are unlike, this lifts those that the "
    "federation serves worst; a silo with too few rows to tell keeps the federation's: "
    "docs/benefit.md. To do without: `method: none` and `choose_share: 0`."
)
GATES = """\
A model that one of these refuses is not blessed: not deployed, not used to score.
`better_than_chance` is always among them: the model's AUC over all silos is surely
above 0.5. The other bounds hardly bind, so that small data runs too. What others would
have decided: `fairsilo gate preview {name} --set gates.silo_floor.at_least=0.6`.
"""
MORE_GATES = """\
  # calibration: { at_most: 0.1 }
  # silo_change: { at_most_worse: 0.05 }
"""
GROUP_GATES = """\
  # group_gap: { metric: tpr, threshold: 0.5, at_most: 0.2 }
  # four_fifths: { threshold: 0.5 }
"""
SCHEMA = """\
# Schema of `{name}`: what most silos hold. It is yours to tighten:
# domains, min_fraction, drift_comparator, skew_comparator.
"""
README = """\
# {name}

Label: `{label}`.

```console
$ fairsilo run {name}
```

- `settings.yaml`: where the data lies, what is trained, which gates a model must pass.
- `model.py`, if you write one: `build_model(spec)`, any Keras model from `floats` and
  `ids` to one logit, in place of FairSilo's own
  (`components/federated_trainer/default_model/model.py`, to start from).
- `../../schemas/{name}.pbtxt`: the schema that each silo is checked against.
"""


def write_use_case(
    project: pathlib.Path, options: Options
) -> tuple[list[pathlib.Path], Proposal]:
    """Write schema, settings and README of a new use case.

    Args:
        project: Folder that holds (or will hold) `pipelines/` and `schemas/`.
        options: Its name, its data, and what was decided about them.

    Returns:
        The files written, and what they hold.

    Raises:
        SettingsError: The name is taken or unusable, the data can't make a use case,
            or something about them has to be decided first.
    """
    name = options.name
    folder = project / "pipelines" / name
    schema_file = project / "schemas" / f"{name}.pbtxt"
    if not NAME.fullmatch(name):
        raise SettingsError(
            f"use case {name!r}: expected a name of small letters, digits, - and _"
        )
    for taken in (folder, schema_file):
        if taken.exists():
            raise SettingsError(
                f"use case `{name}`: {taken} is there already",
                "choose another name, or delete the files first",
            )
    proposal = propose(options)
    settings = _settings(options, proposal)
    with tempfile.TemporaryDirectory() as place:  # loaded before anything is written
        file = pathlib.Path(place, name, "settings.yaml")
        file.parent.mkdir()
        file.write_text(settings, encoding="utf-8")
        load(file)
    schema = text_format.MessageToString(proposal.schema, as_utf8=True)
    texts = {
        schema_file: SCHEMA.format(name=name) + schema,
        folder / "settings.yaml": settings,
        folder / "README.md": README.format(name=name, label=options.label),
    }
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return [*texts], proposal


def _settings(options: Options, proposal: Proposal) -> str:
    """Return the settings with what each means; what is not listed has its default."""
    rows, bounds = proposal.rows, proposal.bounds
    quorum, sensitive = bounds.validation.quorum, list(options.sensitive)
    split = {"key": list(rows.key)} if rows.key else {"split_by": list(rows.split_by)}
    validation = bounds.validation.model_dump(
        include={"quorum", "min_rows", "min_rows_per_class"}
    )
    if proposal.nan_is_missing:
        validation["max_non_finite_share"] = 1
    gates: dict[str, Any] = {
        "minimum_data": {
            "rows": bounds.judged_rows,
            "rows_of_each_label": bounds.rows_of_each_label,
        },
        "silo_floor": {"at_least": 0.5},
        "silo_gap": {"at_most": 0.4},
        "change": {"at_most_worse": 0.02},
    }
    if bounds.judged_silos < 2:
        del gates["silo_gap"]  # it compares two
    optional = MORE_GATES + (GROUP_GATES if sensitive else "")
    values = {
        "silos": {"root": str(options.data.absolute()), "pattern": "{silo}/*"},
        "rows": {
            "label": rows.label,
            **({"label_values": list(rows.label_values)} if rows.label_values else {}),
            **split,
            **({"null_values": list(rows.null_values)} if options.null else {}),
            "eval_share": rows.eval_share,
            "choose_share": rows.choose_share,
            "score": rows.score,
        },
        "validation": validation,
        "features": {"ignore": list(proposal.ignored), "min_value_silos": quorum},
        "training": {
            "rounds": 10,
            "batch_size": 32,
            "client_learning_rate": 0.1,
            "quorum_per_round": quorum,
            "seed": 7,
        },
        "personal": {"method": "ditto"},
        "evaluation": {
            "slices": sensitive,
            **({"intersections": [sensitive]} if len(sensitive) > 1 else {}),
            "thresholds": [0.5],
            "min_slice_rows": bounds.judged_rows,
        },
        "gates": gates,
    }
    more = {
        "silos.pattern": PATTERN,
        "rows.split_by": NO_KEY,
        "features.ignore": "\n".join(
            f"`{column}`: {reason}." for column, reason in proposal.ignored.items()
        ),
        "personal": PERSONAL,
        "gates": GATES.format(name=options.name),
    }
    return (
        f"# Use case `{options.name}`: {len(proposal.silos)} silos. All settings with "
        f"their defaults:\n# `fairsilo config show {options.name}`.\n\n"
        + to_yaml(UseCaseSettings, values, more)
        + optional
    )

"""Proposes a schema and settings from what silos hold, and names what is odd.

What most silos hold decides, each silo counting once. What can't be decided is asked,
all of it at once; the silos that depart from the rest are named.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Mapping

from tensorflow_metadata.proto.v0 import schema_pb2

from components.errors import SettingsError
from components.silo_example_gen.conform import EXPECTED, plain_name
from components.silo_example_gen.settings import RowsSettings
from pipelines.scaffold import bounds, findings, survey, votes
from pipelines.scaffold import label as labels
from pipelines.scaffold.bounds import Bounds
from pipelines.scaffold.columns import Agreed
from pipelines.scaffold.findings import Findings, Problem
from pipelines.scaffold.label import Label
from pipelines.scaffold.options import TYPES, Options, listed, option
from pipelines.scaffold.survey import Columns, Silo
from pipelines.scaffold.votes import Kind, Vote

SHOWN = 12
MAX_FAULTS = 20
CHOOSE_SHARE = 0.15  # of rows: enough to choose, and little missed in training
NO_KEY = (
    "found no column that differs in each row: predictions can't be joined back to "
    "rows, and equal rows stay together in train or eval; where columns together name "
    "a row, give them with --key"
)


@dataclasses.dataclass(frozen=True)
class Proposal:
    """What becomes of the data."""

    silos: list[Silo]
    label: Label
    schema: schema_pb2.Schema  # the columns to be read
    rows: RowsSettings
    ignored: dict[str, str]  # columns that the model does not see, with the reason
    left_out: dict[str, str]  # columns that are not read, with the reason
    bounds: Bounds
    nan_is_missing: bool  # whether silos write NaN for a missing number
    faults: dict[str, list[str]]  # by silo, why it will be quarantined
    notes: tuple[str, ...]  # what should be looked at

    def decided(self) -> Iterator[str]:
        """Yield what was decided, so that a wrong guess is seen at once."""
        rows, label, bounds = self.rows, self.label, self.bounds
        total = sum(silo.rows for silo in self.silos)
        admitted = len(self.silos) - len(self.faults)
        shown = {
            "silos": f"{admitted} of {len(self.silos)} can train; {total:,} rows read",
            "label": f"`{rows.label}`: positive is `{label.positive}` ({label.reason}; "
            f"{label.num_positive:,} rows), negative `{label.negative}` "
            f"({label.num_negative:,} rows); the other way round: "
            f"{option('positive', label.negative)}",
            "key": listed(rows.key, SHOWN) if rows.key else "none (see below)",
        }
        hidden = {*rows.key, rows.label, *self.ignored}
        for kind, words in EXPECTED.items():
            columns = [
                one.name
                for one in self.schema.feature
                if one.type == kind and one.name not in hidden
            ]
            if columns:
                shown[words] = listed(columns, SHOWN)
        for title, text in shown.items():
            yield f"{title + ':':<15} {text}"
        for title, reasons in {
            "not for the model": self.ignored,
            "not read": self.left_out,
        }.items():
            by_reason = defaultdict(list)
            for column, reason in reasons.items():
                by_reason[reason].append(column)
            for reason, columns in by_reason.items():
                yield f"{title}: {listed(columns, SHOWN)} ({reason})"
        gap = "" if bounds.judged_silos > 1 else "; no silo_gap, which needs two"
        yield (
            f"{'gates:':<15} judge silos with {bounds.judged_rows:,} evaluation rows "
            f"and {bounds.rows_of_each_label} of each label: now "
            f"{bounds.judged_silos}{gap}"
        )

    def warnings(self) -> Iterator[str]:
        """Yield what should be looked at; the faults of silos first."""
        faults = [text for found in self.faults.values() for text in found]
        for text in faults[:MAX_FAULTS]:
            yield f"{text}; the silo will be quarantined until that is mended"
        if len(faults) > MAX_FAULTS:
            yield f"{len(faults) - MAX_FAULTS:,} more faults of silos"
        if not self.rows.key:
            yield NO_KEY
        yield from self.notes


def propose(options: Options) -> Proposal:
    """Survey all silos and propose a schema and settings.

    Raises:
        SettingsError: The data can't make a use case, or something has to be decided
            by the caller; all columns that this is about are named.
    """
    nulls = ("", *options.null)
    silos = survey.survey(options.data, options.label, nulls)
    options.check(list(dict.fromkeys(name for one in silos for name in one.columns)))
    label = labels.decide(silos, options.label, options.positive)
    # Without the label, a silo can't train; its columns may be those of another table.
    with_rows = [one for one in silos if one.rows and options.label in one.columns]
    columns = {
        name: {one.name: one.columns[name] for one in with_rows if name in one.columns}
        for name in dict.fromkeys(name for one in with_rows for name in one.columns)
        if name not in options.ignore
    }
    renamed = _written_otherwise(columns, options)
    columns = {name: one for name, one in columns.items() if name not in renamed}
    agreed, left_out, problems = _agree(columns, options)
    left_out = {**dict.fromkeys(options.ignore, "--ignore"), **renamed, **left_out}
    num_rows = {silo.name: silo.rows for silo in with_rows}
    schema = _schema(agreed, columns, num_rows, options.label)
    filled = tuple(
        feature.name
        for feature in schema.feature
        if feature.presence.min_count and feature.name != options.label
    )
    named = [
        agreed[name]
        for name in filled
        if name not in options.sensitive and agreed[name].names_rows
    ]
    named.sort(key=lambda one: not one.has_name_of_key)
    key = options.key or tuple(one.name for one in named[:1])
    if not key and not filled:
        if problems:
            raise findings.ask(problems, options)
        raise SettingsError(
            "found no column that most silos fill, so nothing tells rows apart",
            "name the columns that do with --key COLUMN",
        )
    labelled = {name: one.filled for name, one in columns[options.label].items()}
    rows = RowsSettings(
        label=options.label,
        label_values=label.values,
        key=key,
        split_by=() if key else filled,
        null_values=nulls,
        choose_share=CHOOSE_SHARE,
        score="all" if labelled == num_rows else "unlabelled",
    )
    measured = {silo.name: survey.measure(silo, schema, rows) for silo in with_rows}
    found = Findings(silos, columns, schema, rows, measured)
    problems += found.misfits()
    if problems:
        raise findings.ask(problems, options)
    ignored = dict.fromkeys(options.sensitive, "sensitive: only sliced by") | {
        name: one.useless
        for name, one in agreed.items()
        if one.useless and name not in {*key, *options.sensitive}
    }
    if not {*agreed} - {*ignored} - {*key}:
        reasons = "; ".join(f"`{name}`: {reason}" for name, reason in ignored.items())
        reasons = reasons or "only a key"
        raise SettingsError(f"found no column to learn from ({reasons})")
    faults = found.faults()
    healthy = {name: one for name, one in measured.items() if not faults[name]}
    if not healthy:
        texts = "\n".join(f"  {text}" for each in faults.values() for text in each)
        raise SettingsError(f"--data {options.data}: no silo could train:\n{texts}")
    reached = bounds.reached(healthy.values())
    for name, one in healthy.items():
        few = found.too_few(one, reached.validation)
        faults[name] += [f"silo `{name}`: {text}" for text in few]
    notes = [*found.notes()]
    for name, column in agreed.items():
        odd = [silo for silo, one in measured.items() if name in one.misfits]
        notes += column.notes(len(measured), odd, bool(key))
    return Proposal(
        silos,
        label,
        schema,
        rows,
        ignored,
        left_out,
        reached,
        bool(found.nan_for_missing()),
        {name: texts for name, texts in faults.items() if texts},
        tuple(notes),
    )


def _written_otherwise(columns: Columns, options: Options) -> dict[str, str]:
    """Return columns whose name more silos write otherwise, with a sentence.

    Columns that the caller names are kept.
    """
    named = {*options.sensitive, *options.key, *options.types}
    alike: dict[str, list[str]] = defaultdict(list)
    for name in columns:
        alike[plain_name(name)].append(name)
    found = {}
    for names in alike.values():
        usual, *others = sorted(names, key=lambda name: -len(columns[name]))
        for other in others:
            if other not in named and {*columns[other]}.isdisjoint(columns[usual]):
                where = listed(columns[other])
                found[other] = f"written `{usual}` elsewhere: rename it in {where}"
    return found


def _agree(
    columns: Columns, options: Options
) -> tuple[dict[str, Agreed], dict[str, str], list[Problem]]:
    """Return what columns are taken for, which are left out, what is to be asked."""
    agreed: dict[str, Agreed] = {}
    left_out: dict[str, str] = {}
    problems: list[Problem] = []
    for name, silos in columns.items():
        if name == options.label:
            continue
        if not name:
            left_out[name] = "a column without a name, such as row numbers"
            continue
        one = votes.majority([(c.vote, 1) for c in silos.values() if c.vote])
        split = any(column.vote is None for column in silos.values())
        if one and one.kind is Kind.UNSUPPORTED:
            problems.append(findings.undecided(name, one.kind, silos))
        elif name in options.types:
            kind = TYPES[options.types[name]]
            agreed[name] = Agreed(name, silos, one or Vote(Kind.TEXT), kind)
        elif one is None or (one.kind is Kind.EMPTY and split):
            problems.append(findings.undecided(name, None, silos))
        elif not any(column.filled for column in silos.values()):
            left_out[name] = "no value in any silo"
        else:
            kind = votes.TYPES[one.kind]
            if name in options.key and kind == schema_pb2.FLOAT:
                kind = schema_pb2.INT  # a key is exact
            agreed[name] = Agreed(name, silos, one, kind)
    return agreed, left_out, problems


def _schema(
    agreed: Mapping[str, Agreed],
    columns: Columns,
    rows: Mapping[str, int],
    label: str,
) -> schema_pb2.Schema:
    """Return a schema that silos fit which hold what most of them do.

    It lists no values of text: they would disclose one silo's values to all, and a
    value that is new next month is no fault.
    """
    schema = schema_pb2.Schema(default_environment=["TRAINING", "SERVING"])
    for name, by_silo in columns.items():
        if name != label and name not in agreed:
            continue
        kind = schema_pb2.INT if name == label else agreed[name].type
        feature = schema.feature.add(name=name, type=kind)
        filling = {silo: one.filled for silo, one in by_silo.items() if one.filled}
        if 2 * len(filling) > len(rows):
            feature.presence.min_count = 1
            if all(filled == rows[silo] for silo, filled in filling.items()):
                feature.presence.min_fraction = 1.0
        if name == label:
            feature.not_in_environment.append("SERVING")
            feature.int_domain.min, feature.int_domain.max = 0, 1
    return schema

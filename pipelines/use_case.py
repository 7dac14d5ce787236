"""A use case is a folder: settings, perhaps a model and a source; and a schema.

```text
pipelines/<name>/settings.yaml
pipelines/<name>/model.py       build_model(spec), if the default model does not serve
pipelines/<name>/source.py      prepare(root), if the data has to be made first
schemas/<name>.pbtxt
```

The folder that holds `pipelines/` is its project. Projects are sought from the working
folder upwards, as git does, and last where our own code lies, with the use cases that
we ship. A use case's runs and the operator's decisions on it lie in `build/<name>/` of
its project, wherever a command is called from.
"""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import importlib.util
import itertools
import pathlib
import re
from collections.abc import Collection, Sequence

from components import atomic
from components.errors import SettingsError
from components.silo_example_gen import discovery
from pipelines.settings import UseCaseSettings, load

PACKAGE_PROJECT = pathlib.Path(__file__).resolve().parents[1]
DEFAULT_MODEL = (
    PACKAGE_PROJECT / "components" / "federated_trainer" / "default_model" / "model.py"
)
NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")


@dataclasses.dataclass(frozen=True)
class UseCase:
    """A use case with its files found and its settings checked."""

    name: str
    project: pathlib.Path  # holds `pipelines/` and `schemas/`
    settings: UseCaseSettings  # paths in it are absolute

    @property
    def folder(self) -> pathlib.Path:
        """Its folder below `pipelines/`."""
        return self.project / "pipelines" / self.name

    @property
    def model_file(self) -> pathlib.Path:
        """The file that builds its model: its own, or the default one."""
        own = self.folder / "model.py"
        return own if own.exists() else DEFAULT_MODEL

    @property
    def schema_file(self) -> pathlib.Path:
        """The schema of its rows."""
        return self.project / "schemas" / f"{self.name}.pbtxt"

    @property
    def data(self) -> pathlib.Path:
        """Folder of the silos' folders."""
        return pathlib.Path(self.settings.silos.root)

    def prepare(self) -> bool:
        """Make the data where a source is given and it isn't there; say whether so."""
        source = self.folder / "source.py"
        if self.data.exists() or not source.exists():
            return False
        spec = importlib.util.spec_from_file_location(f"{self.name}_source", source)
        if spec is None or spec.loader is None:
            raise SettingsError(f"{source}: found no module, expected prepare(root)")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        try:
            with atomic.written(self.data) as unfinished:
                module.prepare(unfinished)
        except OSError:
            if not self.data.exists():  # else another run was faster
                raise
        return True

    def check_start(self) -> None:
        """Check that today is in the budgets' window, and that there are enough silos.

        Raises:
            SettingsError: No run could give a model, ever or today; or a silo that asks
                for more protection is not there, so its name may be misspelt.
        """
        if (privacy := self.settings.privacy).mode != "none":
            from components.privacy.ledger import window_of  # loads SQLAlchemy

            window_of(privacy.window, datetime.datetime.now(datetime.UTC).date())
        if not self.data.is_dir():
            return
        names = {it.name for it in self.data.iterdir() if discovery.may_be_silo(it)}
        number = len(names)
        if names and (unknown := [*privacy.silos.keys() - names]):
            close = difflib.get_close_matches(min(unknown), names, 1)
            meant = f"; did you mean `{close[0]}`?" if close else ""
            raise SettingsError(
                f"privacy.silos: found `{min(unknown)}`, expected the name of a folder "
                f"of a silo in {self.data}{meant}",
                "correct the name: else a silo would get less protection than it asks "
                "for",
            )
        judged = self.settings.gates.minimum_data.judged_silos
        needed = {
            "validation.quorum": self.settings.validation.quorum,
            "training.quorum_per_round": self.settings.training.quorum_per_round,
            "gates.minimum_data.judged_silos": judged,
        }
        above = [f"`{name}` is {n}" for name, n in needed.items() if n > number > 0]
        if above:
            raise SettingsError(
                f"{' and '.join(above)}, but {self.data} holds {number} "
                f"silo{'s' if number > 1 else ''}: no run could give a blessed model",
                "lower it in the settings or with --set, or add the missing silos' "
                "folders",
            )


def find(
    name: str,
    overrides: Sequence[str] = (),
    patch: pathlib.Path | None = None,
    base: pathlib.Path | None = None,
) -> UseCase:
    """Find a use case in the project around the working folder, or one that we ship.

    Args:
        name: Its name.
        overrides: Settings to change, `a.b=c` each.
        patch: A YAML file with settings to change before those, if it is there.
        base: Where relative paths in the settings start; by default the project.

    Raises:
        SettingsError: There is no such use case, or it isn't whole.
    """
    project = _project(name)
    if project is None:
        raise unknown(name)
    settings = load(_settings(project, name), overrides, patch)
    silos, training, base = settings.silos, settings.training, base or project
    root = _absolute(silos.root, base, "silos.root")
    silos = silos.model_copy(update={"root": root})
    if training.silo_registry:
        registry = _absolute(training.silo_registry, base, "training.silo_registry")
        training = training.model_copy(update={"silo_registry": registry})
    inference = settings.inference
    places = {"input": inference.input, "output": inference.output}
    inference = inference.model_copy(
        update={
            name: _absolute(place, base, f"inference.{name}")
            for name, place in places.items()
            if place and "://" not in place
        }
    )
    settings = settings.model_copy(
        update={"silos": silos, "training": training, "inference": inference}
    )
    use_case = UseCase(name, project, settings)
    if not use_case.schema_file.exists():
        raise SettingsError(
            f"use case `{name}`: found no {use_case.schema_file}, expected the schema "
            "of its rows"
        )
    _check_columns(use_case)
    return use_case


def exists(name: str) -> bool:
    """Return whether there is a use case of that name, whole or not."""
    return _project(name) is not None


def unknown(name: str, nor: str = "", others: Collection[str] = ()) -> SettingsError:
    """Return the error that there is no such use case.

    Args:
        name: The name.
        nor: What else was sought in vain, such as `a run of it in build`.
        others: Names of use cases that are known otherwise.
    """
    if not NAME.fullmatch(name) and not nor:
        return SettingsError(
            f"use case {name!r}: expected a name of small letters, digits, - and _"
        )
    names = ", ".join(sorted({*known(), *others})) or "none"
    return SettingsError(
        f"use case `{name}`: found no pipelines/{name}/settings.yaml in "
        f"{pathlib.Path.cwd()} or above{f', nor {nor}' if nor else ''}; known: {names}",
        f"make one with `fairsilo init {name} --data DIR --label COLUMN`"
        if NAME.fullmatch(name)
        else "`fairsilo report list USE_CASE` lists the runs of a use case",
    )


def known() -> list[str]:
    """Return the names of all use cases that can be found."""
    found = {
        path.parent.name
        for project in projects()
        for path in project.glob("pipelines/*/settings.yaml")
    }
    return sorted(found)


def projects() -> list[pathlib.Path]:
    """Return the project around the working folder, if it is in one, and our own."""
    here = pathlib.Path.cwd()
    around = (
        folder
        for folder in (here, *here.parents)
        if any(folder.glob("pipelines/*/settings.yaml"))
    )
    return [*dict.fromkeys([*itertools.islice(around, 1), PACKAGE_PROJECT])]


def output(name: str) -> pathlib.Path:
    """Return the folder that a use case's runs write to if none is given."""
    return (_project(name) or projects()[0]) / "build" / name


def _project(name: str) -> pathlib.Path | None:
    """Return the folder whose use case has that name; None where none has."""
    found = projects() if NAME.fullmatch(name) else []
    return next((one for one in found if _settings(one, name).exists()), None)


def _settings(project: pathlib.Path, name: str) -> pathlib.Path:
    return project / "pipelines" / name / "settings.yaml"


def _absolute(path: str, base: pathlib.Path, setting: str) -> str:
    """Return a path of the settings; `~` is the home folder."""
    try:
        return str((base / pathlib.Path(path).expanduser()).absolute())
    except RuntimeError:
        raise SettingsError(
            f"`{setting}`: found {path!r}, expected a path below the home folder of a "
            "user that there is"
        ) from None


def _check_columns(use_case: UseCase) -> None:
    """Check that the schema lists every column that the settings name.

    And that the label is the label alone: as what splits rows or groups them, it would
    leave one of its values on each side; and that keys have a type without rounding.
    """
    types = _schema_types(use_case.schema_file)
    named = _named_columns(use_case.settings)
    label = use_case.settings.rows.label
    others = ("rows.key", "rows.split_by", "evaluation.slices", "privacy.person")
    if twice := [f"`{setting}`" for setting in others if label in named[setting]]:
        raise SettingsError(
            f"use case `{use_case.name}`: the label `{label}` is also in "
            f"{', '.join(twice)}, expected other columns there",
            "correct the settings",
        )
    if (person := use_case.settings.privacy.person) in named["evaluation.slices"]:
        raise SettingsError(
            f"use case `{use_case.name}`: `{person}`, the column of `privacy.person`, "
            "is also in `evaluation.slices`, expected other columns there: figures of "
            "a slice would be of one person",
            "correct the settings",
        )
    faults = []
    for setting, names in named.items():
        for name in dict.fromkeys(names):
            if name and name not in types:
                close = difflib.get_close_matches(name, types, 1)
                meant = f"; did you mean `{close[0]}`?" if close else ""
                faults.append(f"  `{setting}`: unknown column `{name}`{meant}")
    if faults:
        raise SettingsError(
            f"use case `{use_case.name}`: the settings name columns that the schema "
            f"{use_case.schema_file} does not list:\n" + "\n".join(faults),
            "correct the names in the settings, or add the columns to the schema, "
            f"which lists {', '.join(types) or 'none'}",
        )
    needed = dict.fromkeys(named["rows.key"], ("INT", "BYTES", "keys stay exact"))
    people = filter(None, named["privacy.person"])
    needed |= dict.fromkeys(people, ("INT", "BYTES", "it tells people apart"))
    needed[label] = ("INT", "FLOAT", "its values become 0 and 1")
    for column, (one, other, why) in needed.items():
        if types[column] not in {one, other}:
            raise SettingsError(
                f"{use_case.schema_file}: found type {types[column]} of column "
                f"`{column}`, expected {one} or {other}, as {why}",
                "correct the type in the schema",
            )


def _named_columns(settings: UseCaseSettings) -> dict[str, Sequence[str]]:
    """Return the columns that settings name, by setting."""
    return {
        "rows.label": [settings.rows.label],
        "rows.key": settings.rows.key,
        "rows.split_by": settings.rows.split_by,
        "features.ignore": settings.features.ignore,
        "evaluation.slices": settings.evaluation.slices,  # intersections are of these
        "privacy.person": [settings.privacy.person],
    }


def _schema_types(path: pathlib.Path) -> dict[str, str]:
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2

    try:
        schema = text_format.Parse(path.read_text("utf-8"), schema_pb2.Schema())
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path}: found {error}, expected a schema of TensorFlow Metadata as text"
        ) from None
    return {
        feature.name: schema_pb2.FeatureType.Name(feature.type)
        for feature in schema.feature
    }

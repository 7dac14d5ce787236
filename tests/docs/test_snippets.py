"""What the documents tell their readers to type works, and what they name is there.

Commands of `fairsilo` run in a project with a finished federation. What needs a
cluster, a subscription or minutes is listed with the reason, and read by its program
as far as it can be without: `fairsilo` parses it, `make -n` plans it, `helm` renders.
"""

from __future__ import annotations

import ast
import datetime
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
import yaml

from components.payloads.predictions import Part, Predictions
from pipelines import settings
from pipelines.cli.main import app
from tests.docs.snippets import (
    ROOT,
    SHELL,
    Snippet,
    commands,
    documents,
    programs,
    snippets,
)
from tests.k8s import chart
from tests.support.program import PROJECT, fairsilo, project, summary

PROGRAM = typer.main.get_command(app)
SNIPPETS = snippets()
SHELL_SNIPPETS = [item for item in SNIPPETS if item.language in SHELL]
TYPED = [
    (item.place, number, command)
    for item in SHELL_SNIPPETS
    for number, command in enumerate(commands(item), 1)
]
READ_ONLY = {
    "mermaid": "a picture, drawn by the forge",
    "text": "what a program answers",
    "dockerfile": "builds on an image of a registry",
}
# Programs that are not started here, and why. Bash still reads each command's syntax.
NOT_STARTED = {
    "az": "needs a subscription of Azure's",
    "docker": "needs its daemon",
    "kind": "needs docker",
    "kubectl": "needs a cluster",
    "openssl": "makes a password for a key vault",
    "pip": "fetches packages of a registry",
    "python": "runs docs/scorer.py elsewhere; tests/pipelines/test_model_export.py",
    "terraform": "reads the state of what is in Azure",
    **dict.fromkeys(
        ("cat", "cp", "export", "printf", "tr"), "has no options of ours; files, pipes"
    ),
}
# Commands of `fairsilo` that are parsed only, and why.
PARSED_ONLY = {
    "bench": "takes minutes to an hour; tests/pipelines/benchmarks run small ones",
    "kubeflow": "needs Kubeflow Pipelines; tests/pipelines/cli run it against one",
}


def _names(items):
    return [f"{place}-{number}" for place, number, _ in items]


def _calls(program: str) -> list[tuple[str, list[str]]]:
    return [
        (f"{place}-{number}", words[1:])
        for place, number, command in TYPED
        for words in programs(command)
        if words[0] == program
    ]


def _by_place(calls) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "arguments", [call for _, call in calls], ids=[place for place, _ in calls]
    )


def test_no_snippet_is_of_a_kind_that_nothing_checks():
    checked = {*SHELL, *READ_ONLY, "python", "yaml"}
    assert {item.place for item in SNIPPETS if item.language not in checked} == set()
    fences = sum(
        len(re.findall(r"^ *```", path.read_text(), re.MULTILINE))
        for path in documents()
    )
    assert fences == 2 * len(SNIPPETS)


def test_each_program_is_run_or_listed_with_its_reason():
    used = {words[0] for _, _, command in TYPED for words in programs(command)}
    assert used - {"fairsilo", "make", "helm"} == set(NOT_STARTED)


@pytest.mark.parametrize(("place", "number", "command"), TYPED, ids=_names(TYPED))
def test_bash_reads_what_is_typed(place, number, command):
    done = subprocess.run(["bash", "-n", "-c", command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def _parse(arguments: list[str]) -> None:
    command = PROGRAM
    while hasattr(command, "commands"):
        command, arguments = command.commands[arguments[0]], arguments[1:]
    command.make_context("fairsilo", list(arguments))


@_by_place(_calls("fairsilo"))
def test_fairsilo_knows_its_commands_and_options(arguments, monkeypatch):
    monkeypatch.chdir(ROOT)
    _parse(arguments)


def test_fairsilo_refuses_an_option_that_it_does_not_have():
    with pytest.raises(Exception, match="No such option: --port-forward"):
        _parse(["kubeflow", "status", "flights", "--port-forward"])


@_by_place(_calls("make"))
def test_make_knows_how_to_make_it(arguments):
    done = subprocess.run(
        ["make", "-n", *(arguments or ["help"])],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@_by_place(_calls("helm"))
def test_helm_renders_what_is_installed(arguments):
    if arguments[:2] == ["upgrade", "--install"]:  # which asks the cluster
        arguments = ["template", *arguments[2:]]
    done = subprocess.run(
        [chart.program(), *arguments], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def _of(language: str, below: str = "") -> pytest.MarkDecorator:
    found = [
        item
        for item in SNIPPETS
        if item.language == language and item.place.startswith(below)
    ]
    return pytest.mark.parametrize("snippet", found, ids=[item.place for item in found])


@_of("yaml")
def test_settings_are_valid(snippet: Snippet, tmp_path):
    patch = tmp_path / "settings.yaml"
    patch.write_text(snippet.text)
    use_case = "census" if "sex" in snippet.text else "flights"
    whole = ROOT / "pipelines" / use_case / "settings.yaml"
    assert settings.load(whole, patch=patch) != settings.load(whole)


@_of("python", "docs/")
def test_a_reader_of_predictions_reads_what_the_pointer_lists(snippet, tmp_path):
    (tmp_path / "parts").mkdir()
    for name, scores in (("a", [0.5, 0.25]), ("b", [0.75]), ("of nobody", [1.0])):
        pq.write_table(pa.table({"score": scores}), tmp_path / "parts" / name)
    parts = [Part(name, "rows.parquet", "tag", 1, 0, 9, "d") for name in "ab"]
    Predictions("US", "2013-12", "m", parts=tuple(parts)).write(tmp_path)
    known: dict[str, Any] = {}
    exec(snippet.text, known)  # noqa: S102  our own document
    assert known["read"](tmp_path).to_pydict() == {"score": [0.5, 0.25, 0.75]}


@_of("python", "components/")
def test_a_node_is_made_with_parameters_that_it_has(snippet: Snippet):
    call = ast.parse(snippet.text, mode="eval").body
    assert isinstance(call, ast.Call)
    folder = (ROOT / snippet.place.rpartition(":")[0]).parent
    (made,) = [
        node
        for node in ast.walk(ast.parse((folder / "component.py").read_text()))
        if isinstance(node, ast.FunctionDef) and node.name == "__init__"
    ]
    known = [word.arg for word in (*made.args.args, *made.args.kwonlyargs)]
    given = [word.arg for word in call.keywords if word.arg]
    assert set(given) <= set(known)
    if all(word.arg for word in call.keywords):  # no ** among them
        optional = len(made.args.defaults) + sum(
            default is not None for default in made.args.kw_defaults
        )
        assert len(given) >= len(known) - 1 - optional


# In the text: `fairsilo report open|build`, `make aks-plan aks-up`, paths, links.


def _inline(pattern: str) -> list[tuple[str, str]]:
    return [
        (str(path.relative_to(ROOT)), found)
        for path in documents()
        for found in re.findall(pattern, path.read_text())
    ]


def test_commands_in_the_text_exist_with_their_options():
    unknown = []
    for path, text in _inline(r"`fairsilo ([a-z][^`]*)`"):
        words = text.split()
        for command in words[0].split("|"):
            unknown += [
                f"{path}: fairsilo {text}: {word}"
                for word in _unknown([command, *words[1:]], PROGRAM)
            ]
    assert unknown == []


def _unknown(words: list[str], command) -> list[str]:
    if hasattr(command, "commands") and words and words[0] != "...":
        wrong = []
        for name in words[0].split("|"):
            if name not in command.commands:
                wrong.append(name)
            else:
                wrong += _unknown(words[1:], command.commands[name])
        return wrong
    known = {
        "--help",
        *(it for item in command.params for it in (*item.opts, *item.secondary_opts)),
    }
    used = [re.split("[= ]", word)[0] for word in words if re.match("--?[a-z]", word)]
    return [name for name in used if name not in known]


def test_targets_in_the_text_exist():
    made = "".join(
        path.read_text() for path in (ROOT / "Makefile", *ROOT.glob("k8s/*.mk"))
    )
    targets = set(re.findall(r"^([a-z0-9-]+):", made, re.MULTILINE))
    named = [
        (path, word)
        for path, text in _inline(r"`make ([a-z][^`]*)`")
        for word in re.split(r"[ |]", text)
        if re.fullmatch(r"[a-z0-9-]+", word)
    ]
    assert [item for item in named if item[1] not in targets] == []


def test_links_and_paths_of_the_repository_exist():
    gone = []
    for path in documents():
        text = path.read_text()
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            if not (path.parent / link).exists():
                gone.append((str(path.relative_to(ROOT)), link))
        for place in re.findall(
            r"`((?:components|docs|k8s|pipelines|schemas|tests)/[\w./-]+)`", text
        ):
            made = place in {"k8s/azure.json", "k8s/images.json"} or "loans" in place
            if not made and not (ROOT / place).exists():
                gone.append((str(path.relative_to(ROOT)), place))
    assert gone == []


# What runs: a federation of three airlines, and a folder of loans at home.

STRICT = "gates.silo_floor.at_least=0.99"


class Reader:
    """Somebody with a project who types what the documents say.

    Attributes:
        names: What stands for a name in the documents, and what the reader types.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self.home = folder / "home"
        self.folder = project(folder / "project")
        self._program = folder / "bin" / "fairsilo"
        self._program.parent.mkdir()
        self._program.write_text(
            f"#!{sys.executable}\nfrom pipelines.cli.main import main\nmain()\n"
        )
        self._program.chmod(0o755)
        self.names: dict[str, str] = {}

    def type(self, command: str) -> subprocess.CompletedProcess[str]:
        for name, value in self.names.items():
            command = re.sub(rf"(?<![\w/-]){name}(?![\w-])", value, command)
        return subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env={
                **os.environ,
                "PATH": f"{self._program.parent}:{os.environ['PATH']}",
                "PYTHONPATH": str(PROJECT),
                "HOME": str(self.home),
                "BROWSER": "true",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )


@pytest.fixture(scope="module")
def reader(tmp_path_factory, all_flights) -> Reader:
    folder = tmp_path_factory.mktemp("reader")
    made = Reader(folder)
    _small(made.folder / "pipelines" / "flights" / "settings.yaml")
    _flights(all_flights, made.folder / "build" / "flights-data")
    _loans(made.home / "loans")
    _scores(folder / "scores")
    run = ("run", "flights", "--span=2013-11", "--json")
    blessed = fairsilo(*run, folder=made.folder)
    assert blessed.returncode == 0, blessed.stderr[-2000:]
    refused = fairsilo(*run, f"--set={STRICT}", folder=made.folder)
    assert refused.returncode == 4, refused.stderr[-2000:]
    run_a, run_b = (summary(done)["run_id"] for done in (blessed, refused))
    tomorrow = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=1)
    made.names = {
        "RUN": run_b,
        "silo_change": "silo_floor",  # there is no earlier span to compare with
        "RUN_A": run_a,
        "RUN_B": run_b,
        "DIR": str(folder / "scores"),
        r"NAME@sha256:\.\.\.": f"example.org/fairsilo-pipeline@sha256:{64 * 'a'}",
        r"20\d\d-\d\d-\d\d": str(tomorrow),
        "/mnt/fairsilo/flights": "build/flights",
        # The run of the fixture, from the cache.
        "rounds=20": "rounds=2",
        "--round 4": "--round 2",
        "run flights --json": "run flights --span 2013-11 --json",
        "run loans": "run loans --set training.rounds=2",
    }
    return made


def _small(path: pathlib.Path) -> None:
    """Let three airlines do, with fewer rounds."""
    data = yaml.safe_load(path.read_text())
    data["training"].update(rounds=2, batch_size=64)
    data["validation"].update(quorum=2)
    data["gates"] = {"silo_floor": {"at_least": 0.3}, "better_than_chance": None}
    path.write_text(yaml.safe_dump(data))


def _flights(whole: pathlib.Path, cut: pathlib.Path) -> None:
    for airline in ("9E", "F9", "US"):
        (cut / airline).mkdir(parents=True)
        for month in (10, 11, 12):
            shutil.copy(whole / airline / f"2013-{month}.parquet", cut / airline)


def _loans(folder: pathlib.Path) -> None:
    for silo, rows in (("north", 300), ("south", 240), ("west", 180)):
        (folder / silo).mkdir(parents=True)
        ids = range(rows)
        table = {
            "loan": [f"{silo}-{i}" for i in ids],
            "income": [float(20 + i * 37 % 80) for i in ids],
            "sex": ["female" if i % 3 else "male" for i in ids],
            "defaulted": [int(i * 37 % 80 + i % 7 * 5 < 35) for i in ids],
        }
        pq.write_table(pa.table(table), folder / silo / "loans.parquet")


def _scores(folder: pathlib.Path) -> None:
    for silo, rows in (("north", 200), ("south", 140)):
        folder.mkdir(exist_ok=True)
        ids = range(rows)
        table = {
            "score": [i * 37 % 100 / 100 for i in ids],
            "label": [int(i * 37 % 100 + i % 11 * 9 > 90) for i in ids],
            "sex": ["female" if i % 3 else "male" for i in ids],
        }
        pq.write_table(pa.table(table), folder / f"{silo}.parquet")


def _runs(words: list[str]) -> bool:
    return words[0] == "fairsilo" and words[1] not in PARSED_ONLY


RUN = [item for item in TYPED if any(map(_runs, programs(item[2])))]


def test_what_is_parsed_only_is_used_and_nothing_is_lost():
    used = {words[0] for _, words in _calls("fairsilo")}
    assert set(PARSED_ONLY) <= used
    assert len(RUN) > 20


@pytest.mark.slow
@pytest.mark.tff
@pytest.mark.beam
@pytest.mark.parametrize(("place", "number", "command"), RUN, ids=_names(RUN))
def test_what_the_documents_say_runs(reader, place, number, command):
    done = reader.type(command)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert done.stdout.strip() or done.stderr.strip()
    if "--json" in command:
        json.loads(done.stdout)

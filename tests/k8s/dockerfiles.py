"""Dockerfiles, instruction by instruction, and the context that they build from."""

import dataclasses
import fnmatch
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "k8s" / "images"
NAMES = sorted(path.parent.name for path in FOLDER.glob("*/Dockerfile"))


@dataclasses.dataclass(frozen=True)
class Stage:
    """A stage: what it starts from, and its instructions as (name, arguments)."""

    base: str
    steps: list[tuple[str, str]]

    def arguments(self, name):
        return [arguments for other, arguments in self.steps if other == name]


def text(name):
    return (FOLDER / name / "Dockerfile").read_text()


def arguments_before_stages(name):
    """Return the build arguments that `FROM` may use, with their defaults."""
    return dict(
        arguments.split("=", 1)
        for instruction, arguments in instructions(name)
        if instruction == "ARG" and "=" in arguments
    )


def instructions(name):
    lines = [line for line in text(name).splitlines() if not re.match(r"\s*#", line)]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [tuple(line.split(maxsplit=1)) for line in joined.splitlines() if line]


def stages(name):
    found = []
    for instruction, arguments in instructions(name):
        if instruction == "FROM":
            found.append(Stage(arguments.split()[0], []))
        elif found:
            found[-1].steps.append((instruction, arguments))
    return found


def environment(stage):
    """Return the variables that a stage sets; none of ours has a space."""
    pairs = [pair for line in stage.arguments("ENV") for pair in line.split()]
    return dict(pair.split("=", 1) for pair in pairs)


def copied_from_context(stage):
    """Return the paths that a stage takes from the context."""
    lines = stage.arguments("COPY") + stage.arguments("ADD")
    return [
        source
        for line in lines
        if "--from=" not in line
        for source in line.split()[:-1]
    ]


def in_context(path):
    """Return whether `.dockerignore` lets a path through: its last match decides."""
    parts = pathlib.PurePosixPath(path).parts
    above = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
    inside = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        if not line or line.startswith("#"):
            continue
        names = parts if "**/" in line else above
        if any(fnmatch.fnmatchcase(name, pattern) for name in names):
            inside = line.startswith("!")
    return inside

"""What the documents tell their readers to type, read from Markdown."""

from __future__ import annotations

import pathlib
import re
import shlex
import textwrap
from collections.abc import Iterator
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHELL = ("bash", "console")
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_HEREDOC = re.compile(r"<<(\w+)$.*?^\1$", re.MULTILINE | re.DOTALL)
_WITHIN = re.compile(r"\$\(([^()]*)\)")
# Words of the shell's own that stand before a command.
_BEFORE = frozenset({"do", "done", "else", "fi", "if", "then", "while", "{", "}", "!"})


class Snippet(NamedTuple):
    """A fenced block: where it begins, its language, and its text."""

    place: str
    language: str
    text: str


def documents() -> list[pathlib.Path]:
    """Return our documents, but for the log of changes."""
    below = [
        path
        for folder in ("components", "docs", "k8s", "pipelines")
        for path in sorted((ROOT / folder).rglob("*.md"))
        if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
    ]
    return [ROOT / "README.md", *(path for path in below if not _is_own(path))]


def _is_own(path: pathlib.Path) -> bool:
    """Return whether a document is of a use case that somebody made here."""
    is_use_case = (path.parent / "settings.yaml").exists()
    return is_use_case and path.parent.name not in {"census", "flights"}


def snippets() -> list[Snippet]:
    """Return all fenced blocks of the documents, in their order."""
    found = []
    for path in documents():
        text = path.read_text(encoding="utf-8")
        for match in _FENCE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            place = f"{path.relative_to(ROOT)}:{line}"
            found.append(
                Snippet(place, match.group(2), textwrap.dedent(match.group(3)))
            )
    return found


def commands(snippet: Snippet) -> list[str]:
    """Return what is typed at each prompt: what follows `$ ` up to the next."""
    if snippet.language == "bash":
        return [snippet.text]
    first, *rest = re.split(r"^\$ ", snippet.text, flags=re.MULTILINE)
    if first.strip() or not rest:
        raise ValueError(f"{snippet.place}: expected `$ ` before each command")
    return rest


def programs(command: str) -> Iterator[list[str]]:
    """Yield the words of each program that a command starts, also by `$(...)`."""
    text = _HEREDOC.sub("", command)
    text = re.sub(r"(?m)(^|\s+)#( .*)?$", "", text).replace("\\\n", " ")
    while within := _WITHIN.search(text):
        yield from programs(within.group(1))
        text = text[: within.start()] + "VALUE" + text[within.end() :]
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";|&()<>\n")
    lexer.whitespace, lexer.commenters, lexer.whitespace_split = " \t", "", True
    words: list[str] = []
    is_file = False
    for token in [*lexer, ";"]:
        if set(token) <= set("<>"):
            is_file = True
        elif set(token) <= set(";|&()\n"):
            if words := _without_prefix(words):
                yield words
            words = []
        elif is_file:
            is_file = False
        else:
            words.append(token)


def _without_prefix(words: list[str]) -> list[str]:
    while words and (words[0] in _BEFORE or re.match(r"\w+=", words[0])):
        words = words[1:]
    return [] if words[:1] == ["for"] else words

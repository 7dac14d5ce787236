"""A page that a run left: a file of this machine, or bytes of a cluster's store."""

from __future__ import annotations

import abc
import pathlib
import shutil


class Page(abc.ABC):
    """A page as HTML.

    Attributes:
        file: The file that it lies in; None where it lies in none here.
    """

    file: pathlib.Path | None = None

    @abc.abstractmethod
    def read(self) -> bytes:
        """Return the page."""

    def write(self, target: pathlib.Path) -> None:
        """Write the page, unless the file holds it already: there may be thousands.

        Args:
            target: The file; its folder is made where it is missing.
        """
        if target.is_file() and self._is(target):
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        self._write(target)

    @abc.abstractmethod
    def _is(self, target: pathlib.Path) -> bool: ...

    @abc.abstractmethod
    def _write(self, target: pathlib.Path) -> None: ...


class LocalPage(Page):
    """A file of this machine.

    Args:
        file: The file.
    """

    def __init__(self, file: pathlib.Path) -> None:
        self.file: pathlib.Path = file

    def read(self) -> bytes:
        """Return the page."""
        return self.file.read_bytes()

    def _is(self, target: pathlib.Path) -> bool:
        # Copies keep the time of their original: neither has to be read.
        here, there = self.file.stat(), target.stat()
        return (here.st_size, here.st_mtime_ns) == (there.st_size, there.st_mtime_ns)

    def _write(self, target: pathlib.Path) -> None:
        shutil.copy2(self.file, target)


class StoredPage(Page):
    """A page of a cluster's store.

    Args:
        content: The page.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self) -> bytes:
        """Return the page."""
        return self._content

    def _is(self, target: pathlib.Path) -> bool:
        return target.read_bytes() == self._content

    def _write(self, target: pathlib.Path) -> None:
        target.write_bytes(self._content)

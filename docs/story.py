# ruff: noqa: INP001 - no package: beside generate.py, for the documents that tell a story
"""A desk at which a story happens: files are edited, others write to the district, of long output a part is shown."""

from __future__ import annotations

import difflib
import sqlite3
from contextlib import closing

from generate import Desk, fenced, same_everywhere


class Story(Desk):
    """A desk that also edits its files, and at which somebody else may change the district in between."""

    def edit(self, name: str, *changes: tuple[str, str]) -> str:
        """Return the difference of a file in which texts were put in the place of others, as a reviewer sees it."""
        before = (self.path / name).read_text(encoding="utf-8")
        after = before
        for old, new in changes:
            if old not in after:
                raise LookupError(old)
            after = after.replace(old, new)
        (self.path / name).write_text(after, encoding="utf-8")
        lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=1, lineterm="")
        return fenced("diff", "\n".join(list(lines)[2:]))

    def meanwhile(self, statement: str) -> None:
        """Let somebody else write to the district; whoever finds nothing to write is no part of the story."""
        with closing(sqlite3.connect(self.path / "district.db")) as connection:
            if not connection.execute(statement).rowcount:
                raise LookupError(statement)
            connection.commit()

    def excerpt(self, command: str, since: str, *, code: int = 0) -> str:
        """Return a command with the first line that it says, and all from the line that begins with `since`."""
        ended, said = self.run(command)
        lines = said.splitlines()
        start = next((place for place, line in enumerate(lines) if line.startswith(since)), None)
        if ended != code or start is None:
            raise RuntimeError(f"{command}: exit {ended}\n{said}")
        told = [f"$ {command}", lines[0], "…", *lines[start:]]
        return fenced("console", "\n".join([*told, *(["$ echo $?", str(code)] if code else [])]))

    def beginning(self, name: str, until: str) -> str:
        """Return a Markdown file up to the line that begins with `until`."""
        lines = same_everywhere((self.path / name).read_text(encoding="utf-8")).splitlines()
        end = next(place for place, line in enumerate(lines) if line.startswith(until))
        return fenced("markdown", "\n".join([*lines[:end], "…"]))

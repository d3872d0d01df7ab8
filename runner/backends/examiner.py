"""What a database must be able to tell of itself to be examined: a Protocol that `*_health.py` beside this answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from typing import Any

    from sqlalchemy import Column, Connection
    from sqlalchemy.types import TypeEngine

    from runner.values.health import Finding, Server
    from runner.values.rights import Place, Rights


class Examiner(Protocol):
    """A database as a module that only reads: its own facts, and the words that mend what lacks."""

    @property
    def ALTERS(self) -> bool:  # noqa: N802 - a module's constants
        """Whether a table that is there can get another type, a key or a check."""
        ...

    @property
    def HIDES(self) -> bool:  # noqa: N802
        """Whether a role is not told that there is a table on which it has no right."""
        ...

    @property
    def INSTEAD(self) -> Mapping[type[TypeEngine[Any]], tuple[type[TypeEngine[Any]], ...]]:  # noqa: N802
        """For a type of ours, those that do as well in its place here."""
        ...

    def introduce(self, connection: Connection) -> Server:
        """Say what this is, of which version, and as whom it was connected to."""
        ...

    def examine(self, connection: Connection, place: Place) -> Iterator[Finding]:
        """Yield what is not as it should be about the server, the database, its settings and its sessions."""
        ...

    def examine_tables(self, connection: Connection, schema: str | None, there: Collection[str]) -> Iterator[Finding]:
        """Yield what is not as it should be about how tables are kept; `there` are ours that were seen."""
        ...

    def lacking(self, connection: Connection, rights: Rights, place: Place) -> Rights:
        """Return which of these rights the connected role lacks; unless `HIDES`, all of their tables are there."""
        ...

    def make_schema(self, name: str, init: str) -> tuple[str, ...]:
        """Return what makes a schema for the district's tables; `init` is the command that makes those."""
        ...

    def redefine(self, table: str, column: Column[Any], specification: str) -> tuple[str, ...]:
        """Return the statements that give a column its type, `table` quoted; only where `ALTERS`."""
        ...

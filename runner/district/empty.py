"""Refuses to fill a district's tables that hold rows already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from runner.tables import district
from runner.values.problems import Problem, Stopped

if TYPE_CHECKING:
    from sqlalchemy import Connection


def require_empty(connection: Connection) -> None:
    """Stop unless every table of the district is there to be filled from the first row."""
    filled = [
        table.name
        for table in district.sorted_tables
        if connection.execute(select(*table.primary_key.columns).limit(1)).first() is not None
    ]
    if filled:
        raise Stopped(
            Problem(
                "not-empty",
                f"The database holds rows already, in {', '.join(filled)}.",
                hint="use another database, such as `--database sqlite:///new.db`",
            ),
        )

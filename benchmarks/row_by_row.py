"""The way of a script: every contact point in scope as an object of SQLAlchemy's ORM, changed one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, text
from sqlalchemy.orm import Session, registry

from benchmarks.bare import eligible
from runner.execute.database import open_database
from runner.tables import contact_point

if TYPE_CHECKING:
    from benchmarks.words import Cells


class _Point:
    """A contact point."""


registry().map_imperatively(_Point, contact_point)


def set_preferences(url: str, backend: str, cells: Cells) -> None:
    """Set the cells of a job in one transaction; it knows nothing of the reason `staff`, which not everybody has."""
    with Session(open_database(url).create_engine()) as session, session.begin():
        if backend == "sqlite":
            session.connection().exec_driver_sql("begin immediate")
        for channel, reasons in cells.items():
            rows = text(f"select * from contact_point where {eligible(backend, channel)}")
            for point in session.scalars(select(_Point).from_statement(rows)):
                for reason, on in reasons.items():
                    setattr(point, reason.value, on)

"""Fills a database with a synthetic district, set by set in SQL, the same on every database for the same seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from runner import tables
from runner.district import demo_cast, demo_enrollments, demo_families, demo_points, demo_schools
from runner.district.demo_dice import Dice
from runner.district.demo_size import Size
from runner.district.empty import require_empty

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Select, Table

SOURCES: dict[Table, Callable[[Dice, Size], list[Select[*tuple[Any, ...]]]]] = {
    tables.school: demo_schools.schools,
    tables.calendar: demo_schools.calendars,
    tables.person: demo_families.people,
    tables.enrollment: demo_enrollments.enrollments,
    tables.relationship: demo_families.relationships,
    tables.household: demo_families.households,
    tables.household_member: demo_families.members,
    tables.district_assignment: demo_schools.assignments,
    tables.contact_point: demo_points.contact_points,
}
"""Where the rows of each table come from, in an order in which references hold at every moment."""

# Of an INSERT the number of rows is forgotten otherwise.
_COUNTED = {"preserve_rowcount": True}


def fill_demo(
    connection: Connection,
    students: int,
    seed: int,
    progress: Callable[[str, int], None],
) -> dict[str, int]:
    """Fill the empty tables of a district with so many students, their families, schools and staff.

    Return the number of rows of each table; `progress` is told of each table as it is done, with its rows. The caller
    owns the transaction. The same seed gives the same district on every database.
    """
    require_empty(connection)
    dice, size = Dice(seed), Size(students)
    demo_cast.fill(connection, dice, size)
    rows = {}
    for table, selects in SOURCES.items():
        rows[table.name] = 0
        for select in selects(dice, size):
            columns = [column.name for column in select.selected_columns]
            filling = insert(table).from_select(columns, select)
            rows[table.name] += connection.execute(filling, execution_options=_COUNTED).rowcount
        progress(table.name, rows[table.name])
    demo_cast.empty(connection)
    return rows

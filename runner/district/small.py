"""Fills the tables with a district that is written out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert

from runner.tables import district

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from runner.values.policy_test import SmallDistrict


def fill_small(connection: Connection, small: SmallDistrict) -> None:
    """Fill the empty tables of a district. The caller owns the transaction."""
    for table in district.sorted_tables:
        if rows := small.rows.get(table.name):
            connection.execute(insert(table), list(rows))

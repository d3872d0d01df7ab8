"""The temporary tables that a synthetic district is made from: numbers, days, words, and who is who in it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import BigInteger, Column, ColumnElement, Date, Integer, MetaData, String, Table, case, or_, select

if TYPE_CHECKING:
    from sqlalchemy import ScalarSelect

    from runner.district.demo_dice import Dice

FIRST_DAY: Final = date(1940, 1, 1)
LAST_DAY: Final = date(2029, 12, 31)

scratch = MetaData()


def _temporary(name: str, *columns: Column[int] | Column[str] | Column[date]) -> Table:
    return Table(f"demo_{name}", scratch, *columns, prefixes=["TEMPORARY"], sqlite_with_rowid=False)


def _key(name: str) -> Column[int]:
    return Column(name, BigInteger, primary_key=True, autoincrement=False)


numbers = _temporary("number", _key("n"))
days = _temporary("day", _key("n"), Column("day", Date))
words = _temporary("word", Column("kind", String(20), primary_key=True), _key("n"), Column("word", String(60)))
places = _temporary(
    "place",
    _key("place"),
    Column("role", Integer),
    Column("family", BigInteger),
    Column("parent", BigInteger),
    Column("student", BigInteger),
)
slots = _temporary(
    "slot",
    Column("role", Integer, primary_key=True, autoincrement=False),
    _key("slot"),
    Column("channel", String(20)),
    Column("percent", Integer),
    Column("factor", BigInteger),
    Column("domain", String(40)),  # null for a phone
)
cast = _temporary(
    "cast",
    _key("person_id"),
    Column("role", Integer),
    Column("scattered", BigInteger),  # the person's own number for throws of dice
    Column("family", BigInteger),
    Column("family_scattered", BigInteger),  # the same for all of a family
    Column("parent_id", BigInteger),  # the first parent's person_id; the other adults' follow it, by role
    Column("student_no", BigInteger),
)


def word(kind: str | ColumnElement[str], number: ColumnElement[int]) -> ScalarSelect[str]:
    """Return an expression for a word of a list; null where the list has none of that number."""
    listed = words.alias()  # a name of its own, where the words are read in the statement around it too
    return select(listed.c.word).where(listed.c.kind == kind, listed.c.n == number).scalar_subquery()


def day(first: date, later: ColumnElement[int] | int = 0) -> ScalarSelect[date]:
    """Return an expression for the day that comes so many days after a first one."""
    return select(days.c.day).where(days.c.n == (first - FIRST_DAY).days + later).scalar_subquery()


def period(dice: Dice, scattered: ColumnElement[int], name: str) -> dict[str, ColumnElement[Any]]:
    """Return expressions for start_date and end_date: mostly open, a few over, a few yet to come.

    Of a hundred three are over, two come later, and one each ends or starts between September 2025 and autumn 2026.
    """
    thrown, length = dice.draw(scattered, f"{name} period", 100), dice.draw(scattered, f"{name} days", 400)
    return {
        "start_date": case(
            (or_(thrown < 3, thrown.between(10, 39)), day(date(2021, 3, 1), length)),  # noqa: PLR2004
            (thrown.in_((3, 4)), day(date(2026, 12, 1), length)),
            (thrown == 5, day(date(2026, 2, 1))),  # noqa: PLR2004
        ),
        "end_date": case(
            (thrown < 3, day(date(2024, 6, 1), length)),  # noqa: PLR2004
            (thrown == 6, day(date(2026, 2, 1))),  # noqa: PLR2004
            (thrown == 7, day(date(2029, 6, 30))),  # noqa: PLR2004
        ),
    }

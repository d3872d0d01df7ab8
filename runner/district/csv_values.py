"""Checks the fields of CSV files against the columns that they are for, and makes of them what is inserted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, String

from runner import tables
from runner.district.csv_findings import Fault
from runner.values.vocabulary import Channel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FLAGS: Final = {"0": "0", "1": "1", "false": "0", "true": "1"}
CHANNELS: Final = frozenset(Channel)
_WHOLE: Final = re.compile(r"-?[0-9]{1,30}")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# What a message may repeat of a wrong value: nothing that could be somebody's name, address or e-mail, which stand
# in any column once a comma is missing.
_SHOWN: Final = re.compile(r"[-+0-9.,:/ ]{1,24}")
_SHOWN_FLAGS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "t", "f", "null", "none", "x"})
MOST_CACHED: Final = 100_000


@dataclass(frozen=True, slots=True)
class Check:
    """A column, and those texts for it that were found sound before: dates and flags come again and again."""

    column: Column[Any]
    fault: Callable[[str], Fault | None]
    sound: set[str] = field(default_factory=set)

    def accepts(self, cells: Sequence[str]) -> bool:
        """Tell whether every one of these fields is sound; made to take as little time as can be."""
        if _plainly_sound(self.column, cells):
            return True
        new = set(cells) - self.sound
        if not all(self.fault(cell) is None for cell in new):
            return False
        if len(self.sound) < MOST_CACHED and not isinstance(self.column.type, String):
            self.sound.update(new)
        return True

    def bound(self, cells: Sequence[str]) -> Sequence[str | None]:
        """Return what is inserted for sound fields: the text itself, which the column's own type makes a value of."""
        if isinstance(self.column.type, Boolean) and not {"0", "1"}.issuperset(cells):
            return [FLAGS[cell.lower()] if cell else None for cell in cells]
        return [cell or None for cell in cells] if "" in cells else cells


def check_of(column: Column[Any]) -> Check:
    """Return the check for a column."""
    return Check(column, lambda cell: fault_of(column, cell))


def fault_of(column: Column[Any], cell: str) -> Fault | None:
    """Return what is wrong with a field for a column, or None."""
    if not cell:
        return None if column.nullable else Fault("csv-value", f"{column.name} is empty, and must not be.")
    return _encoding(column, cell) or _fault_of_kind(column, cell)


def _fault_of_kind(column: Column[Any], cell: str) -> Fault | None:
    if column is tables.contact_point.c.channel:
        return _channel(cell)
    match column.type:
        case Integer():
            return _whole(column, cell)
        case Date():
            return _date(column, cell)
        case Boolean():
            return _flag(column, cell)
        case _:
            return _text(column, cell)


def owner_fault(channel: str, *, person: bool, household: bool) -> Fault | None:
    """Return what is wrong with whom a contact point belongs to, by which of its two owners is filled."""
    if channel == Channel.HOUSEHOLD_PHONE:
        if household and not person:
            return None
        return Fault("csv-value", "A household_phone belongs to a household: household_id filled, person_id empty.")
    if (person and not household) or channel not in CHANNELS:
        return None
    return Fault(
        "csv-value", f"A contact point of {channel} belongs to a person: person_id filled, household_id empty."
    )


def _plainly_sound(column: Column[Any], cells: Sequence[str]) -> bool:
    """Tell, where it can be told at a glance, that fields are sound; False means: look at each."""
    if "" in cells and not column.nullable:
        return False
    if isinstance(column.type, BigInteger):
        every = "".join(cells)
        # 18 digits are below 2^63.
        return every.isascii() and (every.isdecimal() or not every) and max(map(len, cells)) <= 18  # noqa: PLR2004
    if isinstance(column.type, String) and column is not tables.contact_point.c.channel:
        every = "".join(cells)
        # Only ASCII at a glance: among the rest could be what stands for a byte that is not UTF-8.
        return every.isascii() and "\0" not in every and max(map(len, cells)) <= _longest(column)
    return False


def _text(column: Column[Any], cell: str) -> Fault | None:
    longest = _longest(column)
    if len(cell) <= longest:
        return None
    return Fault("csv-value", f"{column.name} is longer than {longest} characters: {len(cell)}.")


def _longest(column: Column[Any]) -> int:
    return (column.type.length if isinstance(column.type, String) else None) or 0


def _encoding(column: Column[Any], cell: str) -> Fault | None:
    if "\0" in cell:
        return Fault("text-encoding", f"{column.name} holds a NUL character (U+0000).")
    if not cell.isascii() and any("\ud800" <= character <= "\udfff" for character in cell):
        return Fault("text-encoding", f"{column.name} is not UTF-8.", "save the file as UTF-8")
    return None


def _whole(column: Column[Any], cell: str) -> Fault | None:
    bits = 64 if isinstance(column.type, BigInteger) else 32
    if _WHOLE.fullmatch(cell) is None:
        return Fault("csv-value", f"{column.name} is not a whole number{_shown(cell)}.")
    if not -(2 ** (bits - 1)) <= int(cell) < 2 ** (bits - 1):
        return Fault("csv-value", f"{column.name} does not fit in {bits} bits{_shown(cell)}.")
    return None


def _date(column: Column[Any], cell: str) -> Fault | None:
    if _DATE.fullmatch(cell) is None:
        return Fault("csv-value", f"{column.name} is not a date{_shown(cell)}.", "write it as YYYY-MM-DD")
    try:
        date.fromisoformat(cell)
    except ValueError:
        return Fault("csv-value", f"{column.name} is not in the calendar{_shown(cell)}.")
    return None


def _flag(column: Column[Any], cell: str) -> Fault | None:
    if cell.lower() in FLAGS:
        return None
    return Fault("csv-value", f"{column.name} is not a flag{_shown(cell, _SHOWN_FLAGS)}.", "write 0, 1, true or false")


def _channel(cell: str) -> Fault | None:
    if cell in CHANNELS:
        return None
    word = cell.strip().lower().replace(" ", "_").replace("-", "_")
    if word in ("text", "sms"):
        return Fault(
            "csv-value",
            f"`{word}` is not a channel.",
            "text messages are left out: recipients could be charged for what they never asked for",
        )
    near = get_close_matches(word, list(Channel), n=1, cutoff=0.7)
    return Fault(
        "csv-value",
        f"channel is not one of them{_shown(cell)}.",
        f"did you mean `{near[0]}`?" if near else f"the channels are {', '.join(Channel)}",
    )


def _shown(cell: str, words: frozenset[str] = frozenset()) -> str:
    """Return a wrong value for a message, or nothing where it might be personal."""
    return f": `{cell}`" if _SHOWN.fullmatch(cell) or cell.lower() in words else ""

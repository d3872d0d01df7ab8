"""The pieces of hand-written SQL that every statement here is made of, and the few that databases spell differently."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from runner.values.vocabulary import Channel, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

Cells = dict[Channel, dict[Reason, bool]]
"""What a job sets: of each channel the reasons, True for on."""

AS_OF = date(2026, 10, 1)
END_YEAR = 2027
"""The day that everything here is for, and the school year that holds it: both jobs name it."""

ACTIVE = f"(start_date is null or start_date <= '{AS_OF}') and (end_date is null or end_date >= '{AS_OF}')"
STUDENTS = (
    f"select person_id from enrollment where (no_show is null or not no_show) and {ACTIVE}"
    f" and calendar_id in (select calendar_id from calendar where end_year = {END_YEAR})"
)
SCOPE = (
    "select distinct contact_id as person_id from relationship"
    f" where messenger and {ACTIVE} and student_id in ({STUDENTS})"
)
STAFF = f"select distinct person_id from district_assignment where {ACTIVE}"

PRESENT = {
    "sqlite": "trim(address, ' ' || char(9, 10, 13)) <> ''",
    "postgresql": r"btrim(address, E' \t\r\n') <> ''",
    "mariadb": r"address regexp '[^ \t\r\n]'",
}
"""The condition that an address is there, by database: of what is exact the fastest that is still plain."""

BITS = {
    "sqlite": " + ".join(f"{reason.value} * {reason.bit}" for reason in Reason),
    "postgresql": " + ".join(f"case when {reason.value} then {reason.bit} else 0 end" for reason in Reason),
    "mariadb": " | ".join(f"{reason.value} * {reason.bit}" for reason in Reason),
}
"""The eight preferences of a contact point as one number, each database's fastest way."""

COUNTED = "coalesce(sum(case when {} then 1 else 0 end), 0)"
"""How many rows fulfil a condition: portable, and no slower than what each database has of its own."""


def homes(scope: str) -> str:
    """Return the select of the households with an active member among these people."""
    return f"select distinct household_id from household_member where {ACTIVE} and person_id in ({scope})"


def owner_of(channel: Channel) -> str:
    """Return the column that names whose a contact point of this channel is."""
    return "household_id" if channel is Channel.HOUSEHOLD_PHONE else "person_id"


def value(on: bool) -> str:  # noqa: FBT001 - a setting, not a switch
    """Return a setting as SQL."""
    return "true" if on else "false"


def cells_of(preferences: Mapping[Channel, Mapping[Reason, bool]]) -> Cells:
    """Return what a job sets, in the order of every report."""
    return {
        channel: {reason: preferences[channel][reason] for reason in Reason if reason in preferences[channel]}
        for channel in Channel
        if channel in preferences
    }


def checksum() -> str:
    """Return the select of one row that is the same for two tables exactly where the preferences are."""
    flags = [*(reason.value for reason in Reason), "custom"]
    sums = (f"sum(case when {flag} then contact_point_id % 1000003 + 1 else 0 end)" for flag in flags)
    return f"select count(*), {', '.join(sums)} from contact_point"

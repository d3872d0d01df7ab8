"""The UPDATEs that a database administrator would type: one per channel, or one per cell; no counts, no record."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.words import ACTIVE, PRESENT, SCOPE, STAFF, Cells, homes, owner_of, value
from runner.values.vocabulary import Channel, Reason


def by_channel(backend: str, cells: Cells) -> list[str]:
    """Return *c*: for each channel one UPDATE of all its reasons, the people in scope as a subquery in it."""
    return [_update(backend, channel, reasons, _NESTED) for channel, reasons in cells.items()]


def by_channel_at_best(backend: str, cells: Cells) -> list[str]:
    """Return *c-best*: the people in scope and their homes in temporary tables first, and only rows that differ set."""
    people = "select person_id from bench_scope"
    staged = [
        "create temporary table bench_scope (person_id bigint primary key)",
        f"insert into bench_scope {SCOPE}",
        "create temporary table bench_home (household_id bigint primary key)",
        f"insert into bench_home {homes(people)}",
    ]
    if backend == "postgresql":
        staged += ["analyze bench_scope", "analyze bench_home"]
    found = _Owners(people, "select household_id from bench_home")
    return staged + [
        _update(backend, channel, reasons, found, only_differing=True) for channel, reasons in cells.items()
    ]


def by_cell(backend: str, cells: Cells) -> list[str]:
    """Return *b*: for each cell one UPDATE of its one reason."""
    return [
        _update(backend, channel, {reason: on}, _NESTED)
        for channel, reasons in cells.items()
        for reason, on in reasons.items()
    ]


def eligible(backend: str, channel: Channel) -> str:
    """Return the condition that a contact point of this channel may be changed: it counts, and nobody chose it."""
    people = homes(SCOPE) if channel is Channel.HOUSEHOLD_PHONE else SCOPE
    return f"{_may_change(backend, channel)} and {owner_of(channel)} in ({people})"


def _may_change(backend: str, channel: Channel) -> str:
    return f"channel = '{channel.value}' and not custom and {PRESENT[backend]}"


@dataclass(frozen=True, slots=True)
class _Owners:
    """The selects of the people in scope and of the households that they live in."""

    people: str
    homes: str


_NESTED = _Owners(SCOPE, homes(SCOPE))


def _update(
    backend: str, channel: Channel, reasons: dict[Reason, bool], found: _Owners, *, only_differing: bool = False
) -> str:
    owner = owner_of(channel)
    at_home = channel is Channel.HOUSEHOLD_PHONE
    owners, staff = (found.homes, _staff_homes()) if at_home else (found.people, STAFF)
    is_staff = "is_staff.owner is not null" if backend == "mariadb" else f"{owner} in ({staff})"
    where = _may_change(backend, channel)
    if set(reasons) == {Reason.STAFF}:
        sets = f"staff = {value(reasons[Reason.STAFF])}"
        where += f" and {owner} in ({staff})"
    else:
        # Only staff have the reason `staff`: of everybody else it stays as it is.
        sets = ", ".join(
            f"staff = case when {is_staff} then {value(on)} else staff end"
            if reason is Reason.STAFF
            else f"{reason.value} = {value(on)}"
            for reason, on in reasons.items()
        )
    if only_differing:
        differs = " or ".join(
            f"{_differs(reason, on)} and {is_staff}" if reason is Reason.STAFF else _differs(reason, on)
            for reason, on in reasons.items()
        )
        where += f" and ({differs})"
    if backend != "mariadb":
        return f"update contact_point set {sets} where {where} and {owner} in ({owners})"
    # MariaDB 10.11 makes a semi-join of IN (SELECT …) in a SELECT, and in a single-table UPDATE it looks up row by row.
    joined = f"contact_point join ({owners}) owners using ({owner})"
    if "is_staff." in sets:
        joined += f" left join (select {owner} as owner from ({staff}) s) is_staff on is_staff.owner = {owner}"
    return f"update {joined} set {sets} where {where}"


def _staff_homes() -> str:
    return f"select distinct household_id from household_member where {ACTIVE} and person_id in ({STAFF})"


def _differs(reason: Reason, on: bool) -> str:  # noqa: FBT001 - a setting, not a switch
    return f"not {reason.value}" if on else reason.value

"""The UPDATEs that a database administrator would type: one per channel, or one per cell; no counts, no record."""

from __future__ import annotations

from benchmarks.words import ACTIVE, PRESENT, SCOPE, STAFF, Cells, homes, owner_of, value
from runner.values.vocabulary import Channel, Reason


def by_channel(backend: str, cells: Cells) -> list[str]:
    """Return *c*: for each channel one UPDATE of all its reasons, the people in scope as a subquery in it."""
    return [_update(backend, channel, reasons, SCOPE) for channel, reasons in cells.items()]


def by_channel_staged(backend: str, cells: Cells) -> list[str]:
    """Return *c* of an administrator who first puts the people in scope and their homes in temporary tables."""
    people, houses = "select person_id from bench_scope", "select household_id from bench_home"
    staged = [
        "create temporary table bench_scope (person_id bigint primary key)",
        f"insert into bench_scope {SCOPE}",
        "create temporary table bench_home (household_id bigint primary key)",
        f"insert into bench_home {homes(people)}",
    ]
    if backend == "postgresql":
        staged += ["analyze bench_scope", "analyze bench_home"]
    return staged + [_update(backend, channel, reasons, people, houses) for channel, reasons in cells.items()]


def by_cell(backend: str, cells: Cells) -> list[str]:
    """Return *b*: for each cell one UPDATE of its one reason."""
    return [
        _update(backend, channel, {reason: on}, SCOPE)
        for channel, reasons in cells.items()
        for reason, on in reasons.items()
    ]


def eligible(backend: str, channel: Channel) -> str:
    """Return the condition that a contact point of this channel may be changed: it counts, and nobody chose it."""
    people = homes(SCOPE) if channel is Channel.HOUSEHOLD_PHONE else SCOPE
    return f"{_may_change(backend, channel)} and {owner_of(channel)} in ({people})"


def _may_change(backend: str, channel: Channel) -> str:
    return f"channel = '{channel.value}' and not custom and {PRESENT[backend]}"


def _update(backend: str, channel: Channel, reasons: dict[Reason, bool], scope: str, houses: str | None = None) -> str:
    owner = owner_of(channel)
    owners = (houses or homes(scope)) if channel is Channel.HOUSEHOLD_PHONE else scope
    staff = _staff_homes() if channel is Channel.HOUSEHOLD_PHONE else STAFF
    if len(reasons) == 1 and Reason.STAFF in reasons:
        sets, differs = f"staff = {value(reasons[Reason.STAFF])}", _differs(Reason.STAFF, reasons[Reason.STAFF])
        differs += f" and {owner} in ({staff})"
    else:
        # Only staff have the reason `staff`: of everybody else it stays as it is.
        is_staff = "is_staff.owner is not null" if backend == "mariadb" else f"{owner} in ({staff})"
        sets = ", ".join(
            f"staff = case when {is_staff} then {value(on)} else staff end"
            if reason is Reason.STAFF
            else f"{reason.value} = {value(on)}"
            for reason, on in reasons.items()
        )
        differs = " or ".join(
            f"{_differs(reason, on)} and {is_staff}" if reason is Reason.STAFF else _differs(reason, on)
            for reason, on in reasons.items()
        )
    if backend != "mariadb":
        where = f"{_may_change(backend, channel)} and {owner} in ({owners}) and ({differs})"
        return f"update contact_point set {sets} where {where}"
    # MariaDB 10.11 makes a semi-join of IN (SELECT …) in a SELECT, and in a single-table UPDATE it looks up row by row.
    joined = f"contact_point join ({owners}) owners using ({owner})"
    if "is_staff." in sets:
        joined += f" left join (select {owner} as owner from ({staff}) s) is_staff on is_staff.owner = {owner}"
    return f"update {joined} set {sets} where {_may_change(backend, channel)} and ({differs})"


def _staff_homes() -> str:
    return f"select distinct household_id from household_member where {ACTIVE} and person_id in ({STAFF})"


def _differs(reason: Reason, on: bool) -> str:  # noqa: FBT001 - a setting, not a switch
    return f"not {reason.value}" if on else reason.value

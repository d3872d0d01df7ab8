"""The SELECT that a database administrator would write to know beforehand what a job does: counts, reach, and all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.words import ACTIVE, BITS, COUNTED, PRESENT, SCOPE, STAFF, Cells, homes
from runner.values.vocabulary import ALL_BITS, Channel, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runner.values.result import Tally

Numbers = dict[str, int | str]
"""Everything that a dry run counts, by its name."""

_PRIME = 2_147_483_647
_REACH = "reach"
_READ_ONCE = {"member", "heard", "unheard"}


def select(backend: str, cells: Cells) -> str:
    """Return the one SELECT. A row per channel has its counts, a row `reach` what is counted of people.

    Every contact point of a person in scope is read once, also of channels that the job leaves alone, for both.
    """
    reasons = _reasons(cells)
    relations = {
        "scope": SCOPE,
        **({"staff_person": STAFF} if Reason.STAFF in reasons else {}),
        "member": f"select household_id, person_id from household_member where {ACTIVE}",
        "home": homes("select person_id from scope"),
        "own": _wanted(backend, cells, "person_id", "select person_id from scope"),
        "phone": _wanted(backend, cells, "household_id", "select household_id from home"),
        **({"bystander": _bystanders()} if Channel.HOUSEHOLD_PHONE in cells else {}),
        "heard": _heard(backend, "scope"),
    }
    if _silences(cells):
        relations["unheard"] = _heard_beside(backend)
    written = ", ".join(
        f"{name} as ({relation})" if name in _READ_ONCE else _worked_out_once(backend, name, relation)
        for name, relation in relations.items()
    )
    recursive = "recursive " if backend == "mariadb" else ""
    return f"with {recursive}{written} {_tally(cells, reasons)} union all {_reach(cells, reasons)}"


def numbers(rows: Iterable[Sequence[object]], cells: Cells) -> Numbers:
    """Return what the SELECT's rows say, by name."""
    reasons = _reasons(cells)
    found: Numbers = {}
    by_name = {str(row[0]): [int(str(number or 0)) for number in row[1:]] for row in rows}
    ends = [by_name.get(channel.value, [0] * (3 * len(reasons) + 4))[-4:] for channel in cells]
    people = by_name[_REACH]
    for channel, its_reasons in cells.items():
        row = by_name.get(channel.value, [0] * (3 * len(reasons) + 4))
        for reason in its_reasons:
            place = 3 * reasons.index(reason)
            for name, number in zip(("changed", "already", "kept"), row[place : place + 3], strict=True):
                found[f"{channel} {reason} {name}"] = number
    for place, reason in enumerate(reasons):
        before, gained, lost = people[3 * place : 3 * place + 3]
        found |= {f"{reason} before": before, f"{reason} gained": gained, f"{reason} lost": lost}
    points, custom, print_a, print_b = (sum(end[place] for end in ends) for place in range(4))
    found |= {"contact points": points, "custom overwritten": custom, "fingerprint": f"{points}-{print_a}-{print_b}"}
    return found | dict(zip(("people", "staff", "bystanders", "lost"), people[-4:], strict=True))


def numbers_of(tally: Tally) -> Numbers:
    """Return the same of what the runner counted; it tells staff by the reason that only they have."""
    found: Numbers = {}
    for channel, reason, cell in tally.cells():
        for name in ("changed", "already", "kept"):
            found[f"{channel} {reason} {name}"] = getattr(cell, name)
    for reason, reach in tally.reach.items():
        found |= {f"{reason} before": reach.before, f"{reason} gained": reach.gained, f"{reason} lost": reach.lost}
    found |= {
        "contact points": tally.contact_points,
        "custom overwritten": tally.custom_overwritten,
        "fingerprint": tally.fingerprint,
        "people": tally.people,
        "staff": tally.reach[Reason.STAFF].people if Reason.STAFF in tally.reach else 0,
        "bystanders": tally.bystanders,
        "lost": tally.lost,
    }
    return found


def _worked_out_once(backend: str, name: str, relation: str) -> str:
    """Return a part of WITH that is kept: MariaDB keeps only what may recur, and this has nothing that does."""
    if backend == "mariadb":
        return f"{name} as ({relation} union all select * from {name} where false)"
    return f"{name} as materialized ({relation})"


def _reasons(cells: Cells) -> list[Reason]:
    return [reason for reason in Reason if any(reason in reasons for reasons in cells.values())]


def _silences(cells: Cells) -> bool:
    """Return whether a bystander may lose anything: only by a household phone's preference that is turned off."""
    return not all(cells.get(Channel.HOUSEHOLD_PHONE, {}).values())


def _wanted(backend: str, cells: Cells, owner: str, owners: str) -> str:
    """Return the select of contact points with their bits before, as wanted, and after."""
    kind = Channel.HOUSEHOLD_PHONE.value
    mine = [channel for channel in Channel if (channel is Channel.HOUSEHOLD_PHONE) == (owner == "household_id")]
    is_staff = "0"
    if Reason.STAFF in _reasons(cells):
        staff = "select person_id from staff_person"
        staff = staff if owner == "person_id" else f"select household_id from member where person_id in ({staff})"
        is_staff = f"case when {owner} in ({staff}) then 1 else 0 end"
    points = (
        f"select channel, contact_point_id, {owner}, custom, {BITS[backend]} as b, {is_staff} as is_staff"
        f" from contact_point where channel {'=' if owner == 'household_id' else '<>'} '{kind}'"
        f" and {PRESENT[backend]} and {owner} in ({owners})"
    )
    on, off = (_masks(cells, mine, on=on) for on in (True, False))
    wanted = f"((b | {on}) & ~{off})" if off != "0" else f"(b | {on})"
    looked_at = f"select channel, contact_point_id, {owner}, custom, is_staff, b, {wanted} as w from ({points}) point"
    return f"select wanted.*, case when custom then b else w end as a from ({looked_at}) wanted"


def _masks(cells: Cells, mine: list[Channel], *, on: bool) -> str:
    masks = {
        channel: sum(reason.bit for reason, is_on in cells.get(channel, {}).items() if is_on is on) for channel in mine
    }
    if not any(masks.values()):
        return "0"
    staff = any(mask & Reason.STAFF.bit for mask in masks.values())
    whens = " ".join(f"when '{channel.value}' then {mask}" for channel, mask in masks.items() if mask)
    mask = f"case channel {whens} else 0 end"
    others = ALL_BITS - Reason.STAFF.bit
    return f"(({mask}) & case when is_staff = 1 then {ALL_BITS} else {others} end)" if staff else f"({mask})"


def _bystanders() -> str:
    return (
        "select distinct person_id from member"
        " where not exists (select 1 from scope where scope.person_id = member.person_id)"
        " and household_id in (select household_id from phone where a <> b)"
    )


def _heard(backend: str, people: str) -> str:
    """Return who in scope hears about what, before and after."""
    ways = (
        "select person_id, b, a from own union all"
        f" select member.person_id, b, a from phone join member on member.household_id = phone.household_id"
        f" where member.person_id in (select person_id from {people})"
    )
    return (
        f"select person_id, {_any(backend, 'b')} as b, {_any(backend, 'a')} as a from ({ways}) way group by person_id"
    )


def _heard_beside(backend: str) -> str:
    """Return who of the bystanders hears about what: by what they have alone, and by every phone they share."""
    bystanders, present, bits = "select person_id from bystander", PRESENT[backend], BITS[backend]
    kind = Channel.HOUSEHOLD_PHONE.value
    ways = (
        f"select person_id, {bits} as b, {bits} as a from contact_point"
        f" where channel <> '{kind}' and {present} and person_id in ({bystanders})"
        f" union all select member.person_id, shared.b, coalesce(phone.a, shared.b) from"
        f" (select contact_point_id, household_id, {bits} as b from contact_point where channel = '{kind}'"
        f" and {present} and household_id in (select household_id from member where person_id in ({bystanders}))"
        f") shared"
        f" join member on member.household_id = shared.household_id"
        f" left join phone on phone.contact_point_id = shared.contact_point_id"
        f" where member.person_id in ({bystanders})"
    )
    return (
        f"select person_id, {_any(backend, 'b')} as b, {_any(backend, 'a')} as a from ({ways}) way group by person_id"
    )


def _any(backend: str, column: str) -> str:
    """Return the bits that any row has; SQLite has no aggregate for that."""
    if backend != "sqlite":
        return f"bit_or({column})"
    return " + ".join(f"max({column} & {reason.bit})" for reason in Reason)


def _tally(cells: Cells, reasons: list[Reason]) -> str:
    speaks = ", ".join(f"'{channel.value}'" for channel in cells)
    rows = f"select channel, contact_point_id, custom, is_staff, b, w, a from own where channel in ({speaks})"
    if Channel.HOUSEHOLD_PHONE in cells:
        rows += " union all select channel, contact_point_id, custom, is_staff, b, w, a from phone"
    x = f"(contact_point_id % {_PRIME} * 65537 + b * 257 + a) % {_PRIME}"
    printed = f"select counted.*, {x} as x from ({rows}) counted"
    columns = []
    for reason in reasons:
        bit, staff = reason.bit, " and is_staff = 1" if reason is Reason.STAFF else ""
        columns += [
            COUNTED.format(f"(b & {bit}) <> (a & {bit})"),
            COUNTED.format(f"(b & {bit}) = (w & {bit}){staff}"),
            COUNTED.format(f"(w & {bit}) <> (a & {bit})"),
        ]
    columns += [
        COUNTED.format("a <> b"),
        COUNTED.format("a <> b and custom"),
        f"sum(case when a <> b then x * x % {_PRIME} else 0 end)",
        f"sum(case when a <> b then x * x % {_PRIME} * x % {_PRIME} else 0 end)",
    ]
    return f"select channel, {', '.join(columns)} from ({printed}) printed group by channel"


def _reach(cells: Cells, reasons: list[Reason]) -> str:
    has_staff = Reason.STAFF in reasons
    people = "select person_id, b, a from heard"
    columns, losing = [], []
    for reason in reasons:
        bit, staff = reason.bit, " and is_staff = 1" if reason is Reason.STAFF else ""
        losing.append(f"(b & {bit}) <> 0 and (a & {bit}) = 0{staff}")
        columns += [
            COUNTED.format(f"in_scope = 1 and (b & {bit}) <> 0{staff}"),
            COUNTED.format(f"in_scope = 1 and (b & {bit}) = 0 and (a & {bit}) <> 0{staff}"),
            COUNTED.format(f"in_scope = 1 and {losing[-1]}"),
        ]
    people = "select person_id, b, a, 1 as in_scope from heard"
    if _silences(cells):
        people += " union all select person_id, b, a, 0 as in_scope from unheard"
    is_staff = "case when person_id in (select person_id from staff_person) then 1 else 0 end" if has_staff else "0"
    looked_at = f"select person_id, b, a, in_scope, {is_staff} as is_staff from ({people}) people"
    staff_in_scope = (
        "(select count(*) from scope where person_id in (select person_id from staff_person))" if has_staff else "0"
    )
    columns += [
        "(select count(*) from scope)",
        staff_in_scope,
        "(select count(*) from bystander)" if Channel.HOUSEHOLD_PHONE in cells else "0",
        COUNTED.format(" or ".join(losing)),
    ]
    return f"select '{_REACH}', {', '.join(columns)} from ({looked_at}) looked_at"
